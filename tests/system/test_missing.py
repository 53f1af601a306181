"""Missing entries integrated out of Gaussian mixtures: against EM row by row in numpy, closed forms, simulated models."""
import h5py
import numpy as np

import partial_em
import shoal

GAPS = ("--missing", "marginalize")


def simulated(seed=1, n=400, D=4, K=3, share=0.3, dtype=float):
    """Rows of a mixture, entries of them NaN; a start somewhat off."""
    rng = np.random.default_rng(seed)
    means = rng.normal(0, 3, (K, D))
    factors = rng.normal(0, 1, (K, D, D)) / np.sqrt(D) + np.eye(D)
    label = rng.integers(0, K, n)
    X = means[label] + np.einsum("nij,nj->ni", factors[label], rng.normal(size=(n, D)))
    X[rng.random((n, D)) < share] = np.nan
    start = means + rng.normal(0, 0.3, means.shape)
    return X.astype(dtype), start, label


class MissingTest(shoal.ShoalTest):
    def start(self, means, kind, weights=None):
        K, D = means.shape
        covariances = {"full": np.tile(2 * np.eye(D) + 0.3, (K, 1, 1)), "tied": 2 * np.eye(D) + 0.3}[kind]
        weights = np.full(K, 1 / K) if weights is None else weights
        with h5py.File(self.path("start.h5"), "w") as file:
            file["parameters/weights"], file["parameters/means"] = weights, means
            file["parameters/covariances"] = covariances
        return weights, means, covariances

    def stepped(self, data, kind, iterations, *more, k, ranks=0, output="model.h5"):
        return self.fit("gaussian", data, "-k", k, "--covariance", kind, *GAPS, "--init", self.path("start.h5"),
                        "--max-iterations", iterations, "--tolerance", 0, "--regularization", 0, *more, ranks=ranks,
                        output=output)

    def check(self, X, means, kind, iterations, w=None, relative=1e-10):
        K = len(means)
        given = self.start(means, kind)
        data = self.write("data.h5", X, **({} if w is None else {"w": w}))
        expected = partial_em.em(X.astype(float), *given, iterations, kind, w=w)
        with self.stepped(data, kind, iterations, *(() if w is None else ("--row-weights", "/w")), k=K) as file:
            self.assert_close(file["history/objective"], expected[0], relative=relative)
            for name, values in zip(("weights", "means", "covariances"), expected[1:]):
                self.assert_close(file["parameters/" + name], values, relative=relative, absolute=relative)

    def test_steps_are_those_of_plain_em(self):
        X, means, _ = simulated()
        for kind in ("full", "tied"):
            with self.subTest(kind):
                self.check(X, means, kind, 5)

    def test_weights_count_rows(self):
        X, means, _ = simulated(seed=2)
        w = np.random.default_rng(3).integers(0, 4, len(X)).astype(float)
        X[(w == 0)[:, None] & ~np.isnan(X)] = 1.7e308  # what has no weight may be anything
        clean = np.where((w == 0)[:, None], 0.0, X)
        for kind in ("full", "tied"):
            with self.subTest(kind):
                given = self.start(means, kind)
                expected = partial_em.em(clean, *given, 3, kind, w=w)
                with self.stepped(self.write("data.h5", X, w=w), kind, 3, "--row-weights", "/w", k=3) as file:
                    self.assert_close(file["history/objective"], expected[0], relative=1e-10)
                    self.assert_close(file["parameters/covariances"], expected[3], relative=1e-10, absolute=1e-10)

    def test_many_features_and_components(self):
        # More components than stand side by side, and more features than a word has bits; few rows of each pattern.
        X, means, _ = simulated(seed=4, n=900, D=70, K=9, share=0.1)
        self.check(X, means, "full", 1, relative=1e-8)
        self.check(X, means, "tied", 1, relative=1e-8)

    def test_rows_in_float32(self):
        X, means, _ = simulated(seed=5, dtype=np.float32)
        self.check(X, means, "full", 3, relative=3e-5)

    def test_no_complete_row_and_rows_of_nothing(self):
        rng = np.random.default_rng(6)
        X, means, _ = simulated(seed=6, n=300, D=5, share=0.2)
        for row in X:
            row[rng.integers(0, 5)] = np.nan
        X[[0, 7, 299]] = np.nan
        self.check(X, means, "full", 4)
        with self.stepped(self.path("data.h5"), "full", 4, "--labels", self.path("l.h5"), k=3) as file:
            weights = file["parameters/weights"][:]
        self.ok("predict", self.path("model.h5"), self.path("data.h5"), "-o", self.path("p.h5"), "--responsibilities",
                "--log-density", *GAPS)
        with h5py.File(self.path("p.h5")) as file:
            for row in (0, 7, 299):
                self.assert_close(file["responsibilities"][row], weights, absolute=1e-12)
                self.assert_close(file["log_density"][row], 0, absolute=1e-12)

    def test_one_component_is_the_multivariate_normal(self):
        # Two features, the second missing in some rows: the estimate has a closed form (Anderson 1957).
        rng = np.random.default_rng(7)
        x = rng.normal(2, 1.5, 500)
        y = 1 + 0.7 * x + rng.normal(0, 0.5, 500)
        y[rng.random(500) < 0.4] = np.nan
        seen = ~np.isnan(y)
        slope = np.cov(x[seen], y[seen], bias=True)[0, 1] / x[seen].var()
        left = y[seen].var() - slope ** 2 * x[seen].var()
        mean_y = y[seen].mean() + slope * (x.mean() - x[seen].mean())
        covariance = [[x.var(), slope * x.var()], [slope * x.var(), left + slope ** 2 * x.var()]]
        data = self.write("normal.h5", np.column_stack([x, y]))
        for kind in ("full", "tied"):
            with self.fit("gaussian", data, "-k", 1, "--covariance", kind, *GAPS, "--tolerance", 1e-14,
                          "--regularization", 0) as file:
                self.assert_close(file["parameters/means"][0], [x.mean(), mean_y], relative=1e-6)
                self.assert_close(np.reshape(file["parameters/covariances"], (2, 2)), covariance, relative=1e-5)

    def test_never_falls(self):
        X, _, _ = simulated(seed=8, n=1500, D=5, K=4)
        data = self.write("data.h5", X)
        for kind in ("full", "tied"):
            for more in (("--init", "random"), ("--accelerate", "off"), ()):
                with self.fit("gaussian", data, "-k", 4, "--covariance", kind, *GAPS, "--starts", 1, "--regularization", 0,
                              *more) as file:
                    history = file["history/objective"][:]
                    self.assertTrue((np.diff(history) > -1e-9 * abs(history[1:])).all(), (kind, more))

    def test_finds_a_simulated_model_at_30_percent_missing(self):
        rng = np.random.default_rng(9)
        n, means = 20000, np.array([[0.0, 0, 0], [3, 1, -2], [-2, 4, 1]])
        factors = np.array([[[1.0, 0, 0], [0.5, 0.8, 0], [0.2, -0.4, 0.6]], [[0.7, 0, 0], [-0.3, 1, 0], [0.1, 0.2, 1]],
                            [[1.2, 0, 0], [0.9, 0.5, 0], [0, 0.3, 0.8]]])
        label = rng.choice(3, n, p=[0.5, 0.3, 0.2])
        X = means[label] + np.einsum("nij,nj->ni", factors[label], rng.normal(size=(n, 3)))
        X[rng.random(X.shape) < 0.3] = np.nan
        with self.fit("gaussian", self.write("data.h5", X), "-k", 3, *GAPS) as file:
            order = np.argmin(((means[:, None] - file["parameters/means"][:][None]) ** 2).sum(2), axis=1)
            found = file["parameters/means"][:][order]
            covariances = file["parameters/covariances"][:][order]
            weights = file["parameters/weights"][:][order]
        truth = factors @ factors.transpose(0, 2, 1)
        rows = np.array([0.5, 0.3, 0.2]) * n * 0.7
        # Standard errors of complete rows, at the number of entries there are; twice that is what uncertain labels add.
        self.assertTrue((abs(found - means) < 4 * 2 * np.sqrt(np.einsum("kii->ki", truth) / rows[:, None])).all(), found - means)
        self.assertLess(abs(weights - [0.5, 0.3, 0.2]).max(), 0.02)
        errors = np.sqrt((np.einsum("kii,kjj->kij", truth, truth) + truth ** 2) / rows[:, None, None])
        self.assertTrue((abs(covariances - truth) < 4 * 2 * errors).all(), (covariances - truth) / errors)

    def test_starts_know_how_wide_clusters_are(self):
        rng = np.random.default_rng(18)
        means = np.array([[0.0, 0, 0], [12, 0, 5], [0, 12, -5]])
        X = means[rng.integers(0, 3, 6000)] + rng.normal(size=(6000, 3))
        X[rng.random(X.shape) < 0.3] = np.nan
        for kind in ("full", "tied"):
            with self.fit("gaussian", self.write("data.h5", X), "-k", 3, "--covariance", kind, *GAPS, "--starts", 1,
                          "--max-iterations", 0) as file:
                for covariance in file["parameters/covariances"][:].reshape(-1, 3, 3):
                    # 1, and more as rows without these features are labelled wrongly; 11 after one step.
                    self.assertTrue((abs(np.log(np.diag(covariance)[:2])) < 1.1).all(), covariance)

    def test_complete_rows_fit_as_without_the_option(self):
        X, means, _ = simulated(seed=10, share=0)
        data = self.write("data.h5", X)
        for kind in ("full", "tied"):
            self.start(means, kind)
            with self.stepped(data, kind, 8, k=3) as file, \
                    self.fit("gaussian", data, "-k", 3, "--covariance", kind, "--init", self.path("start.h5"),
                             "--max-iterations", 8, "--tolerance", 0, "--regularization", 0, output="plain.h5") as plain:
                for name in ("means", "covariances", "weights"):
                    self.assert_close(file["parameters/" + name], plain["parameters/" + name], relative=1e-10)

    def test_same_bits(self):
        X, means, _ = simulated(seed=11, n=5000, D=5, K=10)
        data = self.write("data.h5", X)
        for kind in ("full", "tied"):
            contents = set()
            for ranks, threads in ((0, 1), (2, 1), (3, 2), (0, 3)):
                self.fit("gaussian", data, "-k", 10, "--covariance", kind, *GAPS, "--threads", threads, "--starts", 1,
                         "--max-iterations", 6, ranks=ranks).close()
                contents.add(self.path("model.h5").read_bytes())
            self.assertEqual(len(contents), 1)

    def imputed(self, *more, output="c.h5", ranks=0):
        self.ok("predict", self.path("model.h5"), self.path("data.h5"), "-o", self.path("l.h5"), "--impute",
                self.path(output), "--overwrite", *more, ranks=ranks)
        return h5py.File(self.path(output))

    def test_missing_entries_are_imputed_by_their_conditional_means(self):
        X, means, _ = simulated(seed=14, n=200)
        X[5] = np.nan
        data = self.write("data.h5", X)
        for kind in ("full", "tied", "diag", "spherical"):
            with self.subTest(kind):
                with self.fit("gaussian", data, "-k", 3, "--covariance", kind, *GAPS, "--max-iterations", 5) as file:
                    parameters = [file["parameters/" + name][:] for name in ("weights", "means", "covariances")]
                found = partial_em.Posteriors(X, None, *parameters, kind)
                with self.imputed("--deviations", ranks=2) as file:
                    seen = ~np.isnan(X)
                    self.assertTrue((file["X"][:][seen] == X[seen]).all())
                    self.assert_close(file["X"], found.mean(), relative=1e-9, absolute=1e-10)
                    self.assert_close(file["standard_deviations"], np.where(seen, 0, found.deviation()), relative=1e-8,
                                      absolute=1e-7)
                with self.imputed(output="alone.h5") as file:
                    self.assertEqual(list(file), ["X"])

    def test_imputed_in_the_units_of_the_data(self):
        X, means, _ = simulated(seed=15, n=300)
        X = 1000 + X * [1, 10, 100, 1e-3]
        with h5py.File(self.path("data.h5"), "w") as file:
            file["X"] = X
            file["X"].attrs["feature_names"] = ["a", "b", "c", "d"]
        self.fit("gaussian", self.path("data.h5"), "-k", 2, *GAPS, "--standardize", "sd").close()
        with self.imputed("--deviations") as file:
            seen = ~np.isnan(X)
            self.assert_close(file["X"][:][seen], X[seen], relative=1e-12)
            spread = np.nanstd(X, axis=0)
            self.assertTrue((abs(file["X"][:] - np.nanmean(X, axis=0)) < 5 * spread).all())
            self.assertTrue((file["standard_deviations"][:] < 2 * spread).all())
            self.assertTrue((file["standard_deviations"][:][~seen] > 0.01 * np.broadcast_to(spread, X.shape)[~seen]).all())
            self.assertEqual(list(file["X"].attrs["feature_names"].astype(str)), ["a", "b", "c", "d"])
        self.ok("fit", "gaussian", self.path("c.h5"), "-k", 2, "-o", self.path("again.h5"), "-q")  # a data file like others

    def test_rows_left_out_are_not_imputed(self):
        X, means, _ = simulated(seed=16, n=200)
        self.write("data.h5", X)
        self.fit("gaussian", self.path("data.h5"), "-k", 2, *GAPS).close()
        with self.imputed("--missing", "skip", "--deviations") as file:
            gaps = np.isnan(X).any(1)
            self.assertTrue(np.isnan(file["X"][:][gaps]).all())
            self.assertTrue((file["X"][:][~gaps] == X[~gaps]).all())

    def test_imputing_where_it_cannot_be(self):
        X, _, _ = simulated(seed=17, n=100, share=0)
        data, model = self.write("data.h5", X), self.path("model.h5")
        self.fit("kmeans", data, "-k", 2).close()
        predict = ("predict", model, data, "-o", self.path("l.h5"))
        self.fails(64, ["--impute", "kmeans", "gaussian"], *predict, "--impute", self.path("c.h5"))
        self.fails(64, ["--deviations", "--impute"], *predict, "--deviations")
        self.fit("gaussian", data, "-k", 2).close()
        for name in ("data.h5", "l.h5", "model.h5"):
            self.fails(64, [name], *predict, "--impute", self.path(name), "--overwrite")
        self.path("there.h5").write_text("mine")
        self.fails(73, ["there.h5"], *predict, "--impute", self.path("there.h5"))
        self.assertFalse(self.path("l.h5").exists())

    def test_a_feature_of_which_nothing_is_known(self):
        X, _, _ = simulated(seed=12)
        X[:, 2] = np.nan
        for kind in ("full", "tied", "diag", "spherical"):
            self.fails(65, ["feature 2", "missing", "--columns"], "fit", "gaussian", self.write("data.h5", X), "-k", 2, "--covariance",
                       kind, *GAPS, "-o", self.path("m.h5"))

    def test_seeds_of_components_that_lost_their_rows(self):
        X, means, _ = simulated(seed=13)
        means[1] = 1e4
        self.start(means, "full")
        with self.stepped(self.write("data.h5", X), "full", 30, k=3) as file:
            self.assertTrue(np.isfinite(file["parameters/covariances"]).all())
            self.assertGreater(file["parameters/counts"][1], 3)


if __name__ == "__main__":
    shoal.main()
