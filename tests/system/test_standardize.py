"""Features on one scale: --standardize, --feature-weights, and what becomes of models, predictions and draws."""
import re

import h5py
import numpy as np
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from shoal import ShoalTest, main, run

RANKS = (1, 3)


def spread_rows(n=900, seed=5):
    """Three groups in four features; one of them is in units a million times smaller."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, 4)) + 6 * np.eye(4)[np.arange(n) % 3]
    return X * [1, 1e6, 0.02, 3] + [5, -4e6, 0, 100]


def mad(X, weights=None):
    """numpy's medians, every row as often as its weight says."""
    if weights is not None:
        X = np.repeat(X, weights, axis=0)
    center = np.nanmedian(X, axis=0)
    return center, 1.4826 * np.nanmedian(np.abs(X - center), axis=0)


def moments(X, weights=None):
    scaler = StandardScaler().fit(X, sample_weight=weights)
    return scaler.mean_, scaler.scale_


def extent(X, weights=None):
    scaler = MinMaxScaler().fit(X if weights is None else X[weights > 0])
    return scaler.data_min_, scaler.data_range_


SCALES = {"sd": moments, "range": extent, "mad": mad}


def scaling(model):
    return model["preprocessing/center"][:], model["preprocessing/scale"][:]


def partition(labels):
    """Labels as the order in which clusters first occur."""
    found = {}
    return [found.setdefault(label, len(found)) for label in labels]


class Scales(ShoalTest):
    def test_are_those_of_others(self):
        X = spread_rows()
        weights = np.arange(900) % 3
        data = self.write("data.h5", X, w=weights)
        for ranks in RANKS:
            for how, expected in SCALES.items():
                for weighted in (None, weights):
                    options = () if weighted is None else ("--row-weights", "/w")
                    model = self.fit("kmeans", data, "-k", 3, "--standardize", how, *options, ranks=ranks)
                    for actual, wanted in zip(scaling(model), expected(X, weighted)):
                        self.assert_close(actual, wanted, relative=1e-13, absolute=1e-13)
                    self.assertEqual(model.attrs["format_version"], 2)
                    self.assertIn(f'\nstandardize = "{how}"\n', model.attrs["options"])

    def test_leave_missing_entries_and_rows_aside(self):
        X = spread_rows()
        X[np.random.default_rng(1).random(X.shape) < 0.1] = np.nan
        data = self.write("data.h5", X)
        whole = ~np.isnan(X).any(axis=1)
        for ranks in RANKS:
            for how, expected in SCALES.items():
                model = self.fit("kmeans", data, "-k", 3, "--standardize", how, "--missing", "skip", ranks=ranks)
                for actual, wanted in zip(scaling(model), expected(X[whole])):
                    self.assert_close(actual, wanted, relative=1e-13, absolute=1e-13)
                model = self.fit("gaussian", data, "-k", 2, "--covariance", "diag", "--standardize", how, "--missing",
                                 "marginalize", ranks=ranks)
                for actual, wanted in zip(scaling(model), expected(X)):
                    self.assert_close(actual, wanted, relative=1e-13, absolute=1e-13)

    def test_of_constant_features_are_one(self):
        X = spread_rows()
        X[:, 2] = 7
        X[:600, 0] = 3
        data = self.write("data.h5", X)
        with h5py.File(data, "a") as file:
            file["X"].attrs["feature_names"] = ["a", "b", "c", "d"]
        for how, words in (("sd", "feature 2 (c) is constant"), ("range", "feature 2 (c) is constant"),
                           ("mad", "feature 0 (a) is the same in at least half")):
            result = self.ok("fit", "kmeans", data, "-k", 3, "--standardize", how, "-o", self.path(how), ranks=3)
            self.assertIn("feature 2 (c) is constant: the scale is 1", result.stderr)
            self.assertIn(words, result.stderr)
            with h5py.File(self.path(how)) as model:
                self.assertEqual(model["preprocessing/center"][2], 7)
                self.assertEqual(model["preprocessing/scale"][2], 1)

    def test_float32_rows_are_scaled_in_float64(self):
        X = (1e4 + np.random.default_rng(3).normal(size=(500, 3))).astype(np.float32)
        model = self.fit("kmeans", self.write("data.h5", X), "-k", 2, "--standardize", "sd")
        for actual, wanted in zip(scaling(model), moments(X.astype(np.float64))):
            self.assert_close(actual, wanted, relative=1e-13)
        wide = self.fit("kmeans", self.write("wide.h5", X * np.float32(1e25)), "-k", 2, "--standardize", "sd",
                        output="wide.h5.model")
        self.assertIn('precision = "float32"', wide.attrs["options"])  # scaled, their squares are numbers

    def test_that_float32_cannot_hold_are_taken_in_float64(self):
        X = np.random.default_rng(3).normal(size=(500, 3)).astype(np.float32)
        data, labels = self.write("data.h5", X), self.path("labels.h5")
        model = self.fit("kmeans", data, "-k", 2, "--feature-weights", "1e25,1,1", "--labels", labels, ranks=3)
        self.assertIn('precision = "float64"', model.attrs["options"])
        self.ok("predict", self.path("model.h5"), data, "-o", self.path("again.h5"))
        with h5py.File(labels) as one, h5py.File(self.path("again.h5")) as other:
            np.testing.assert_array_equal(one["labels"][:], other["labels"][:])
        self.assertEqual(self.json("score", self.path("model.h5"), data)["objective"], model.attrs["objective"])

    def test_beyond_float64_are_refused(self):
        X = spread_rows()
        X[:, 1] *= 1e-190
        data = self.write("data.h5", X)
        self.fails(65, ["feature 1", "--standardize range"], "fit", "kmeans", data, "-k", 3, "--standardize", "sd",
                   "-o", self.path("m.h5"), ranks=3)
        self.fit("kmeans", data, "-k", 3, "--standardize", "range", ranks=3)


class Fits(ShoalTest):
    def test_are_those_of_scaled_rows(self):
        X = spread_rows()
        truth = partition(np.arange(900) % 3)
        data = self.write("data.h5", X)
        for how, expected in SCALES.items():
            center, scale = expected(X)
            scaled = self.write("scaled.h5", (X - center) / scale)
            for model in ("kmeans", "kmedians", "gaussian"):
                fits = []
                for name, options in ((data, ("--standardize", how)), (scaled, ())):
                    labels = self.path("labels.h5")
                    file = self.fit(model, name, "-k", 3, "--labels", labels, *options, ranks=3)
                    with h5py.File(labels) as found:
                        fits.append((file.attrs["objective"], partition(found["labels"][:])))
                self.assert_close(fits[0][0], fits[1][0], relative=1e-9)
                self.assertEqual(fits[0][1], fits[1][1])
                self.assertGreater(np.mean(np.equal(fits[0][1], truth)), 0.95)

    def test_are_repeated_by_predict_and_score(self):
        X = spread_rows().astype(np.float32)
        X[::50, 3] = np.nan
        data = self.write("data.h5", X)
        for model in ("kmeans", "kmedians", "gaussian"):
            for how in SCALES:
                labels, again = self.path("labels.h5"), self.path("again.h5")
                file = self.fit(model, data, "-k", 3, "--standardize", how, "--labels", labels, "--missing", "skip")
                for ranks in RANKS:
                    self.ok("predict", self.path("model.h5"), data, "-o", again, "--overwrite", "--missing", "skip",
                            ranks=ranks)
                    with h5py.File(labels) as one, h5py.File(again) as other:
                        np.testing.assert_array_equal(one["labels"][:], other["labels"][:])
                    score = self.json("score", self.path("model.h5"), data, "--missing", "skip", ranks=ranks)
                    self.assertEqual(score["objective"], file.attrs["objective"])
                    self.assertEqual(score["units"], "scaled")

    def test_have_the_same_bits_on_any_ranks_and_after_restarts(self):
        data = self.write("data.h5", spread_rows(3000), w=np.arange(3000) % 4, f=[1.0, 2, 3, 0.5])
        for model, options in (("kmeans", ("--feature-weights", "/f")), ("kmedians", ()), ("gaussian", ())):
            for how in SCALES:
                command = ("fit", model, data, "-k", 5, "--standardize", how, "--row-weights", "/w", *options)
                one, many, late = (self.path(f"{model}-{how}-{name}.h5") for name in ("one", "many", "late"))
                self.ok(*command, "-o", one, "--max-iterations", 9)
                self.ok(*command, "-o", many, "--max-iterations", 9, "--threads", 2, ranks=3)
                checkpoint = self.path(f"{model}-{how}.ckpt")
                self.ok(*command, "-o", late, "--max-iterations", 4, "--checkpoint", checkpoint)
                self.ok(*command, "-o", late, "--max-iterations", 9, "--checkpoint", checkpoint, ranks=3)
                self.assertEqual(one.read_bytes(), many.read_bytes())
                with h5py.File(one) as once, h5py.File(late) as twice:
                    for path in ("preprocessing/center", "preprocessing/scale", "history/objective"):
                        np.testing.assert_array_equal(once[path][:], twice[path][:])
                    for name in once["parameters"]:
                        np.testing.assert_array_equal(once["parameters"][name][:], twice["parameters"][name][:])
                other = "range" if how != "range" else "sd"
                self.fails(64, ["standardize", f'"{how}"', f'"{other}"'], "fit", model, data, "-k", 5, "--standardize",
                           other, "--row-weights", "/w", *options, "-o", late, "--max-iterations", 9, "--checkpoint",
                           checkpoint)

    def test_without_scaling_have_format_1(self):
        model = self.fit("kmeans", self.write("data.h5", spread_rows()), "-k", 3)
        self.assertEqual(model.attrs["format_version"], 1)
        self.assertNotIn("preprocessing", model)

    def test_say_their_units(self):
        X = spread_rows()
        data = self.write("data.h5", X)
        result = self.ok("fit", "gaussian", data, "-k", 3, "--standardize", "sd", "--regularization", 0, "-o",
                         self.path("scaled.h5"))
        plain = self.fit("gaussian", data, "-k", 3, "--regularization", 0, "--init", self.path("scaled.h5"))
        self.assertRegex(result.stderr, r"(?m)^in scaled units \(--standardize sd\): log-likelihood, BIC, AIC and parameters;$")
        line = next(line for line in result.stderr.splitlines() if line.startswith("in the units of the data"))
        told = float(line.split("log-likelihood is ")[1].split()[0])
        self.assert_close(told, plain.attrs["log_likelihood"], relative=1e-6)
        result = self.ok("fit", "kmeans", data, "-k", 3, "--feature-weights", "1,1,1,2", "-o", self.path("w.h5"))
        self.assertIn("in scaled units: objective, centres and distances", result.stderr)


class Weights(ShoalTest):
    def test_multiply_scaled_values(self):
        X, weights = spread_rows(), np.array([1, 0.25, 3, 8])
        data = self.write("data.h5", X, group__f=weights)
        other = self.write("weights.h5", np.zeros((2, 2)), f=weights.astype(np.float32))
        files = []
        for ranks in RANKS:
            for given in ("1,0.25,3,8", "/group/f", f"{data}:/group/f", f"{other}:/f"):
                for model in ("kmeans", "kmedians"):
                    file = self.fit(model, data, "-k", 3, "--standardize", "sd", "--feature-weights", given, ranks=ranks)
                    center, scale = scaling(file)
                    self.assert_close(center, X.mean(axis=0), relative=1e-13)
                    self.assert_close(scale, X.std(axis=0) / weights, relative=1e-13)
                    files.append(file.attrs["options"])
                alone = self.fit("kmeans", data, "-k", 3, "--feature-weights", given, ranks=ranks)
                np.testing.assert_array_equal(scaling(alone), [np.zeros(4), 1 / weights])
                self.assertEqual(alone.attrs["format_version"], 2)
        self.assertIn('feature-weights = "1,0.25,3,8"', files[0])
        self.assertIn('feature-weights = "xxh3:', files[2])
        self.assertEqual(files[2], files[4])  # by content, not by name

    def test_that_cannot_be_are_refused(self):
        X = spread_rows()
        data = self.write("data.h5", X, f=[1.0, 2, 3], bad=[1.0, -1, 1, 1])
        fit = ("fit", "kmeans", data, "-k", 3, "-o", self.path("m.h5"), "--feature-weights")
        self.fails(64, ["--feature-weights", "0 of feature 2", "--columns ^"], *fit, "1,1,0,1")
        self.fails(64, ["--feature-weights", "inf of feature 0"], *fit, "inf,1,1,1", ranks=3)
        self.fails(64, ["--feature-weights", "must be positive numbers"], *fit, "nan,1,1,1")
        self.fails(64, ["--feature-weights", "must be positive numbers"], *fit, "weights")
        self.fails(64, ["3 weights for 4 features"], *fit, "1,1,2")
        self.fails(65, ["/f", "3 weights for 4 features"], *fit, "/f", ranks=3)
        self.fails(64, ["/bad", "-1 of feature 1"], *fit, "/bad")
        self.fails(65, ["/nothing"], *fit, "/nothing", ranks=3)
        self.fails(66, ["gone.h5"], *fit, f"{self.path('gone.h5')}:/f")
        self.fails(64, ["--feature-weights", "kmeans and kmedians"], "fit", "gaussian", *fit[2:], "1,1,1,1")
        counts = self.write("counts.h5", np.arange(40).reshape(10, 4))
        self.fails(64, ["--standardize", "poisson", "gaussian"], "fit", "poisson", counts, "-k", 2, "--standardize",
                   "none", "-o", self.path("m.h5"))
        self.fails(64, ["--standardize", "none|sd|range|mad"], "fit", "kmeans", data, "-k", 2, "--standardize", "iqr",
                   "-o", self.path("m.h5"))

    def test_files_are_not_written_to(self):
        data = self.write("data.h5", spread_rows())
        weights = self.write("w.h5", np.zeros((2, 2)), f=np.ones(4))
        self.fails(64, ["w.h5"], "fit", "kmeans", data, "-k", 2, "--feature-weights", f"{weights}:/f", "-o", weights,
                   "--overwrite")


class Starts(ShoalTest):
    def test_have_the_units_of_their_file(self):
        X = spread_rows()
        data = self.write("data.h5", X)
        for model, name in (("kmeans", "means"), ("kmedians", "medians"), ("gaussian", "means")):
            self.fit(model, data, "-k", 3, "--standardize", "sd", output="scaled.h5")
            with h5py.File(self.path("scaled.h5")) as file:
                center, scale = scaling(file)
                inside = file["parameters"][name][:]
                with h5py.File(self.path("array.h5"), "w") as plain:  # the same in the data's units
                    plain[f"parameters/{name}"] = inside * scale + center
                    if model == "gaussian":
                        plain["parameters/covariances"] = file["parameters/covariances"][:] * np.outer(scale, scale)
                        plain["parameters/weights"] = file["parameters/weights"][:]
            for how, expected in {"none": None, **SCALES}.items():
                c, s = expected(X) if expected else (0, 1)
                for start in ("scaled.h5", "array.h5"):
                    file = self.fit(model, data, "-k", 3, "--standardize", how, "--init", self.path(start),
                                    "--max-iterations", 0, ranks=3)
                    if model == "gaussian":
                        self.assert_close(file["parameters/covariances"][:] * np.outer(s, s),
                                          self.inside("array.h5", "covariances"), relative=1e-9, absolute=1e-6)
                    self.assert_close(file["parameters"][name][:] * s + c, inside * scale + center, relative=1e-9,
                                      absolute=1e-9)
            again = self.fit(model, data, "-k", 3, "--standardize", "sd", "--init", self.path("scaled.h5"),
                             "--max-iterations", 0)
            np.testing.assert_array_equal(again["parameters"][name][:], inside)

    def inside(self, file, name):
        with h5py.File(self.path(file)) as opened:
            return opened["parameters"][name][:]

    def test_of_other_features_are_refused(self):
        data = self.write("data.h5", spread_rows())
        self.fit("kmeans", data, "-k", 3, "--standardize", "sd", output="start.h5").close()
        with h5py.File(self.path("start.h5"), "a") as file:
            for name in ("center", "scale"):
                del file[f"preprocessing/{name}"]
                file[f"preprocessing/{name}"] = np.ones(3)
        self.fails(65, ["/preprocessing/center", "3", "4 features"], "fit", "kmeans", data, "-k", 3, "--init",
                   self.path("start.h5"), "-o", self.path("m.h5"), ranks=3)


class Models(ShoalTest):
    def test_draw_rows_in_the_datas_units(self):
        X = spread_rows()
        data = self.write("data.h5", X)
        for how in SCALES:
            self.fit("gaussian", data, "-k", 3, "--standardize", how)
            for ranks in RANKS:
                self.ok("sample", self.path("model.h5"), "-n", 20000, "-o", self.path(f"{ranks}.h5"), "--overwrite",
                        ranks=ranks)
            with h5py.File(self.path("1.h5")) as one, h5py.File(self.path("3.h5")) as three:
                np.testing.assert_array_equal(one["X"][:], three["X"][:])
                drawn = one["X"][:]
            self.assert_close((drawn.mean(axis=0) - X.mean(axis=0)) / X.std(axis=0), np.zeros(4), absolute=0.05)
            self.assert_close(drawn.std(axis=0), X.std(axis=0), relative=0.05)

    def test_tell_centres_in_the_datas_units(self):
        X = spread_rows()
        data = self.write("data.h5", X)
        for model, name in (("kmeans", "means"), ("kmedians", "medians"), ("gaussian", "means")):
            labels = self.path("labels.h5")
            file = self.fit(model, data, "-k", 3, "--standardize", "mad", "--labels", labels)
            center, scale = scaling(file)
            expected = file["parameters"][name][:] * scale + center
            told = self.json("info", self.path("model.h5"), "--json", ranks=3)
            np.testing.assert_array_equal(told["preprocessing"]["center"], center)
            np.testing.assert_array_equal(told["preprocessing"]["scale"], scale)
            self.assert_close(told[f"{name}_in_data_units"], expected, relative=1e-15)
            text = self.ok("info", self.path("model.h5")).stdout
            self.assertIn(f"{name} in the data's units:", text)
            shown = np.array(re.findall(r"-?\d+(?:\.\d+)?(?:e[-+]\d+)?", text), dtype=float)
            for value, largest in zip(expected.ravel(), np.tile(np.abs(expected).max(axis=0), 3)):
                self.assertLess(np.abs(shown - value).min(), 1e-3 * largest)
            if model != "gaussian":
                reduce = np.mean if model == "kmeans" else np.median
                with h5py.File(labels) as found:
                    groups = [X[found["labels"][:] == k] for k in range(3)]
                self.assert_close(expected, [reduce(group, axis=0) for group in groups], relative=1e-9)

    def test_draw_prototypes_in_the_datas_units(self):
        X = np.repeat([[0.0, 9, 0, 9], [9, 0, 9, 0]], 20, axis=0) * [1, 10, 1, 10] + np.tile([0, 0.1], (40, 2))
        data = self.write("data.h5", X)
        pictures = []
        for how in ("none", "sd"):
            self.fit("kmeans", data, "-k", 2, "--standardize", how, "--seed", 1)
            pictures.append(sorted(self.ok("info", self.path("model.h5"), "--prototypes", 4).stdout.split("\n")))
        self.assertEqual(*pictures)

    def test_have_distances_in_scaled_units(self):
        X = spread_rows()
        data = self.write("data.h5", X)
        file = self.fit("kmeans", data, "-k", 3, "--standardize", "sd")
        self.ok("predict", self.path("model.h5"), data, "-o", self.path("d.h5"), "--distances")
        scaled = StandardScaler().fit_transform(X)
        with h5py.File(self.path("d.h5")) as found:
            expected = np.linalg.norm(scaled[:, None] - file["parameters/means"][:][None], axis=2)
            self.assert_close(found["distances"][:], expected, relative=1e-9)

    def test_that_are_damaged_or_newer_are_refused(self):
        data = self.write("data.h5", spread_rows())

        def broken(change):
            self.fit("gaussian", data, "-k", 3, "--standardize", "sd").close()
            with h5py.File(self.path("model.h5"), "a") as file:
                change(file)
            return self.path("model.h5")

        def put(name, values):
            def change(file):
                del file[f"preprocessing/{name}"]
                if values is not None:
                    file[f"preprocessing/{name}"] = values
            return change

        score = [("score", data), ("info",)]
        for change, words in ((put("scale", [1.0, 0, 1, 1]), ["/preprocessing/scale holds 0 at 1"]),
                              (put("scale", [1.0, 1, -1, 1]), ["/preprocessing/scale holds -1 at 2"]),
                              (put("center", [np.nan, 0, 1, 1]), ["/preprocessing/center holds nan at 0"]),
                              (put("scale", [1.0, np.inf, 1, 1]), ["/preprocessing/scale holds inf at 1"]),
                              (put("center", [1.0, 1, 1]), ["/preprocessing/center", "4 numbers"]),
                              (put("scale", None), ["/preprocessing/scale", "4 numbers"]),
                              (lambda file: file.__delitem__("preprocessing"), ["/preprocessing/center"]),
                              (lambda file: file.attrs.__setitem__("format_version", 3), ["format 3", "newer shoal"])):
            model = broken(change)
            for command, *rest in score:
                self.fails(65, ["model.h5", *words], command, model, *rest)


class Warnings(ShoalTest):
    def test_one_feature_that_carries_all_is_told(self):
        data = self.write("data.h5", spread_rows())
        for model, what in (("kmeans", "variances"), ("kmedians", "standard deviations")):
            for ranks in RANKS:
                result = self.ok("fit", model, data, "-k", 3, "-o", self.path("m.h5"), "--overwrite", ranks=ranks)
                lines = [line for line in result.stderr.splitlines() if "--standardize sd" in line]
                self.assertEqual(len(lines), 1, result.stderr)
                self.assertIn("warning: feature 1 carries 99.9 %", lines[0])
                self.assertIn(what, lines[0])
        for arguments in (("gaussian",), ("kmeans", "--standardize", "range"),
                          ("kmeans", "--feature-weights", "1,1,1,1")):
            result = self.ok("fit", arguments[0], data, "-k", 3, "-o", self.path("m.h5"), "--overwrite", *arguments[1:])
            self.assertNotIn("carries", result.stderr)

    def test_dry_run_and_configs_know_the_options(self):
        data = self.write("data.h5", spread_rows())
        config = self.path("c.toml")
        config.write_text('[fit]\nclusters = 3\nstandardize = "mad"\nfeature-weights = "1, 2, 3, 4"\n')
        self.ok("fit", "kmeans", data, "--config", config, "--dry-run", "-o", self.path("m.h5"))
        model = self.fit("kmeans", data, "--config", config)
        self.assert_close(scaling(model)[1], mad(spread_rows())[1] / [1, 2, 3, 4], relative=1e-13)


if __name__ == "__main__":
    main()
