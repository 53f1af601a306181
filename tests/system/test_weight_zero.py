"""Rows of weight zero may hold any number: the results are those of other numbers in their place."""
import math

import h5py
import numpy as np

import shoal

GAUSSIANS = [("gaussian", "--covariance", covariance) for covariance in ("full", "tied", "diag", "spherical")]
REAL = [("kmeans",), ("kmedians",), ("kmedians", "--center", "geometric"), *GAUSSIANS]
DISCRETE = [("bernoulli",), ("categorical",)]
GONE = 70  # the row of weight zero


class WeightZero(shoal.ShoalTest):
    """A row of weight zero may hold any number: it takes part in nothing."""

    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(8)
        self.X = rng.normal(size=(400, 5)) + 4 * rng.integers(0, 3, (400, 1))
        self.weights = rng.integers(1, 4, 400).astype(float)
        self.weights[GONE] = 0

    def fitted(self, X, model, *more, ranks=0):
        data = self.write("x.h5", X, w=self.weights)
        return self.fit(*model[:1], data, *model[1:], "-k", 3, "--row-weights", "/w", "--max-iterations", 6, "--tolerance", 0,
                        "--labels", self.path("l.h5"), *more, ranks=ranks)

    def numbers_of(self, found):
        """All that a model file holds of a fit, by name."""
        numbers = {name: found[f"parameters/{name}"][:] for name in found["parameters"]}
        numbers["history"] = found["history/objective"][:]
        for name in ("objective", "log_likelihood", "bic", "total_weight"):
            if name in found.attrs:
                numbers[name] = found.attrs[name]
        return numbers

    def assert_same(self, found, expected, what):
        self.assertEqual(found.keys(), expected.keys())
        for name, values in expected.items():
            self.assertTrue(np.isfinite(found[name]).all(), f"{what}: {name}")
            np.testing.assert_allclose(found[name], values, rtol=1e-12, atol=1e-12, err_msg=f"{what}: {name}")

    def check(self, model, ordinary, strange, *more):
        for ranks in (0, 3):
            expected = self.numbers_of(self.fitted(ordinary, model, *more, ranks=ranks))
            for i, X in enumerate(strange):
                with self.subTest(model=model, ranks=ranks, strange=i, more=more):
                    found = self.fitted(X, model, *more, ranks=ranks)
                    self.assert_same(self.numbers_of(found), expected, f"{model} {ranks} {i}")
                    with h5py.File(self.path("l.h5")) as labels:
                        self.assertIn(labels["labels"][GONE], range(3))

    def with_row(self, *values, kind):
        X = self.X.astype(kind)
        X[GONE] = values
        return X

    def test_real_rows(self):
        for kind, large in (("f8", 1e200), ("f4", 1e30)):
            strange = [self.with_row(*values, kind=kind) for values in (
                [large] * 5, [-large] * 5, [0, 0, large, 0, -large], [np.finfo(kind).max, np.finfo(kind).min, 0, 1, 2])]
            for model in REAL:
                self.check(model, self.X.astype(kind), strange)
                if model[0] == "gaussian" and model[2] in ("diag", "spherical"):
                    self.check(model, self.X.astype(kind), strange[:2] + [self.with_row(*[math.nan] * 5, kind=kind)],
                               "--missing", "marginalize")

    def test_discrete_rows(self):
        codes = (self.X > 3).astype(np.uint8)
        other = codes.copy()
        other[GONE] = 1 - other[GONE]
        for model in DISCRETE:
            for precision in ("float32", "float64"):
                self.check(model, codes, [other], "--precision", precision)

    def test_what_is_no_number_or_no_code_is_refused(self):
        """Rows are read before their weights: what may not stand in a row may not stand in one of weight zero."""
        strange = [("kmeans", self.with_row(*[value] * 5, kind="f8")) for value in (math.nan, math.inf, -math.inf)]
        codes = (self.X > 3).astype(float)
        for model, value in (("bernoulli", 7), ("bernoulli", 0.5), ("categorical", 0.5), ("categorical", -1),
                             ("categorical", math.nan)):
            strange.append((model, codes.copy()))
            strange[-1][1][GONE, 2] = value
        for model, X in strange:
            data = self.write("x.h5", X, w=self.weights)
            self.fails(65, [f"row {GONE}"], "fit", model, data, "-k", 3, "--row-weights", "/w", "-o", self.path("no.h5"), ranks=3)


if __name__ == "__main__":
    shoal.main()
