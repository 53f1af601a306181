"""Data at the limits: each gives the right answer or a clear error."""
import math

import h5py
import numpy as np
from scipy.special import logsumexp

import shoal


class EdgeCases(shoal.ShoalTest):
    def test_values_far_from_zero(self):
        """1e8 +- 1 in float64: the same answer as for the data moved to zero."""
        rng = np.random.default_rng(0)
        near = np.round(rng.normal(size=(500, 3)) * 2**10) / 2**10 + rng.choice([-1.0, 1.0], (500, 1))
        far = near + 1e8
        for model, more in (("kmeans", ()), ("kmedians", ()), ("gaussian", ()), ("gaussian", ("--covariance", "tied")),
                            ("gaussian", ("--covariance", "diag")), ("gaussian", ("--covariance", "spherical"))):
            with self.subTest(model=model, more=more):
                common = ("-k", 2, "--starts", 1, "--max-iterations", 20, "--tolerance", 0, *more)
                a = self.fit(model, self.write("near.h5", near), *common, output="a.h5")
                b = self.fit(model, self.write("far.h5", far), *common, output="b.h5")
                self.assert_close(b["history/objective"], a["history/objective"], relative=1e-6)
                name = "medians" if model == "kmedians" else "means"
                self.assert_close(b[f"parameters/{name}"][:] - 1e8, a[f"parameters/{name}"], absolute=1e-5)

    def test_a_thousand_features_far_from_every_component(self):
        d = 1000
        rng = np.random.default_rng(1)
        X = rng.normal(size=(20, d)) + 1e4
        start = self.write("start.h5", X[:1], parameters__weights=[0.5, 0.5], parameters__means=np.stack([np.zeros(d), np.ones(d)]),
                           parameters__covariances=np.stack([np.eye(d), 2 * np.eye(d)]))
        model = self.fit("gaussian", self.write("x.h5", X), "-k", 2, "--init", start, "--max-iterations", 0)
        joint = np.stack([np.log(0.5) - 0.5 * (d * np.log(2 * np.pi * v) + ((X - m) ** 2).sum(1) / v) for m, v in ((0, 1), (1, 2))], 1)
        self.assert_close(model.attrs["log_likelihood"], logsumexp(joint, 1).sum(), relative=1e-12)
        moved = self.fit("gaussian", self.path("x.h5"), "-k", 2, "--init", start, "--max-iterations", 2)
        self.assertTrue(math.isfinite(moved.attrs["log_likelihood"]))

    def test_two_thousand_binary_columns(self):
        rng = np.random.default_rng(2)
        theta = rng.uniform(0.05, 0.95, (3, 2000))
        y = rng.integers(0, 3, 600)
        X = (rng.random((600, 2000)) < theta[y]).astype(np.uint8)
        model = self.fit("bernoulli", self.write("x.h5", X, y=y), "-k", 3, "--labels", self.path("l.h5"))
        found = self.json("compare", self.path("l.h5"), f"{self.path('x.h5')}:/y")
        self.assertEqual(found["adjusted_rand_index"], 1.0)
        p, w = np.clip(model["parameters/probabilities"][:], 1e-15, 1 - 1e-15), model["parameters/weights"][:]
        joint = np.log(w) + X @ np.log(p).T + (1 - X) @ np.log1p(-p).T
        self.assert_close(model.attrs["log_likelihood"], logsumexp(joint, 1).sum(), relative=1e-11)

    def test_fewer_rows_than_clusters_and_than_ranks(self):
        X = np.array([[0.0, 1], [2, 3], [10, 11]])
        data = self.write("x.h5", X)
        for model in ("kmeans", "kmedians", "gaussian"):
            self.fails(64, ["-k 4", "3 rows"], "fit", model, data, "-k", 4, "-o", self.path("no.h5"))
            found = self.fit(model, data, "-k", 2, ranks=7)
            alone = self.fit(model, data, "-k", 2, output="alone.h5")
            self.assertEqual(found.attrs["objective"], alone.attrs["objective"])
        exact = self.fit("kmeans", data, "-k", 3)
        self.assertEqual(exact.attrs["objective"], 0)

    def test_one_row(self):
        for model, data in (("kmeans", [[1.5, -2.0]]), ("kmedians", [[1.5, -2.0]]), ("gaussian", [[1.5, -2.0]]), ("bernoulli", [[1, 0]]), ("categorical", [[1, 0]])):
            found = self.fit(model, self.write("x.h5", np.array(data)), "-k", 1, ranks=3)
            self.assertTrue(math.isfinite(found.attrs["objective"]))
            self.assertTrue(found.attrs["converged"])

    def test_all_rows_identical(self):
        X = np.tile([1.0, 2.0, 3.0], (300, 1))
        data = self.write("x.h5", X)
        for model in ("kmeans", "kmedians"):
            self.fails(64, ["only 1 distinct"], "fit", model, data, "-k", 2, "-o", self.path("no.h5"))
            one = self.fit(model, data, "-k", 1)
            self.assertEqual(one.attrs["objective"], 0)
        for covariance in ("full", "tied", "diag", "spherical"):
            found = self.fit("gaussian", data, "-k", 2, "--covariance", covariance)
            self.assertTrue(math.isfinite(found.attrs["log_likelihood"]))
            self.assert_close(found["parameters/means"], X[:2], relative=1e-12)
        result = self.ok("fit", "gaussian", data, "-k", 1, "-o", self.path("w.h5"))
        self.assertIn("3 of 3 features are constant", result.stderr)
        binary = self.write("b.h5", np.tile([0, 1, 1], (100, 1)))
        for model in ("bernoulli", "categorical"):
            found = self.fit(model, binary, "-k", 2)
            self.assertAlmostEqual(found.attrs["log_likelihood"], 0, places=6)

    def test_a_constant_feature_among_others(self):
        X = np.random.default_rng(0).normal(size=(300, 3))
        X[:, 1] = 7
        result = self.ok("fit", "gaussian", self.write("x.h5", X), "-k", 2, "-o", self.path("m.h5"))
        self.assertIn("1 of 3 features is constant", result.stderr)
        with h5py.File(self.path("m.h5")) as model:
            expected = 1e-6 * (X[:, 0].var() + X[:, 2].var()) / 2
            self.assert_close(model["parameters/covariances"][0, 1, 1], expected, relative=1e-9)

    def test_one_cluster_takes_all_rows(self):
        X = np.random.default_rng(3).normal(size=(400, 2))
        start = {"parameters__means": np.array([[0.0, 0], [1e5, 1e5]]), "parameters__medians": np.array([[0.0, 0], [1e5, 1e5]])}
        for model in ("kmeans", "kmedians"):
            init = self.write("start.h5", X[:1], **start)
            data = self.write("x.h5", X)
            reseeded = self.ok("fit", model, data, "-k", 2, "--init", init, "-o", self.path("m.h5"), "--overwrite")
            self.assertIn("1 cluster started again", reseeded.stderr)
            dropped = self.fit(model, data, "-k", 2, "--init", init, "--empty-cluster", "drop")
            self.assertEqual(dropped.attrs["n_clusters"], 1)
            center = X.mean(0) if model == "kmeans" else np.median(X, 0)
            self.assert_close(dropped["parameters/means" if model == "kmeans" else "parameters/medians"][0], center, absolute=1e-14)
            score = self.json("score", self.path("model.h5"), data)
            self.assertEqual(score["objective"], dropped.attrs["objective"])

    def test_reseeding_where_float32_is_coarse(self):
        X = (1000 + 0.03 * np.random.default_rng(0).normal(size=(400, 64))).astype(np.float32)
        start = self.write("start.h5", X[:1], parameters__means=np.stack([X[0], X[1], np.full(64, 1e6)]))
        result = self.ok("fit", "kmeans", self.write("x.h5", X), "-k", 3, "--init", start, "-o", self.path("m.h5"))
        self.assertIn("1 cluster started again", result.stderr)
        self.assertNotIn("empty at the end", result.stderr)

    def test_collapsed_components_do_not_keep_a_fit_from_converging(self):
        rng = np.random.default_rng(1)
        X = np.c_[rng.normal(size=(500, 2)) + rng.integers(0, 2, 500)[:, None] * 2, np.full(500, 3.0)]
        model = self.fit("gaussian", self.write("x.h5", X), "-k", 2, "--regularization", 0, "--covariance", "diag")
        self.assertEqual(model.attrs["stop_reason"], "tolerance")

    def test_medians_near_the_largest_number(self):
        X = np.array([[1.5e308], [1.7e308], [1.6e308], [1.4e308]])
        model = self.fit("kmedians", self.write("x.h5", X), "-k", 1)
        self.assertEqual(model["parameters/medians"][0, 0], 1.5e308 / 2 + 1.6e308 / 2)

    def test_medians_are_numpys(self):
        rng = np.random.default_rng(4)
        X = np.concatenate([rng.normal(size=(501, 3)), rng.integers(0, 4, (501, 2)), rng.choice([0.0, -0.0, 5e-324, -5e-324], (501, 2))], 1)
        model = self.fit("kmedians", self.write("x.h5", X), "-k", 4, "--labels", self.path("l.h5"), ranks=3)
        labels = h5py.File(self.path("l.h5"))["labels"][:]
        for k in range(4):
            expected = np.median(X[labels == k], axis=0) + 0.0
            np.testing.assert_array_equal(model["parameters/medians"][k], expected)

    def test_zero_rows_count(self):
        """Rows of zeros are rows (a peer loses them)."""
        X = np.zeros((100, 2))
        X[:30] = 1
        model = self.fit("kmedians", self.write("x.h5", X), "-k", 1)
        np.testing.assert_array_equal(model["parameters/medians"], [[0, 0]])
        self.assertEqual(model.attrs["objective"], 60)

    def test_duplicated_points_collapse_without_harm(self):
        X = np.repeat(np.array([[0.0, 0], [5, 5], [9, 0]]), 50, axis=0)
        for covariance in ("full", "diag", "spherical"):
            model = self.fit("gaussian", self.write("x.h5", X), "-k", 3, "--covariance", covariance, "--regularization", 0)
            for name in model["parameters"]:
                self.assertTrue(np.isfinite(model[f"parameters/{name}"][:]).all())
            result = self.ok("fit", "gaussian", self.path("x.h5"), "-k", 3, "--covariance", covariance, "--regularization", 0, "-o", self.path("n.h5"), "--overwrite")
            self.assertIn("degenerate, and no sound fit was found", result.stderr)

    def test_features_of_one_level(self):
        model = self.fit("categorical", self.write("x.h5", np.zeros((100, 3), np.int32)), "-k", 1)
        np.testing.assert_array_equal(model["parameters/probabilities"], np.ones((1, 3)))

    def test_a_row_that_is_left_out_makes_no_level(self):
        X = np.array([[0, 1], [1, 0], [1, 1], [9, np.nan]])
        model = self.fit("categorical", self.write("x.h5", X), "-k", 1, "--missing", "skip")
        np.testing.assert_array_equal(model["parameters/level_offsets"], [0, 2, 4])
        self.ok("predict", self.path("model.h5"), self.path("x.h5"), "--missing", "skip", "-o", self.path("l.h5"))
        with h5py.File(self.path("l.h5")) as labels:
            np.testing.assert_array_equal(labels["labels"], [0, 0, 0, -1])

    def test_one_feature_and_one_cluster(self):
        X = np.random.default_rng(0).normal(size=(130, 1)) * 3 + 1
        model = self.fit("gaussian", self.write("x.h5", X), "-k", 1, "--regularization", 0)
        self.assert_close(model["parameters/covariances"][0, 0, 0], X.var(), relative=1e-13)
        self.assert_close(model["parameters/means"][0, 0], X.mean(), relative=1e-13)


if __name__ == "__main__":
    shoal.main()
