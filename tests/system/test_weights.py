"""What --row-weights mean to results, and what does not change with the unit or the type of the data."""
import numpy as np

import shoal


class Weights(shoal.ShoalTest):
    def test_information_criteria_count_the_weight(self):
        X = np.random.default_rng(0).normal(size=(300, 3))
        weights = np.random.default_rng(1).uniform(0.5, 4, 300)
        for model in [("gaussian", "--covariance", covariance) for covariance in ("full", "tied", "diag", "spherical")]:
            found = self.fit(*model[:1], self.write("x.h5", X, w=weights), *model[1:], "-k", 2, "--row-weights", "/w", "--max-iterations", 3)
            total, n, p = weights.sum(), 300, found.attrs["n_parameters"]
            self.assertGreater(abs(total - n), 100)
            self.assert_close(found.attrs["total_weight"], total, relative=1e-14)
            self.assertEqual(found.attrs["n_rows"], n)
            log_likelihood = found.attrs["log_likelihood"]
            self.assert_close(found.attrs["bic"], -2 * log_likelihood + p * np.log(total), relative=1e-14)
            self.assert_close(found.attrs["aic"], -2 * log_likelihood + 2 * p, relative=1e-14)

    def test_weights_of_several_files(self):
        """A set of weights by name is taken from each file, in its place."""
        rng = np.random.default_rng(2)
        X, w = rng.normal(size=(250, 2)), rng.integers(0, 5, 250).astype(float)
        files = [self.write(f"{i}.h5", X[part], w=w[part]) for i, part in enumerate((slice(0, 30), slice(30, 180), slice(180, 250)))]
        common = ("-k", 3, "--row-weights", "/w", "--max-iterations", 4)
        together = self.fit("kmeans", self.write("x.h5", X, w=w), *common, output="together.h5")
        for ranks in (0, 3):
            apart = self.fit("kmeans", files, *common, ranks=ranks)
            np.testing.assert_array_equal(apart["history/objective"], together["history/objective"])
            self.assertEqual(apart.attrs["total_weight"], w.sum())


class Scales(shoal.ShoalTest):
    def test_the_tolerance_of_hard_models_is_relative(self):
        rng = np.random.default_rng(3)
        X = rng.normal(size=(3000, 2))
        for model in ("kmeans", "kmedians"):
            found = [self.fit(model, self.write("x.h5", scale * X), "-k", 5, "--starts", 1, "--tolerance", 1e-3) for scale in (1, 1024)]
            self.assertEqual([m.attrs["stop_reason"] for m in found], ["tolerance"] * 2)
            history = found[0]["history/objective"][:]
            self.assertEqual(len(history), len(found[1]["history/objective"]))
            self.assertGreater(len(history), 3)
            changes = np.abs(np.diff(history)) / history[:-1]
            self.assertTrue((changes[:-1] >= 1e-3).all() and changes[-1] < 1e-3, changes)

    def test_the_tolerance_where_none_is_given(self):
        """As the help and the options of the model say: hard models go on until nothing moves."""
        data = self.write("x.h5", np.random.default_rng(5).normal(size=(3000, 2)))
        for model, tolerance, reason in (("kmeans", "0", "fixed_point"), ("kmedians", "0", "fixed_point"), ("gaussian", "1e-07", "tolerance")):
            found = self.fit(model, data, "-k", 5, "--starts", 1, "--max-iterations", 2000)
            self.assertIn(f"tolerance = {tolerance}\n", found.attrs["options"])
            self.assertEqual(found.attrs["stop_reason"], reason)
            history = found["history/objective"][:]
            last = np.abs(np.diff(history)[-4:])
            if reason == "tolerance":  # of EM alone, so that what is left can be told: g q / (1 - q)
                left = [g * q / (1 - q) for g, q in zip(last[2:], last[2:] / last[1:-1])]
                self.assertTrue(0 <= max(left) < 3000e-7, left)
            else:
                self.assertLess(last.min() / history[-1], 1e-6)  # where the mixtures' would have ended it

    def test_files_of_both_precisions_are_held_in_the_wider(self):
        X = np.random.default_rng(4).normal(size=(400, 3))
        X[:200] = X[:200].astype(np.float32)
        narrow, wide = self.write("narrow.h5", X[:200].astype(np.float32)), self.write("wide.h5", X[200:])
        for files, rows in (((narrow, wide), X), ((wide, narrow), np.r_[X[200:], X[:200]])):
            expected = self.fit("gaussian", self.write("x.h5", rows), "-k", 2, "--max-iterations", 4, output="expected.h5")
            found = self.fit("gaussian", files, "-k", 2, "--max-iterations", 4, ranks=2)
            self.assertIn('precision = "float64"', found.attrs["options"])
            np.testing.assert_array_equal(found["history/objective"], expected["history/objective"])


if __name__ == "__main__":
    shoal.main()
