"""Every bad input ends with its exit code and one message, at 1 and 3 ranks, with nothing left behind."""
import os
import resource
import signal
import subprocess

import h5py
import numpy as np

import shoal


class Errors(shoal.ShoalTest):
    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(0)
        self.X = rng.normal(size=(640, 4))
        self.good = self.write("good.h5", self.X, w=np.ones(640))
        self.binary = self.write("binary.h5", (self.X > 0).astype(np.uint8))
        self.model = self.path("good-model.h5")
        self.ok("fit", "gaussian", self.good, "-k", 2, "-o", self.model, "-q")

    def refuses(self, code, words, *arguments):
        """At 1 and 3 ranks: the code, one message with all words, and no new file."""
        for ranks in (0, 3):  # 0: without mpirun
            with self.subTest(arguments=[str(a) for a in arguments], ranks=ranks):
                before = sorted(os.listdir(self.folder))
                self.fails(code, words, *arguments, ranks=ranks, cwd=self.folder, time_limit=60)
                self.assertEqual(sorted(os.listdir(self.folder)), before)

    def refuses_fit(self, code, words, model, data, *arguments):
        self.refuses(code, words, "fit", model, data, "-k", 2, "-o", self.path("out.h5"), *arguments)

    def test_64_wrong_use(self):
        fit = ("fit", "kmeans", self.good, "-o", self.path("out.h5"))
        self.refuses(64, ["no command"])
        self.refuses(64, ["--clusters"], *fit)
        self.refuses(64, ["-k 0:"], *fit, "-k", 0)
        self.refuses(64, ["-k 641", "640"], *fit, "-k", 641)
        self.refuses(64, ["--frobnicate"], *fit, "-k", 2, "--frobnicate")
        self.refuses(64, ["must be kmeans", "foo"], "fit", "foo", self.good, "-k", 2)
        self.refuses(64, ["--tolerance"], *fit, "-k", 2, "--tolerance", -1)
        self.refuses(64, ["--threads"], *fit, "-k", 2, "--threads", 0)
        self.refuses(64, ["--target", "z80"], *fit, "-k", 2, "--target", "z80")
        self.refuses(64, ["--covariance", "kmeans"], *fit, "-k", 2, "--covariance", "diag")

    def test_64_too_few_distinct_rows(self):
        same = self.write("same.h5", np.repeat(self.X[:3], 100, axis=0))
        for model in ("kmeans", "kmedians"):
            for init in ("kmeans-parallel", "random"):
                self.refuses(64, ["-k 4", "3 distinct"], "fit", model, same, "-k", 4, "--init", init)

    def test_64_marginalize_where_it_cannot_be(self):
        for arguments in (("kmeans",), ("kmedians",), ("kmedians", "--center", "geometric")):
            self.refuses_fit(64, ["--missing marginalize", "skip"], arguments[0], self.good, *arguments[1:], "--missing", "marginalize")

    def test_64_k_above_the_rows_used(self):
        X = np.full((10, 2), np.nan)
        X[:2] = 1, 2
        self.refuses(64, ["-k 3", "2 rows"], "fit", "gaussian", self.write("gaps.h5", X), "-k", 3, "--missing", "skip")

    def test_65_not_numbers_it_can_use(self):
        for value, word in ((np.nan, "--missing"), (np.inf, "infinite"), (-np.inf, "infinite")):
            X = self.X.copy()
            X[600, 2] = value  # in the last rank's shard
            self.refuses_fit(65, ["bad.h5:/X", "row 600", "column 2", word], "kmeans", self.write("bad.h5", X))
        X = (self.X > 0).astype(float)
        X[333, 1] = 0.5
        self.refuses_fit(65, ["row 333", "column 1", "0.5", "bernoulli"], "bernoulli", self.write("half.h5", X))
        X[333, 1] = -1
        self.refuses_fit(65, ["row 333", "column 1", "-1"], "categorical", self.write("minus.h5", X))
        self.refuses_fit(65, ["row 9", "column 0", "float32"], "kmeans", self.huge(), "--precision", "float32")

    def huge(self):
        X = self.X.copy()
        X[9, 0] = 1e300
        return self.write("huge.h5", X)

    def test_65_the_first_of_many_is_told(self):
        X = self.X.copy()
        X[[100, 300, 630]] = np.nan
        self.refuses_fit(65, ["row 100", "column 0"], "kmeans", self.write("bad.h5", X))
        second = self.write("second.h5", X)
        self.refuses(65, ["second.h5", "row 100"], "fit", "kmeans", self.good, second, "-k", 2)

    def test_65_weights(self):
        for values, words in ((np.r_[np.ones(500), -1, np.ones(139)], ["row 500", "-1"]), (np.ones(639), ["639", "640"]),
                              (np.zeros(640), ["zero"]), (np.full(640, np.nan), ["row 0"])):
            self.refuses_fit(65, ["w", *words], "kmeans", self.write("weights.h5", self.X, w=values), "--row-weights", "/w")
        self.refuses_fit(65, ["/nothing"], "kmeans", self.good, "--row-weights", "/nothing")

    def test_65_not_the_file_it_should_be(self):
        text = self.path("text.h5")
        text.write_text("hello\n")
        self.refuses_fit(65, ["text.h5", "HDF5"], "kmeans", text)
        truncated = self.path("truncated.h5")
        truncated.write_bytes(self.good.read_bytes()[:9000])
        self.refuses_fit(65, ["truncated.h5", "truncated"], "kmeans", truncated)
        empty = self.path("empty.h5")
        empty.write_bytes(b"")
        self.refuses_fit(65, ["empty.h5", "HDF5"], "kmeans", empty)

    def test_65_wrong_shapes_and_types(self):
        for name, X, words in (("vector", self.X[:, 0], ["1 dim"]), ("cube", self.X.reshape(10, 64, 4), ["3 dim"]),
                               ("none", self.X[:0], ["empty"]), ("nocolumns", self.X[:, :0], ["empty"]),
                               ("complex", self.X.astype(complex), ["neither"]), ("wide", self.X.astype(np.longdouble), ["neither"])):
            self.refuses_fit(65, ["/X", *words], "kmeans", self.write(f"{name}.h5", X))
        strings = self.path("strings.h5")
        with h5py.File(strings, "w") as file:
            file["X"] = np.array([[b"a", b"b"]])
        self.refuses_fit(65, ["/X", "neither"], "kmeans", strings)

    def test_65_candidates_are_listed(self):
        with h5py.File(self.path("two.h5"), "w") as file:
            file["b/data"] = self.X
            file["a"] = self.X
        self.refuses_fit(65, ["/a, /b/data", "two.h5:/a"], "kmeans", self.path("two.h5"))
        self.refuses_fit(65, ["/nowhere"], "kmeans", f"{self.good}:/nowhere")
        with h5py.File(self.path("nothing.h5"), "w") as file:
            file["v"] = self.X[:, 0]
        self.refuses_fit(65, ["two-dimensional"], "kmeans", self.path("nothing.h5"))

    def test_65_files_that_do_not_go_together(self):
        other = self.write("other.h5", self.X[:, :3])
        self.refuses(65, ["3 columns", "4"], "fit", "kmeans", self.good, other, "-k", 2)
        self.refuses(65, ["3 columns", "4 features"], "predict", self.model, other, "-o", self.path("out.h5"))
        self.refuses(65, ["3 columns", "4 features"], "score", self.model, other)
        self.refuses(65, ["/parameters/means", "(2, 4)"], "fit", "gaussian", other, "-k", 2, "--init", self.model)
        self.refuses(65, ["medians"], "fit", "kmedians", self.good, "-k", 2, "--init", self.model)
        self.refuses(65, ["not a model"], "predict", self.good, self.good, "-o", self.path("out.h5"))

    def test_65_a_level_the_model_has_not_seen(self):
        codes = np.random.default_rng(0).integers(0, 3, (640, 3))
        self.ok("fit", "categorical", self.write("codes.h5", codes), "-k", 2, "-o", self.path("codes-model.h5"), "-q")
        codes[400, 1] = 3
        new = self.write("new.h5", codes)
        for command in (("predict", "-o", self.path("out.h5")), ("score",)):
            self.refuses(65, ["row 400", "column 1", "level 3"], command[0], self.path("codes-model.h5"), new, *command[1:])
        self.refuses_fit(65, ["row 400", "column 1", "levels"], "categorical", self.write("new.h5", codes, levels=[3, 3, 3]))

    def test_65_damaged_parameters(self):
        for name, change in (("nan", lambda f: f["parameters/means"].__setitem__((0, 0), np.nan)),
                             ("indefinite", lambda f: f["parameters/covariances"].__setitem__((1, 0, 0), -1.0)),
                             ("weights", lambda f: f["parameters/weights"].__setitem__(0, 0.9)),
                             ("gone", lambda f: f.__delitem__("parameters/means")),
                             ("version", lambda f: f.attrs.__setitem__("format_version", 2)),
                             ("kind", lambda f: f.attrs.__setitem__("covariance", "round"))):
            bad = self.path(f"{name}.h5")
            bad.write_bytes(self.model.read_bytes())
            with h5py.File(bad, "a") as file:
                change(file)
            self.refuses(65, [f"{name}.h5"], "score", bad, self.good)

    def test_65_empty_cluster_error(self):
        far = self.write("start.h5", self.X[:1], parameters__means=np.array([[0.0] * 4, [1e6] * 4]))
        self.refuses_fit(65, ["cluster 1", "--empty-cluster"], "kmeans", self.good, "--init", far, "--empty-cluster", "error")

    def test_65_objective_not_finite(self):
        X = self.X * 1e200
        self.refuses_fit(65, ["scale"], "gaussian", self.write("large.h5", X), "--covariance", "diag")

    def test_66_missing_files(self):
        missing = self.path("missing.h5")
        self.refuses_fit(66, ["missing.h5", "no such file"], "kmeans", missing)
        self.refuses_fit(66, ["folder"], "kmeans", self.folder)
        self.refuses(66, ["missing.h5"], "predict", missing, self.good, "-o", self.path("out.h5"))
        self.refuses(66, ["missing.h5"], "info", missing)
        self.refuses(66, ["missing.h5"], "compare", missing, missing)
        self.refuses_fit(66, ["missing.h5"], "kmeans", self.good, "--init", missing)
        self.refuses_fit(66, ["missing.h5"], "gaussian", self.good, "--mixing", missing)
        self.refuses_fit(66, ["missing.toml"], "kmeans", self.good, "--config", self.path("missing.toml"))
        self.refuses(66, ["missing.csv"], "convert", self.path("missing.csv"), self.path("out.h5"))

    def test_64_config(self):
        config = self.path("config.toml")
        config.write_text("[fit]\nclusters = 2\ncolour = \"red\"\n")
        self.refuses_fit(64, ["colour"], "kmeans", self.good, "--config", config)
        config.write_text("[fit]\nclusters = \"many\"\n")
        self.refuses(64, ["many"], "fit", "kmeans", self.good, "--config", config)

    def test_73_outputs(self):
        self.refuses(73, ["good-model.h5", "--overwrite"], "fit", "kmeans", self.good, "-k", 2, "-o", self.model)
        self.refuses(73, ["binary.h5"], "fit", "kmeans", self.good, "-k", 2, "-o", self.path("out.h5"), "--labels", self.binary)
        self.refuses(73, ["nowhere"], "fit", "kmeans", self.good, "-k", 2, "-o", self.path("nowhere/out.h5"))
        self.refuses(73, ["binary.h5"], "predict", self.model, self.good, "-o", self.binary)
        self.refuses(73, ["good.h5"], "sample", self.model, "-n", 3, "-o", self.good)
        self.refuses(73, ["good.h5"], "convert", shoal.DATA / "faithful.csv", self.good)
        self.refuses(73, ["binary.h5"], "fit", "kmeans", self.good, "-k", 2, "-o", self.path("out.h5"), "--log", self.binary)

    def test_71_not_enough_memory(self):
        """A sparse file that claims far more rows than any machine holds; said from the header, before reading."""
        huge = self.path("huge-sparse.h5")
        with h5py.File(huge, "w") as file:
            file.create_dataset("X", (10**12, 64), dtype="f8", chunks=(10**6, 64))
        self.refuses_fit(71, ["not enough memory"], "kmeans", huge)

    def test_74_disk_full(self):
        """A limit on file sizes that the model (16 MB) exceeds and MPI's own files do not, as on a full disk: code 74,
        one message, and nothing left behind."""
        wide = self.write("wide.h5", np.random.default_rng(0).normal(size=(100, 1000)))

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # for mpirun; shoal ignores it by itself
            resource.setrlimit(resource.RLIMIT_FSIZE, (14_000_000, 14_000_000))
        for ranks in ([], ["mpirun", "-n", "3"]):
            before = sorted(os.listdir(self.folder))
            result = subprocess.run([*ranks, shoal.PROGRAM, "fit", "gaussian", str(wide), "-k", "2", "--starts", "1", "-q", "-o", str(self.path("out.h5")),
                                     "--labels", str(self.path("l.h5")), "--max-iterations", "1"],
                                    preexec_fn=limit, capture_output=True, text=True, timeout=300)
            self.assertEqual(result.returncode, 74, result.stdout + result.stderr)
            self.assertEqual(result.stderr.count("shoal: error:"), 1)
            self.assertEqual(sorted(os.listdir(self.folder)), before)  # the labels, too, get their name only with the model

    def test_a_failed_run_leaves_no_log(self):
        X = self.X.copy()
        X[600, 2] = np.nan
        self.refuses_fit(65, ["row 600"], "kmeans", self.write("bad.h5", X), "--log", self.path("run.jsonl"))

    def test_64_one_name_for_two_files(self):
        self.refuses_fit(64, ["out.h5", "same file"], "kmeans", self.good, "--labels", self.path("out.h5"))
        self.refuses_fit(64, ["good.h5", "same file"], "kmeans", self.good, "--labels", self.good, "--overwrite")
        self.refuses(64, ["good.h5", "same file"], "predict", self.model, self.good, "-o", self.good, "--overwrite")

    def test_65_levels(self):
        codes = np.zeros((100, 2), int)
        for levels in ([10**13, 2], [0, 2], [2]):
            self.refuses_fit(65, ["levels"], "categorical", self.write("codes.h5", codes, levels=levels))
        start = self.write("start.h5", codes[:1], parameters__probabilities=np.full((2, 5), 0.5), parameters__weights=[0.5, 0.5])
        data = self.write("codes.h5", codes, levels=[2, 3])
        self.refuses_fit(65, ["start.h5", "sum to 1.5"], "categorical", data, "--init", start)
        start = self.write("start.h5", codes[:1], parameters__probabilities=np.full((2, 5), 0.5), parameters__level_offsets=[0, 3, 5])
        self.refuses_fit(65, ["start.h5", "level_offsets"], "categorical", data, "--init", start)

    def test_74_standard_output(self):
        result = subprocess.run([shoal.PROGRAM, "score", self.model, self.good], stdout=open("/dev/full", "w"),
                                stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual((result.returncode, result.stderr.count("shoal: error:")), (74, 1))
        result = subprocess.run([shoal.PROGRAM, "fit", "kmeans", self.good, "-k", "2", "-o", self.path("quiet.h5")],
                                stderr=open("/dev/full", "w"), timeout=60)
        self.assertEqual(result.returncode, 0)

    def test_sample_needs_a_density(self):
        self.ok("fit", "kmeans", self.good, "-k", 2, "-o", self.path("means.h5"), "-q")
        self.refuses(64, ["kmeans", "density"], "sample", self.path("means.h5"), "-n", 5, "-o", self.path("out.h5"))
        self.refuses(64, ["kmeans"], "predict", self.path("means.h5"), self.good, "-o", self.path("out.h5"), "--responsibilities")

    def test_convert(self):
        table = self.path("table.csv")
        for text, words in (("a,b\n1,2\n3\n", ["line 3", "1 fields"]), ("a,b\n1,x\n", ["line 2", "\"x\""]), ("", ["empty"]),
                            ("a,b\n", ["no rows"])):
            table.write_text(text)
            self.refuses(65, ["table.csv", *words], "convert", table, self.path("out.h5"))
        table.write_text("a,b\n1,2\n")
        self.refuses(64, ["--label-column"], "convert", table, self.path("out.h5"), "--label-column", "c")
        table.write_text("a,b\n1,NA\n")
        self.refuses(65, ["--threshold", "1 missing"], "convert", table, self.path("out.h5"), "--threshold", 0)
        numpy_file = self.path("x.npy")
        numpy_file.write_bytes(b"not numpy")
        self.refuses(65, ["NPY"], "convert", numpy_file, self.path("out.h5"))
        np.save(numpy_file, np.asfortranarray(self.X))
        self.refuses(65, ["ascontiguousarray"], "convert", numpy_file, self.path("out.h5"))
        np.save(numpy_file, self.X)
        numpy_file.write_bytes(numpy_file.read_bytes()[:-100])
        self.refuses(65, ["ends in row"], "convert", numpy_file, self.path("out.h5"))
        for columns in (10 ** 14, 10 ** 17):  # only the header knows them
            header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': (3, {columns}), }}"
            numpy_file.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode())
            self.refuses(65, ["x.npy"], "convert", numpy_file, self.path("out.h5"))


if __name__ == "__main__":
    shoal.main()
