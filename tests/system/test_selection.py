"""Which columns and which rows are used: --columns, --rows, --mask, on every command that reads data."""
import h5py
import numpy as np
import scipy.sparse

import same
import shoal
import test_sparse

NAMES = ["a", "b", "c", "d", "e"]
TEXT = h5py.string_dtype()


class SelectionTest(same.SameTest):
    def setUp(self):
        super().setUp()
        self.X = same.rows(d=5)
        self.named("data.h5", self.X)

    def named(self, name, X, **arrays):
        self.write(name, X, **arrays)
        with h5py.File(self.path(name), "r+") as file:
            file["X"].attrs["feature_names"] = NAMES


class Columns(SelectionTest):
    def test_names_numbers_and_ranges(self):
        with h5py.File(self.path("data.h5"), "r+") as file:
            file["bare"] = self.X
        for columns, chosen in (("c,a", [2, 0]), ("3,1", [3, 1]), ("1:3", [1, 2]), ("2:", [2, 3, 4]), (":2", [0, 1]),
                                ("^b", [0, 2, 3, 4]), ("^b,^3", [0, 2, 4]), ("0:4,^b", [0, 2, 3]), ("e,c,e,2", [4, 2])):
            expected = self.plain(self.X[:, chosen])
            self.same(expected, "data.h5", "--columns", columns, ranks=(3,))
            self.assertEqual(self.fitted("kmeans", "data.h5", "--columns", columns).names, [NAMES[i] for i in chosen])
        self.same(self.plain(self.X[:, [3, 1]]), "data.h5:/bare", "--columns", "3,1")
        self.same(self.plain(self.X[:, [0, 2, 4]]), "data.h5:/bare", "--columns", "^1,^3")

    def test_what_there_is_not(self):
        for columns, word in (("z", "z"), ("a,z", "z"), ("^z", "z"), ("5", "5"), ("3:9", "3:9"), ("2:2", "2:2"), ("4:2", "4:2"),
                              ("a,,b", ""), ("", ""), ("^0:5", "")):
            self.refuses(64, ["--columns", word], "data.h5", f"--columns={columns}", ranks=(0,))
        self.refuses(64, ["--columns", "data.h5", "z"], "data.h5", "--columns", "a,z")

    def test_every_shape(self):
        X = np.abs(np.round(self.X))
        table = np.zeros(150, [(name, "<f8") for name in NAMES])
        with self.make("shapes.h5") as file:
            for i, name in enumerate(NAMES):
                table[name] = file[f"group/{name}"] = X[:, i]
            file["table"], file["turned"] = table, X.T
            file.create_dataset("packed", data=X, chunks=(7, 2), compression="gzip")
            test_sparse.write_sparse(file, "sparse", scipy.sparse.csr_matrix(X))
        expected = self.plain(X[:, [4, 1]])
        for path, columns, *options in (("group", "e,b"), ("table", "e,b"), ("packed", "4,1"), ("sparse", "4,1"),
                                        ("turned", "4,1", "--transpose"), ("packed,/table", "9,6")):
            self.same(expected, f"shapes.h5:/{path}", "--columns", columns, *options)

    def test_discrete_models(self):
        B = (self.X > 4).astype("u1")
        B[:, 2] = 7  # what is not chosen need not be 0 or 1
        self.named("bits.h5", B)
        self.same(self.plain(B[:, [4, 0]], model="bernoulli"), "bits.h5", "--columns", "e,a")
        with h5py.File(self.path("bits.h5"), "r+") as file:
            file["X"].attrs["levels"] = [2, 4, 8, 2, 3]
        self.same(self.plain(B[:, [4, 1]], model="categorical", levels=[3, 4]), "bits.h5", "--columns", "e,b")
        self.refuses(65, ["bits.h5", "row 0", "column 2"], "bits.h5", "--columns", "a,c", model="bernoulli")  # its number in the file

    def test_predictions(self):
        expected = self.plain(self.X[:, [2, 0]])  # has no names
        score = self.scored("plain-model.h5", "plain.h5")
        self.same_predictions("plain-model.h5", "data.h5", expected.labels, score, "--columns", "c,a")
        self.same_predictions("plain-model.h5", "data.h5", expected.labels, score, "--columns", "2,0", ranks=(0,))
        self.fails(64, ["--columns", "z"], "score", "plain-model.h5", "data.h5", "--columns", "c,z", cwd=self.folder)
        self.fails(65, ["data.h5", "2"], "score", "plain-model.h5", "data.h5", "--columns", "0:3", cwd=self.folder)


class Rows(SelectionTest):
    def setUp(self):
        super().setUp()
        self.w, self.m = np.arange(150) % 5 + 0.5, (np.arange(150) % 11 > 0).astype("i1")
        for name, part in (("one.h5", slice(0, 90)), ("two.h5", slice(90, 150))):
            self.named(name, self.X[part], w=self.w[part], m=self.m[part])

    def test_ids_follow_their_rows(self):
        ids = np.array([f"row {i}".encode() for i in range(150)])
        for n, name in enumerate(("texts.h5", "numbers.h5")):
            self.write(name, self.X, ids=np.arange(1000, 1150) if n else ids)
            self.here("fit", "kmeans", name, "-k", 3, "-o", "m.h5", "--labels", "l.csv", "--rows", "7:100:9",
                      "--overwrite", ranks=3)
            lines = self.path("l.csv").read_text().splitlines()[1:]
            self.assertEqual([line.split(",")[0] for line in lines],
                             [str(1000 + i) if n else f"row {i}" for i in range(7, 100, 9)])

    def test_slices_of_numpy(self):
        for text, chosen in (("10:140:3", slice(10, 140, 3)), ("10:", slice(10, None)), (":50", slice(50)), ("::7", slice(None, None, 7)),
                             ("85:95", slice(85, 95)), ("0:150:1", slice(None)), ("100::4", slice(100, None, 4)), (":", slice(None))):
            expected = self.plain(self.X[chosen])
            self.assertEqual(len(expected.labels), len(self.X[chosen]))
            self.same(expected, "data.h5", f"--rows={text}", ranks=(3,))  # a lone colon is mpirun's
            self.same(expected, ["one.h5", "two.h5"], f"--rows={text}")

    def test_chunks_and_cubes(self):
        with self.make("t.h5") as file:
            file.create_dataset("X", data=self.X, chunks=(13, 2), compression="gzip", shuffle=True)
            file["cube"] = self.X.reshape(10, 15, 5).transpose(0, 2, 1)
            test_sparse.write_sparse(file, "sparse", scipy.sparse.csr_matrix(self.X), chunks=(17,))
        expected = self.plain(self.X[5:120:9])
        for data, *options in (("t.h5",), ("t.h5:/cube", "--row-axes", "0,2"), ("t.h5:/sparse",)):
            self.same(expected, data, *options, "--rows", "5:120:9")

    def test_weights_and_masks_count_all_rows(self):
        s = slice(20, 130, 2)
        options = ("--row-weights", "/w", "--mask", "/m")
        expected = self.plain(self.X[s], *options, w=self.w[s], m=self.m[s])
        self.same(expected, ["one.h5", "two.h5"], *options, "--rows", "20:130:2")
        np.testing.assert_array_equal(expected.labels == -1, self.m[s] == 0)

    def test_predictions(self):
        expected = self.plain(self.X[20::3])
        self.same_predictions("plain-model.h5", ["one.h5", "two.h5"], expected.labels, self.scored("plain-model.h5", "plain.h5"),
                              "--rows", "20::3")

    def test_messages_name_the_row_of_the_file(self):
        self.X[110, 3] = np.nan
        self.named("two.h5", self.X[90:])
        self.refuses(65, ["two.h5", "row 20", "column 3"], ["one.h5", "two.h5"], "--rows", "2::3")
        self.same(self.plain(self.X[3::3]), ["one.h5", "two.h5"], "--rows", "3::3")  # which leaves it out

    def test_no_rows(self):
        for text in ("50:50", "50:10", "0:151", "150:", "::0", "::-1", "-5:", "a:b", "", "1:2:3:4", "1.5:9"):
            self.refuses(64, ["--rows"], "data.h5", f"--rows={text}", ranks=(0,))
        self.refuses(64, ["--rows", "150"], ["one.h5", "two.h5"], "--rows", "0:151")
        self.refuses(64, ["2"], "data.h5", "--rows", "7:9")  # three clusters of two rows


class Masks(SelectionTest):
    def setUp(self):
        super().setUp()
        self.m = np.arange(150) % 6 > 0
        self.holes = self.X.copy()
        self.holes[~self.m] = np.nan
        self.dirty = self.X.copy()
        self.dirty[~self.m, 1] = np.tile([np.nan, np.inf, -np.inf, 1e300, 0], 5)

    def test_rows_are_left_out(self):
        """As those with a missing value under --missing skip; nothing in them does harm."""
        kinds = {"b": self.m, "i": self.m.astype("i8") * np.arange(-75, 75) + self.m * 200, "f": self.m * 0.25, "u": self.m.astype(">u2")}
        self.named("masked.h5", self.dirty, **kinds)
        expected = self.plain(self.holes, "--missing", "skip")
        self.assertEqual(expected.attributes["n_rows"], self.m.sum())
        for kind in kinds:
            self.same(expected, "masked.h5", "--mask", f"/{kind}")
        np.testing.assert_array_equal(expected.labels == -1, ~self.m)
        self.fitted("kmeans", "plain.h5", "--missing", "skip", output="start.h5")
        used = self.plain(self.X[self.m], "--init", "start.h5")
        self.assert_close(used.numbers["parameters/means"], expected.numbers["parameters/means"], relative=1e-12)

    def test_other_models(self):
        B = (self.X > 4).astype("u1")
        dirty = B.copy()
        dirty[~self.m] = 9  # neither 0 nor 1
        self.named("bits.h5", dirty, m=self.m)
        holes = B.astype(float)
        holes[~self.m] = np.nan
        self.same(self.plain(holes, "--missing", "skip", model="bernoulli"), "bits.h5", "--mask", "/m")
        self.named("masked.h5", self.dirty, m=self.m)
        self.same(self.plain(self.holes, "--missing", "skip", model="gaussian"), "masked.h5", "--mask", "/m")

    def test_where_it_lies(self):
        expected = self.plain(self.holes, "--missing", "skip")
        self.write("mask.h5", self.X, good=self.m)
        for name, part in (("one.h5", slice(0, 40)), ("two.h5", slice(40, 150))):
            self.named(name, self.dirty[part], m=self.m[part])
        self.same(expected, ["one.h5", "two.h5"], "--mask", "/m")
        self.same(expected, ["one.h5", "two.h5"], "--mask", "mask.h5:/good")
        self.same(expected, "data.h5", "--mask", "mask.h5:/good")

    def test_predictions(self):
        expected = self.plain(self.holes, "--missing", "skip")
        score = self.scored("plain-model.h5", "plain.h5", "--missing", "skip")
        self.assertEqual(score["n_rows"], self.m.sum())
        self.named("masked.h5", self.dirty, m=self.m)
        self.same_predictions("plain-model.h5", "masked.h5", expected.labels, score, "--mask", "/m")

    def test_masks_that_are_none(self):
        hole = self.m.astype(float)
        hole[77] = np.nan
        self.named("masked.h5", self.X, nan=hole, short=self.m[:149], text=np.array(["x"] * 150, TEXT), wide=np.ones((150, 2)),
                   zero=np.zeros(150))
        for path, words in (("nan", ["77"]), ("short", ["149", "150"]), ("text", []), ("wide", []), ("gone", [])):
            self.refuses(65, ["masked.h5", f"/{path}", *words], "masked.h5", "--mask", f"/{path}",
                         ranks=same.RANKS if path in ("nan", "short") else (0,))
        self.refuses(66, ["gone.h5"], "masked.h5", "--mask", "gone.h5:/m", ranks=(0,))
        self.refuses(64, ["0"], "masked.h5", "--mask", "/zero")  # three clusters of no row


class Together(SelectionTest):
    def test_config(self):
        m = (np.arange(150) % 4 > 0).astype(float)
        self.named("data.h5", self.X, m=m)
        self.path("all.toml").write_text('[fit]\ncolumns = "e,b"\nrows = "10:120:2"\nmask = "/m"\n'
                                         '[predict]\ncolumns = "4,1"\nrows = "10:120:2"\nmask = "/m"\n'
                                         '[score]\ncolumns = "4,1"\nrows = "10:120:2"\nmask = "/m"\n')
        expected = self.plain(self.X[10:120:2, [4, 1]], "--mask", "/m", m=m[10:120:2])
        self.same(expected, "data.h5", "--config", "all.toml")
        self.same(expected, "data.h5", "--columns", "e,b", "--rows", "10:120:2", "--mask", "/m")
        self.same_predictions("plain-model.h5", "data.h5", expected.labels,
                              self.scored("plain-model.h5", "plain.h5", "--mask", "/m"), "--config", "all.toml")

    def test_dry_run_and_restart(self):
        options = ("--columns", "e,b", "--rows", "10:120:2")
        expected = self.plain(self.X[10:120:2, [4, 1]])
        self.here("fit", "kmeans", "data.h5", "-k", 3, *options, "--dry-run")
        self.same(expected, "data.h5", *options, "--checkpoint", "fit.ckpt", ranks=(0,))
        for other in (("--columns", "b,e", "--rows", "10:120:2"), ("--columns", "e,b", "--rows", "12:120:2"), ("--columns", "e,b")):
            result = shoal.run("fit", "kmeans", "data.h5", "-k", 3, "--max-iterations", 20, "-o", "fitted.h5", "--labels", "labels.h5",
                               "--overwrite", "--checkpoint", "fit.ckpt", *other, cwd=self.folder)
            self.assertIn(result.returncode, (64, 65), other)  # another option, or other rows
            self.assertEqual(result.stderr.count("shoal: error:"), 1, result.stderr)


if __name__ == "__main__":
    shoal.main()
