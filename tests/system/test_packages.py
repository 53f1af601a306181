"""Files as other packages write them (MATLAB, GATK, pandas, vaex, MDTraj, H5MD), built with their own names and attributes."""
import h5py
import numpy as np

import same
import shoal

TEXT = h5py.string_dtype()


class Matlab(same.SameTest):
    """-v7.3: every array the other way round, behind 512 bytes of MATLAB's own."""

    def save(self, name, **variables):
        with self.make(name, userblock_size=512) as file:
            for key, (array, kind, layout) in variables.items():
                made = file.create_dataset(key, data=np.atleast_2d(array).T, **layout)
                made.attrs["MATLAB_class"] = np.bytes_(kind)
                if kind in ("logical", "char"):
                    made.attrs["MATLAB_int_decode"] = np.int32(1 if kind == "logical" else 2)
        with open(self.path(name), "r+b") as file:
            file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + bytes([0, 2]) + b"IM")
        return name

    def test_matrices_are_turned_and_it_is_said(self):
        X = same.rows(d=5)
        packed = {"chunks": (3, 33), "compression": "gzip", "shuffle": True}
        self.save("m.mat", X=(X, "double", {}), P=(X, "double", packed), S=(X.astype("f4"), "single", packed),
                  I=(np.round(X).astype("i2"), "int16", {}))
        expected = self.plain(X)
        self.same(expected, "m.mat", said=["MATLAB"])
        self.same(expected, "m.mat:/P", said=["MATLAB"])
        self.same(self.plain(X.astype("f4")), "m.mat:/S")
        self.same(self.plain(np.round(X)), "m.mat:/I")
        self.same(self.plain(X[:, [4, 1]]), "m.mat:/P", "--columns", "4,1")
        self.save("only.mat", measured=(X, "double", packed))
        self.same(expected, "only.mat")
        self.plain(X)
        self.same_predictions("plain-model.h5", "m.mat", expected.labels, self.scored("plain-model.h5", "plain.h5"), ranks=(3,))

    def test_logical_and_char(self):
        B = (same.rows(d=6) > 4).astype("u1")
        self.save("m.mat", X=(B, "logical", {}), t=(np.full((9, 4), 65, "u2"), "char", {}))
        self.same(self.plain(B, model="bernoulli"), "m.mat")
        self.refuses(65, ["m.mat", "/t", "char"], "m.mat:/t")

    def test_weights_and_masks_in_any_direction(self):
        X = same.rows(d=3)
        w, m = np.arange(150) % 5 + 0.5, np.arange(150) % 7 > 0
        self.save("m.mat", X=(X, "double", {}), w=(w[:, None], "double", {}), u=(w, "double", {}),
                  m=(m[:, None].astype("u1"), "logical", {}))
        shapes = {"w": w, "row": w[None], "column": w[:, None], "m": m, "mrow": m[None], "mcolumn": m[:, None]}
        expected = self.plain(X, "--row-weights", "/w", **shapes)
        for path in ("/row", "/column"):
            self.same(expected, "plain.h5", "--row-weights", path)
        for path in ("/w", "/u"):
            self.same(expected, "m.mat", "--row-weights", path)
        expected = self.plain(X, "--mask", "/m", **shapes)
        for path in ("/mrow", "/mcolumn", "m.mat:/m"):
            self.same(expected, "plain.h5", "--mask", path)
        self.write("two.h5", X, w=np.ones((150, 2)), short=np.ones((1, 149)))
        self.refuses(65, ["two.h5", "/w"], "two.h5", "--row-weights", "/w")
        self.refuses(65, ["/short", "149", "150"], "two.h5", "--row-weights", "/short")


class Gatk(same.SameTest):
    def save(self, name, parts, names, **labels):
        with self.make(name) as file:
            for i, part in enumerate(parts):
                file[f"annotations/chunk_{i}"] = part
            for key, value in (("num_rows", sum(map(len, parts))), ("num_columns", parts[0].shape[1]), ("num_chunks", len(parts))):
                file[f"annotations/{key}"] = np.array([float(value)])
            file["annotations/names"] = np.array(list(names), TEXT)
            for label, values in labels.items():
                file[f"labels/{label}"] = np.asarray(values, "f8")

    def test_chunks_are_rows_after_each_other(self):
        X = same.rows(n=160, d=3)
        X[[5, 77], [0, 2]] = np.nan
        parts = np.split(X, [60, 61])
        training = np.arange(160) % 4 > 0
        self.save("a.hdf5", parts, ["DP", "FS", "QD"], training=training, snp=~training)
        skip = ("--missing", "skip")
        expected = self.plain(X, *skip)
        self.same(expected, [f"a.hdf5:/annotations/chunk_{i}" for i in range(3)], *skip)
        self.same(expected, "a.hdf5:/annotations", *skip)
        self.assertEqual(self.fitted("kmeans", "a.hdf5:/annotations", *skip).names, ["DP", "FS", "QD"])
        self.same(self.plain(X, *skip, "--mask", "/t", t=training), "a.hdf5:/annotations", *skip, "--mask", "/labels/training")
        self.same(self.plain(X[:, [2, 0]], *skip), "a.hdf5:/annotations", *skip, "--columns", "QD,DP")
        self.refuses(65, ["a.hdf5", "column 0"], "a.hdf5:/annotations")

    def test_chunks_are_counted_not_sorted(self):
        X = same.rows(n=120, d=3)
        self.save("a.hdf5", np.split(X, 12), "abc")  # chunk_10 comes after chunk_9
        self.same(self.plain(X), "a.hdf5:/annotations")

    def test_what_the_numbers_say_is_there(self):
        X = same.rows(n=120, d=3)
        for key, value in (("num_rows", 119.0), ("num_columns", 4.0), ("num_chunks", 5.0)):
            self.save("a.hdf5", np.split(X, 4), "abc")
            with h5py.File(self.path("a.hdf5"), "r+") as file:
                file[f"annotations/{key}"][0] = value
            self.refuses(65, ["a.hdf5", "/annotations", key], "a.hdf5:/annotations", ranks=(0,))
        self.save("a.hdf5", [X, X[:, :2]], "abc")
        self.refuses(65, ["a.hdf5", "chunk_1"], "a.hdf5:/annotations", ranks=(0,))


class Pandas(same.SameTest):
    def frame(self, file, path, X, names, number=0):
        """A block of a frame as DataFrame.to_hdf(..., format="fixed") leaves it."""
        group = file.require_group(path)
        for key, value in (("CLASS", "GROUP"), ("TITLE", ""), ("VERSION", "1.0"), ("pandas_type", "frame"),
                           ("pandas_version", "0.15.2"), ("axis0_variety", "regular"), ("axis1_variety", "regular"),
                           (f"block{number}_items_variety", "regular"), ("encoding", "UTF-8"), ("errors", "strict")):
            group.attrs[key] = np.bytes_(value)
        group.attrs["ndim"], group.attrs["nblocks"] = np.int64(2), np.int64(number + 1)
        items = np.array([name.encode() for name in names])
        for name, array in ((f"block{number}_items", items), (f"block{number}_values", X)):
            made = group.create_dataset(name, data=array)
            for key, value in (("CLASS", "ARRAY"), ("FLAVOR", "numpy"), ("TITLE", ""), ("VERSION", "2.4")):
                made.attrs[key] = np.bytes_(value)
            made.attrs["transposed"] = np.bool_(name.endswith("values"))  # of pandas' own blocks: here rows are rows
        if "axis1" not in group:
            group["axis0"], group["axis1"] = items, np.arange(len(X))

    def test_a_fixed_store(self):
        X = same.rows(d=3)
        with self.make("p.h5") as file:
            self.frame(file, "df", X, ["height", "mass", "año"])
        self.same(self.plain(X), "p.h5")
        self.assertEqual(self.fitted("kmeans", "p.h5").names, ["height", "mass", "año"])
        self.same(self.plain(X[:, [1, 0]]), "p.h5", "--columns", "mass,height")

    def test_blocks_of_a_fixed_store(self):
        X, N = same.rows(d=3), np.arange(300).reshape(150, 2) % 11
        with self.make("p.h5") as file:
            self.frame(file, "df", X, ["x", "y", "z"])
            self.frame(file, "df", N, ["n", "m"], number=1)
        self.refuses(65, ["/df/block0_values", "/df/block1_values"], "p.h5")
        blocks = "p.h5:/df/block0_values,/df/block1_values"
        self.same(self.plain(np.c_[X, N]), blocks)
        self.assertEqual(self.fitted("kmeans", blocks).names, ["x", "y", "z", "n", "m"])

    def test_a_table_store(self):
        X = same.rows(d=3)
        table = np.zeros(150, [("index", "<i8"), ("values_block_0", "<f8", (3,))])
        table["index"], table["values_block_0"] = np.arange(150), X
        with self.make("p.h5") as file:
            group = file.create_group("df")
            for key, value in (("pandas_type", "frame_table"), ("table_type", "appendable_frame"), ("encoding", "UTF-8")):
                group.attrs[key] = np.bytes_(value)
            made = group.create_dataset("table", data=table, chunks=(64,), maxshape=(None,))
            for key, value in (("CLASS", "TABLE"), ("VERSION", "2.7"), ("TITLE", ""), ("FIELD_0_NAME", "index"),
                               ("FIELD_1_NAME", "values_block_0")):
                made.attrs[key] = np.bytes_(value)
            index = group.create_group("_i_table/index")
            index.attrs["CLASS"], index.attrs["DIRTY"] = np.bytes_("CINDEX"), np.int8(0)
            for name, shape, dtype in (("bounds", (1, 127), "i8"), ("ranges", (1, 2), "i8"), ("sorted", (1, 4096), "i8"),
                                       ("indices", (1, 4096), "u4"), ("sortedLR", (201,), "i8"), ("indicesLR", (200,), "u4"),
                                       ("abounds", (0,), "i8"), ("zbounds", (0,), "i8"), ("mbounds", (0,), "i8")):
                index.create_dataset(name, shape, dtype)
        self.refuses(65, ["p.h5", 'format="fixed"', "p.h5:/df/table"], "p.h5")
        self.same(self.plain(X), "p.h5:/df/table", "--columns", "^index")
        self.same(self.plain(np.c_[np.arange(150), X]), "p.h5:/df/table")


class Others(same.SameTest):
    def test_vaex(self):
        X = same.rows(d=3)
        with self.make("v.hdf5") as file:
            table = file.create_group("table")
            table.attrs["type"] = "table"
            for i, name in enumerate(("ra", "dec", "pmra")):
                table[f"columns/{name}/data"] = X[:, i]
            table["columns"].attrs["column_order"] = "ra,dec,pmra"
        expected = self.plain(X)
        for path in ("/table", "/table/columns"):
            self.same(expected, f"v.hdf5:{path}")
            self.assertEqual(self.fitted("kmeans", f"v.hdf5:{path}").names, ["ra", "dec", "pmra"])
        expected = self.plain(X[:, [2, 0]])
        self.same(expected, "v.hdf5:/table", "--columns", "pmra,ra")
        self.refuses(64, ["v.hdf5:/table", "--transpose"], "v.hdf5:/table", "--transpose", ranks=(0,))
        for mask in ("mask", "null_bitmap"):
            with h5py.File(self.path("v.hdf5"), "a") as file:
                file[f"table/columns/dec/{mask}"] = np.zeros(150, "u1")
            self.refuses(65, ["v.hdf5:/table", "dec", "mask"], "v.hdf5:/table", ranks=(0,))
            self.same(expected, "v.hdf5:/table", "--columns", "pmra,ra", ranks=(0,))
            with h5py.File(self.path("v.hdf5"), "a") as file:
                del file[f"table/columns/dec/{mask}"]

    def test_mdtraj(self):
        X = same.rows(90, 12).astype("f4")
        with self.make("t.h5") as file:
            for key, value in (("CLASS", "GROUP"), ("conventions", "Pande"), ("conventionVersion", "1.1"), ("program", "MDTraj")):
                file.attrs[key] = np.bytes_(value)
            for name, array, unit in (("coordinates", X.reshape(90, 4, 3), "nanometers"), ("time", np.arange(90.0), "picoseconds"),
                                      ("cell_lengths", np.ones((90, 3), "f4"), "nanometers"),
                                      ("cell_angles", np.full((90, 3), 90, "f4"), "degrees")):
                made = file.create_dataset(name, data=array, chunks=(25, *array.shape[1:]), maxshape=(None, *array.shape[1:]),
                                           compression="gzip", shuffle=True)
                made.attrs["CLASS"], made.attrs["units"] = np.bytes_("EARRAY"), np.bytes_(unit)
            file["topology"] = np.array([b'{"chains": []}'])
        self.same(self.plain(X), "t.h5:/coordinates", "--row-axes", "0")
        self.same(self.plain(X[::2]), "t.h5:/coordinates", "--row-axes", "0", "--rows", "::2")
        self.refuses(65, ["/coordinates", "90", "--row-axes"], "t.h5:/coordinates", ranks=(0,))

    def test_h5md(self):
        X = same.rows(40, 15)
        with self.make("t.h5") as file:
            file.create_group("h5md").attrs["version"] = np.array([1, 1])
            position = file.create_group("particles/all/position")
            position.create_dataset("value", data=X.reshape(40, 5, 3), chunks=(1, 5, 3), maxshape=(None, 5, 3))
            position["step"], position["time"] = np.arange(40), np.arange(40) / 2
            file["particles/all/box/edges"] = np.ones(3)
            file["particles/all/box"].attrs["dimension"] = 3
        self.same(self.plain(X), "t.h5:/particles/all/position/value", "--row-axes", "0")
        self.same(self.plain(X.reshape(200, 3)), "t.h5:/particles/all/position/value", "--row-axes", "0,1")


if __name__ == "__main__":
    shoal.main()
