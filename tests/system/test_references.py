"""Results against scikit-learn, run here, and against stored references of other programs."""
import json
import math
import warnings

import h5py
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

import shoal


def gaussian_start(name, covariance):
    """Data, and a start that both programs can take: means from rows, weights 1/K, covariances near the data's scale."""
    with h5py.File(shoal.DATA / f"{name}.h5") as file:
        X = file["X"][:].astype(float)
    k = {"iris": 3, "faithful": 2, "digits": 10}[name]
    rng = np.random.default_rng(1)
    means = X[rng.choice(len(X), k, replace=False)]
    d = X.shape[1]
    scale = X.var() if name == "digits" else 1.0
    full = np.eye(d) * scale
    shapes = {"full": np.tile(full, (k, 1, 1)), "tied": full, "diag": np.full((k, d), scale),
              "spherical": np.full(k, scale)}
    return X, {"weights": np.full(k, 1 / k), "means": means, "covariances": shapes[covariance]}


def sklearn_fit(X, start, covariance, iterations):
    precisions = {"full": lambda c: np.linalg.inv(c), "tied": lambda c: np.linalg.inv(c), "diag": lambda c: 1 / c,
                  "spherical": lambda c: 1 / c}[covariance](start["covariances"])
    mixture = GaussianMixture(len(start["weights"]), covariance_type=covariance, tol=0, reg_covar=1e-6,
                              max_iter=iterations, weights_init=start["weights"], means_init=start["means"],
                              precisions_init=precisions)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return mixture.fit(X)


class Gaussian(shoal.ShoalTest):
    def check(self, name, covariance):
        X, start = gaussian_start(name, covariance)
        initial = self.write("start.h5", X[:1], **{f"parameters__{key}": value for key, value in start.items()})
        for iterations in (1, 5, 50):
            with self.subTest(data=name, covariance=covariance, iterations=iterations):
                theirs = sklearn_fit(X, start, covariance, iterations)
                ours = self.fit("gaussian", shoal.DATA / f"{name}.h5", "-k", len(start["weights"]), "--covariance",
                                covariance, "--init", initial, "--regularization", 0, "--regularization-absolute",
                                1e-6, "--tolerance", 0, "--max-iterations", iterations, "--precision", "float64")
                self.assert_close(ours.attrs["log_likelihood"], theirs.score(X) * len(X), relative=1e-9)
                self.assert_close(ours["parameters/weights"], theirs.weights_, relative=1e-7, absolute=1e-12)
                scale = np.abs(theirs.means_).max()
                self.assert_close(ours["parameters/means"], theirs.means_, relative=1e-7, absolute=1e-7 * scale)
                scale = np.abs(theirs.covariances_).max()
                self.assert_close(ours["parameters/covariances"], theirs.covariances_, relative=1e-7,
                                  absolute=1e-7 * scale)

    def test_iris(self):
        for covariance in ("full", "tied", "diag", "spherical"):
            self.check("iris", covariance)

    def test_faithful(self):
        for covariance in ("full", "tied", "diag", "spherical"):
            self.check("faithful", covariance)

    def test_digits(self):
        for covariance in ("full", "tied", "diag", "spherical"):
            self.check("digits", covariance)


class Stored(shoal.ShoalTest):
    cases = json.loads((shoal.REFERENCES / "reference.json").read_text())["cases"]

    def cases_of(self, model):
        found = [case for case in self.cases if case["model"] == model]
        self.assertTrue(found)
        return found

    def test_kmedians(self):
        for case in self.cases_of("kmedians"):
            with self.subTest(data=case["data"]):
                ours = self.fit("kmedians", shoal.REFERENCES / case["data"], "-k", case["k"], "--init",
                                shoal.REFERENCES / case["start"], "--labels", self.path("labels.h5"))
                np.testing.assert_array_equal(ours["parameters/medians"], case["medians"])
                np.testing.assert_array_equal(ours["parameters/counts"], case["sizes"])
                self.assert_close(ours.attrs["objective"], case["objective"], relative=1e-12)
                trace = ours["history/objective"][:]
                self.assert_close(trace, case["objective_trace"][:len(trace)], relative=1e-12)
                if case["labels"] is None:  # the reference keeps those of small data only
                    continue
                with h5py.File(self.path("labels.h5")) as labels:
                    np.testing.assert_array_equal(labels["labels"], case["labels"])

    def test_bernoulli_and_categorical(self):
        for case in self.cases_of("bernoulli") + self.cases_of("categorical"):
            with self.subTest(data=case["data"], mixing=case["mixing"]):
                ours = self.fit(case["model"], shoal.REFERENCES / case["data"], "-k", case["k"], "--mixing",
                                case["mixing"], "--missing", case["missing"], "--init",
                                shoal.REFERENCES / case["start"], "--tolerance", 0, "--max-iterations", 50)
                history = ours["history/objective"][:]
                self.assert_close(history[0], case["log_likelihood_start"], relative=1e-9)
                for iteration, value in case["log_likelihood"].items():
                    self.assert_close(history[int(iteration)], value, relative=1e-9)
                self.assert_close(ours["parameters/weights"], case["weights_after_50"], absolute=1e-9)
                key = next((key for key in case if key.startswith("probabilities")), None)
                if key and case["model"] == "bernoulli":
                    self.assert_close(ours["parameters/probabilities"], case[key], absolute=1e-9)


class Hard(shoal.ShoalTest):
    def test_kmeans_is_scikit_learns(self):
        from sklearn.cluster import KMeans
        for name, k in (("iris", 3), ("faithful", 2), ("digits", 10)):
            X, start = gaussian_start(name, "diag")
            initial = self.write("start.h5", X[:1], parameters__means=start["means"])
            ours = self.fit("kmeans", shoal.DATA / f"{name}.h5", "-k", k, "--init", initial)
            theirs = KMeans(k, init=start["means"], n_init=1, tol=0, max_iter=300).fit(X)
            self.assert_close(ours["parameters/means"], theirs.cluster_centers_, relative=1e-10, absolute=1e-10)
            self.assert_close(ours.attrs["objective"], theirs.inertia_, relative=1e-10)
            self.assertTrue(ours.attrs["converged"])

    def test_geometric_median_is_optimal(self):
        """At the geometric median the unit vectors to the rows balance; scipy's minimiser finds no better point."""
        from scipy.optimize import minimize
        X = h5py.File(shoal.DATA / "faithful.h5")["X"][:]
        ours = self.fit("kmedians", shoal.DATA / "faithful.h5", "-k", 1, "--center", "geometric")
        theirs = minimize(lambda c: np.linalg.norm(X - c, axis=1).sum(), X.mean(0), method="Nelder-Mead",
                          options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 10000})
        self.assert_close(ours.attrs["objective"], theirs.fun, relative=1e-9)
        self.assert_close(ours["parameters/medians"][0], theirs.x, relative=1e-5)
        pull = X - ours["parameters/medians"][0]
        pull /= np.linalg.norm(pull, axis=1)[:, None]
        self.assertLess(np.abs(pull.sum(0)).max(), 1e-6)


class Monotone(shoal.ShoalTest):
    """Where nothing is regularised, reseeded or repaired the objective never falls by more than 1e-9 of itself."""

    def test_on_every_data_set(self):
        runs = [(model, name, more) for name in ("iris", "faithful", "digits") for model, more in (
            ("kmeans", ()), ("kmedians", ()), ("kmedians", ("--center", "geometric", "--max-iterations", 20)),
            *(("gaussian", ("--regularization", 0, "--covariance", c)) for c in ("full", "tied", "diag", "spherical")))]
        runs += [("bernoulli", "digits-binary", ()), ("bernoulli", "references/carcinoma", ()),
                 ("bernoulli", "references/carcinoma_missing10", ("--missing", "marginalize")),
                 ("categorical", "references/gss82", ("--pseudo-count", 0.3)), ("categorical", "digits", ("--max-iterations", 30))]
        unrepaired = 0
        for model, name, more in runs:
            with self.subTest(model=model, data=name, more=more):
                log = self.path("log.jsonl")
                history = self.fit(model, shoal.DATA / f"{name}.h5", "-k", 3, "--log", log, *more)["history/objective"][:]
                run = json.loads(log.read_text().splitlines()[-1])
                if run["reseeded"] + run["collapsed"] > 0:  # digits has constant pixels: covariances need the floor
                    continue
                unrepaired += 1
                gain = np.diff(history) * (-1 if model in ("kmeans", "kmedians") else 1)
                self.assertTrue((gain >= -1e-9 * np.abs(history[1:])).all(), history)
                self.assertEqual(run["falls"], 0)
        self.assertGreaterEqual(unrepaired, len(runs) - 4)


class Weighted(shoal.ShoalTest):
    """Integer weights are repeated rows, for every model."""

    def test_weights_are_repetitions(self):
        rng = np.random.default_rng(3)
        X = rng.normal(size=(300, 3)) + rng.integers(0, 3, 300)[:, None] * 4
        B = (X > 2).astype(np.uint8)
        w = rng.integers(0, 5, 300)
        for model, data in (("kmeans", X), ("kmedians", X), ("gaussian", X), ("bernoulli", B), ("categorical", B)):
            with self.subTest(model=model):
                init = {"means": X[:3], "medians": X[:3], "weights": np.full(3, 1 / 3),
                        "covariances": np.tile(np.eye(3), (3, 1, 1)),
                        "probabilities": rng.uniform(0.2, 0.8, (3, 3))}
                if model == "categorical":
                    p = init["probabilities"]
                    init["probabilities"] = np.stack([1 - p, p], 2).reshape(3, 6)
                start = self.write("start.h5", X[:1], **{f"parameters__{k}": v for k, v in init.items()})
                weighted = self.write("weighted.h5", data, w=w)
                repeated = self.write("repeated.h5", np.repeat(data, w, axis=0), levels=[2, 2, 2])
                common = ("-k", 3, "--init", start, "--max-iterations", 5)
                a = self.fit(model, weighted, *common, "--row-weights", "/w", output="a.h5")
                b = self.fit(model, repeated, *common, output="b.h5")
                # where nothing but rounding moves, one of them may see its fixed point a pass earlier
                passes = min(len(a["history/objective"]), len(b["history/objective"]))
                self.assertGreaterEqual(passes, 3)
                self.assert_close(a["history/objective"][:passes], b["history/objective"][:passes], relative=1e-11)
                for name in a["parameters"]:
                    self.assert_close(a["parameters"][name], b["parameters"][name], relative=1e-9, absolute=1e-9)
                self.assertEqual(a.attrs["total_weight"], w.sum())
                self.assertTrue(math.isfinite(a.attrs["objective"]))


if __name__ == "__main__":
    shoal.main()
