"""Models, starts, checkpoints and labels that somebody damaged or made up: an answer of the contract, and where the answer is
numbers they are finite."""
import filecmp
import os
import shutil

import h5py
import numpy as np

MODELS = {"gaussian.h5": "real.h5", "diag.h5": "real.h5", "tied.h5": "real.h5", "spherical.h5": "real.h5",
          "kmeans.h5": "real.h5", "kmedians.h5": "real.h5", "bernoulli.h5": "binary.h5", "categorical.h5": "codes.h5"}
USED = {"parameters/" + name for name in ("weights", "means", "covariances", "medians", "probabilities")}
VALUES = [np.nan, np.inf, -np.inf, -1.0, 0.0, 1e308, -1e308, 1e-310, 5e-324, 1e154, -0.0, 1.0000001, 0.5, 1e16, 2.0, -1e-12]


def model(box):
    name = box.rng.choice(sorted(MODELS))
    box.stock(name, MODELS[name])
    return name


def use(box, name, why, never=False):
    """What somebody may do with a model; the answer is an error, or finite. `never`: no model at all."""
    data, kind = MODELS[name], box.rng.choice(("predict", "predict", "score", "sample", "info", "fit"))
    with_more = [] if name.startswith("km") else box.rng.choice(([], ["--responsibilities", "--log-density"]))
    ranks, expect = box.rng.choice((0, 0, 0, 2)), {65} if never else None
    if kind == "predict":
        result = box.run("predict", name, data, "-o", "l.h5", *with_more, outputs={"l.h5"}, ranks=ranks, expect=expect)
        if result.code == 0:
            labels_are_sound(box, "l.h5", 3)
    elif kind == "score":
        result = box.run("score", name, data, ranks=ranks, expect=expect)
        if result.code == 0:
            box.json(result)
    elif kind == "sample":
        result = box.run("sample", name, "-n", 200, "-o", "s.h5", outputs={"s.h5"}, ranks=ranks, expect=expect and {64, 65})
        if result.code == 0:
            box.finite("s.h5")
    elif kind == "info":
        how = box.rng.choice((["--json"], ["--json"], ["--all"], ["--prototypes", 1], [], [name]))
        result = box.run("info", name, *how, ranks=ranks)
        if result.code == 0 and "--json" in box.commands[-1]:
            box.json(result)
    else:
        family = name[:-3] if name[:-3] in ("kmeans", "kmedians", "bernoulli", "categorical") else "gaussian"
        covariance = ["--covariance", name[:-3]] if name[:-3] in ("diag", "tied", "spherical") else []
        option = "--mixing" if box.rng.random() < 0.3 and not name.startswith("km") else "--init"
        result = box.run("fit", family, data, "-k", 3, "-q", "-o", "m.h5", option, name, *covariance, "--json",
                         outputs={"m.h5"}, ranks=ranks)
        if result.code == 0:
            box.finite("m.h5")
            box.json(result)
    for found in range(len(box.findings)):
        kind_found, text = box.findings[found]
        if why not in text:
            box.findings[found] = (kind_found, f"{text} [{why}]")


def labels_are_sound(box, name, clusters):
    box.finite(name)
    with h5py.File(box.path(name)) as file:
        labels = file["labels"][...]
        if labels.dtype != np.int32 or labels.min() < -1 or labels.max() >= clusters:
            box.finding("labels out of range", f"{labels.dtype} {labels.min()}..{labels.max()}")
        if "responsibilities" in file:
            sums = file["responsibilities"][...][labels >= 0].sum(axis=1)
            if len(sums) and np.abs(sums - 1).max() > 1e-9:
                box.finding("responsibilities do not sum to 1", f"{sums[np.abs(sums - 1).argmax()]!r}")


def arrays_of(file):
    found = []
    file.visititems(lambda path, item: found.append(path) if isinstance(item, h5py.Dataset) else None)
    return found


def values(box):
    """Numbers that are none, negative, tiny or huge, in one array of a model."""
    name = model(box)
    with h5py.File(box.path(name), "a") as file:
        path = box.rng.choice([path for path in arrays_of(file) if path.startswith("parameters")] * 4 + arrays_of(file))
        array = file[path][...]
        value, flat = box.rng.choice(VALUES), array.reshape(-1)
        everywhere = box.rng.random() < 0.3
        with np.errstate(all="ignore"):
            fits = flat.dtype.kind == "f" or np.isfinite(value) and abs(value) < 2 ** 31
            value = flat.dtype.type(value if fits else 2 ** 31 - 1)
            if everywhere:
                flat[:] = value
            else:
                for _ in range(box.rng.choice((1, 1, 2, 3))):
                    flat[box.rng.randrange(flat.size)] = value
            if box.rng.random() < 0.1:
                np.multiply(flat, box.rng.choice((1e300, 1e-300, -1)), out=flat, casting="unsafe")
        file[path][...] = array
    never = path in USED and (not np.isfinite(value) or value < 0
                              and path in ("parameters/weights", "parameters/probabilities"))
    use(box, name, f"{name}: {path} with {value}{' everywhere' if everywhere else ''}", never)


SHAPES = {"gone": lambda a: None, "a row less": lambda a: a[:-1], "a row more": lambda a: np.concatenate([a, a[:1]]),
          "flat": lambda a: a.ravel(), "an axis more": lambda a: a[..., None], "turned": lambda a: a.T.copy(),
          "empty": lambda a: a[:0], "a single number": lambda a: a.ravel()[0], "float32": lambda a: a.astype("f4"),
          "int8": lambda a: np.nan_to_num(a).astype("i1"), "uint64": lambda a: np.full(a.shape, 2 ** 64 - 1, "u8"),
          "float16": lambda a: a.astype("f2"), "big endian": lambda a: a.astype(">f8"), "bool": lambda a: a > 0,
          "long double": lambda a: a.astype(np.longdouble), "complex": lambda a: a.astype(complex),
          "text": lambda a: np.full(a.shape, b"abc"), "a table": lambda a: np.zeros(a.shape, [("a", "f8"), ("b", "i4")]),
          "chunked": None, "never written": None, "a group": None, "a link to itself": None, "a link elsewhere": None,
          "no space": None, "huge and empty": None, "a link to another": None}


def odd_array(box, file, path, how, array):
    if how in ("chunked", "never written"):
        made = file.create_dataset(path, array.shape, "f8", chunks=tuple(1 for _ in array.shape), fillvalue=0.5,
                                   compression="gzip")
        if how == "chunked":
            made[...] = array
    elif how == "a group":
        file.create_group(path)
    elif how == "a link to itself":
        file[path] = h5py.SoftLink("/" + path)
    elif how == "a link elsewhere":
        file[path] = h5py.ExternalLink(box.rng.choice(("nowhere.h5", "gaussian.h5", ".", "/dev/null", "\x1b[2J.h5")),
                                       "/" + path)
    elif how == "no space":
        file.create_dataset(path, data=h5py.Empty("f8"))
    elif how == "huge and empty":
        file.create_dataset(path, (10 ** 9, *array.shape[1:]), "f8", chunks=(1000, *array.shape[1:]))
    elif how == "a link to another":
        others = [other for other in arrays_of(file) if other != path]
        file[path] = h5py.SoftLink("/" + box.rng.choice(others))


def shapes(box):
    """Arrays of another shape or type, gone, or no arrays at all."""
    name = model(box)
    with h5py.File(box.path(name), "a") as file:
        path = box.rng.choice(arrays_of(file))
        array = file[path][...]
        how = box.rng.choice(sorted(SHAPES))
        del file[path]
        if SHAPES[how] is None:
            odd_array(box, file, path, how, array)
        else:
            with np.errstate(all="ignore"):
                made = SHAPES[how](array)
            if made is not None:
                file[path] = made
    use(box, name, f"{name}: {path} {how}")


def attributes(box):
    """The words and numbers at the root of a model."""
    name = model(box)
    with h5py.File(box.path(name), "a") as file:
        key = box.rng.choice(sorted(file.attrs))
        value = box.rng.choice((None, "", "silly", "kmeans", "gaussian", "full", "a\x1b[2Jb\nc", "\u202eabc", "x" * 60_000, -1,
                                0, 2 ** 40, 2 ** 62, -2 ** 63, np.uint64(2 ** 64 - 1), 3, 4, 1.5, np.nan, np.inf, [1, 2, 3],
                                b"\xff\xfe", h5py.Empty("f8"), np.float32(3), np.array(["a", "b"], object)))
        del file.attrs[key]
        if value is not None:
            file.attrs[key] = value
    use(box, name, f"{name}: attribute {key} = {str(value)[:30]!r}")


def damage(box, name):
    """Flips, zeros, cuts and additions; what was done."""
    content = bytearray(box.path(name).read_bytes())
    how = box.rng.choice(("bit", "bit", "bits", "zeros", "cut", "cut", "append", "swap", "ones", "twice"))
    at = box.rng.randrange(len(content) if box.rng.random() < 0.5 else min(len(content), 2500))  # headers come first
    if how == "bit":
        content[at] ^= 1 << box.rng.randrange(8)
    elif how == "bits":
        for _ in range(box.rng.randrange(2, 40)):
            content[box.rng.randrange(len(content))] ^= 1 << box.rng.randrange(8)
    elif how in ("zeros", "ones"):
        size = box.rng.choice((1, 2, 4, 8, 16, 200))
        content[at:at + size] = (b"\0" if how == "zeros" else b"\xff") * len(content[at:at + size])
    elif how == "cut":
        del content[at:]
    elif how == "append":
        content += box.np.bytes(box.rng.randrange(1, 5000))
    elif how == "twice":
        content += bytes(content)
    else:
        other = box.rng.randrange(len(content))
        content[at:at + 8], content[other:other + 8] = content[other:other + 8], content[at:at + 8]
    box.path(name).write_bytes(content)
    return f"{how} at {at}"


def bits(box):
    name = model(box)
    use(box, name, f"{name}: {damage(box, name)}")


def damaged_data(box):
    box.stock("real.h5", "kmeans.h5")
    how = damage(box, "real.h5")
    if box.rng.random() < 0.5:
        result = box.run("fit", "kmeans", "real.h5", "-k", 3, "-q", "-o", "m.h5", "--row-weights", "/w", outputs={"m.h5"},
                         ranks=box.rng.choice((0, 2)), why=f" ({how})")
    else:
        result = box.run("predict", "kmeans.h5", "real.h5", "-o", "m.h5", outputs={"m.h5"}, why=f" ({how})")
    if result.code == 0:
        box.finite("m.h5")


def checkpoints(box):
    """Damaged, cut, exchanged and others' checkpoints. Whoever goes on from one ends with the bits of a fit that had none."""
    box.stock("real.h5", "c.ck")
    shutil.copy(box.path("c.ck"), box.path("good"))
    fit = ["fit", "gaussian", "real.h5", "-k", 3, "-q", "--checkpoint-every", 1, "--tolerance", 0, "--max-iterations", 35]
    box.run(*fit[:6], *fit[8:], "-o", "ref.h5", expect={0}, outputs={"ref.h5"})
    how = box.rng.choice(("damage", "damage", "damage", "exchange", "another's", "a model", "damaged previous", "only previous",
                          "empty", "itself twice"))
    if how == "damage":
        shutil.copy(box.path("c.ck"), box.path("c.ck.previous"))
        how = damage(box, box.rng.choice(("c.ck", "c.ck", "c.ck.previous")))
        if box.rng.random() < 0.3:
            box.path("c.ck.previous").unlink()
    elif how == "another's":
        box.path("c.ck").unlink()
        box.run("fit", "gaussian", "real.h5", "-k", box.rng.choice((2, 3)), "-q", "--seed", 9, "-o", "other.h5", "--checkpoint",
                "c.ck", outputs={"other.h5", "c.ck", "c.ck.previous"})
    elif how == "a model":
        shutil.copy(box.path("ref.h5"), box.path("c.ck"))
    elif how in ("exchange", "damaged previous", "only previous"):
        box.path("c.ck").unlink()
        box.run(*fit[:-1], 20, "-o", "t.h5", "--checkpoint", "c.ck", outputs={"t.h5", "c.ck", "c.ck.previous"})
        if how == "exchange":
            shutil.copy(box.path("good"), box.path("c.ck.previous"))
        else:
            os.replace(box.path("c.ck"), box.path("c.ck.previous"))
        if how == "damaged previous":
            damage(box, "c.ck.previous")
    elif how == "empty":
        box.path("c.ck").write_bytes(b"")
    else:
        shutil.copy(box.path("c.ck"), box.path("c.ck.previous"))
    more = box.rng.choice(([], [], ["--restart", "require"], ["--restart", "never"]))
    if box.rng.random() < 0.25:
        box.run("info", "c.ck" if box.path("c.ck").exists() else "c.ck.previous", *box.rng.choice(([], ["--json"])))
    result = box.run(*fit, "-o", "m.h5", "--checkpoint", "c.ck", *more, ranks=box.rng.choice((0, 0, 2)),
                     outputs={"m.h5", "c.ck", "c.ck.previous"}, keeps={"c.ck"}, why=f" ({how} {more})")
    if result.code == 0 and not filecmp.cmp(box.path("ref.h5"), box.path("m.h5"), shallow=False):
        box.finding("other bits", f"after a checkpoint with {how} {more}")


def labels(box):
    """compare of labellings of any kind."""
    n = box.rng.randrange(1, 40)
    kinds = [lambda: box.np.integers(-1, 5, n), lambda: box.np.choice([-2 ** 63, 2 ** 63 - 1, 0, -1, 2 ** 53 + 1, 2 ** 53], n),
             lambda: box.np.choice(np.array([0, 2 ** 64 - 1, 2 ** 63], "u8"), n),
             lambda: box.np.choice([0.0, 1.5, np.nan, np.inf, -0.0], n), lambda: np.zeros(n, "i4"), lambda: np.arange(n),
             lambda: np.full(n, -1), lambda: box.np.integers(0, 3, n).astype(box.rng.choice(("i1", "u2", ">i4", "f4", "?"))),
             lambda: np.zeros(0, "i4"), lambda: np.zeros((n, 2), "i4"), lambda: np.zeros((n, 1), "i4"),
             lambda: np.full(n, b"a"), lambda: np.int32(3), lambda: box.np.integers(0, 10 ** 18, n)]
    for name in ("a.h5", "b.h5"):
        array = box.rng.choice(kinds)()
        box.h5(name, labels=array)
    if box.rng.random() < 0.3:
        damage(box, "a.h5")
    result = box.run("compare", "a.h5", "b.h5", ranks=box.rng.choice((0, 0, 2)))
    if result.code == 0:
        box.json(result)


KINDS = [values, values, values, shapes, shapes, attributes, bits, bits, damaged_data, checkpoints, checkpoints, labels]
