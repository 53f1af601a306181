"""Small tables made of what arithmetic stumbles over, and options to fit them with; for the trials of nasty data."""
import h5py
import numpy as np

FLOATS = {"signs": [0.0, 1.0, -1.0, -0.0], "huge": [0.0, 1e308, -1e308, 1.7e308],
          "denormal": [0.0, 1e-310, 5e-324, -1e-310, 2e-308], "root of the largest": [0.0, 1e154, -1e154, 1.3e154],
          "beyond integers": [2.0 ** 53, 2.0 ** 53 + 2, -(2.0 ** 53), 1.0],
          "one step": [1.0, 1 + 2.0 ** -52, 1 - 2.0 ** -53, 1 + 2.0 ** -51], "far": [1e8, 1e8 + 1, 1e8 - 1, 1e8 + 1e-7],
          "all": [0.0, 1.0, -1.0, 1e308, 1e-310, 1e154, 2.0 ** 53 + 2, 1e-154, -1e-160, 1e30, 1e-30],
          "single": [3e38, -3e38, 1e-45, 1e-38, 1e19, 1e-19, 0.0], "constant": [0.1]}
INTEGERS = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", ">i4", ">u8"]
WEIGHTS = [0.0, 1.0, 1e300, 1e-300, 5e-324, 1e-310, 2.0, 0.5]
REAL = ["kmeans", "kmedians", "gaussian"]


def column(box, n):
    kind = box.rng.choice(["normal", "normal", "rounded", "scaled", *FLOATS])
    if kind in FLOATS:
        return box.np.choice(FLOATS[kind], n)
    x = box.np.normal(size=n) + 5 * box.np.integers(0, 3, n)
    if kind == "rounded":
        return np.round(x)
    return x * 10.0 ** box.rng.choice((-300, -160, -100, -20, -7, 7, 20, 38, 100, 140, 153)) if kind == "scaled" else x


def real(box, n, d):
    if box.rng.random() < 0.25:
        kind = np.dtype(box.rng.choice(INTEGERS))
        info = np.iinfo(kind)
        return box.np.choice(np.array([info.min, info.max, 0, 1, info.max - 1, info.max // 2, 3], kind), (n, d))
    X = np.stack([column(box, n) for _ in range(d)], 1) if box.rng.random() < 0.5 else np.stack([column(box, n)] * d, 1)
    if d > 1 and box.rng.random() < 0.3:  # collinear
        with np.errstate(all="ignore"):
            X[:, 0] = X[:, 1] * box.rng.choice((1, 2, -0.5, 1 / 3)) + box.rng.choice((0, 1, 1e8))
    if box.rng.random() < 0.4:
        box.np.shuffle(X)
    with np.errstate(all="ignore"):
        X = X.astype(box.rng.choice(("f8", "f8", "f8", "f4", "f4", "f2", ">f8")))
    X[~np.isfinite(X)] = 0
    return X


def rows(box, model):
    # Rows are summed in blocks of some hundred; tables of several have more than one rank at work.
    n, d = box.rng.choice((1, 2, 3, 5, 8, 13, 20, 30, 40, box.rng.choice((513, 1100, 2049)))), box.rng.randrange(1, 5)
    if model in REAL:
        X = real(box, n, d)
    else:
        levels = 2 if model == "bernoulli" else box.rng.randrange(1, 5)
        X = box.np.integers(0, levels, (n, d)).astype(box.rng.choice(("u1", "i4", "f8", "f4", "?") if levels <= 2
                                                                     else ("u1", "i8", "f8")))
    if box.rng.random() < 0.4:  # the same rows again
        X = X[box.np.integers(0, max(1, n // box.rng.choice((1, 2, 5, 40))), n)]
    return X


def table(box, model):
    """Data with its weights and options of missing values; the weights of the rows that a fit will use."""
    X, arguments = rows(box, model), []
    weights = np.ones(len(X))
    if box.rng.random() < 0.5:
        few = box.rng.choice(([0.0, 1.0], [1.0, 2.0, 0.5], WEIGHTS, WEIGHTS, [1e300, 1.0], [1e-300, 1.0], [1e-310, 5e-324],
                              [1e300]))
        weights = box.np.choice(few, len(X))
        arguments += ["--row-weights", "/w"]
    used = np.ones(len(X), bool)
    missing = box.rng.choice(("error", "error", "error", "skip", "skip", "marginalize"))
    if missing == "marginalize" and model in ("kmeans", "kmedians") and box.rng.random() < 0.8:
        missing = "skip"
    if X.dtype.kind == "f" and (missing != "error" or box.rng.random() < 0.05) and box.rng.random() < 0.8:
        gaps = box.np.random(X.shape) < box.rng.choice((0.05, 0.3, 0.9))
        X = np.where(gaps, np.array(np.nan, X.dtype), X)
    if missing != "error":
        arguments += ["--missing", missing]
        if box.rng.random() < 0.2:
            value = X.ravel()[box.rng.randrange(X.size)]
            if np.isfinite(value):
                arguments.append(f"--missing-value={repr(float(value)) if X.dtype.kind == 'f' else int(value)}")
                used &= ~(X == value).any(1) if missing == "skip" else True
    if missing == "skip" and X.dtype.kind == "f":
        used &= np.isfinite(X).all(1)
    with h5py.File(box.path("x.h5"), "w") as file:
        chunked = {} if box.rng.random() < 0.7 else {"chunks": (max(1, len(X) // 3), X.shape[1]), "compression": "gzip"}
        file.create_dataset("X", data=X, **chunked)
        file["w"] = weights
        if model == "categorical" and box.rng.random() < 0.3:
            file["X"].attrs["levels"] = np.full(X.shape[1], 5)
    return X, weights * used, arguments


def start(box, model, covariance, center, X, k):
    """A file to start from: some rows as centres, or what is far from every row."""
    d = X.shape[1]
    centres = np.nan_to_num(X[box.np.integers(0, len(X), k)].astype(float))
    if box.rng.random() < 0.3:
        centres = centres + box.rng.choice((1.0, 1e6, -1e100, 1e-300))
    arrays = {"weights": box.np.dirichlet(np.full(k, box.rng.choice((0.01, 1, 100))))}
    arrays["weights"] = arrays["weights"] / arrays["weights"].sum()
    size = box.rng.choice((1.0, 1.0, 1e-12, 1e12, 1e-200, 1e200))
    if model == "gaussian":
        spreads = {"full": np.tile(np.eye(d) * size, (k, 1, 1)), "tied": np.eye(d) * size, "diag": np.full((k, d), size),
                   "spherical": np.full(k, size)}
        arrays |= {"means": centres, "covariances": spreads[covariance]}
    elif model == "bernoulli":
        arrays["probabilities"] = box.np.choice([0.0, 1.0, 0.5, 0.25, 1e-300], (k, d))
    elif model == "categorical":
        with h5py.File(box.path("x.h5")) as file:
            largest = np.nan_to_num(X.astype(float)).max(0).astype(int)
            levels = file["X"].attrs.get("levels", np.maximum(largest + 1, box.rng.choice((1, 1, 2))))
        arrays["probabilities"] = np.concatenate([box.np.dirichlet(np.full(n, 0.3), k) for n in levels], 1)
        arrays["level_offsets"] = np.r_[0, np.cumsum(levels)]
    else:
        arrays = {"medians" if model == "kmedians" else "means": centres}
    box.h5("start.h5", **{"parameters__" + name: array for name, array in arrays.items()})
    return ["--init", "start.h5"]


def choose(box, **options):
    """Some of the options, each with one of its values."""
    chosen = []
    for name, values in options.items():
        if box.rng.random() < 0.35:
            chosen.append(f"--{name.replace('_', '-')}={box.rng.choice(values)}")
    return chosen


def fit_options(box, model, X):
    """Options of a fit; K, and the arguments."""
    k = box.rng.choice((1, 2, 2, 3, min(40, len(X)), box.rng.randrange(1, min(40, len(X)) + 1)))
    covariance, center = box.rng.choice(("full", "tied", "diag", "spherical")), box.rng.choice(("median", "geometric"))
    arguments = ["-k", k] + choose(box, seed=(1, 2 ** 63 - 1, 2 ** 64 - 1), max_iterations=(0, 1, 2, 10, 50),
                                   tolerance=(0, 1e-7, 1, 1e300), empty_cluster=("drop", "error", "reseed"),
                                   precision=("float32", "float64"))
    if model == "gaussian":
        arguments += ["--covariance", covariance] + choose(box, regularization=(0, 0, 1e-6, 1, 1e300, 1e-320),
                                                           regularization_absolute=(1e-300, 1, 1e300, 1e-12, 5e-324))
    if model == "kmedians":
        arguments += ["--center", center]
    if model in ("bernoulli", "categorical"):
        arguments += choose(box, pseudo_count=(0.5, 1e300, 1e-320, 1, 1e-9))
    how = box.rng.choice(("kmeans-parallel", "kmeans-parallel", "random", "file"))
    arguments += start(box, model, covariance, center, X, k) if how == "file" else ["--init", how]
    if model not in ("kmeans", "kmedians"):
        mixing = box.rng.choice(("learned", "learned", "uniform", "file"))
        if mixing == "file":
            w = box.np.dirichlet(np.ones(k))
            box.h5("mixing.h5", parameters__weights=w / w.sum())
        arguments += ["--mixing", "mixing.h5" if mixing == "file" else mixing]
    return k, arguments
