"""What sample, compare and convert write where a simple case would not show a mistake."""
import json
import re

import h5py
import numpy as np
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

import shoal

N = 20000


class Sample(shoal.ShoalTest):
    def drawn(self, *arguments):
        self.ok("sample", self.path("model.h5"), "-n", N, "-o", self.path("s.h5"), "--overwrite", "--seed", 5, *arguments)
        with h5py.File(self.path("s.h5")) as file:
            return file["X"][:], file["labels"][:]

    def test_gaussians_of_all_shapes_have_their_covariances(self):
        """Five features: no two may share a draw; every component and feature has its own spread."""
        rng = np.random.default_rng(0)
        y = rng.integers(0, 2, 2000)
        X = rng.normal(size=(2000, 5)) * (1, 2, 4, 8, 3) * (1 + 2 * y[:, None]) + 100 * y[:, None]
        data = self.write("x.h5", X)
        for covariance in ("full", "tied", "diag", "spherical"):
            model = self.fit("gaussian", data, "-k", 2, "--covariance", covariance)
            drawn, labels = self.drawn()
            for k in range(2):
                stored = model["parameters/covariances"][:]
                expected = {"full": lambda: stored[k], "tied": lambda: stored, "diag": lambda: np.diag(stored[k]),
                            "spherical": lambda: stored[k] * np.eye(5)}[covariance]()
                scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
                mine = drawn[labels == k]
                self.assert_close(np.cov(mine.T) / scale, expected / scale, absolute=0.08)
                self.assert_close((mine.mean(0) - model["parameters/means"][k]) / np.sqrt(np.diag(expected)), 0, absolute=0.06)

    def test_discrete_features_are_independent_within_a_component(self):
        codes = np.random.default_rng(1).integers(0, 3, (500, 4))
        for model, X in (("categorical", codes), ("bernoulli", codes > 0)):
            self.fit(model, self.write("x.h5", X), "-k", 1)
            drawn, _ = self.drawn()
            correlations = np.corrcoef(drawn.astype(float).T) - np.eye(4)
            self.assertLess(np.abs(correlations).max(), 0.05)


class Compare(shoal.ShoalTest):
    def test_rows_without_a_label_in_either_file(self):
        rng = np.random.default_rng(2)
        a, b = rng.integers(0, 4, 1000), rng.integers(0, 7, 1000)
        b[:600] = a[:600]
        a[rng.random(1000) < 0.2] = -1
        b[rng.random(1000) < 0.1] = -1
        for name, labels in (("a.h5", a), ("b.h5", b)):
            with h5py.File(self.path(name), "w") as file:
                file["labels"] = labels.astype("i4")
        both = (a >= 0) & (b >= 0)
        for first, second in (("a.h5", "b.h5"), ("b.h5", "a.h5")):
            found = self.json("compare", self.path(first), self.path(second), ranks=2)
            self.assertEqual(found["n_rows"], both.sum())
            self.assert_close(found["adjusted_rand_index"], adjusted_rand_score(a[both], b[both]), relative=1e-12)
            self.assert_close(found["normalized_mutual_information"], normalized_mutual_info_score(a[both], b[both]), relative=1e-12)


class Predict(shoal.ShoalTest):
    def test_rows_that_are_left_out_have_nothing(self):
        X = np.random.default_rng(3).normal(size=(300, 3))
        gone = [0, 77, 299]
        X[gone, 1] = np.nan
        data = self.write("x.h5", X)
        self.fit("gaussian", data, "-k", 3, "--missing", "skip")
        for ranks in (0, 3):
            self.ok("predict", self.path("model.h5"), data, "-o", self.path("p.h5"), "--overwrite", "--missing", "skip",
                    "--responsibilities", "--log-density", ranks=ranks)
            with h5py.File(self.path("p.h5")) as file:
                np.testing.assert_array_equal(np.flatnonzero(file["labels"][:] == -1), gone)
                np.testing.assert_array_equal(np.flatnonzero(np.isnan(file["log_density"][:])), gone)
                np.testing.assert_array_equal(np.flatnonzero((file["responsibilities"][:] == 0).all(1)), gone)
                used = np.delete(file["responsibilities"][:], gone, axis=0)
                self.assert_close(used.sum(axis=1), 1, absolute=1e-12)

    def test_gaps_are_integrated_out_by_models_that_can(self):
        X = np.random.default_rng(8).normal(size=(200, 2))
        X[7, 1] = np.nan
        data = self.write("x.h5", X)
        for model in (("kmeans",), ("kmedians", "--center", "geometric")):
            self.fit(*model[:1], data, "-k", 2, *model[1:], "--missing", "skip", "--max-iterations", 2)
            for command in (("score", self.path("model.h5"), data), ("predict", self.path("model.h5"), data, "-o", self.path("p.h5"))):
                self.fails(64, ["--missing marginalize", model[0], "skip"], *command, "--missing", "marginalize")

    def test_score_means_are_per_unit_of_weight(self):
        X = np.random.default_rng(4).normal(size=(200, 2))
        data = self.write("x.h5", X, w=np.full(200, 2.5))
        self.fit("gaussian", data, "-k", 2)
        found = self.json("score", self.path("model.h5"), data, "--row-weights", "/w")
        self.assertEqual((found["n_rows"], found["total_weight"]), (200, 500))
        self.assert_close(found["mean_log_likelihood"], found["log_likelihood"] / 500, relative=1e-15)


class Options(shoal.ShoalTest):
    def test_each_model_has_its_own(self):
        """What belongs to another model is refused, what is the model's own is taken."""
        X = self.write("x.h5", np.random.default_rng(5).integers(0, 2, (60, 3)).astype(np.uint8))
        models = ("kmeans", "kmedians", "gaussian", "bernoulli", "categorical", "poisson")
        mixtures, of_counts = models[2:], models[3:]
        for option, value, own in (("--covariance", "diag", ["gaussian"]), ("--regularization", 1e-3, ["gaussian"]),
                                   ("--regularization-absolute", 1e-3, ["gaussian"]), ("--center", "geometric", ["kmedians"]),
                                   ("--pseudo-count", 0.5, of_counts), ("--mixing", "uniform", mixtures)):
            for model in models:
                run = ("fit", model, X, "-k", 2, "-o", self.path("m.h5"), "--overwrite", "-q", "--max-iterations", 1, option, value)
                if model in own:
                    self.ok(*run)
                else:
                    self.fails(64, ["does not apply to", model], *run)

    def test_a_plan_knows_what_a_pass_adds_up(self):
        """The bytes that --dry-run names are those that a mixture's fit then sends."""
        X = self.write("x.h5", np.random.default_rng(7).integers(0, 2, (300, 5)).astype(np.uint8))
        gaps = ("--missing", "marginalize")
        for model in (("gaussian",), ("gaussian", "--covariance", "diag"),
                      ("gaussian", "--covariance", "spherical"), ("gaussian", "--covariance", "diag", *gaps), ("gaussian", "--covariance", "spherical", *gaps),
                      ("bernoulli",), ("bernoulli", *gaps), ("poisson",), ("poisson", *gaps)):
            with self.subTest(model=model):
                data = shoal.DATA / "iris.h5" if model[0] == "gaussian" else X
                run = ("fit", model[0], data, "-k", 3, "-o", self.path("m.h5"), "--overwrite", "--max-iterations", 2, *model[1:])
                planned = int(re.search(r"bytes per reduction +(\d+) ", self.ok(*run, "--dry-run").stdout)[1])
                self.assertEqual(json.loads(self.ok(*run, "--json", ranks=2).stdout)["bytes_reduced_per_iteration"], planned)

    def test_levels_are_counted_over_all_files_and_ranks(self):
        codes = np.random.default_rng(6).integers(0, 3, (900, 3))
        codes[5, 0], codes[450, 1], codes[899, 2] = 7, 5, 9
        files = [self.write("a.h5", codes[:400]), self.write("b.h5", codes[400:])]
        for ranks in (0, 3):
            model = self.fit("categorical", files, "-k", 2, "--max-iterations", 2, ranks=ranks)
            np.testing.assert_array_equal(model["parameters/level_offsets"], [0, 8, 14, 24])
            self.assertEqual(model.attrs["n_parameters"], 1 + 2 * 3 * (4 - 1))  # of those that occur


class Convert(shoal.ShoalTest):
    def converted(self, text, *arguments):
        self.path("t.csv").write_text(text)
        self.ok("convert", self.path("t.csv"), self.path("t.h5"), "--overwrite", *arguments)
        with h5py.File(self.path("t.h5")) as file:
            return file["X"][:], {name: file[name][:] for name in file}

    def test_types_at_their_limits(self):
        for text, kind in (("0\n255\n", "u1"), ("0\n256\n", "i4"), ("-1\n255\n", "i4"), ("-2147483648\n2147483647\n", "i4"),
                           ("0\n2147483648\n", "i8"), ("-2147483649\n0\n", "i8"), ("0.5\n1\n", "f8"), ("1e300\n1\n", "f8")):
            X, _ = self.converted(text)
            self.assertEqual(X.dtype, np.dtype(kind), text)
            np.testing.assert_array_equal(X[:, 0], [float(line) for line in text.split()])

    def test_a_threshold_is_passed_not_met(self):
        X, _ = self.converted("1,2.5\n2.5,3\n-1,2.4999\n", "--threshold", 2.5)
        np.testing.assert_array_equal(X, [[0, 0], [0, 1], [0, 0]])

    def test_labels_that_are_text_make_no_header(self):
        X, arrays = self.converted("1,b\n2,a\n3,b\n", "--label-column", 1)
        np.testing.assert_array_equal(X, [[1], [2], [3]])
        np.testing.assert_array_equal(arrays["labels"], [1, 0, 1])


if __name__ == "__main__":
    shoal.main()
