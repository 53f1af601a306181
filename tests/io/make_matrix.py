"""Writes HDF5 files of every kind that h5py can write, and beside each the bytes that h5py reads from it, for
file_matrix_test.  usage: make_matrix.py FOLDER

list.txt has a line a file: data set name, element type, rows, columns, file of the bytes as h5py reads them."""
import itertools
import pathlib
import sys

import h5py
import numpy as np

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(5)
lines = []
COLUMNS = 3


def values(dtype, rows, columns=COLUMNS):
    """Numbers that use all bits, with special ones."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        x = rng.normal(size=(rows, columns)) * 10.0 ** rng.integers(-3, 3, (rows, columns))
        x.flat[::7] = np.array([0.0, -0.0, np.nan, np.inf, np.finfo(dtype).tiny / 4, np.finfo(dtype).max])[
            np.arange(len(x.flat[::7])) % 6]
        with np.errstate(over="ignore"):
            return x.astype(dtype)
    if dtype.kind == "b":
        return rng.integers(0, 2, (rows, columns)).astype(bool)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, (rows, columns), dtype=dtype.newbyteorder("="), endpoint=True).astype(dtype)


def element(dtype):
    """The type in which shoal hands these numbers on."""
    dtype = np.dtype(dtype).newbyteorder("=")
    return {"float16": "float32", "bool": "boolean"}.get(dtype.name, dtype.name)


def add(file, path="/X"):
    """What h5py reads from a finished file."""
    with h5py.File(file, "r") as opened:
        read = opened[path][...]
    name = element(read.dtype)
    read = read.astype({"boolean": np.int8}.get(name, name))
    answer = folder / f"{len(lines)}.bytes"
    answer.write_bytes(np.ascontiguousarray(read).tobytes())
    lines.append(f"{file}:{path} {name} {read.shape[0]} {read.shape[1]} {answer}\n")


def new_file(**options):
    return folder / f"{len(lines)}.h5", options


TYPES = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"]
ORDERS = ["<", ">"]
FILTERS = {
    "none": {}, "gzip": dict(compression="gzip"), "shuffle": dict(compression="gzip", shuffle=True),
    "fletcher": dict(fletcher32=True), "all": dict(compression="gzip", compression_opts=1, shuffle=True, fletcher32=True),
    "lzf": dict(compression="lzf", shuffle=True), "szip": dict(compression="szip"),
    "offset": dict(scaleoffset=0, compression="gzip"),
}
LAYOUTS = {"contiguous": None, "small": (4, 2), "rows": (5, COLUMNS), "large": (64, COLUMNS), "columns": (16, 1)}


def every_type_and_layout():
    for kind, order in itertools.product(TYPES, ORDERS):
        dtype = np.dtype(order + kind) if kind != "?" else np.dtype("?")
        if kind in ("?", "i1", "u1") and order == ">":
            continue
        for layout, chunks in LAYOUTS.items():
            for filters, options in FILTERS.items():
                if chunks is None and filters != "none":
                    continue
                if filters == "offset" and dtype.kind not in "iu":
                    continue
                if filters == "szip" and (kind == "f2" or kind == "?" or layout in ("small", "columns")):
                    continue
                if layout in ("rows", "large") and filters in ("fletcher", "gzip") and order == ">":
                    continue
                file = folder / f"{len(lines)}.h5"
                with h5py.File(file, "w", libver="latest" if len(lines) % 3 == 0 else "earliest",
                               userblock_size=512 * (len(lines) % 2)) as f:
                    f.create_dataset("X", data=values(dtype, 37), chunks=chunks, maxshape=(
                        (None, COLUMNS) if layout == "large" or chunks and len(lines) % 5 == 0 else None), **options)
                add(file)


def low_level(file, type_id, rows, written, fill=None, alloc=None, fill_time=None, chunks=None, filters=(), data=None,
              compact=False, unlimited=False, dont_filter_edges=False, external=None):
    """A data set of which only the rows in `written` are, in one call a slice."""
    with h5py.File(file, "w", libver="latest" if dont_filter_edges else None) as f:
        creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        if chunks:
            creation.set_chunk(chunks)
        for setter, *arguments in filters:
            getattr(creation, setter)(*arguments)
        if compact:
            creation.set_layout(h5py.h5d.COMPACT)
        if fill is not None:
            creation.set_fill_value(np.array(fill))
        if alloc is not None:
            creation.set_alloc_time(alloc)
        if fill_time is not None:
            creation.set_fill_time(fill_time)
        if external:
            for name, first, size in external:
                creation.set_external(name, first, size)
        limits = (h5py.h5s.UNLIMITED, COLUMNS) if unlimited else (rows, COLUMNS)
        space = h5py.h5s.create_simple((rows, COLUMNS), limits)
        dataset = h5py.Dataset(h5py.h5d.create(f.id, b"X", type_id, space, dcpl=creation))
        for part in written:
            dataset[part] = data[part]
    add(file)


def written_in_part():
    d, p = h5py.h5d, h5py.h5p
    for dtype, chunks, alloc, fill, fill_time, part in itertools.product(
            ("f8", ">i2", "f4"), (None, (4, 2), (16, 3)), (d.ALLOC_TIME_EARLY, d.ALLOC_TIME_LATE, d.ALLOC_TIME_INCR),
            (None, 7), (d.FILL_TIME_IFSET, d.FILL_TIME_ALLOC, d.FILL_TIME_NEVER), ("nothing", "some")):
        if chunks is None and alloc == d.ALLOC_TIME_INCR or part == "some" and fill_time == d.FILL_TIME_ALLOC:
            continue
        rows = 21
        low_level(folder / f"{len(lines)}.h5", h5py.h5t.py_create(np.dtype(dtype)), rows,
                  {"nothing": [], "some": [slice(3, 9), slice(20, 21)]}[part], alloc=alloc, chunks=chunks,
                  fill=None if fill is None else np.array(fill, dtype), fill_time=fill_time,
                  data=np.nan_to_num(values(dtype, rows)), filters=[("set_deflate", 4)] if chunks == (4, 2) else [])


def precisions():
    """Integers of fewer bits than their bytes hold, with and without n-bit."""
    for base, precision, offset, packed in itertools.product(
            (h5py.h5t.STD_I32LE, h5py.h5t.STD_I16BE, h5py.h5t.STD_U32BE, h5py.h5t.STD_I64LE, h5py.h5t.STD_U8LE), (5, 8),
            (0, 3), (False, True)):
        if offset + precision > 8 * base.get_size():
            continue
        number = base.copy()
        number.set_precision(precision)
        number.set_offset(offset)
        signed = number.get_sign() == h5py.h5t.SGN_2
        low, high = (-2 ** (precision - 1), 2 ** (precision - 1)) if signed else (0, 2 ** precision)
        dtype = np.dtype(f"{'i' if signed else 'u'}{base.get_size()}")
        low_level(folder / f"{len(lines)}.h5", number, 33, [slice(0, 33)], chunks=(8, 2),
                  data=rng.integers(low, high, (33, COLUMNS)).astype(dtype),
                  filters=[("set_filter", h5py.h5z.FILTER_NBIT)] if packed else [("set_shuffle",)])


def special():
    x = values("f8", 50)
    for dtype in ("f4", ">i4", "f2"):  # compact
        low_level(folder / f"{len(lines)}.h5", h5py.h5t.py_create(np.dtype(dtype)), 12, [slice(0, 12)],
                  data=values(dtype, 12), compact=True)
    (folder / "outside.raw").write_bytes(b"xxxxx" + values("<f8", 20).tobytes())
    low_level(folder / f"{len(lines)}.h5", h5py.h5t.IEEE_F64LE, 20, [], external=[
        (str(folder / "outside.raw").encode(), 5, 24 * 7), (str(folder / "outside.raw").encode(), 5 + 24 * 7, 24 * 13)])
    source = folder / "source.h5"
    with h5py.File(source, "w") as f:
        f["d"] = x
        f.create_dataset("z", data=x, chunks=(7, 3), compression="gzip")
    for fill in (-1.0, np.nan):  # virtual: parts, a missing source where a fill value was chosen
        file = folder / f"{len(lines)}.h5"
        layout = h5py.VirtualLayout((80, COLUMNS), "f8")
        layout[0:20] = h5py.VirtualSource(source, "d", (50, COLUMNS))[10:30]
        layout[30:80] = h5py.VirtualSource(source, "z", (50, COLUMNS))
        layout[20:25] = h5py.VirtualSource("gone.h5", "d", (50, COLUMNS))[0:5]
        with h5py.File(file, "w", libver="latest") as f:
            f.create_virtual_dataset("X", layout, fillvalue=fill)
        add(file)
    for link in (h5py.ExternalLink("source.h5", "/z"), h5py.ExternalLink("source.h5", "/d")):
        file = folder / f"{len(lines)}.h5"
        with h5py.File(file, "w") as f:
            f["X"] = link
        add(file)
    file = folder / f"{len(lines)}.h5"  # filters left out chunk by chunk
    with h5py.File(file, "w") as f:
        data = f.create_dataset("X", (40, 3), "<f8", chunks=(8, 3), compression="gzip", shuffle=True)
        for first in range(0, 40, 8):
            whole = values("<f8", 8)
            data.id.write_direct_chunk((first, 0), whole.tobytes(), filter_mask=3)
    add(file)
    for unlimited, edges in ((True, False), (False, True)):
        low_level(folder / f"{len(lines)}.h5", h5py.h5t.IEEE_F64BE, 30, [slice(0, 11), slice(25, 30)], data=values("f8", 30),
                  chunks=(8, 2), filters=[("set_deflate", 1)], unlimited=unlimited, dont_filter_edges=edges)
    file = folder / f"{len(lines)}.h5"  # resized, so that some chunks lie beyond
    with h5py.File(file, "w") as f:
        data = f.create_dataset("X", data=values("f4", 60), chunks=(9, 2), maxshape=(None, None), compression="gzip")
        data.resize((23, 2))
        data.resize((41, 4))
    add(file)
    enum = h5py.enum_dtype({"LOW": 1, "HIGH": 200}, basetype="u1")
    file = folder / f"{len(lines)}.h5"
    with h5py.File(file, "w") as f:
        f.create_dataset("X", data=np.where(rng.random((20, 3)) < 0.5, 1, 200).astype("u1"), dtype=enum)
    add(file)
    file = folder / f"{len(lines)}.h5"  # one-row chunks
    with h5py.File(file, "w") as f:
        f.create_dataset("X", data=values("f4", 3000), chunks=(1, 3))
    add(file)


every_type_and_layout()
written_in_part()
precisions()
special()
(folder / "list.txt").write_text("".join(lines))
print(len(lines), "files")
assert len(lines) >= 500
