"""predict, score, sample, compare, convert, and what a fit does with missing values, types and weights."""
import json

import h5py
import numpy as np
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

import shoal


class Commands(shoal.ShoalTest):
    def test_predict_gives_responsibilities_and_densities(self):
        data = shoal.DATA / "iris.h5"
        model = self.fit("gaussian", data, "-k", 3, "--labels", self.path("fit.h5"))
        self.ok("predict", self.path("model.h5"), data, "-o", self.path("p.h5"), "--responsibilities", "--log-density", ranks=3)
        X = h5py.File(data)["X"][:]
        joint = np.stack([np.log(model["parameters/weights"][k]) + multivariate_normal.logpdf(
            X, model["parameters/means"][k], model["parameters/covariances"][k]) for k in range(3)], 1)
        with h5py.File(self.path("p.h5")) as found, h5py.File(self.path("fit.h5")) as fitted:
            self.assertEqual(found["labels"].dtype, np.int32)
            np.testing.assert_array_equal(found["labels"], joint.argmax(1))
            np.testing.assert_array_equal(found["labels"], fitted["labels"])
            self.assert_close(found["log_density"], logsumexp(joint, 1), relative=1e-11, absolute=1e-11)
            self.assert_close(found["responsibilities"], np.exp(joint - logsumexp(joint, 1)[:, None]), absolute=1e-10)

    def test_score_of_new_data(self):
        model = self.fit("kmeans", shoal.DATA / "iris.h5", "-k", 3)
        X = np.random.default_rng(0).normal(size=(70, 4)) + 3
        score = self.json("score", self.path("model.h5"), self.write("new.h5", X))
        distances = ((X[:, None] - model["parameters/means"][:]) ** 2).sum(2)
        self.assert_close(score["objective"], distances.min(1).sum(), relative=1e-12)
        self.assertEqual(score["n_rows"], 70)

    def test_score_repeats_a_fit_with_held_weights(self):
        rng = np.random.default_rng(4)
        data = self.write("x.h5", rng.normal(size=(900, 9)) + 12 * rng.integers(0, 3, (900, 1)))
        model = self.fit("gaussian", data, "-k", 3, "--mixing", "uniform", "--max-iterations", 4)
        score = self.json("score", self.path("model.h5"), data)
        self.assertEqual(score["log_likelihood"], model.attrs["log_likelihood"])

    def test_score_with_a_prior_repeats_the_penalised_objective(self):
        data = shoal.REFERENCES / "gss82.h5"
        model = self.fit("categorical", data, "-k", 2, "--pseudo-count", 0.7)
        score = self.json("score", self.path("model.h5"), data)
        self.assertEqual(score["objective"], model.attrs["objective"])
        self.assertEqual(score["log_likelihood"], model.attrs["log_likelihood"])
        prior = 0.7 * np.log(model["parameters/probabilities"][:]).sum()
        self.assert_close(model.attrs["objective"] - model.attrs["log_likelihood"], prior, relative=1e-9)

    def test_score_takes_the_models_precision(self):
        X = np.random.default_rng(0).normal(size=(300, 3))
        model = self.fit("gaussian", self.write("x.h5", X), "-k", 2, "--precision", "float32", "--max-iterations", 4)
        self.assertEqual(self.json("score", self.path("model.h5"), self.path("x.h5"))["objective"], model.attrs["objective"])

    def test_options_name_weights_by_their_content(self):
        X = np.random.default_rng(0).normal(size=(300, 3))
        texts = [self.fit("kmeans", self.write(name, X, w=w), "-k", 2, "--row-weights", "/w", "--max-iterations", 1).attrs["options"]
                 for name, w in (("a.h5", np.ones(300)), ("b.h5", np.ones(300)), ("c.h5", np.full(300, 2.0)))]
        self.assertIn('row-weights = "xxh3:', texts[0])
        self.assertEqual(texts[0], texts[1])
        self.assertNotEqual(texts[0], texts[2])

    def test_a_row_of_weight_zero_may_hold_anything(self):
        X = np.random.default_rng(0).normal(size=(301, 3))
        X[7] = 1e200
        w = np.ones(301)
        w[7] = 0
        model = self.fit("kmeans", self.write("x.h5", X, w=w), "-k", 3, "--row-weights", "/w")
        self.assertLess(np.abs(model["parameters/means"][:]).max(), 10)

    def test_large_seeds_are_kept(self):
        model = self.fit("kmeans", shoal.DATA / "iris.h5", "-k", 2, "--seed", 2**64 - 1)
        self.assertEqual(int(model.attrs["seed"]), 2**64 - 1)
        self.assertEqual(self.json("info", self.path("model.h5"), "--json")["seed"], 2**64 - 1)

    def test_weights_scale_the_log_likelihood(self):
        X = h5py.File(shoal.DATA / "iris.h5")["X"][:]
        once = self.fit("gaussian", self.write("once.h5", X, w=np.ones(150)), "-k", 2, "--row-weights", "w", "--max-iterations", 3)
        value = once.attrs["log_likelihood"]
        twice = self.fit("gaussian", self.write("twice.h5", X, w=np.full(150, 2.0)), "-k", 2, "--row-weights", "w", "--max-iterations", 3)
        self.assert_close(twice.attrs["log_likelihood"], 2 * value, relative=1e-14)
        score = self.json("score", self.path("model.h5"), self.path("once.h5"), "--row-weights", f"{self.path('twice.h5')}:/w")
        self.assertEqual(score["log_likelihood"], twice.attrs["log_likelihood"])

    def test_mixing_weights_held_at_a_file(self):
        data = shoal.DATA / "iris.h5"
        weights = self.write("weights.h5", np.zeros((1, 1)), parameters__weights=np.array([0.5, 0.3, 0.2]))
        model = self.fit("gaussian", data, "-k", 3, "--mixing", weights)
        np.testing.assert_array_equal(model["parameters/weights"], [0.5, 0.3, 0.2])
        self.assertTrue(model.attrs["mixing"].startswith("xxh3:"), model.attrs["mixing"])
        self.assertEqual(model.attrs["n_parameters"], 12 + 30)
        uniform = self.fit("gaussian", data, "-k", 3, "--mixing", "uniform")
        np.testing.assert_array_equal(uniform["parameters/weights"], np.full(3, 1 / 3))

    def test_skipped_rows(self):
        rng = np.random.default_rng(2)
        X = rng.normal(size=(400, 3)) + rng.integers(0, 2, 400)[:, None] * 6
        holes = X.copy()
        gone = rng.choice(400, 40, replace=False)
        holes[gone, rng.integers(0, 3, 40)] = np.nan
        start = self.write("start.h5", X[:1], parameters__means=np.array([[0.0] * 3, [6.0] * 3]), parameters__medians=np.array([[0.0] * 3, [6.0] * 3]),
                           parameters__covariances=np.tile(np.eye(3), (2, 1, 1)), parameters__weights=[0.5, 0.5])
        for model in ("kmeans", "kmedians", "gaussian"):
            ours = self.fit(model, self.write("holes.h5", holes), "-k", 2, "--missing", "skip", "--init", start, "--labels",
                            self.path("l.h5"), "--max-iterations", 5, ranks=2)
            kept = self.fit(model, self.write("kept.h5", np.delete(X, gone, 0)), "-k", 2, "--init", start, "--max-iterations", 5,
                            output="kept-model.h5")
            self.same_start(ours["history/objective"], kept["history/objective"], relative=1e-10)
            self.assertEqual((ours.attrs["n_rows"], ours.attrs["total_weight"]), (360, 360))
            with h5py.File(self.path("l.h5")) as file:
                labels = file["labels"][:]
            np.testing.assert_array_equal(np.flatnonzero(labels == -1), np.sort(gone))
            if model == "kmedians":
                np.testing.assert_array_equal(ours["parameters/medians"], kept["parameters/medians"])

    def same_start(self, a, b, relative):
        """Two histories as far as both go: rounding may bring one to its fixed point a step earlier."""
        n = min(len(a), len(b))
        self.assertGreater(n, 1)
        self.assert_close(a[:n], b[:n], relative=relative)

    def test_missing_value_in_integer_codes(self):
        codes = np.random.default_rng(1).integers(0, 3, (300, 4))
        holes = codes.astype(float)
        marked = codes.copy()
        where = np.random.default_rng(2).random(codes.shape) < 0.1
        holes[where] = np.nan
        marked[where] = 99
        a = self.fit("categorical", self.write("nan.h5", holes), "-k", 2, "--missing", "marginalize", "--max-iterations", 5, output="a.h5")
        b = self.fit("categorical", self.write("99.h5", marked), "-k", 2, "--missing", "marginalize", "--missing-value", 99, "--max-iterations", 5)
        np.testing.assert_array_equal(a["history/objective"], b["history/objective"])
        np.testing.assert_array_equal(a["parameters/level_offsets"], [0, 3, 6, 9, 12])

    def test_a_wholly_missing_row_has_the_mixing_weights(self):
        X = h5py.File(shoal.REFERENCES / "carcinoma_missing10.h5")["X"][:]
        X[3] = np.nan
        data = self.write("x.h5", X)
        model = self.fit("bernoulli", data, "-k", 3, "--missing", "marginalize", "--max-iterations", 4)
        self.ok("predict", self.path("model.h5"), data, "-o", self.path("p.h5"), "--responsibilities", "--log-density", "--missing", "marginalize")
        with h5py.File(self.path("p.h5")) as file:
            self.assert_close(file["responsibilities"][3], model["parameters/weights"], relative=1e-12)
            self.assertAlmostEqual(file["log_density"][3], 0, places=12)

    def test_types_are_read_without_converting(self):
        X = np.random.default_rng(0).integers(0, 2, (200, 5))
        first = None
        for kind in ("f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "bool", ">f8", ">i4", ">u2"):
            for model in ("bernoulli", "kmeans"):
                with self.subTest(type=kind, model=model):
                    found = self.fit(model, self.write("x.h5", X.astype(kind)), "-k", 2, "--max-iterations", 3, "--precision", "float64")
                    history = found["history/objective"][:]
                    first = first or {}
                    np.testing.assert_array_equal(history, first.setdefault(model, history))

    def test_the_only_matrix_is_found(self):
        X = np.random.default_rng(0).normal(size=(50, 2))
        with h5py.File(self.path("a.h5"), "w") as file:
            file["group/matrix"] = X
            file["vector"] = X[:, 0]
        self.fit("kmeans", self.path("a.h5"), "-k", 2)
        self.fit("kmeans", f"{self.path('a.h5')}:/group/matrix", "-k", 2)

    def test_float32_is_close_to_float64(self):
        rng = np.random.default_rng(5)
        X = (rng.normal(size=(2000, 8)) + rng.integers(0, 3, 2000)[:, None] * 5).astype(np.float32)
        data = self.write("x.h5", X)
        for model, more in (("gaussian", ()), ("gaussian", ("--covariance", "diag")), ("kmeans", ()), ("kmedians", ())):
            fit = (model, data, "-k", 3, "--starts", 1, "--max-iterations", 5, "--tolerance", 0, *more)
            low = self.fit(*fit, output="low.h5")
            high = self.fit(*fit, "--precision", "float64")
            self.assertIn('precision = "float32"', low.attrs["options"])
            self.same_start(low["history/objective"], high["history/objective"], relative=1e-6)

    def test_sample(self):
        self.fit("gaussian", shoal.DATA / "faithful.h5", "-k", 2)
        self.ok("sample", self.path("model.h5"), "-n", 20000, "-o", self.path("s.h5"), "--seed", 3, ranks=3)
        with h5py.File(self.path("model.h5")) as model, h5py.File(self.path("s.h5")) as drawn:
            X, labels = drawn["X"][:], drawn["labels"][:]
            self.assert_close(np.bincount(labels) / 20000, model["parameters/weights"], absolute=0.02)
            for k in range(2):
                mine, covariance = X[labels == k], model["parameters/covariances"][k]
                self.assert_close(mine.mean(0), model["parameters/means"][k], absolute=5 * np.sqrt(covariance.max() / len(mine)))
                self.assert_close(np.cov(mine.T), covariance, absolute=0.1 * covariance.max())
            self.assertEqual(list(drawn["X"].attrs["feature_names"]), ["eruptions", "waiting"])
        for model, data in (("bernoulli", shoal.DATA / "digits-binary.h5"), ("categorical", shoal.REFERENCES / "gss82.h5")):
            self.fit(model, data, "-k", 2, "--max-iterations", 10)
            self.ok("sample", self.path("model.h5"), "-n", 20000, "-o", self.path("s.h5"), "--overwrite", ranks=2)
            with h5py.File(self.path("model.h5")) as fitted, h5py.File(self.path("s.h5")) as drawn:
                p, w = fitted["parameters/probabilities"][:], fitted["parameters/weights"][:]
                X = drawn["X"][:]
                if model == "categorical":
                    offsets = fitted["parameters/level_offsets"][:]
                    np.testing.assert_array_equal(drawn["X"].attrs["levels"], np.diff(offsets))
                    X = np.concatenate([X[:, [d]] == np.arange(offsets[d + 1] - offsets[d]) for d in range(4)], axis=1)
                self.assert_close(X.mean(0), w @ p, absolute=0.02)
            refit = self.json("score", self.path("model.h5"), self.path("s.h5"))
            self.assertLess(refit["mean_log_likelihood"], 0)

    def test_compare(self):
        rng = np.random.default_rng(0)
        a, b = rng.integers(0, 4, 1000), rng.integers(0, 3, 1000)
        b[:500] = a[:500] % 3
        for file, labels in (("a.h5", a.astype("i4")), ("b.h5", b.astype("u1"))):
            with h5py.File(self.path(file), "w") as out:
                out["labels"] = labels
        for ranks in (0, 3):
            found = self.json("compare", self.path("a.h5"), self.path("b.h5"), ranks=ranks)
            self.assert_close(found["adjusted_rand_index"], adjusted_rand_score(a, b), relative=1e-12)
            self.assert_close(found["normalized_mutual_information"], normalized_mutual_info_score(a, b), relative=1e-12)
        self.fails(65, ["1000", "150"], "compare", self.path("a.h5"), shoal.DATA / "iris.h5")


class Convert(shoal.ShoalTest):
    def converted(self, text, *arguments, name="t.csv"):
        self.path(name).write_text(text)
        self.ok("convert", self.path(name), self.path("t.h5"), "--overwrite", *arguments)
        return h5py.File(self.path("t.h5"))

    def test_shipped_data_are_what_convert_makes(self):
        for name, arguments in (("digits", ("--label-column", "digit")), ("iris", ("--label-column", "species")), ("faithful", ())):
            self.ok("convert", shoal.DATA / f"{name}.csv", self.path("x.h5"), *arguments, "--overwrite", ranks=2)
            self.assertEqual(self.path("x.h5").read_bytes(), (shoal.DATA / f"{name}.h5").read_bytes(), name)
        self.ok("convert", shoal.DATA / "digits.csv", self.path("x.h5"), "--label-column", "digit", "--threshold", 7, "--overwrite")
        self.assertEqual(self.path("x.h5").read_bytes(), (shoal.DATA / "digits-binary.h5").read_bytes())

    def test_csv(self):
        file = self.converted('"a b",b\n1.5,-2e3\nNA,+4\n"3",\n\n')
        np.testing.assert_array_equal(file["X"], [[1.5, -2000], [np.nan, 4], [3, np.nan]])
        self.assertEqual(list(file["X"].attrs["feature_names"]), ["a b", "b"])
        file = self.converted("1;2\n3;4\n", "--delimiter", ";")
        self.assertEqual((file["X"].dtype, "feature_names" in file["X"].attrs), (np.uint8, False))
        file = self.converted("1\t-2\n3\t4\n", name="t.tsv")
        self.assertEqual(file["X"].dtype, np.int32)
        file = self.converted("1,2,b\n3,4,a\n5,6,b\n", "--label-column", 2, "--type", "float32")
        np.testing.assert_array_equal(file["labels"], [1, 0, 1])
        self.assertEqual(list(file["labels"].attrs["label_names"]), ["a", "b"])
        self.assertEqual(file["X"].dtype, np.float32)
        file = self.converted("1,2\n3,4\n", "--header", "yes")
        self.assertEqual(file["X"].shape, (1, 2))

    def test_npy(self):
        rng = np.random.default_rng(0)
        for X in (rng.normal(size=(70, 3)), rng.normal(size=(5, 2)).astype("f4"), rng.integers(-5, 5, (9, 2)).astype("i2"),
                  rng.integers(0, 2, (9, 2)).astype(bool), rng.normal(size=11)):
            np.save(self.path("x.npy"), X)
            self.ok("convert", self.path("x.npy"), self.path("x.h5"), "--overwrite")
            with h5py.File(self.path("x.h5")) as file:
                np.testing.assert_array_equal(file["X"][:], X.reshape(len(X), -1))


if __name__ == "__main__":
    shoal.main()
