"""Matrices in other shapes than a data set with two dimensions: columns apart, tables, cubes, several side by side."""
import h5py
import numpy as np

import same
import shoal

TEXT = h5py.string_dtype()


class Columns(same.SameTest):
    def test_a_group_of_columns(self):
        X = same.rows(d=4)
        with self.make("t.h5") as file:
            for i, name in enumerate("abcd"):
                file[f"plain/{name}"] = X[:, i]
                file.create_dataset(f"packed/{name}", data=X[:, i], chunks=(7 + 31 * i,), compression="gzip", shuffle=True)
        expected = self.plain(X)
        for name in ("plain", "packed"):
            self.same(expected, f"t.h5:/{name}")
        self.same(expected, "t.h5:/plain/a,/packed/b,/plain/c,/packed/d")

    def test_types_are_joined(self):
        X = np.round(same.rows(d=4) * 10)
        X[:, 3] = X[:, 3] > 0
        with self.make("t.h5") as file:
            for name, i, dtype in (("a", 0, "<i4"), ("b", 1, "<f4"), ("c", 2, ">f8"), ("d", 3, "?")):
                file[f"mixed/{name}"] = X[:, i].astype(dtype)
                file[f"single/{name}"] = X[:, i].astype(">f4" if name == "c" else "<f4")
                file[f"bits/{name}"] = (X[:, i] > 0).astype((np.uint8, "?", ">i8", np.int16)[i])
        self.same(self.plain(X), "t.h5:/mixed")
        self.same(self.plain(X.astype("f4")), "t.h5:/single")
        self.assertIn('precision = "float32"', self.fitted("kmeans", "t.h5:/single").attributes["options"])
        self.same(self.plain((X > 0).astype("u1"), model="bernoulli"), "t.h5:/bits")

    def test_columns_of_the_root(self):
        X = same.rows(d=3)
        with self.make("t.h5") as file:
            for i, name in enumerate("abc"):
                file.create_dataset(name, data=X[:, i], chunks=(40,))
            file["shorter"] = np.arange(7.0)
            file["who"] = np.array(["x"] * 150, TEXT)
        self.same(self.plain(X), "t.h5", "--columns", "a,b,c")
        self.same(self.plain(X[:, [2, 0]]), "t.h5", "--columns", "c,a")

    def test_columns_come_as_h5py_lists_them(self):
        X = same.rows(d=3)
        with self.make("t.h5") as file:
            for path, tracked in (("sorted", False), ("as-made", True)):
                group = file.create_group(path, track_order=tracked)
                for i, name in enumerate(("z", "b", "x10")):
                    group[name] = X[:, i]
            listed = {path: list(file[path]) for path in file}
        self.assertEqual(listed, {"sorted": ["b", "x10", "z"], "as-made": ["z", "b", "x10"]})
        for path, order in (("sorted", [1, 2, 0]), ("as-made", [0, 1, 2])):
            self.same(self.plain(X[:, order]), f"t.h5:/{path}")
            self.assertEqual(self.fitted("kmeans", f"t.h5:/{path}").names, listed[path])

    def test_columns_of_text_are_left_out_and_told(self):
        X = same.rows(d=2)
        with self.make("t.h5") as file:
            file["t/a"], file["t/b"] = X.T
            file["t/town"] = np.array(["Kiel"] * 150, TEXT)
            file["t/code"] = np.array([b"xy"] * 150)
        self.same(self.plain(X), "t.h5:/t", said=["town", "code"])


class Tables(same.SameTest):
    FIELDS = [("i", "<i4"), ("f", "<f4"), ("d", ">f8"), ("star", "S5"), ("v", "<f4", (2,)), ("on", "?")]

    def setUp(self):
        super().setUp()
        self.X = np.round(same.rows(d=6) * 8) / 8
        self.X[:, 0] = np.round(self.X[:, 0])
        self.X[:, 5] = self.X[:, 5] > 4
        self.table = np.zeros(150, self.FIELDS)
        self.table["i"], self.table["f"], self.table["d"], self.table["on"] = self.X[:, [0, 1, 2, 5]].T
        self.table["v"], self.table["star"] = self.X[:, 3:5], b"Vega"

    def test_fields_are_columns(self):
        with self.make("t.h5") as file:
            file["plain"] = self.table
            file.create_dataset("packed", data=self.table, chunks=(17,), compression="gzip", shuffle=True)
            made = file.create_group("group", track_order=True).create_dataset("table", data=self.table, chunks=(64,),
                                                                               maxshape=(None,))  # PyTables
            for key, value in [("CLASS", "TABLE"), ("TITLE", "stars"), ("VERSION", "2.7")] + [
                    (f"FIELD_{i}_NAME", field[0]) for i, field in enumerate(self.FIELDS)]:
                made.attrs[key] = np.bytes_(value)
            made.attrs["NROWS"] = np.int64(150)
        expected = self.plain(self.X)
        for path in ("plain", "packed", "group/table"):
            self.same(expected, f"t.h5:/{path}", said=["star"])
        self.assertEqual(self.fitted("kmeans", "t.h5:/plain").names, ["i", "f", "d", "v[0]", "v[1]", "on"])
        self.same(self.plain(self.X[:, [2, 4]]), "t.h5:/packed", "--columns", "d,v[1]")

    def test_types_of_fields(self):
        dtype = np.dtype([("a", "u1"), ("b", "<f4"), ("c", "<f4")], align=True)  # with bytes that nobody reads
        X = self.X[:, 1:3].astype("f4")
        table = np.zeros(150, dtype)
        table["a"], table["b"], table["c"] = 7, *X.T
        bits = np.zeros(150, [("p", "?"), ("q", ">u2"), ("r", "i1")])
        B = (self.X[:, 1:4] > 4).astype("u1")
        bits["p"], bits["q"], bits["r"] = B.T
        with self.make("t.h5") as file:
            file["single"] = table
            file["bits"] = bits
            file["text"] = np.zeros(150, [("p", "S3"), ("q", "S4")])
        self.same(self.plain(X), "t.h5:/single", "--columns", "b,c")
        self.assertIn('"float32"', self.fitted("kmeans", "t.h5:/single", "--columns", "b,c").attributes["options"])
        self.same(self.plain(B, model="bernoulli"), "t.h5:/bits")
        self.refuses(65, ["t.h5", "/text"], "t.h5:/text")


class Cubes(same.SameTest):
    LAYOUTS = {"plain": {}, "packed": {"chunks": (4, 2, 3, 3), "compression": "gzip"}, "thin": {"chunks": (1, 3, 1, 7)}}

    def test_axes_are_rows(self):
        A = same.rows(13 * 5 * 7, 3).reshape(13, 5, 7, 3).transpose(0, 3, 1, 2).astype("f4")
        with self.make("t.nc") as file:
            for name, layout in self.LAYOUTS.items():
                file.create_dataset(name, data=A, **layout)
        for axes, order, n in (("0", (0, 1, 2, 3), 13), ("0,2,3", (0, 2, 3, 1), 455), ("3,0", (3, 0, 1, 2), 91)):
            expected = self.plain(A.transpose(order).reshape(n, -1))
            for name in self.LAYOUTS:
                self.same(expected, f"t.nc:/{name}", "--row-axes", axes)

    def test_few_dimensions(self):
        X = same.rows(d=6)
        with self.make("t.h5") as file:
            file["X"], file["turned"], file["cube"] = X, X.T, X.reshape(150, 2, 3)
        expected = self.plain(X)
        self.same(expected, "t.h5", "--row-axes", "0", ranks=(0,))
        self.same(expected, "t.h5:/turned", "--row-axes", "1")
        self.same(expected, ["t.h5:/cube"], "--row-axes", "0")

    def test_predictions(self):
        A = same.rows(11 * 7, 3).reshape(11, 7, 3).transpose(0, 2, 1)
        with self.make("t.nc") as file:
            file["a"] = A
        expected = self.plain(A.transpose(0, 2, 1).reshape(77, 3))
        self.same_predictions("plain-model.h5", "t.nc:/a", expected.labels, self.scored("plain-model.h5", "plain.h5"),
                              "--row-axes", "0,2")

    def test_without_axes_the_shape_is_told(self):
        with self.make("t.nc") as file:
            file["a"] = np.zeros((11, 13, 17, 19), "f4")
        self.refuses(65, ["t.nc", "/a", "11", "13", "17", "19", "--row-axes"], "t.nc:/a")
        for wrong in ("0,0", "4", "-5", "x", "0,,1", ""):
            self.refuses(64, ["--row-axes"], "t.nc:/a", f"--row-axes={wrong}", ranks=(0,))


class SideBySide(same.SameTest):
    def test_variables_become_columns(self):
        X = same.rows(d=6)
        with self.make("t.nc") as file:
            file["a"] = X[:, :2]
            file.create_dataset("deep/b", data=X[:, 2:5], chunks=(11, 2), compression="gzip")
            file["c"] = X[:, 5]
            file["i"] = np.round(X[:, :2]).astype(">i2")
            file["f"], file["g"] = X[:, :2].astype("f4"), X[:, 3].astype(">f4")
        self.same(self.plain(X[:, :5]), "t.nc:/a,/deep/b")
        self.same(self.plain(X[:, [5, 0, 1]]), "t.nc:/c,/a")
        self.same(self.plain(np.c_[np.round(X[:, :2]), X[:, 5]]), "t.nc:/i,/c")
        self.same(self.plain(X[:, [0, 1, 3]].astype("f4")), "t.nc:/f,/g")
        self.same(self.plain(np.r_[X, X[::-1]]), ["t.nc:/a,/deep/b,/c", self.write("more.h5", X[::-1]).name], ranks=(3,))

    def test_cubes_side_by_side(self):
        X = same.rows(9 * 5 * 7, 5)
        A, B = (part.reshape(9, 5, 7, -1).transpose(0, 3, 1, 2) for part in (X[:, :2], X[:, 2:]))
        with self.make("t.nc") as file:
            file["a"] = A.astype("f4")
            file.create_dataset("b", data=B, chunks=(2, 2, 3, 5), shuffle=True, compression="gzip")
        self.same(self.plain(np.c_[X[:, :2].astype("f4"), X[:, 2:]]), "t.nc:/a,/b", "--row-axes", "0,2,3")

    def test_lengths_that_differ(self):
        with self.make("t.h5") as file:
            file["g/a"], file["g/b"] = np.zeros(150), np.zeros(149)
            file["x"], file["y"] = np.zeros((150, 2)), np.zeros((151, 2))
        self.refuses(65, ["t.h5", "150", "149"], "t.h5:/g")
        self.refuses(65, ["t.h5", "150", "151"], "t.h5:/x,/y")
        self.refuses(65, ["t.h5", "/gone"], "t.h5:/x,/gone")


class Turned(same.SameTest):
    def test_transpose(self):
        X = same.rows(d=5)
        with self.make("t.h5") as file:
            file["X"], file["single"] = X.T, X.T.astype(">f4")
            file.create_dataset("packed", data=X.T, chunks=(2, 37), compression="gzip")
        expected = self.plain(X)
        self.same(expected, "t.h5", "--transpose")
        self.same(expected, "t.h5:/packed", "--transpose")
        single = self.plain(X.astype("f4"))
        self.same(single, "t.h5:/single", "--transpose")
        self.same_predictions("plain-model.h5", "t.h5:/single", single.labels, self.scored("plain-model.h5", "plain.h5"),
                              "--transpose", ranks=(3,))


class Told(same.SameTest):
    def test_what_is_there(self):
        with self.make("t.h5") as file:
            file["g/inner/deep"], file["g/other/deep"] = np.zeros(3), np.zeros(3)
            file.create_group("empty")
            file["scalar"], file["text"] = 3.5, np.array(["a"] * 9, TEXT)
            file["nothing"] = h5py.Empty("f8")
            file["link"] = h5py.SoftLink("/g/gone")
        for path, words in (("g", ["/g", "inner", "other"]), ("empty", ["/empty"]), ("scalar", ["/scalar"]),
                            ("text", ["/text"]), ("nothing", ["/nothing"]), ("link", ["/link", "/g/gone"]), ("g/gone", ["/g/gone"])):
            self.refuses(65, ["t.h5", *words], f"t.h5:/{path}", ranks=(0,) if path in ("empty", "nothing") else same.RANKS)


if __name__ == "__main__":
    shoal.main()
