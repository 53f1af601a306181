"""Names and texts inside of files: datasets, attributes, columns of tables, headers of arrays. What a message repeats of them is
short, on its line, and nothing that a terminal would obey."""
import h5py
import numpy as np

TEXTS = ["a\x1b[2Jb", "a\nshoal: error: b", "\u202eabc\u2066", "x" * 20_000, "\u061c\u200f", "a\rb", "a\tb", "caf\u00e9",
         "\u4e2d\u6587", " ", ".x", "%s%n{}", "\x7f\x85", "a\u2028b", "\"'\\", "\U0001f41f" * 300]
BYTES = [b"\xff\xfe", b"a\xc3(", b"\xed\xa0\x80", b"caf\xe9", b"x" * 3000 + b"\xff"]


def text(box):
    return box.rng.choice(TEXTS + BYTES)


def name_of(value):
    return value if isinstance(value, bytes) else value.encode()


def create(place, name, X):
    """A dataset whose name may be no UTF-8, which h5py's own words do not take."""
    try:
        data = h5py.h5d.create(place, name, h5py.h5t.NATIVE_DOUBLE, h5py.h5s.create_simple(X.shape))
    except ValueError:  # there is one of that name
        return
    data.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ascontiguousarray(X))


def names_of_datasets(box):
    """Many candidates, or few of odd names."""
    X = box.np.normal(size=(12, 2))
    with h5py.File(box.path("x.h5"), "w") as file:
        if box.rng.random() < 0.3:
            for i in range(box.rng.choice((3, 300, 3000))):
                file[f"group{i % 7}/dataset-of-a-long-name-{i}"] = X[:2]
        else:
            for _ in range(box.rng.choice((1, 2, 2, 5))):
                name = name_of(text(box)).replace(b"/", b"_") or b"x"
                create(file.id, name, X if box.rng.random() < 0.7 else X[:, 0])
        if box.rng.random() < 0.3:
            group = h5py.h5g.create(file.id, b"g" + name_of(text(box)).replace(b"/", b"_"))
            create(group, b"inner", X)
    command = box.rng.choice((["fit", "kmeans", "x.h5", "-k", 2], ["info", "x.h5"], ["info", "x.h5", "--json"],
                              ["fit", "kmeans", "x.h5:/nowhere", "-k", 2], ["fit", "kmeans", "x.h5", "-k", 2, "--dry-run"],
                              ["compare", "x.h5", "x.h5"], ["score", "x.h5", "x.h5"]))
    result = box.run(*command, outputs={"model.h5"}, ranks=box.rng.choice((0, 0, 2)))
    if "--json" in command and result.code == 0:
        box.json(result)


def texts_of_attributes(box):
    """Words of a model or of labels that somebody wrote."""
    box.stock("gaussian.h5", "real.h5", "labels.h5")
    target = box.rng.choice(("gaussian.h5", "labels.h5", "real.h5"))
    with h5py.File(box.path(target), "a") as file:
        for key in [*file.attrs, "feature_names", "more", "levels"]:
            if box.rng.random() < 0.4:
                value = text(box)
                value = value[:60_000] if box.rng.random() < 0.7 else [value] * 3
                if isinstance(value, list) and isinstance(value[0], bytes):
                    value = np.array(value)
                holder = file if target != "real.h5" else file["X"]
                if box.rng.random() < 0.5 and key in ("format", "model", "covariance"):
                    continue
                holder.attrs[key] = np.void(value) if isinstance(value, bytes) and box.rng.random() < 0.3 else value
        if box.rng.random() < 0.3:
            file.attrs[name_of(text(box))[:50_000]] = 1
    command = box.rng.choice((["info", target], ["info", target, "--json"], ["score", "gaussian.h5", "real.h5"],
                              ["predict", "gaussian.h5", "real.h5", "-o", "p.h5"], ["compare", "labels.h5", "labels.h5"],
                              ["sample", "gaussian.h5", "-n", 3, "-o", "p.h5"],
                              ["fit", "gaussian", "real.h5", "-k", 3, "--init", "gaussian.h5", "-o", "p.h5"]))
    result = box.run(*command, outputs={"p.h5"})
    if result.code == 0 and command[-1] == "--json" or command[0] in ("score", "compare") and result.code == 0:
        box.json(result)


def cell(box):
    return name_of(box.rng.choice([text(box), "1", "2.5", "", "nan", "inf", "1e400", "-", "1,5", "\"", "\"\"", "\0", "0x10",
                                   "1e", "\u0663", "1_0", "9" * 500, "1" * 70_000, " 3 ", "true", "NA", "-0"]))


def tables(box):
    """CSV with something odd in it."""
    rows = [[b"%d" % box.rng.randrange(9) for _ in range(3)] for _ in range(box.rng.choice((0, 1, 5, 30)))]
    header = [b"a", b"b", b"c"]
    for _ in range(box.rng.choice((1, 1, 2, 4))):
        row = box.rng.choice([header, *rows])
        row[box.rng.randrange(len(row))] = cell(box)
    for row in rows:
        if box.rng.random() < 0.05:
            row += [cell(box)] * box.rng.choice((1, 1, 2000))
    end = box.rng.choice((b"\n", b"\n", b"\r\n", b"\r", b"\n\n"))
    begin = box.rng.choice((b"", b"", b"\xef\xbb\xbf", b"# note\n", "\ufeff".encode("utf-16")))
    lines = [box.rng.choice((b",", b",", b";", b"\t")).join(row) for row in [header, *rows]]
    box.path("t.csv").write_bytes(begin + end.join(lines) + box.rng.choice((b"", end)))
    more = box.rng.choice(([], [], ["--header", "yes"], ["--header", "no"], ["--label-column", 1], ["--label-column", "b"],
                           ["--threshold", 1], ["--delimiter", ";"], ["--categorical", "all"], ["--id-column", 0],
                           ["--columns", "^0"], ["--columns", "c,a", "--categorical", "c"], ["--type", "int8"], ["--type", "float32"]))
    result = box.run("convert", "t.csv", "o.h5", *more, expect={0, 64, 65}, outputs={"o.h5"},
                     ranks=box.rng.choice((0, 0, 0, 2)), limit=30)
    if result.code == 0:
        box.run("info", "o.h5", expect={0})
        infinite = [name for name, kind in _floats(box.path("o.h5")) if kind]
        if infinite:  # NaN is a value that is missing; infinities are always an error
            box.finding("infinite numbers converted", str(infinite))


def _floats(name):
    with h5py.File(name) as file:
        return [(key, bool(np.isinf(item[...]).any())) for key, item in file.items() if isinstance(item, h5py.Dataset)
                and item.dtype.kind == "f"]


def arrays(box):
    """NPY whose header says what it should not."""
    shape = box.rng.choice(("(5, 2)", "(5,)", "()", "(10**18, 2)", "(1000000000000000000, 1000)", "(-5, 2)", "(5, 2, 1)",
                            "(0, 2)", "(5, 0)", "(99999999999999999999, 2)", "(5L, 2L)", "(5, 2", "'x'"))
    kind = box.rng.choice(("'<f8'", "'>f4'", "'|u1'", "'|b1'", "'<c16'", "'|O'", "'<U3'", "[('a', '<f8')]", "'<f16'", "'<i3'",
                           "'<f\x1b[2J'", "'<f8", "'\u202e'", "'<M8[s]'", "'<f2'", "'" + "x" * 5000 + "'"))
    order = box.rng.choice(("False", "False", "True", "Maybe"))
    more, end = box.rng.choice(("", "", "'more': 1, ")), box.rng.choice(("\n", " " * 50 + "\n", ""))
    words = "{" + f"'descr': {kind}, 'fortran_order': {order}, 'shape': {shape}, {more}" + "}" + end
    text_bytes = words.encode()
    version = box.rng.choice((1, 1, 1, 2, 3, 9))
    size = box.rng.choice((len(text_bytes), len(text_bytes), len(text_bytes), 0, 65_535, len(text_bytes) + 1))
    head = b"\x93NUMPY" + bytes([version, 0]) + size.to_bytes(2 if version == 1 else 4, "little") + text_bytes
    box.path("t.npy").write_bytes(head + box.np.bytes(box.rng.choice((80, 80, 40, 0, 79, 81))))
    box.run("convert", "t.npy", "o.h5", expect={0, 64, 65, 71}, outputs={"o.h5"}, ranks=box.rng.choice((0, 0, 0, 2)), limit=30)


KINDS = [names_of_datasets, names_of_datasets, texts_of_attributes, texts_of_attributes, tables, tables, arrays]
