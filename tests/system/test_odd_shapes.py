"""Files that are legal and odd: the numbers are those of h5py, or one line says why not."""
import subprocess
import sys

import h5py
import numpy as np

import same
import shoal

TEXT = h5py.string_dtype()


class OddShapes(same.SameTest):
    def setUp(self):
        super().setUp()
        self.X = same.rows(d=6)

    def test_tables_with_texts_of_any_length(self):
        table = np.zeros(150, [("a", "f8"), ("name", TEXT), ("b", "<f4"), ("at", [("place", TEXT), ("x", "f8")]), ("c", ">i2")])
        table["a"], table["b"], table["c"], table["name"] = self.X[:, 0], self.X[:, 1], np.arange(150) % 9, "Vega"
        table["at"]["place"] = "Lyra"
        with self.make("t.h5") as file:
            file["plain"] = table
            file.create_dataset("packed", data=table, chunks=(8,), compression="gzip", shuffle=True)
        expected = self.plain(np.c_[self.X[:, 0], self.X[:, 1].astype("f4"), np.arange(150) % 9])
        for path in ("plain", "packed"):
            self.same(expected, f"t.h5:/{path}", said=["name", "at"])

    def test_columns_are_counted_over_all_that_is_side_by_side(self):
        with self.make("s.h5") as file:
            file["x"] = self.X[:, :2]
            for i in range(4):
                file[f"g/c{i}"] = self.X[:, 2 + i]
            file["an/chunk_0"], file["an/chunk_1"] = self.X[:75, :2], self.X[75:, :2]
            file["odd/a"], file["odd/b"], file["odd/chunk_1"] = self.X[:, 0], self.X[:, 1], self.X[:, 2]
        self.same(self.plain(self.X[:, 2:4]), "s.h5:/x,/g", "--columns", "2,3")
        self.same(self.plain(self.X[:, [0, 1, 2, 4, 5]]), "s.h5:/x,/g", "--columns", "^c1", ranks=(0,))
        self.same(self.plain(self.X[:, 2:4]), "s.h5:/g/c0,c1", ranks=(0,))  # the second in the group of the first
        self.same(self.plain(self.X[:, :3]), "s.h5:/odd", ranks=(0,))  # no chunk of rows
        self.refuses(65, ["/an", "chunks"], "s.h5:/an,/g", ranks=(0,))
        for path in ("/x,", "/x,,/g", "/x,/"):
            self.refuses(64, [path], f"s.h5:{path}", ranks=(0,))
        self.refuses(64, ["--transpose", "--row-axes"], "s.h5:/x", "--transpose", "--row-axes", "0", ranks=(0,))

    def test_what_stands_beside_columns(self):
        with self.make("n.nc") as file:
            file["obs"] = np.arange(150.0)
            file["obs"].attrs["NAME"] = np.bytes_("This is a netCDF dimension but not a netCDF variable.   150")
            file["t"], file["s"] = self.X[:, 0], self.X[:, 1]
        self.same(self.plain(self.X[:, [1, 0]]), "n.nc:/", ranks=(0,))  # in the order of their names
        with h5py.File(self.path("n.nc"), "a") as file:
            file["u"] = h5py.ExternalLink("gone.h5", "/u")
        self.refuses(66, ["n.nc:/u", "gone.h5"], "n.nc:/", ranks=(0,))
        self.same(self.plain(self.X[:, :2]), "n.nc:/", "--columns", "t,s", ranks=(0,))
        with self.make("c.h5") as file:
            file.create_group("t")
            file["t/columns"] = file["t"]
        self.refuses(65, ["c.h5:/t"], "c.h5:/t", ranks=(0,))

    def test_sparse_booleans_that_stand_twice(self):
        with self.make("b.h5ad") as file:
            group = file.create_group("X")
            group.attrs["encoding-type"], group.attrs["shape"] = "csr_matrix", (150, 3)
            group["data"], group["indices"] = np.ones(300, bool), np.tile([1, 1, 2, 0], 75)
            group["indptr"] = 2 * np.arange(151)
        dense = np.tile([[0, 1, 0], [1, 0, 1]], (75, 1)).astype("u1")
        self.same(self.plain(dense, "--pseudo-count", 1, model="bernoulli"), "b.h5ad", "--pseudo-count", 1)

    def test_levels(self):
        codes = np.random.default_rng(1).integers(0, 2, (150, 4)).astype("i1")
        with self.make("l.h5") as file:
            file["X"] = codes
            file["X"].attrs["levels"] = [2, 2, 2]
            file["t"] = np.rec.fromarrays(codes.T, names="a,b,c,d")
            file["t"].attrs["levels"] = [2, 3, 4, 5]
        self.refuses(65, ["l.h5:/X", "levels", "3", "4"], "l.h5", "--columns", "3", ranks=(0,))
        self.same(self.plain(codes[:, :2], model="categorical", levels=[2, 3]), "l.h5:/t", "--columns", "a,b")

    def test_missing_values_are_rounded_in_any_shape(self):
        X = (np.arange(600) % 7).reshape(150, 4).astype("i2")
        self.write("i.h5", X)
        options = ("--missing", "skip", "--missing-value", "5.4")
        expected = self.fitted("kmeans", "i.h5", *options)
        self.assertGreater(sum(expected.labels == -1), 10)
        self.same(expected, "i.h5", "--columns", "0:4", *options)

    def test_a_mask_fits_each_file(self):
        for name, n in (("one.h5", 8), ("two.h5", 12)):
            self.write(name, self.X[:10], m=np.ones(n))
        for option in ("--mask", "--row-weights"):
            self.refuses(65, [option, "one.h5:/m", "8", "10"], ["one.h5", "two.h5"], option, "/m")

    def test_many_columns_and_few_descriptors(self):
        with self.make("many.h5") as file:
            for j in range(300):
                file[f"t/c{j:03}"] = self.X[:, j % 6] + j
        expected = self.plain(np.stack([self.X[:, j % 6] + j for j in range(300)], axis=1))
        code = ("import resource, os, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100)); "
                "os.execv(sys.argv[1], sys.argv[1:])")
        ended = subprocess.run([sys.executable, "-c", code, shoal.PROGRAM, "fit", "kmeans", "many.h5:/t", "-k", "3",
                                "--max-iterations", "20", "-o", "fitted.h5"], cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        with h5py.File(self.path("fitted.h5")) as file:
            np.testing.assert_array_equal(file["parameters/means"], expected.numbers["parameters/means"])

    def test_few_columns_of_many(self):
        wide = np.zeros((150, 5000))
        wide[:, 3000:3006] = self.X
        with self.make("w.h5") as file:
            file["plain"], file["swapped"] = wide, wide.astype(">f8")
            file.create_dataset("chunks", data=wide, chunks=(7, 1001), compression="gzip")
        expected, halved = self.plain(self.X[:, [4, 1]]), self.plain(self.X[::2, [4, 1]])
        for path in ("plain", "swapped", "chunks"):
            self.same(expected, f"w.h5:/{path}", "--columns", "3004,3001")
            self.same(halved, f"w.h5:/{path}", "--columns", "3004,3001", "--rows", "::2", ranks=(0,))

    def test_far_rows_need_little_memory(self):
        self.write("x.h5", self.X)
        said = self.here("fit", "kmeans", "x.h5", "-k", 1, "-o", "far.h5", "--rows", "::1000000000000000").stderr
        self.assertIn("1 row x", said)


class Checkpoints(same.SameTest):
    def test_they_know_what_was_not_given(self):
        X = same.rows(d=4)
        self.write("x.h5", X)
        with h5py.File(self.path("x.h5"), "a") as file:
            file["X"].attrs["scale_factor"] = 2.0
        fit = ["fit", "kmeans", "x.h5", "-k", 3, "-o", "m.h5", "--checkpoint", "c.ck"]
        options = (["--columns", "3,2,1,0"], ["--no-attributes"], ["--missing", "skip", "--missing-value", "7"],
                   ["--rows", ":100"])
        for without, given in [(True, option) for option in options] + [(False, option) for option in options]:
            with self.subTest(without=without, given=given):
                for file in ("c.ck", "c.ck.previous", "m.h5"):
                    self.path(file).unlink(missing_ok=True)
                first, second = ([], given) if without else (given, [])
                self.here(*fit, *first)
                before = self.path("m.h5").read_bytes()
                self.assertIn("nothing to do", self.here(*fit, *first).stderr)
                result = shoal.run(*fit, *second, cwd=self.folder)
                self.assertIn(result.returncode, (64, 65), result.stderr)
                self.assertIn("c.ck", result.stderr)
                self.assertEqual(self.path("m.h5").read_bytes(), before)

    def test_chosen_rows_go_on(self):
        self.write("x.h5", same.rows(d=4))
        whole = self.fitted("kmeans", "x.h5", "--rows", "::2", "--tolerance", "0")
        fit = ["fit", "kmeans", "x.h5", "-k", 3, "-o", "m.h5", "--rows", "::2", "--checkpoint", "c.ck", "--tolerance", "0"]
        self.here(*fit, "--max-iterations", 1)
        self.here(*fit, "--max-iterations", 20, ranks=3)
        with h5py.File(self.path("m.h5")) as file:
            np.testing.assert_array_equal(file["parameters/means"], whole.numbers["parameters/means"])


if __name__ == "__main__":
    shoal.main()
