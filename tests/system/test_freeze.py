"""Parameters that a fit holds at what its start gave: to the bit, whatever else moves; the rest against plain EM."""
import h5py
import numpy as np

import partial_em
import shoal

KINDS = ("full", "tied", "diag", "spherical")


def blobs(seed=1, n=150, D=3, K=3):
    rng = np.random.default_rng(seed)
    means = rng.normal(0, 3, (K, D))
    return means[rng.integers(0, K, n)] + rng.normal(size=(n, D)) * rng.uniform(0.5, 1.5, D), means + rng.normal(0, 0.4, means.shape)


def start_of(kind, K, D, means):
    full = np.tile(np.eye(D) + 0.2, (K, 1, 1)) * np.linspace(0.8, 1.3, K)[:, None, None]
    covariances = {"full": full, "tied": full[0], "diag": np.einsum("kii->ki", full), "spherical": full[:, 0, 0]}[kind]
    return {"weights": np.array([0.5, 0.2, 0.3])[:K], "means": means, "covariances": covariances}


def held_em(X, start, iterations, kind, held):
    """Plain EM whose M-step leaves out what is held: {array: components}."""
    weights, means, covariances = (np.array(start[name]) for name in ("weights", "means", "covariances"))
    K, D = means.shape
    for _ in range(iterations):
        r = partial_em.Posteriors(X, None, weights, means, covariances, kind).responsibilities
        n = r.sum(0)
        free = np.setdiff1d(np.arange(K), held.get("weights", []))
        weights = weights.copy()
        if len(free):
            weights[free] = n[free] / n[free].sum() * (1 - np.delete(weights, free).sum())
        new = np.einsum("nk,nd->kd", r, X) / n[:, None]
        new[held.get("means", [])] = means[held.get("means", [])]
        apart = X[:, None] - new
        scatter = np.einsum("nk,nki,nkj->kij", r, apart, apart) / n[:, None, None]
        found = partial_em.of_kind(scatter, n, kind)
        if kind == "tied":
            found = covariances if "covariances" in held else found
        else:
            found[held.get("covariances", [])] = covariances[held.get("covariances", [])]
        means, covariances = new, found
    return weights, means, covariances


class FreezeTest(shoal.ShoalTest):
    def write_start(self, arrays, name="start.h5"):
        with h5py.File(self.path(name), "w") as file:
            for key, values in arrays.items():
                file["parameters/" + key] = values
        return self.path(name)

    def frozen(self, model, data, start, *freeze, more=(), iterations=5, **keywords):
        options = [word for one in freeze for word in ("--freeze", one)]
        plain = ("--regularization", 0) if model == "gaussian" else ()
        return self.fit(model, data, "-k", 3, "--init", self.write_start(start), "--max-iterations", iterations, "--tolerance", 0,
                        *plain, *options, *more, **keywords)

    def test_the_rest_moves_as_plain_em_moves_it(self):
        X, means = blobs()
        data = self.write("data.h5", X)
        everything = [0, 1, 2]
        for kind in KINDS:
            start = start_of(kind, 3, 3, means)
            cases = [(("means:0,2",), {"means": [0, 2]}), (("weights:1",), {"weights": [1]}), (("means",), {"means": everything}),
                     (("weights", "covariances"), {"weights": everything, "covariances": everything}),
                     (("means,weights:1",), {"means": [1], "weights": [1]})]
            if kind != "tied":
                cases.append((("covariances:2", "means:0"), {"covariances": [2], "means": [0]}))
            for freeze, held in cases:
                with self.subTest(kind=kind, freeze=freeze):
                    expected = held_em(X, start, 5, kind, held)
                    with self.frozen("gaussian", data, start, *freeze, more=("--covariance", kind)) as file:
                        for name, values in zip(("weights", "means", "covariances"), expected):
                            self.assert_close(file["parameters/" + name], values, relative=1e-9, absolute=1e-10)
                        for name, components in held.items():
                            stored = file["parameters/" + name][:]
                            some = slice(None) if kind == "tied" and name == "covariances" else components
                            self.assertTrue((stored[some] == np.asarray(start[name])[some]).all())
                        history = file["history/objective"][:]
                        self.assertTrue((np.diff(history) > -1e-9 * abs(history[1:])).all())
                        D, K = 3, 3
                        one = {"full": 6, "tied": 6, "diag": 3, "spherical": 1}[kind]
                        of_all = held.get("covariances", [])
                        n_covariances = (0 if of_all else 1) if kind == "tied" else K - len(of_all)
                        n = D * (K - len(held.get("means", []))) + one * n_covariances + max(K - 1 - len(held.get("weights", [])), 0)
                        self.assertEqual(file.attrs["n_parameters"], n)
                        self.assert_close(file.attrs["bic"], -2 * file.attrs["log_likelihood"] + n * np.log(len(X)), relative=1e-12)

    def test_acceleration_moves_nothing_that_is_held(self):
        X, means = blobs(seed=2, n=1500)
        data = self.write("data.h5", X)
        for kind in KINDS:
            start = start_of(kind, 3, 3, means)
            with self.frozen("gaussian", data, start, "means:1", "weights:0", more=(
                    "--covariance", kind, "--accelerate", "squarem"), iterations=200) as file:
                self.assertTrue((file["parameters/means"][1] == means[1]).all())
                self.assertEqual(file["parameters/weights"][0], 0.5)
                self.assertEqual(file["parameters/weights"][:].sum().round(14), 1)

    def test_centres_stay(self):
        X, means = blobs(seed=3)
        data = self.write("data.h5", X)
        for model, name, centre in (("kmeans", "means", np.mean), ("kmedians", "medians", np.median)):
            with self.frozen(model, data, {name: means}, name + ":0,2", iterations=100,
                             more=("--labels", self.path("l.h5"), "--overwrite")) as file:
                found = file["parameters/" + name][:]
                self.assertTrue((found[[0, 2]] == means[[0, 2]]).all())
                with h5py.File(self.path("l.h5")) as labels:
                    self.assert_close(found[1], centre(X[labels["labels"][:] == 1], axis=0), relative=1e-12)

    def test_probabilities_and_rates_stay(self):
        rng = np.random.default_rng(4)
        theta = rng.uniform(0.1, 0.9, (3, 6))
        bits = (rng.random((600, 6)) < theta[rng.integers(0, 3, 600)]).astype("u1")
        rates = rng.uniform(0.5, 9, (3, 4))
        counts = rng.poisson(rates[rng.integers(0, 3, 600)])
        levels = np.column_stack([bits[:, :2], bits[:, 2] + bits[:, 3]])
        shares = np.column_stack([1 - theta[:, 0], theta[:, 0], 1 - theta[:, 1], theta[:, 1],
                                  rng.dirichlet([2, 2, 2], 3)])
        weights = np.array([0.2, 0.3, 0.5])
        for model, X, name, values, free in (("bernoulli", bits, "probabilities", theta, 6), ("poisson", counts, "rates", rates, 4),
                                             ("categorical", levels, "probabilities", shares, 4)):
            start = {"weights": weights, name: values}
            if model == "categorical":
                start["level_offsets"] = np.array([0, 2, 4, 7])
            with self.frozen(model, self.write("data.h5", X), start, name + ":1", "weights:1", iterations=20) as file, \
                    self.frozen(model, self.path("data.h5"), start, iterations=20, output="free.h5") as moved:
                self.assertTrue((file["parameters/" + name][1] == values[1]).all(), model)
                self.assertEqual(file["parameters/weights"][1], 0.3)
                self.assertFalse((file["parameters/" + name][0] == values[0]).any())
                self.assertFalse((moved["parameters/" + name][1] == values[1]).any())
                self.assertEqual(file.attrs["n_parameters"], 2 * free + 1)

    def test_with_gaps_and_noise(self):
        X, means = blobs(seed=5, n=300)
        X[np.random.default_rng(6).random(X.shape) < 0.2] = np.nan
        data = self.write("data.h5", X, noise=np.full((300, 3), 0.3), one=np.full(3, 0.3))
        for more in ((), ("--noise", "/noise"), ("--noise", "/one")):
            with self.frozen("gaussian", data, start_of("full", 3, 3, means), "means:1", more=("--missing", "marginalize", *more)) as file:
                self.assertTrue((file["parameters/means"][1] == means[1]).all())
                history = file["history/objective"][:]
                self.assertTrue((np.diff(history) > -1e-9 * abs(history[1:])).all())

    def test_a_component_without_rows_stays(self):
        X, means = blobs(seed=7)
        means[2] = 1e5
        data = self.write("data.h5", X)
        with self.frozen("gaussian", data, start_of("full", 3, 3, means), "means:2") as file:
            self.assertTrue((file["parameters/means"][2] == 1e5).all())
        with self.frozen("kmeans", data, {"means": means}, "means:2") as file:
            self.assertTrue((file["parameters/means"][2] == 1e5).all())

    def test_same_bits_and_restarts(self):
        X, means = blobs(seed=8, n=4000)
        data, start = self.write("data.h5", X), start_of("full", 3, 3, means)
        contents = set()
        for ranks in (0, 2, 3):
            self.frozen("gaussian", data, start, "means:0", iterations=12, ranks=ranks).close()
            contents.add(self.path("model.h5").read_bytes())
        self.assertEqual(len(contents), 1)
        command = ("fit", "gaussian", data, "-k", 3, "--init", self.path("start.h5"), "--tolerance", 0, "--regularization", 0,
                   "--freeze", "means:0", "-o", self.path("r.h5"), "--checkpoint", self.path("c.ckpt"))
        self.ok(*command, "--max-iterations", 5)
        self.fails(64, ["freeze"], *command[:-6], "-o", self.path("r.h5"), "--checkpoint", self.path("c.ckpt"), "--max-iterations", 12)
        self.ok(*command, "--max-iterations", 12, ranks=2)
        with h5py.File(self.path("r.h5")) as a, h5py.File(self.path("model.h5")) as b:
            for name in ("weights", "means", "covariances"):
                self.assertTrue((a["parameters/" + name][:] == b["parameters/" + name][:]).all())

    def test_the_options_as_a_config_file(self):
        X, means = blobs(seed=9)
        data = self.write("data.h5", X)
        start = self.write_start(start_of("full", 3, 3, means))
        self.path("c.toml").write_text(f'[fit]\nclusters = 3\ninit = "{start}"\nfreeze = ["weights", "means:0,2"]\nmax-iterations = 4\n')
        self.ok("--config", self.path("c.toml"), "fit", "gaussian", data, "-o", self.path("m.h5"))
        with h5py.File(self.path("m.h5")) as file:
            self.assertIn('freeze = "weights means:0,2"', file.attrs["options"])
            self.assertTrue((file["parameters/means"][:][[0, 2]] == means[[0, 2]]).all())

    def test_what_cannot_be_held(self):
        X, means = blobs(seed=10)
        data = self.write("data.h5", X)
        start = self.write_start(start_of("full", 3, 3, means))
        fit = ("fit", "gaussian", data, "-k", 3, "-o", self.path("m.h5"))
        self.fails(64, ["--freeze", "--init"], *fit, "--freeze", "means")
        for text in ("means:", "means:x", ":0", "means:-1"):
            self.fails(64, ["--freeze", "by commas"], *fit, "--init", start, "--freeze", text)
        for text in ("medians", "weights;means", "counts"):
            self.fails(64, ["--freeze " + text, "weights, means, covariances"], *fit, "--init", start, "--freeze", text)
        self.fails(64, ["means:3", "no component 3"], *fit, "--init", start, "--freeze", "means:3")
        self.fails(64, ["drop"], *fit, "--init", start, "--freeze", "means:0", "--empty-cluster", "drop")
        tied = self.write_start(start_of("tied", 3, 3, means))
        self.fails(64, ["covariances:0", "in common"], *fit, "--covariance", "tied", "--init", tied, "--freeze", "covariances:0")
        self.fails(64, ["--freeze"], "select", "gaussian", data, "-k", "1:2", "--freeze", "means", "-o", self.path("m.h5"))


if __name__ == "__main__":
    shoal.main()
