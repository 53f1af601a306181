"""Small nasty tables, fitted with any model and any options: an error of the contract, or results that are finite, add up, do
not get worse, come out alike on any number of ranks, and that score and predict repeat."""
import filecmp

import h5py
import numpy as np

import tables

CLOSE = 1e-9


def is_float32(arguments, X):
    named = [word for word in map(str, arguments) if word.startswith("--precision=")]
    return named == ["--precision=float32"] or (not named and X.dtype in (np.float32, np.float16))


def relative(a, b):
    return abs(a - b) / max(abs(a), abs(b), 1e-300)


def check_sums(box, file, weights):
    total = float(file.attrs["total_weight"])
    if weights is not None and relative(total, weights.sum()) > CLOSE:
        box.finding("total weight", f"{total!r}, the rows used have {weights.sum()!r}")
    counts = file["parameters/counts"][...]
    if relative(counts.sum(), total) > CLOSE or counts.min() < 0:
        box.finding("counts do not sum to the total weight", f"{counts} sums to {counts.sum()!r}, wanted {total!r}")
    if "weights" in file["parameters"]:
        mixing = file["parameters/weights"][...]
        if abs(mixing.sum() - 1) > CLOSE or mixing.min() < 0:
            box.finding("mixing weights do not sum to 1", f"{mixing} sums to {mixing.sum()!r}")
    if file.attrs["model"] == "categorical":
        at = file["parameters/level_offsets"][...]
        sums = np.add.reduceat(file["parameters/probabilities"][...], at[:-1].astype(int), 1)
        if np.abs(sums - 1).max() > CLOSE:
            box.finding("probabilities do not sum to 1", str(sums))


def rounding(file, X, weights, objective):
    """What it may cost a hard model that a centre is the nearest number to the mean or median, not that itself."""
    values = np.abs(X[weights > 0].astype(np.longdouble))
    step = 8 * np.finfo(float).eps * (np.nanmax(values) if values.size else 0)
    total = weights.sum()
    return total * step ** 2 + 2 * step * np.sqrt(total * objective) if file.attrs["model"] == "kmeans" else total * step


def check_history(box, file, told, arguments, coarse, X, weights):
    """Never worse than before, but for causes that are told of: regularisation, pseudo-counts, reseeding, dropping, repairs."""
    history = file["history/objective"][...]
    sign = -1 if file.attrs["model"] in ("kmeans", "kmedians") else 1
    steps = sign * np.diff(history)
    worst = -steps.min() if len(steps) else 0
    scale = max(np.abs(history).max(), float(file.attrs["total_weight"]) if sign > 0 else 0)
    allowed = (1e-5 if coarse else CLOSE) * scale + (rounding(file, X, weights, scale) if sign < 0 else 0)
    words = " ".join(map(str, arguments))
    biased = "--regularization-absolute" in words or "--pseudo-count" in words
    biased = biased or ("gaussian" in words and "--regularization=0" not in words)
    repaired = any(told.get(key, 0) for key in ("reseeded", "dropped", "collapsed"))
    if worst > allowed:
        at = int(steps.argmin())
        text = f"{history[at]!r} -> {history[at + 1]!r} at {at} of {len(history)} ({told})"
        if not told.get("falls", 0):
            box.finding("history got worse, untold", text)
        elif not biased and not repaired:
            box.finding("history got worse, no cause", text)
    if history[-1] != file.attrs["objective"]:
        box.finding("the last of the history is not the objective", f"{history[-1]!r} {file.attrs['objective']!r}")
    if len(history) != int(file.attrs["n_iterations"]) + 1:
        box.finding("length of the history", f"{len(history)} for {file.attrs['n_iterations']} iterations")


def check_hard(box, file, X, labels, weights):
    """The objective of hard models by its definition, in long double, and no row far from the nearest centre."""
    kind = file.attrs["model"]
    with np.errstate(all="ignore"):
        X = X.astype(np.longdouble)
        centres = file["parameters/medians" if kind == "kmedians" else "parameters/means"][...].astype(np.longdouble)
        difference = X[:, None] - centres
        if kind == "kmeans":
            distance = (difference ** 2).sum(2)
        elif file.attrs.get("center") in ("geometric", b"geometric"):
            distance = np.sqrt((difference ** 2).sum(2))
        else:
            distance = np.abs(difference).sum(2)
    used = (labels >= 0) & (weights > 0)
    if not used.any():
        return
    own, least = distance[used, labels[used]], distance[used].min(1)
    wanted = (weights[used] * least).sum()
    # the distance of two numbers that are nearly alike has as few digits as they
    step = np.finfo(float).eps * np.abs(X[used]).max()
    slack = 8 * step * (1 if kind != "kmeans" else 2 * np.sqrt(least.max()) + step)
    if (own - least > CLOSE * least + 4 * slack).any():
        box.finding("a row is not at its nearest centre", f"distances {own.max()} and {least[own.argmax()]}")
    if abs(float(file.attrs["objective"]) - wanted) > CLOSE * wanted + weights[used].sum() * slack:
        box.finding("objective", f"{file.attrs['objective']!r}, by definition {wanted}")


def check_fit(box, arguments, X, weights, told):
    coarse = is_float32(arguments, X)
    box.finite("m.h5", "l.h5")
    with h5py.File(box.path("m.h5")) as file, h5py.File(box.path("l.h5")) as of_labels:
        labels = of_labels["labels"][...]
        clusters = int(file.attrs["n_clusters"])
        if len(labels) != len(X) or labels.min() < -1 or labels.max() >= clusters:
            box.finding("labels out of range", f"{labels} of {clusters} clusters, {len(X)} rows")
            return
        marginal = "marginalize" in arguments
        check_sums(box, file, None if marginal else weights)
        check_history(box, file, told, arguments, coarse, X, weights)
        if file.attrs["model"] in ("kmeans", "kmedians") and not coarse:
            check_hard(box, file, X, labels, weights)
        for key in ("objective", "n_iterations", "total_weight"):
            if key in told and told[key] != file.attrs[key]:
                box.finding("--json and the model differ", f"{key}: {told[key]!r} {file.attrs[key]!r}")


def check_use(box, more):
    """score repeats the objective on the rows of the fit, predict their labels."""
    result = box.run("score", "m.h5", "x.h5", *more, expect={0}, why=" for score on the training rows")
    with h5py.File(box.path("m.h5")) as file:
        objective = float(file.attrs["objective"])
        mixture = "weights" in file["parameters"]
    if result.code == 0:
        found = box.json(result).get("objective", np.nan)
        if found != objective and not relative(found, objective) <= 1e-12:
            box.finding("score does not repeat the objective", f"{found!r}, the model has {objective!r}")
    without = [word for i, word in enumerate(more) if word != "--row-weights" and (i == 0 or more[i - 1] != "--row-weights")]
    result = box.run("predict", "m.h5", "x.h5", "-o", "p.h5", *without,
                     *(["--responsibilities", "--log-density"] if mixture else []), outputs={"p.h5"},
                     expect={0, 65} if "--row-weights" in more else {0},  # here every row counts, however far out
                     why=" for predict on the training rows")
    if result.code != 0:
        return
    box.finite("p.h5")
    with h5py.File(box.path("p.h5")) as file, h5py.File(box.path("l.h5")) as wanted:
        labels, before = file["labels"][...], wanted["labels"][...]
        if not np.array_equal(labels, before):
            at = int((labels != before).argmax())
            box.finding("predict does not repeat the labels", f"row {at}: {labels[at]}, the fit gave {before[at]}")
        if mixture and (labels >= 0).any() and np.abs(file["responsibilities"][...][labels >= 0].sum(1) - 1).max() > CLOSE:
            box.finding("responsibilities do not sum to 1", str(file["responsibilities"][...].sum(1)))


def any_fit(box, model):
    X, weights, more = tables.table(box, model)
    k, options = tables.fit_options(box, model, X)
    fit = ["fit", model, "x.h5", *more, *options, "--json", "-q"]
    result = box.run(*fit, "-o", "m.h5", "--labels", "l.h5", expect={0, 64, 65}, outputs={"m.h5", "l.h5"}, keeps=())
    if result.code == 0:
        told = box.json(result)
        check_fit(box, [model, *more, *options], X, weights, told)
    if box.rng.random() < (0.4 if len(X) <= 40 else 0.8):
        ranks, threads = box.rng.choice(((1, 2), (2, 1), (2, 2), (3, 1), (3, 2), (7, 1)))
        again = box.run(*fit, "-o", "n.h5", "--labels", "nl.h5", "--threads", threads, outputs={"n.h5", "nl.h5"}, ranks=ranks)
        if again.code != result.code:
            box.finding("another code on other ranks",
                        f"{again.code} on {ranks} ranks x {threads} threads, {result.code} alone")
        elif result.code == 0:
            for a, b in (("m.h5", "n.h5"), ("l.h5", "nl.h5")):
                if not filecmp.cmp(box.path(a), box.path(b), shallow=False):
                    box.finding("other bits on other ranks", f"{a} differs on {ranks} ranks x {threads} threads")
        elif again.errors != result.errors:
            box.finding("another message on other ranks", f"{again.errors} on {ranks} ranks, {result.errors} alone")
    elif result.code == 0:
        check_use(box, more)


def kmeans(box):
    any_fit(box, "kmeans")


def kmedians(box):
    any_fit(box, "kmedians")


def gaussian(box):
    any_fit(box, "gaussian")


def bernoulli(box):
    any_fit(box, "bernoulli")


def categorical(box):
    any_fit(box, "categorical")


KINDS = [kmeans, kmedians, gaussian, gaussian, gaussian, bernoulli, categorical]
