"""Rows measured with known noise: against EM row by row in numpy, closed forms, simulated models; every way to give it."""
import h5py
import numpy as np

import partial_em
import shoal


def covariances_of(rng, n, D, size=0.5):
    """n positive definite matrices."""
    factors = rng.normal(0, 1, (n, D, D)) * np.sqrt(size / D)
    return factors @ factors.transpose(0, 2, 1) + 0.05 * size * np.eye(D)


def packed(S):
    rows, columns = np.tril_indices(S.shape[-1])
    return S[..., rows, columns]


def simulated(seed=1, n=300, D=3, K=3, share=0.0, form="covariance"):
    """Rows as measured, the covariances of their noise, and means of a start."""
    rng = np.random.default_rng(seed)
    means = rng.normal(0, 3, (K, D))
    S = covariances_of(rng, n, D)
    if form == "variance":
        S = S * np.eye(D)
    X = means[rng.integers(0, K, n)] + rng.normal(size=(n, D))
    X += np.einsum("nij,nj->ni", np.linalg.cholesky(S), rng.normal(size=(n, D)))
    X[rng.random((n, D)) < share] = np.nan
    return X, S, means + rng.normal(0, 0.3, means.shape)


class NoiseTest(shoal.ShoalTest):
    def start(self, means, kind):
        K, D = means.shape
        covariances = np.tile(1.5 * np.eye(D) + 0.2, (K, 1, 1))
        if kind == "diag":
            covariances = np.einsum("kii->ki", covariances).copy()
        with h5py.File(self.path("start.h5"), "w") as file:
            file["parameters/weights"], file["parameters/means"] = np.full(K, 1 / K), means
            file["parameters/covariances"] = covariances
        return np.full(K, 1 / K), means, covariances

    def stepped(self, data, kind, iterations, *more, k, noise=("--noise", "/noise"), **keywords):
        return self.fit("gaussian", data, "-k", k, "--covariance", kind, *noise, "--init", self.path("start.h5"),
                        "--max-iterations", iterations, "--tolerance", 0, "--regularization", 0, *more, **keywords)

    def check(self, file, expected, relative=1e-10):
        self.assert_close(file["history/objective"], expected[0], relative=relative)
        for name, values in zip(("weights", "means", "covariances"), expected[1:]):
            self.assert_close(file["parameters/" + name], values, relative=relative, absolute=relative)

    def test_steps_are_those_of_plain_em(self):
        for D in (1, 2, 3, 6, 7, 8, 13):
            for share in (0.0, 0.3):
                for kind, form in (("full", "covariance"), ("full", "variance"), ("diag", "variance")):
                    with self.subTest(D=D, share=share, kind=kind, form=form):
                        X, S, means = simulated(seed=D, n=120 if D > 6 else 250, D=D, share=share, form=form)
                        given = self.start(means, kind)
                        noise = S if form == "covariance" else np.einsum("nii->ni", S)
                        data = self.write("data.h5", X, noise=noise)
                        expected = partial_em.em(X, *given, 3, kind, noise=S)
                        with self.stepped(data, kind, 3, "--noise-kind", form, "--missing", "marginalize", k=3) as file:
                            self.check(file, expected)

    def test_every_kind_is_the_same_noise(self):
        X, S, means = simulated(seed=2, D=4)
        self.start(means, "full")
        data = self.write("data.h5", X, covariance=S, packed=packed(S), variance=np.einsum("nii->ni", S),
                          sd=np.sqrt(np.einsum("nii->ni", S)), diagonal=S * np.eye(4))
        def fitted(path, kind):
            with self.stepped(data, "full", 3, "--noise-kind", kind, k=3, noise=("--noise", path)) as file:
                return {name: file["parameters/" + name][:] for name in ("means", "covariances")}
        for (path, kind), (other, other_kind), relative in (
                (("/covariance", "covariance"), ("/packed", "packed"), 0),
                (("/sd", "sd"), ("/variance", "variance"), 1e-12),
                (("/diagonal", "covariance"), ("/variance", "variance"), 1e-12)):
            for name, values in fitted(path, kind).items():
                self.assert_close(values, fitted(other, other_kind)[name], relative=relative, absolute=relative)

    def test_one_noise_for_all_rows(self):
        X, S, means = simulated(seed=3, D=3)
        one = S[0]
        for kind, form, values in (("full", "covariance", one), ("full", "packed", packed(one)),
                                   ("full", "sd", np.sqrt(np.diag(one))), ("diag", "variance", np.diag(one))):
            for share in (0.0, 0.25):
                with self.subTest(kind=kind, form=form, share=share):
                    rows = np.where(np.random.default_rng(4).random(X.shape) < share, np.nan, X)
                    given = self.start(means, kind)
                    data = self.write("data.h5", rows, noise=values)
                    matrix = one if form in ("covariance", "packed") else np.diag(np.diag(one))
                    expected = partial_em.em(rows, *given, 3, kind, noise=np.broadcast_to(matrix, S.shape))
                    if share and kind == "diag":  # means of what was observed alone: as good an EM, with other steps
                        expected = tuple(part[:1] if i == 0 else part for i, part in enumerate(expected))
                        with self.stepped(data, kind, 0, "--noise-kind", form, "--missing", "marginalize", k=3) as file:
                            self.assert_close(file["history/objective"], expected[0], relative=1e-10)
                        continue
                    with self.stepped(data, kind, 3, "--noise-kind", form, "--missing", "marginalize", k=3) as file:
                        self.check(file, expected)

    def test_no_noise_is_the_plain_mixture(self):
        X, S, means = simulated(seed=5, n=800, D=4)
        for kind in ("full", "diag"):
            self.start(means, kind)
            for D, noise in ((4, np.zeros((800, 4))), (4, np.zeros(4))):
                data = self.write("data.h5", X, noise=noise)
                with self.stepped(data, kind, 10, k=3) as file, \
                        self.stepped(data, kind, 10, k=3, noise=(), output="plain.h5") as plain:
                    for name in ("parameters/means", "parameters/covariances", "history/objective"):
                        self.assert_close(file[name], plain[name], relative=1e-10, absolute=1e-10)

    def test_weights_count_rows(self):
        X, S, means = simulated(seed=6, D=3, share=0.1)
        w = np.random.default_rng(7).integers(0, 4, len(X)).astype(float)
        wild = np.where((w == 0)[:, None] & ~np.isnan(X), 1.7e308, X)  # what has no weight may be anything
        for kind, noise, matrices in (("full", S, S), ("diag", np.einsum("nii->ni", S), S * np.eye(3))):
            given = self.start(means, kind)
            expected = partial_em.em(np.where((w == 0)[:, None], 0, X), *given, 3, kind, noise=matrices, w=w)
            data = self.write("data.h5", wild, noise=noise, w=w)
            with self.stepped(data, kind, 3, "--row-weights", "/w", "--noise-kind", "covariance" if kind == "full" else
                              "variance", "--missing", "marginalize", k=3) as file:
                self.check(file, expected)

    def test_one_component_of_equal_noise_has_a_closed_form(self):
        # The rows' covariance less the noise (K = 1; Z = X + E).
        rng = np.random.default_rng(8)
        S = covariances_of(rng, 1, 3, 0.3)[0]
        X = rng.normal(size=(5000, 3)) @ np.array([[1, 0.5, 0], [0, 1, 0.3], [0, 0, 1]]) + rng.multivariate_normal(np.zeros(3), S, 5000)
        for noise in (S, np.broadcast_to(S, (5000, 3, 3))):
            with self.fit("gaussian", self.write("data.h5", X, noise=noise), "-k", 1, "--noise", "/noise", "--noise-kind",
                          "covariance", "--regularization", 0, "--tolerance", 1e-13) as file:
                self.assert_close(file["parameters/means"][0], X.mean(0), absolute=1e-5)
                self.assert_close(file["parameters/covariances"][0], np.cov(X.T, bias=True) - S, absolute=2e-4)

    def test_infinite_noise_is_a_missing_entry(self):
        X, S, means = simulated(seed=9, D=3)
        gaps = np.random.default_rng(10).random(X.shape) < 0.2
        self.start(means, "full")
        unknown = S.copy()
        unknown[np.nonzero(gaps)[0], np.nonzero(gaps)[1], np.nonzero(gaps)[1]] = np.inf
        a = self.write("a.h5", X, noise=unknown)
        b = self.write("b.h5", np.where(gaps, np.nan, X), noise=S)
        models = [self.stepped(data, "full", 3, "--noise-kind", "covariance", "--missing", "marginalize", k=3, output=name)
                  for data, name in ((a, "ma.h5"), (b, "mb.h5"))]
        for name in ("means", "covariances"):
            self.assertTrue((models[0]["parameters/" + name][:] == models[1]["parameters/" + name][:]).all())
        for model in models:
            model.close()
        row = np.nonzero(gaps)[0][0]
        self.fails(65, [f"row {row}", "infinite", "--missing marginalize"], "fit", "gaussian", a, "-k", 2, "--noise", "/noise",
                   "--noise-kind", "covariance", "-o", self.path("x.h5"))
        with self.stepped(a, "full", 2, "--noise-kind", "covariance", "--missing", "skip", k=3) as file:
            self.assertEqual(file.attrs["n_rows"], (~gaps.any(1)).sum())

    def test_rows_in_float32(self):
        X, S, means = simulated(seed=11, D=3)
        X, S = X.astype(np.float32), S.astype(np.float32)
        given = self.start(means, "full")
        expected = partial_em.em(X.astype(float), *given, 3, "full", noise=S.astype(float))
        with self.stepped(self.write("data.h5", X, noise=S), "full", 3, "--noise-kind", "covariance", k=3) as file:
            self.check(file, expected, relative=3e-5)
            self.assertIn('precision = "float32"', file.attrs["options"])

    def test_scaled_rows_have_scaled_noise(self):
        X, S, means = simulated(seed=12, n=600, D=3)
        units = np.array([1, 100, 1e-3])
        self.write("a.h5", X, noise=S)
        self.write("b.h5", X * units + 5, noise=S * units * units[:, None], one=S[0] * units * units[:, None])
        options = ("-k", 3, "--noise", "/noise", "--noise-kind", "covariance", "--standardize", "sd", "--starts", 1,
                   "--max-iterations", 20)
        with self.fit("gaussian", self.path("a.h5"), *options, output="ma.h5") as a, \
                self.fit("gaussian", self.path("b.h5"), *options, output="mb.h5") as b:
            self.assert_close(b["parameters/covariances"], a["parameters/covariances"], relative=1e-6, absolute=1e-8)
        scores = [self.json("score", self.path(f"m{name}.h5"), self.path(f"{name}.h5"), "--noise", "/noise", "--noise-kind",
                            "covariance")["log_likelihood"] for name in "ab"]
        self.assert_close(scores[0], scores[1], relative=1e-9)

    def test_columns_of_the_noise_follow_those_of_the_rows(self):
        X, S, means = simulated(seed=13, D=4)
        chosen = [3, 1]
        self.start(means[:, chosen], "full")
        some = S[:, chosen][:, :, chosen]
        data = self.write("data.h5", X, covariance=S, packed=packed(S), sd=np.sqrt(np.einsum("nii->ni", S)), some=some)
        plain = self.write("plain.h5", X[:, chosen], covariance=some, sd=np.sqrt(np.einsum("nii->ni", some)))
        for path, kind, other in (("/covariance", "covariance", "/covariance"), ("/packed", "packed", "/covariance"),
                                  ("/sd", "sd", "/sd"), ("/some", "covariance", "/covariance")):
            with self.stepped(data, "full", 3, "--columns", "3,1", "--noise-kind", kind, k=3, noise=("--noise", path)) as a, \
                    self.stepped(plain, "full", 3, "--noise-kind", "sd" if kind == "sd" else "covariance", k=3,
                                 noise=("--noise", other), output="b.h5") as b:
                self.assertTrue((a["parameters/covariances"][:] == b["parameters/covariances"][:]).all(), path)

    def test_several_files_rows_and_columns_of_a_table(self):
        X, S, means = simulated(seed=14, n=400, D=2)
        sd = np.sqrt(np.einsum("nii->ni", S))
        self.start(means, "full")
        with h5py.File(self.path("gaia.h5"), "w") as file:
            for j, name in enumerate(("ra", "dec")):
                file["t/" + name], file["t/" + name + "_error"] = X[:, j], sd[:, j]
        whole = self.write("whole.h5", X, noise=sd)
        files = [self.write(f"part{i}.h5", X[part], noise=sd[part]) for i, part in enumerate((slice(0, 130), slice(130, 400)))]
        models = set()
        for data, noise in (([whole], "/noise"), (files, "/noise"), ([f"{self.path('gaia.h5')}:/t/ra,/t/dec"],
                                                                     "/t/ra_error,/t/dec_error")):
            self.stepped(data, "full", 4, k=3, noise=("--noise", noise)).close()
            with h5py.File(self.path("model.h5")) as file:
                models.add(file["parameters/covariances"][:].tobytes())
        self.assertEqual(len(models), 1)
        half = self.write("half.h5", X[100:300:2], noise=sd[100:300:2])
        with self.stepped(whole, "full", 4, "--rows", "100:300:2", k=3) as a, self.stepped(half, "full", 4, k=3, output="b.h5") as b:
            self.assertTrue((a["parameters/covariances"][:] == b["parameters/covariances"][:]).all())

    def test_finds_a_deconvolution(self):
        rng = np.random.default_rng(15)
        n, means = 20000, np.array([[0.0, 0], [4, 1]])
        truth = np.array([[[1, 0.6], [0.6, 0.8]], [[0.5, -0.2], [-0.2, 1.2]]])
        label = rng.choice(2, n, p=[0.6, 0.4])
        S = covariances_of(rng, n, 2, 1.0)
        X = means[label] + np.einsum("nij,nj->ni", np.linalg.cholesky(truth)[label], rng.normal(size=(n, 2)))
        X += np.einsum("nij,nj->ni", np.linalg.cholesky(S), rng.normal(size=(n, 2)))
        with self.fit("gaussian", self.write("data.h5", X, noise=S), "-k", 2, "--noise", "/noise", "--noise-kind",
                      "covariance") as file:
            order = np.argsort(file["parameters/means"][:, 0])
            found, covariances = file["parameters/means"][:][order], file["parameters/covariances"][:][order]
        # A row tells of its component as one of variance Sigma + S does: standard errors, twice for uncertain labels.
        rows = np.array([0.6, 0.4]) * n
        total = truth + S.mean(0)
        self.assertTrue((abs(found - means) < 4 * 2 * np.sqrt(np.einsum("kii->ki", total) / rows[:, None])).all())
        errors = np.sqrt((np.einsum("kii,kjj->kij", total, total) + total ** 2) / rows[:, None, None])
        self.assertTrue((abs(covariances - truth) < 4 * 2 * errors).all(), (covariances - truth) / errors)

    def test_same_bits(self):
        X, S, _ = simulated(seed=16, n=6000, D=3, K=4, share=0.05)
        sd = np.sqrt(np.einsum("nii->ni", S))
        data = self.write("data.h5", X, noise=S, sd=sd, one=S[0])
        for more in (("--noise", "/noise", "--noise-kind", "covariance"), ("--noise", "/sd", "--covariance", "diag"),
                     ("--noise", "/one", "--noise-kind", "covariance")):
            contents = set()
            for ranks, threads in ((0, 1), (2, 1), (3, 2), (0, 3)):
                self.fit("gaussian", data, "-k", 4, *more, "--missing", "marginalize", "--threads", threads,
                         "--max-iterations", 5, ranks=ranks).close()
                contents.add(self.path("model.h5").read_bytes())
            self.assertEqual(len(contents), 1, more)

    def denoised(self, data, *more, ranks=0, **files):
        self.ok("predict", self.path("model.h5"), data, "-o", self.path("l.h5"), "--overwrite", "-q", *more,
                *(word for name, path in files.items() for word in ("--" + name, self.path(path))), ranks=ranks)

    def test_rows_without_their_noise(self):
        units = np.array([1, 100, 1e-3])
        for kind, form in (("full", "covariance"), ("full", "variance"), ("diag", "variance")):
            for shared in (False, True):
                with self.subTest(kind=kind, form=form, shared=shared):
                    X, S, means = simulated(seed=21, n=150, D=3, share=0.2, form=form)
                    S = np.broadcast_to(S[0], S.shape) if shared else S
                    noise = S if form == "covariance" else np.einsum("nii->ni", S)
                    data = self.write("data.h5", X, noise=noise[0] if shared else noise)
                    given = ("--noise", "/noise", "--noise-kind", form, "--missing", "marginalize")
                    with self.fit("gaussian", data, "-k", 3, "--covariance", kind, *given, "--max-iterations", 5) as file:
                        parameters = [file["parameters/" + name][:] for name in ("weights", "means", "covariances")]
                    found = partial_em.Posteriors(X, S, *parameters, kind)
                    self.denoised(data, *given, "--responsibilities", "--log-density", "--deviations", denoise="d.h5",
                                  impute="i.h5", ranks=2)
                    with h5py.File(self.path("d.h5")) as file:
                        self.assert_close(file["X"], found.mean(), relative=1e-9, absolute=1e-10)
                        self.assert_close(file["standard_deviations"], found.deviation(), relative=1e-7)
                    with h5py.File(self.path("l.h5")) as file:
                        self.assert_close(file["log_density"], found.log_density, relative=1e-10)
                        self.assert_close(file["responsibilities"], found.responsibilities, absolute=1e-10)
                    with h5py.File(self.path("i.h5")) as file:  # what was measured stays, with its noise
                        seen = ~np.isnan(X)
                        self.assert_close(file["X"], np.where(seen, X, found.mean()), relative=1e-9, absolute=1e-10)
                        self.assert_close(file["standard_deviations"], np.where(seen, 0, found.deviation()), relative=1e-7,
                                          absolute=1e-12)
        scaled = self.write("scaled.h5", X * units, noise=noise[0] * units ** 2)
        self.fit("gaussian", scaled, "-k", 2, *given, "--covariance", "diag", "--standardize", "sd").close()
        self.denoised(scaled, *given, denoise="d.h5")
        with h5py.File(self.path("d.h5")) as file:
            self.assertTrue((abs(file["X"][:] - X * units)[seen] < (4 * np.sqrt(noise[0]) * units * np.ones_like(X))[seen]).all())
            shares = file["standard_deviations"][:] / (np.sqrt(noise[0]) * units)  # between components it is more
            self.assertTrue(0.2 < np.median(shares[seen]) < 1.05, np.median(shares[seen]))

    def test_starts_far_away_lose_no_digits(self):
        X, S, means = simulated(seed=23, n=400, D=2, K=1)
        for kind, noise, form in (("full", S, "covariance"), ("diag", np.einsum("nii->ni", S), "variance"), ("full", S[0], "covariance")):
            given = self.start(means + 1e4, kind)
            with h5py.File(self.path("start.h5"), "a") as file:
                file["parameters/covariances"][...] = given[2] * 1e8
            matrices = np.broadcast_to(noise, S.shape) if noise.ndim == 2 and kind == "full" else S if kind == "full" else S * np.eye(2)
            expected = partial_em.em(X, given[0], given[1], given[2] * 1e8, 1, kind, noise=matrices)
            with self.stepped(self.write("data.h5", X, noise=noise), kind, 1, "--noise-kind", form, k=1) as file:
                self.assert_close(file["parameters/means"], expected[2], relative=1e-6, absolute=1e-6)
                self.assert_close(file["parameters/covariances"], expected[3], relative=1e-6, absolute=1e-6)

    def test_icl_knows_the_noise(self):
        X, S, means = simulated(seed=24, n=300, D=2, K=2)
        data = self.write("data.h5", X, noise=S)
        with self.fit("gaussian", data, "-k", 2, "--noise", "/noise", "--noise-kind", "covariance") as file:
            parameters = [file["parameters/" + name][:] for name in ("weights", "means", "covariances")]
            r = partial_em.Posteriors(X, S, *parameters, "full").responsibilities
            entropy = -(r * np.log(np.maximum(r, 1e-300))).sum()
            self.assert_close(file.attrs["icl"], file.attrs["bic"] + 2 * entropy, relative=1e-8)

    def test_a_fit_goes_on_with_the_same_noise_alone(self):
        X, S, _ = simulated(seed=25, n=3000, D=2, K=3)
        data = self.write("data.h5", X, noise=S)
        command = ("fit", "gaussian", data, "-k", 3, "--noise", "/noise", "--noise-kind", "covariance", "--tolerance", 0, "-o",
                   self.path("m.h5"), "--checkpoint", self.path("c.ckpt"), "--max-iterations")
        self.ok(*command, 4)
        self.ok(*command, 9, ranks=3)
        with self.fit("gaussian", data, "-k", 3, "--noise", "/noise", "--noise-kind", "covariance", "--tolerance", 0,
                      "--max-iterations", 9) as whole, h5py.File(self.path("m.h5")) as file:
            self.assertTrue((whole["parameters/covariances"][:] == file["parameters/covariances"][:]).all())
        with h5py.File(data, "a") as file:
            file["noise"][17] *= 1.5
        self.fails(64, ["noise", "give the same"], *command, 12)
        self.fails(64, ["noise"], *(word for word in command if word not in ("--noise", "/noise", "--noise-kind", "covariance")), 12)

    def test_a_few_noisy_rows_do_not_drown_the_others(self):
        rng = np.random.default_rng(26)
        n = 5000
        X = np.array([[0.0, 0], [6, 2]])[rng.integers(0, 2, n)] + rng.normal(size=(n, 2))
        sd = np.full((n, 2), 0.3)
        sd[rng.random(n) < 0.01] = 1e6  # 1e-6 of their variance is still ten thousand times that of the others
        X += sd * rng.normal(size=(n, 2))
        data = self.write("data.h5", X, noise=sd)
        for kind in ("full", "diag"):
            for more in ((), ("--starts", 3), ("--search-rows", "all")):
                with self.fit("gaussian", data, "-k", 2, "--covariance", kind, "--noise", "/noise", *more) as file:
                    found = file["parameters/means"][:][np.argsort(file["parameters/means"][:, 0])]
                    self.assert_close(found, [[0, 0], [6, 2]], absolute=0.15)
                    widths = file["parameters/covariances"][:] if kind == "diag" else np.einsum("kii->ki", file["parameters/covariances"])
                    self.assert_close(widths, np.ones((2, 2)), absolute=0.15)

    def test_each_file_has_noise_of_one_form(self):
        X, S, _ = simulated(seed=27, n=200, D=3)
        a = self.write("a.h5", X, noise=np.einsum("nii->ni", S), one=np.full(3, 0.1))
        for name, noise in (("narrow", np.ones((200, 1))), ("two", np.ones((200, 2))), ("flat", np.ones(200))):
            b = self.write(name + ".h5", X, noise=noise)
            self.fails(65, [name + ".h5", "/noise"], "fit", "gaussian", a, b, "-k", 2, "--noise", "/noise", "-o", self.path("m.h5"))
        other, same = self.write("other.h5", X, one=np.full(3, 0.9)), self.write("same.h5", X, one=np.full(3, 0.1))
        self.fails(65, ["other.h5", "differs"], "fit", "gaussian", a, other, "-k", 2, "--noise", "/one", "-o", self.path("m.h5"))
        self.fails(65, ["b.h5"], "fit", "gaussian", a, self.write("b.h5", X), "-k", 2, "--noise", "/one", "-o", self.path("m.h5"))
        self.fit("gaussian", [a, same], "-k", 2, "--noise", "/one").close()
        self.fit("gaussian", [a, other], "-k", 2, "--noise", f"{a}:/one").close()

    def test_large_units_lose_no_digits(self):
        X, S, means = simulated(seed=28, n=200, D=3, share=0.2)
        for unit in (1e9, 1e-9):
            given = self.start(means * unit, "full")
            with h5py.File(self.path("start.h5"), "a") as file:
                file["parameters/covariances"][...] = given[2] * unit ** 2
            expected = partial_em.em(X, given[0], means, given[2], 3, noise=S)
            data = self.write("data.h5", X * unit, noise=S * unit ** 2)
            with self.stepped(data, "full", 3, "--noise-kind", "covariance", "--missing", "marginalize", k=3) as file:
                self.assert_close(file["parameters/covariances"] / np.float64(unit) ** 2, expected[3], relative=1e-9, absolute=1e-10)

    def test_small_noise_has_small_deviations(self):
        X, S, _ = simulated(seed=29, n=100, D=2)
        for kind in ("full", "diag"):
            data = self.write("data.h5", 30 * X, noise=np.full((100, 2), 5e-9))
            self.fit("gaussian", data, "-k", 2, "--covariance", kind, "--noise", "/noise").close()
            self.denoised(data, "--noise", "/noise", denoise="d.h5")
            with h5py.File(self.path("d.h5")) as file:
                self.assert_close(file["standard_deviations"], np.full((100, 2), 5e-9), relative=1e-6)

    def test_noise_of_chosen_columns_and_of_names(self):
        rng = np.random.default_rng(30)
        X, sd = rng.normal(size=(300, 4)), rng.uniform(0.2, 2, (300, 4))
        def objective(data, *more, noise):
            return self.json("fit", "gaussian", data, "-k", 1, "--noise", noise, *more, "-o", self.path("m.h5"), "--overwrite", "-q",
                             "--json")["objective"]
        expected = objective(self.write("plain.h5", X[:, [1, 0]], noise=sd[:, [1, 0]]), noise="/noise")
        data = self.write("data.h5", X, all=sd, chosen=sd[:, [1, 0]], three=sd[:, :3], one=np.diag([1.0, 2]))
        for noise in ("/all", "/chosen"):
            self.assertEqual(objective(data, "--columns", "1,0", noise=noise), expected)
        self.fails(65, ["3 features", "2"], "fit", "gaussian", data, "-k", 1, "--columns", "1,0", "--noise", "/three", "-o", self.path("m.h5"))
        with h5py.File(self.path("named.h5"), "w") as file:
            for j, name in enumerate("abcd"):
                file["t/" + name], file["e/" + name] = X[:, j], sd[:, j]
        named = f"{self.path('named.h5')}:/t/a,/t/b"
        expected = objective(named, noise="/e/a,/e/b")
        self.assertEqual(objective(named, noise="/e/b,/e/a"), expected)  # by their names
        wide = f"{self.path('named.h5')}:/t"
        self.assertEqual(objective(wide, "--columns", "a,b", noise="/e/a,/e/b"), expected)
        reversed_order = self.json("score", self.path("m.h5"), wide, "--columns", "b,a", "--noise", "/e/b,/e/a")["objective"]
        self.assertEqual(reversed_order, expected)
        with h5py.File(self.path("order.h5"), "w") as file:
            file["X"], file["sd"] = X[:, [2, 1, 0]], sd[:, [1, 0]]
            file["X"].attrs["feature_names"] = ["c", "b", "a"]
        matched = self.json("score", self.path("m.h5"), self.path("order.h5"), "--columns", "b,a", "--noise", "/sd")["objective"]
        self.assertEqual(matched, expected)

    def test_which_density_a_score_is_of(self):
        X, S, _ = simulated(seed=22, n=200, D=2)
        data = self.write("data.h5", X, noise=S)
        noise = ("--noise", "/noise", "--noise-kind", "covariance")
        with self.fit("gaussian", data, "-k", 2, *noise) as file:
            objective = file.attrs["objective"]
        measured = self.json("score", self.path("model.h5"), data, *noise)
        self.assertEqual((measured["objective"], measured["density_of"]), (objective, "measured values"))
        result = self.ok("score", self.path("model.h5"), data)
        self.assertIn('"density_of":"true values"', result.stdout)
        self.assertIn("rows with noise", result.stderr)
        said = self.ok("sample", self.path("model.h5"), "-n", 10, "-o", self.path("s.h5")).stderr
        self.assertIn("true values", said)
        self.fit("gaussian", data, "-k", 2).close()
        self.assertNotIn("density_of", self.json("score", self.path("model.h5"), data))
        self.fails(64, ["--denoise", "--noise"], "predict", self.path("model.h5"), data, "-o", self.path("l.h5"), "--denoise",
                   self.path("d.h5"))

    def test_a_search_on_all_rows_sees_their_noise(self):
        X, S, _ = simulated(seed=17, n=1200, D=2, K=3)
        with self.fit("gaussian", self.write("data.h5", X, noise=S), "-k", 3, "--noise", "/noise", "--noise-kind",
                      "covariance", "--search-rows", "all") as file:
            starts = file["starts"]
            objective = starts["objective"][:]
            self.assert_close(max(objective), file.attrs["objective"], relative=1e-4)

    def test_what_is_no_noise(self):
        X, S, _ = simulated(seed=18, n=50, D=2)
        def refused(code, words, *more, model="gaussian", **arrays):
            data = self.write("data.h5", X, **arrays)
            return self.fails(code, words, "fit", model, data, "-k", 2, "--noise", "/noise", *more, "-o", self.path("m.h5"))
        covariance = ("--noise-kind", "covariance")
        bad = S.copy()
        bad[7, 0, 1] += 0.1
        refused(65, ["/noise", "row 7", "not symmetric"], *covariance, noise=bad)
        bad = S.copy()
        bad[8] = [[1, 2], [2, 1]]
        refused(65, ["row 8", "semi-definite"], *covariance, noise=bad)
        for value, word in ((-1.0, "-1"), (np.nan, "nan"), (1e200, "float64")):
            sd = np.ones((50, 2))
            sd[9, 1] = value
            refused(65, ["row 9", "feature 1", word], noise=sd)
        refused(65, ["-1", "feature 0"], noise=np.array([-1.0, 1]))
        refused(65, ["N x D"], noise=S)
        refused(65, ["N x D x D"], *covariance, noise=np.ones(4))
        refused(65, ["3 features", "2"], noise=np.ones((50, 3)))
        refused(65, ["/noise", "50 rows"], noise=np.ones((49, 2)))
        refused(65, ["--noise", "/noise"])
        refused(65, ["4 numbers", "packed"], "--noise-kind", "packed", noise=np.ones((50, 4)))
        for more in (("--covariance", "tied"), ("--covariance", "spherical"), ("--covariance", "diag", *covariance)):
            refused(64, ["--noise", more[1]], *more, noise=S)
        refused(64, ["--noise", "kmeans", "gaussian"], model="kmeans", noise=S)
        self.fails(64, ["--noise-kind", "--noise PATH"], "fit", "gaussian", self.write("data.h5", X), "-k", 2, *covariance, "-o",
                   self.path("m.h5"))
        self.fit("gaussian", self.write("data.h5", X, noise=S), "-k", 2, "--covariance", "tied").close()
        self.fails(64, ["--noise", "tied"], "score", self.path("model.h5"), self.path("data.h5"), "--noise", "/noise")

    def test_singular_noise_of_many_features(self):
        rng = np.random.default_rng(31)
        for D in (6, 10, 30):
            A = rng.normal(size=(300, D, D - 1))
            self.fit("gaussian", self.write("data.h5", rng.normal(size=(300, D)), noise=A @ A.transpose(0, 2, 1)), "-k", 1,
                     "--noise", "/noise", "--noise-kind", "covariance", "--max-iterations", 2).close()

    def test_singular_noise_is_noise(self):
        X, S, means = simulated(seed=19, D=3)
        v = np.random.default_rng(20).normal(size=(len(X), 3))
        given = self.start(means, "full")
        flat = np.einsum("ni,nj->nij", v, v)
        expected = partial_em.em(X, *given, 3, "full", noise=flat)
        with self.stepped(self.write("data.h5", X, noise=flat), "full", 3, "--noise-kind", "covariance", k=3) as file:
            self.check(file, expected)


if __name__ == "__main__":
    shoal.main()
