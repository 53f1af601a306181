"""Starts that a file gives in part: the rest is computed from the rows, and it is said how."""
import h5py
import numpy as np

import shoal

KINDS = ("full", "tied", "diag", "spherical")


def blobs(seed=1, n=400, D=4, K=3):
    rng = np.random.default_rng(seed)
    means = rng.normal(0, 4, (K, D))
    label = rng.integers(0, K, n)
    return means[label] + rng.normal(size=(n, D)) * rng.uniform(0.5, 1.5, D), label, means


def of_kind(X, label, K, kind):
    """Maximum likelihood covariances of rows with labels."""
    own = np.array([np.cov(X[label == k].T, bias=True) for k in range(K)])
    n = np.bincount(label, minlength=K) / len(label)
    diagonals = np.einsum("kii->ki", own)
    return {"full": own, "tied": np.tensordot(n, own, 1), "diag": diagonals, "spherical": diagonals.mean(1)}[kind]


class PartialStarts(shoal.ShoalTest):
    def start(self, **arrays):
        with h5py.File(self.path("start.h5"), "w") as file:
            for name, values in arrays.items():
                file[name if name in ("labels", "responsibilities") else "parameters/" + name] = values
        return self.path("start.h5")

    def at_start(self, model, data, start, *more, k=3, **keywords):
        """The parameters before any M-step on all rows, and what is said."""
        plain = ("--regularization", 0) if model == "gaussian" else ()
        said = self.ok("fit", model, data, "-k", k, "--init", start, "--max-iterations", 0, *plain, *more, "-o",
                       self.path("m.h5"), "--overwrite", **keywords).stderr
        with h5py.File(self.path("m.h5")) as file:
            return {name: file["parameters/" + name][:] for name in file["parameters"]}, said

    def test_means_alone(self):
        X, _, means = blobs()
        data = self.write("data.h5", X)
        distance = ((X[:, None] - means) / X.std(0)) ** 2
        label = distance.sum(2).argmin(1)
        for kind in KINDS:
            found, said = self.at_start("gaussian", data, self.start(means=means), "--covariance", kind)
            self.assertIn("has means; covariances, weights are of the rows nearest to each of the means", said)
            self.assertTrue((found["means"] == means).all())
            self.assert_close(found["weights"], np.bincount(label) / len(label), relative=1e-12)
            self.assert_close(found["covariances"], of_kind(X, label, 3, kind), relative=1e-9)
        weights = np.array([0.2, 0.3, 0.5])
        found, said = self.at_start("gaussian", data, self.start(means=means, weights=weights))
        self.assertIn("has means, weights; covariances are", said)
        self.assertTrue((found["weights"] == weights).all())

    def test_models_of_other_families(self):
        X, _, means = blobs(seed=2)
        data = self.write("data.h5", X)
        with self.fit("kmeans", data, "-k", 3, output="hard.h5") as hard:
            centres = hard["parameters/means"][:]
        for model in ("gaussian", "kmeans"):
            found, said = self.at_start(model, data, self.path("hard.h5"))
            self.assertTrue((found["means"] == centres).all(), model)
            self.assertEqual(model == "gaussian", "has means; covariances, weights are of the rows nearest" in said)
        self.fails(65, ["nothing", "medians"], "fit", "kmedians", data, "-k", 3, "--init", self.path("hard.h5"), "-o", self.path("x.h5"))
        self.fit("gaussian", data, "-k", 3, output="soft.h5").close()
        found, said = self.at_start("kmeans", data, self.path("soft.h5"))
        self.assertNotIn("start from", said)  # it has all that k-means needs

    def test_covariances_of_another_kind(self):
        X, label, means = blobs(seed=3)
        data = self.write("data.h5", X)
        stored = {}
        for kind in KINDS:
            with self.fit("gaussian", data, "-k", 3, "--covariance", kind, output=kind + ".h5") as file:
                stored[kind] = file["parameters/covariances"][:], file["parameters/weights"][:]
        for kind in KINDS:
            covariances, weights = stored[kind]
            full = {"full": lambda: covariances, "tied": lambda: np.tile(covariances, (3, 1, 1)),
                    "diag": lambda: np.array([np.diag(v) for v in covariances]),
                    "spherical": lambda: covariances[:, None, None] * np.eye(4)}[kind]()
            diagonals = np.einsum("kii->ki", full)
            for wanted, expected in (("full", full), ("tied", np.tensordot(weights, full, 1)), ("diag", diagonals),
                                     ("spherical", diagonals.mean(1))):
                found, said = self.at_start("gaussian", data, self.path(kind + ".h5"), "--covariance", wanted)
                self.assert_close(found["covariances"], expected, relative=1e-12, absolute=1e-15)
                self.assertEqual(f"covariances are those of a {kind} model" in said, kind != wanted)

    def test_tied_or_diag(self):
        X, _, means = blobs(seed=4, D=3)
        data = self.write("data.h5", X)
        start = self.start(means=means, covariances=np.eye(3) + 0.1)
        self.fails(65, ["tied or diag", "`covariance`"], "fit", "gaussian", data, "-k", 3, "--init", start, "-o", self.path("x.h5"))
        with h5py.File(start, "a") as file:
            file.attrs["covariance"] = "tied"
        found, _ = self.at_start("gaussian", data, start)
        self.assert_close(found["covariances"], np.tile(np.eye(3) + 0.1, (3, 1, 1)), relative=1e-15)

    def test_labels(self):
        X, label, means = blobs(seed=5)
        data = self.write("data.h5", X)
        some = label.copy()
        some[::5] = -1
        used = some >= 0
        for kind in KINDS:
            found, said = self.at_start("gaussian", data, self.start(labels=some), "--covariance", kind, ranks=2)
            self.assertIn("means, covariances, weights are of the rows by what they belong to there", said)
            expected = np.array([X[some == k].mean(0) for k in range(3)])
            self.assert_close(found["means"], expected, relative=1e-10)
            self.assert_close(found["covariances"], of_kind(X[used], some[used], 3, kind), relative=1e-9)
            self.assert_close(found["weights"], np.bincount(some[used]) / used.sum(), relative=1e-12)
        for model, name in (("kmeans", "means"), ("kmedians", "medians")):
            found, _ = self.at_start(model, data, self.path("start.h5"))
            self.assert_close(found[name], expected, relative=1e-12)

    def test_labels_of_a_fit(self):
        X, _, _ = blobs(seed=6)
        data = self.write("data.h5", X, keep=np.arange(len(X)) % 3)
        self.fit("kmeans", data, "-k", 3, "--labels", self.path("l.h5"), "--mask", "/keep").close()
        found, _ = self.at_start("gaussian", data, self.path("l.h5"), "--rows", "10:200:3")
        with h5py.File(self.path("l.h5")) as file:
            labels = file["labels"][10:200:3]
        self.assert_close(found["means"], [X[10:200:3][labels == k].mean(0) for k in range(3)], relative=1e-10)

    def test_responsibilities(self):
        X, _, _ = blobs(seed=7)
        data = self.write("data.h5", X)
        r = np.random.default_rng(8).dirichlet([1, 1, 1], len(X))
        r[7] = 0  # a row that was left out
        found, said = self.at_start("gaussian", data, self.start(responsibilities=r))
        n = r.sum(0)
        mean = r.T @ X / n[:, None]
        self.assert_close(found["weights"], n / n.sum(), relative=1e-12)
        self.assert_close(found["means"], mean, relative=1e-10)
        for k in range(3):
            self.assert_close(found["covariances"][k], (r[:, k, None] * (X - mean[k])).T @ (X - mean[k]) / n[k], relative=1e-9)
        found, _ = self.at_start("kmeans", data, self.path("start.h5"))
        top = np.where(r.sum(1) > 0, r.argmax(1), -1)
        self.assert_close(found["means"], [X[top == k].mean(0) for k in range(3)], relative=1e-12)

    def test_labels_for_codes_and_counts(self):
        rng = np.random.default_rng(9)
        label = rng.integers(0, 3, 300)
        bits, counts = rng.integers(0, 2, (300, 5)), rng.poisson(3 + label[:, None], (300, 4))
        start = self.start(labels=label)
        n = np.bincount(label)[:, None]
        for model in ("bernoulli", "categorical", "poisson"):
            X = counts if model == "poisson" else bits
            found, _ = self.at_start(model, self.write("data.h5", X), start)
            sums = np.array([X[label == k].sum(0) for k in range(3)])
            if model == "bernoulli":
                self.assert_close(found["probabilities"], (sums + 0.5) / (n + 1), relative=1e-12)
            if model == "categorical":
                self.assert_close(found["probabilities"][:, 1::2], (sums + 0.5) / (n + 1), relative=1e-12)
            self.assert_close(found["weights"], n[:, 0] / 300, relative=1e-12)

    def test_covariances_alone_take_seeds(self):
        X, _, _ = blobs(seed=10)
        found, said = self.at_start("gaussian", self.write("data.h5", X), self.start(covariances=np.tile(np.eye(4), (3, 1, 1))))
        self.assertIn("has covariances; means, weights are of seeds that are drawn", said)
        self.assertTrue((found["covariances"] == np.eye(4)).all())

    def test_scaled_and_with_gaps(self):
        X, label, means = blobs(seed=11)
        X[np.random.default_rng(12).random(X.shape) < 0.1] = np.nan
        data = self.write("data.h5", X)
        for start in (self.start(means=means), self.start(labels=label)):
            for more in ((), ("--standardize", "sd")):
                with self.fit("gaussian", data, "-k", 3, "--init", start, "--missing", "marginalize", *more) as file:
                    self.assertTrue(np.isfinite(file["parameters/covariances"]).all())
                    self.assertGreater(file["parameters/counts"][:].min(), 50)

    def test_same_bits_and_restarts(self):
        X, label, means = blobs(seed=13, n=5000)
        data = self.write("data.h5", X)
        for start in (dict(means=means), dict(labels=label), dict(responsibilities=np.eye(3)[label])):
            contents = set()
            for ranks in (0, 2, 3):
                self.fit("gaussian", data, "-k", 3, "--init", self.start(**start), "--max-iterations", 9, "--tolerance", 0,
                         ranks=ranks).close()
                contents.add(self.path("model.h5").read_bytes())
            self.assertEqual(len(contents), 1)
        command = ("fit", "gaussian", data, "-k", 3, "--init", self.path("start.h5"), "--tolerance", 0, "-o", self.path("r.h5"),
                   "--checkpoint", self.path("c.ckpt"), "--max-iterations")
        self.ok(*command, 4)
        self.ok(*command, 9, ranks=2)
        with h5py.File(self.path("r.h5")) as a, h5py.File(self.path("model.h5")) as b:
            self.assertTrue((a["parameters/covariances"][:] == b["parameters/covariances"][:]).all())
        with h5py.File(self.path("start.h5"), "a") as file:
            file["responsibilities"][0] = [0, 0, 0]
        self.fails(64, ["init"], *command, 12)

    def test_what_is_no_start(self):
        X, label, means = blobs(seed=14)
        data = self.write("data.h5", X)
        def refused(words, **arrays):
            self.fails(65, words, "fit", "gaussian", data, "-k", 3, "--init", self.start(**arrays), "-o", self.path("x.h5"))
        refused(["nothing", "means", "/labels"], probabilities=np.ones((3, 4)))
        refused(["means", "(2, 4)", "(3, 4)"], means=means[:2])
        refused(["means", "nan"], means=np.full((3, 4), np.nan))
        refused(["covariances", "positive definite"], means=means, covariances=-np.tile(np.eye(4), (3, 1, 1)))
        refused(["row 3", "7"], labels=np.where(np.arange(400) == 3, 7, label))
        refused(["row 5", "-2"], labels=np.where(np.arange(400) == 5, -2, label))
        refused(["399", "400"], labels=label[:399])
        r = np.eye(3)[label]
        refused(["row 4", "0.5"], responsibilities=np.where((np.arange(400) == 4)[:, None], 0.5 * r, r))
        refused(["row 6", "-1"], responsibilities=np.where((np.arange(400) == 6)[:, None], -r, r))
        refused(["2 columns", "3 clusters"], responsibilities=np.eye(2)[label % 2])
        refused(["/parameters", "/labels"])


if __name__ == "__main__":
    shoal.main()
