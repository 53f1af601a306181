"""Labels as tables of text, and distances to centres."""
import csv
import os

import h5py
import numpy as np

import shoal


class LabelText(shoal.ShoalTest):
    def setUp(self):
        super().setUp()
        self.rng = np.random.default_rng(5)
        self.X = self.rng.normal(size=(3000, 3)) + 4 * self.rng.integers(0, 3, (3000, 1))
        self.data = self.write("x.h5", self.X)

    def table(self, name, delimiter=","):
        with open(self.path(name), newline="") as file:
            lines = list(csv.reader(file, delimiter=delimiter))
        return lines[0], lines[1:]

    def with_ids(self, texts, X=None, name="ids.csv"):
        """A data file that convert made of a table with ids."""
        X = self.X[:len(texts)] if X is None else X
        with open(self.path(name), "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["who", "a", "b", "c"])
            writer.writerows([text, *map(float, row)] for text, row in zip(texts, X))
        data = self.path(name.replace(".csv", ".h5"))
        self.ok("convert", self.path(name), data, "--id-column", "who", "--delimiter", ",", "--overwrite")
        return data

    def test_fit_and_predict(self):
        self.fit("gaussian", self.data, "-k", 3, "--labels", self.path("l.h5"))
        with h5py.File(self.path("l.h5")) as file:
            labels = file["labels"][:]
        for name, delimiter in (("l.csv", ","), ("l.tsv", "\t"), ("l.CSV", ",")):
            self.fit("gaussian", self.data, "-k", 3, "--labels", self.path(name))
            names, rows = self.table(name, delimiter)
            self.assertEqual(names, ["label"])
            np.testing.assert_array_equal([int(row[0]) for row in rows], labels)
            self.ok("predict", self.path("model.h5"), self.data, "-o", self.path("p" + name))
            self.assertEqual(self.path("p" + name).read_bytes(), self.path(name).read_bytes())

    def test_what_is_asked_for(self):
        self.fit("gaussian", self.data, "-k", 3)
        wanted = ("--responsibilities", "--log-density")
        self.ok("predict", self.path("model.h5"), self.data, "-o", self.path("p.h5"), *wanted)
        self.ok("predict", self.path("model.h5"), self.data, "-o", self.path("p.tsv"), *wanted)
        names, rows = self.table("p.tsv", "\t")
        self.assertEqual(names, ["label", "responsibility_0", "responsibility_1", "responsibility_2", "log_density"])
        numbers = np.array(rows, float)
        with h5py.File(self.path("p.h5")) as file:  # to the bit
            np.testing.assert_array_equal(numbers[:, 0], file["labels"])
            np.testing.assert_array_equal(numbers[:, 1:4], file["responsibilities"])
            np.testing.assert_array_equal(numbers[:, 4], file["log_density"])

    def test_ids(self):
        n = 3000
        odd = {0: 'a "b", c', 1: "line\nend", 2: "", 3: " blank ", 4: "tab\there", 5: "größe", 6: "#6"}
        for texts, expected in (([odd.get(i, f"row-{i}") for i in range(n)], [odd.get(i, f"row-{i}").strip(" ") for i in range(n)]),
                                ([str(i * 7 - 5) for i in range(n)], [str(i * 7 - 5) for i in range(n)])):
            data = self.with_ids(texts)
            self.fit("kmeans", data, "-k", 3, "--labels", self.path("l.csv"))
            names, rows = self.table("l.csv")
            self.assertEqual(names, ["id", "label"])
            self.assertEqual([row[0] for row in rows], expected)
            for ranks in (1, 2, 3):
                self.ok("predict", self.path("model.h5"), data, "-o", self.path("p.csv"), "--overwrite", ranks=ranks)
                self.assertEqual(self.path("p.csv").read_bytes(), self.path("l.csv").read_bytes(), ranks)
            self.ok("predict", self.path("model.h5"), data, "-o", self.path("p.tsv"), "--overwrite")
            self.assertEqual([row[0] for row in self.table("p.tsv", "\t")[1]], expected)

    def test_ids_of_several_files(self):
        files = [self.with_ids([f"x{i}" for i in range(100)], name="a.csv"), self.with_ids([str(i) for i in range(50)], self.X[100:150], "b.csv")]
        self.fit("kmeans", files, "-k", 2, "--labels", self.path("l.csv"), ranks=2)
        self.assertEqual([row[0] for row in self.table("l.csv")[1]], [f"x{i}" for i in range(100)] + [str(i) for i in range(50)])
        self.fit("kmeans", [files[0], self.data], "-k", 2, "--labels", self.path("l.csv"))  # one has none
        self.assertEqual(self.table("l.csv")[0], ["label"])
        other = self.write("other.h5", self.X[:5], ids=[1.5] * 5)  # numbers that are no ids
        self.fit("kmeans", other, "-k", 2, "--labels", self.path("l.csv"))
        self.assertEqual(self.table("l.csv")[0], ["label"])
        for n in (4, 6):  # of other rows
            self.fit("kmeans", self.write("other.h5", self.X[:5], ids=np.arange(n)), "-k", 2, "--labels", self.path("l.csv"))
            self.assertEqual(self.table("l.csv")[0], ["label"])

    def test_rows_left_out(self):
        self.X[[1, 7]] = np.nan
        data = self.write("x.h5", self.X)
        self.fit("kmeans", data, "-k", 3, "--missing", "skip", "--labels", self.path("l.csv"))
        self.assertEqual([int(row[0]) for row in self.table("l.csv")[1]].count(-1), 2)
        self.ok("predict", self.path("model.h5"), data, "--missing", "skip", "--distances", "-o", self.path("d.csv"))
        rows = self.table("d.csv")[1]
        self.assertEqual(rows[7], ["-1", "NaN", "NaN", "NaN"])
        self.ok("convert", self.path("d.csv"), self.path("d.h5"))  # it can be read back
        with h5py.File(self.path("d.h5")) as file:
            np.testing.assert_array_equal(file["X"], np.array(rows, float))

    def test_distances(self):
        metrics = {("kmeans",): lambda d: np.sqrt((d * d).sum(-1)), ("kmedians",): lambda d: np.abs(d).sum(-1),
                   ("kmedians", "--center", "geometric"): lambda d: np.sqrt((d * d).sum(-1))}
        for (model, *options), metric in metrics.items():
            for kind in ("f8", "f4"):
                data = self.write("x.h5", self.X.astype(kind))
                file = self.fit(model, data, "-k", 4, *options)
                centres = file["parameters/means" if model == "kmeans" else "parameters/medians"][:]
                for ranks in (0, 3):
                    self.ok("predict", self.path("model.h5"), data, "--distances", "-o", self.path("d.h5"), "--overwrite", ranks=ranks)
                    with h5py.File(self.path("d.h5")) as found:
                        distances, labels = found["distances"][:], found["labels"][:]
                    self.assert_close(distances, metric(self.X.astype(kind).astype("f8")[:, None] - centres[None]), relative=1e-12)
                    np.testing.assert_array_equal(distances.argmin(1), labels)
                self.ok("predict", self.path("model.h5"), data, "--distances", "-o", self.path("d.csv"), "--overwrite", ranks=2)
                names, rows = self.table("d.csv")
                self.assertEqual(names, ["label", *(f"distance_{k}" for k in range(4))])
                np.testing.assert_array_equal(np.array(rows, float)[:, 1:], distances)
        self.fit("gaussian", self.data, "-k", 2)
        self.fails(64, ["--distances", "gaussian"], "predict", self.path("model.h5"), self.data, "--distances", "-o", self.path("n.csv"))

    def test_complete_or_not_there(self):
        self.fit("kmeans", self.data, "-k", 3)
        self.path("l.csv").write_text("mine\n")
        self.fails(73, ["l.csv"], "predict", self.path("model.h5"), self.data, "-o", self.path("l.csv"))
        self.fails(73, ["l.csv"], "fit", "kmeans", self.data, "-k", 3, "-o", self.path("n.h5"), "--labels", self.path("l.csv"))
        self.assertEqual(self.path("l.csv").read_text(), "mine\n")
        command = ["predict", self.path("model.h5"), self.data, "--distances", "-o", self.path("d.csv")]
        limited = shoal.subprocess.run(["sh", "-c", "ulimit -f 64; exec \"$@\"", "sh", shoal.PROGRAM, *map(str, command)],
                                       capture_output=True, text=True, timeout=60)
        self.assertEqual(limited.returncode, 74, limited.stderr)
        self.assertIn("d.csv: writing failed", limited.stderr)
        self.assertEqual([name for name in os.listdir(self.folder) if "d.csv" in name], [])

    def test_with_a_checkpoint(self):
        command = ["fit", "kmeans", self.with_ids([f"r{i}" for i in range(200)]), "-k", 3, "-o", self.path("m.h5"), "--labels", self.path("l.csv"),
                   "--checkpoint", self.path("c")]
        self.ok(*command)
        before = self.path("l.csv").read_bytes()
        self.path("l.csv").unlink()
        self.ok(*command, ranks=2)
        self.assertEqual(self.path("l.csv").read_bytes(), before)
        self.assertIn("nothing to do", self.ok(*command).stderr)


if __name__ == "__main__":
    shoal.main()
