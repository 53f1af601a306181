"""What info and compare tell a person: on a terminal, in a pipe and under mpirun."""
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
import unicodedata

import h5py
import numpy as np

import shoal

UTF8 = {"LC_ALL": "C.UTF-8"}
NUMBER = re.compile(r"(?<![\w.])[<>]?-?\d+(?:\.\d+)?(?:e[-+]\d+)?(?![\w.])")


def on_a_terminal(*arguments, columns=80, launcher=(), **environment):
    """What a person sees on a terminal of so many columns."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
    process = subprocess.Popen([*launcher, shoal.PROGRAM, *map(str, arguments)], stdin=follower, stdout=follower, stderr=subprocess.PIPE,
                               env={**os.environ, "TERM": "xterm", **UTF8, **environment})
    os.close(follower)
    text = b""
    try:
        while piece := os.read(leader, 65536):
            text += piece
    except OSError:  # the other end closed
        pass
    os.close(leader)
    error = process.communicate(timeout=60)[1]
    assert process.returncode == 0, text + error
    return text.decode().replace("\r\n", "\n")


def width(line):
    """Columns of a line, as terminals count them."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def numbers(text):
    return [float(found.strip("<>")) for found in NUMBER.findall(text)]


def line_of(text, name):
    """The numbers behind a name at the begin of a line: of all blocks of a table."""
    found = [line[len(name):] for line in text.splitlines() if re.match(re.escape(name) + r"(\s{2}|\s+[-<>\d])", line)]
    assert found, f"no line {name!r} in\n{text}"
    return [number for line in found for number in numbers(line)]


def deviations(model):
    """K x D, in the units of the fit."""
    stored, k, d = model["parameters/covariances"][:], *model["parameters/means"].shape
    kind = model.attrs["covariance"]
    variances = {"full": lambda: np.einsum("kjj->kj", stored), "tied": lambda: np.tile(np.diag(stored), (k, 1)),
                 "diag": lambda: stored, "spherical": lambda: np.tile(stored[:, None], (1, d))}[kind]()
    return np.sqrt(variances)


class InfoTest(shoal.ShoalTest):
    def info(self, *arguments, **keywords):
        return self.ok("info", *arguments, env=UTF8, **keywords).stdout

    def named(self, name, X, names, levels=None):
        path = self.write(name, X)
        with h5py.File(path, "a") as file:
            file["X"].attrs["feature_names"] = names
            for feature, texts in (levels or {}).items():
                file[f"levels/{feature}"] = texts
        return path

    def iris(self, name="iris.h5"):
        with h5py.File(shoal.DATA / "iris.h5") as file:
            return self.named(name, file["X"][:], ["sepal length", "sepal width", "petal length", "petal width"])


class Table(InfoTest):
    def test_means_and_deviations_in_the_datas_units(self):
        data = self.iris()
        for covariance in ("full", "tied", "diag", "spherical"):
            for more in ((), ("--standardize", "sd")):
                model = self.fit("gaussian", data, "-k", 3, "--covariance", covariance, *more)
                center, scale = np.zeros(4), np.ones(4)
                if more:
                    center, scale = model["preprocessing/center"][:], model["preprocessing/scale"][:]
                means, spreads = model["parameters/means"][:] * scale + center, deviations(model) * scale
                text = self.info(self.path("model.h5"))
                self.assertIn("means in the data's units: each ± its cluster's standard deviation", text)
                for j, name in enumerate(model.attrs["feature_names"]):
                    apart, *found = line_of(text, name)
                    self.assert_close(found[0::2], means[:, j], absolute=6e-4)
                    self.assert_close(found[1::2], spreads[:, j], absolute=6e-4)
                    w = model["parameters/weights"][:]
                    between, within = w @ (means[:, j] - w @ means[:, j])**2, w @ spreads[:, j]**2
                    self.assert_close(apart, between / (between + within), absolute=6e-4)
                self.assert_close(line_of(text, "rows"), model["parameters/counts"][:], absolute=0.06)
                self.assert_close(line_of(text, "weight"), model["parameters/weights"][:], absolute=6e-4)
                self.assertEqual(line_of(text, "cluster"), [0, 1, 2])

    def test_a_line_a_cluster_where_that_fits(self):
        model = self.fit("gaussian", shoal.DATA / "faithful.h5", "-k", 6)
        text = self.info(self.path("model.h5"))
        for k in range(6):
            found = line_of(text, f"{k:7d}")
            self.assert_close(found[:2], [model["parameters/counts"][k], model["parameters/weights"][k]], absolute=0.06)
            self.assert_close(found[2::2], model["parameters/means"][k], absolute=0.06)
            self.assert_close(found[3::2], deviations(model)[k], absolute=0.06)

    def test_hard_models_have_sizes_and_centres(self):
        for family, name in (("kmeans", "means"), ("kmedians", "medians")):
            labels = self.path("labels.h5")
            model = self.fit(family, self.iris(), "-k", 3, "--labels", labels)
            text = self.info(self.path("model.h5"))
            self.assertIn(f"{name} in the data's units:\n", text)
            with h5py.File(labels) as file:
                sizes = np.bincount(file["labels"][:])
            for k in range(3):
                n, share, *centre = line_of(text, f"{k:7d}")
                self.assertEqual(n, sizes[k])
                self.assert_close(share, sizes[k] / 150, absolute=6e-4)
                self.assert_close(centre, model[f"parameters/{name}"][k], absolute=6e-4)
            centres = model[f"parameters/{name}"][:]
            between = sizes @ (centres - sizes @ centres / 150)**2
            self.assert_close(line_of(text, "  apart"), between / between.sum(), absolute=6e-4)
            self.assertIn("the feature's share of the variance between the centres", text)

    def test_probabilities_and_rates(self):
        rng = np.random.default_rng(0)
        z = rng.integers(0, 2, 300)
        bits = rng.random((300, 3)) < np.where(z[:, None] == 1, [0.9, 0.5, 0.001], [0.1, 0.5, 0.001])
        data = self.named("bits.h5", bits.astype("u1"), ["smoker", "b", "c"])
        model = self.fit("bernoulli", data, "-k", 2)
        text = self.info(self.path("model.h5"))
        p, w = model["parameters/probabilities"][:], model["parameters/weights"][:]
        for k in range(2):
            self.assert_close(line_of(text, f"{k:7d}")[2:], p[k], absolute=1e-3)
        self.assertRegex(text, "smoker +b +c\n")
        mean = w @ p
        self.assert_close(line_of(text, "  apart"), w @ (p - mean)**2 / (mean * (1 - mean)), absolute=1e-3)
        self.assertIn("probabilities of code 1", text)
        model = self.fit("poisson", self.write("counts.h5", rng.poisson(np.where(z[:, None] == 1, [9, 1], [2, 1]))), "-k", 2)
        text = self.info(self.path("model.h5"))
        for k in range(2):
            self.assert_close(line_of(text, f"{k:7d}")[2:], model["parameters/rates"][k], absolute=6e-3)
        self.assertIn("feature 0  feature 1\n", text)

    def test_levels_by_their_names(self):
        rng = np.random.default_rng(1)
        z = rng.integers(0, 2, 400)
        codes = np.c_[np.where(rng.random(400) < 0.8, z, 2), rng.integers(0, 2, 400)]
        data = self.named("codes.h5", codes, ["town", "owner"], {"town": ["Basel", "Bern", "Chur"], "owner": ["no", "yes"]})
        model = self.fit("categorical", data, "-k", 2)
        p, w = model["parameters/probabilities"][:], model["parameters/weights"][:]
        for ranks in (0, 3):
            text = self.info(self.path("model.h5"), ranks=ranks)
            for column, name in enumerate(("  0 Basel", "  1 Bern", "  2 Chur", "  0 no", "  1 yes")):
                self.assert_close(line_of(text, name), p[:, column], absolute=1e-3)
            between, total = w @ (p[:, :3] - w @ p[:, :3])**2, 1 - ((w @ p[:, :3])**2).sum()
            self.assert_close(line_of(text, "town"), between.sum() / total, absolute=1e-3)  # tau
            self.assertIn("P(level | cluster)", text)

    def test_many_levels(self):
        p = np.r_[np.full(8, 0.1), np.full(22, 0.2 / 22)]
        codes = np.random.default_rng(2).choice(30, 4000, p=p)[:, None]
        model = self.fit("categorical", self.write("many.h5", codes, levels=np.array([30])), "-k", 1)
        found = model["parameters/probabilities"][0]
        text = self.info(self.path("model.h5"))
        self.assertEqual(len(re.findall(r"^  \d+ +0\.", text, re.M)), 8)
        self.assert_close(line_of(text, "  22 more"), found[8:].sum(), absolute=6e-4)
        self.assertEqual(len(re.findall(r"^  \d+ +0\.", self.info(self.path("model.h5"), "--all"), re.M)), 30)

    def test_wide_models_show_what_sets_clusters_apart_most(self):
        model = self.fit("bernoulli", shoal.DATA / "digits-binary.h5", "-k", 5, "--max-iterations", 20)
        p, w = model["parameters/probabilities"][:], model["parameters/weights"][:]
        mean = w @ p
        total = mean * (1 - mean)
        apart = np.divide(w @ (p - mean)**2, total, out=np.zeros_like(total), where=total > 0)
        best = np.argsort(-apart, kind="stable")
        text = self.info(self.path("model.h5"))
        names = list(model.attrs["feature_names"])

        def shown(text):
            return [names.index(word) for word in re.findall(r"^(pixel_\d_\d) ", text[:text.index("\napart: ")], re.M)]
        self.assertEqual(shown(text), list(best[:12]))
        for j in best[:12]:
            found = line_of(text, names[j])
            self.assert_close(found, [apart[j], *p[:, j]], absolute=1.1e-3)
        self.assertIn("12 of 64 features", text)
        text = self.info(self.path("model.h5"), "--all")
        self.assertEqual(shown(text), list(range(64)))
        model = self.fit("kmeans", shoal.DATA / "digits.h5", "-k", 5)
        means, n = model["parameters/means"][:], model["parameters/counts"][:]
        between = n @ (means - n @ means / n.sum())**2
        self.assertEqual(shown(self.info(self.path("model.h5"))), list(np.argsort(-between, kind="stable")[:12]))

    def test_many_clusters_show_the_largest(self):
        model = self.fit("kmeans", shoal.DATA / "faithful.h5", "-k", 30, "--starts", 1)
        n = model["parameters/counts"][:]
        text = self.info(self.path("model.h5"))
        shown = [int(k) for k in re.findall(r"^ {5,6}(\d+)  ", text, re.M)]
        self.assertEqual(shown, sorted(np.argsort(-n, kind="stable")[:12]))
        left = 100 * (1 - n[shown].sum() / n.sum())
        self.assertIn(f"the 12 largest of 30 clusters; the others have {left:.1f} % of the rows", text)
        text = self.info(self.path("model.h5"), "--all")
        self.assertEqual([int(k) for k in re.findall(r"^ {5,6}(\d+)  ", text, re.M)], list(range(30)))

    def test_never_wider_than_the_terminal(self):
        rng = np.random.default_rng(3)
        X = rng.normal(size=(400, 15)) * 10.0 ** rng.integers(-9, 12, 15) + 10.0 ** rng.integers(0, 10, 15)
        names = ["花びらの長さをセンチで測ったもの" * 3, "x" * 500, "a\x1b[2Jb\nc", "e\u0301" * 90, *(f"gene {j}" for j in range(11))]
        data = self.named("odd.h5", X, names)
        self.fit("gaussian", data, "-k", 14, "--covariance", "diag", "--max-iterations", 3, "--starts", 1).close()
        for columns in (60, 80, 132):
            for more in ((), ("--all",)):
                text = on_a_terminal("info", self.path("model.h5"), *more, columns=columns)
                table = text[:text.index("\nlog-likelihood ")]
                self.assertLessEqual(max(map(width, table.splitlines())), columns)
                self.assertFalse(set("\x1b") & set(text))
                if not more:
                    self.assertLessEqual(max(map(width, text.splitlines())), columns, text)
        wide = on_a_terminal("info", self.path("model.h5"), columns=400)
        self.assertGreater(max(map(width, wide.splitlines())), 132)
        lines = [line for line in wide.splitlines() if " ± " in line and "deviation" not in line]
        self.assertEqual(len({tuple(i for i, c in enumerate(line) if c == "±") for line in lines
                              if unicodedata.east_asian_width(line[0]) != "W" and "\u0301" not in line}), 1, wide)

    def test_the_same_on_a_terminal_in_a_pipe_and_under_mpirun(self):
        self.fit("gaussian", self.iris(), "-k", 3).close()
        for more in ((), ("--all",), ("--prototypes", 2), ("--json",)):
            piped = self.info(self.path("model.h5"), *more)
            self.assertEqual(piped, on_a_terminal("info", self.path("model.h5"), *more))
            self.assertEqual(piped, self.info(self.path("model.h5"), *more, ranks=3))
        self.assertIn(" +- ", self.ok("info", self.path("model.h5"), env={"LC_ALL": "C"}).stdout)
        self.ok("info", self.path("model.h5"), env={"LC_ALL": "C"}).stdout.encode("ascii")


class Words(InfoTest):
    def test_first_what_it_is_then_how_it_ended(self):
        model = self.fit("gaussian", self.iris(), "-k", 3, "--seed", 5, "--covariance", "diag")
        attributes = model.attrs
        text = self.info(self.path("model.h5"))
        self.assertTrue(text.startswith("gaussian diag: 3 clusters in 4 features, fitted to 150 rows\n\n"), text)
        told = " ".join(text.split())
        for words in (f"log-likelihood {attributes['log_likelihood']:.10g} (", f"BIC {attributes['bic']:.8g}, AIC {attributes['aic']:.8g}",
                      f"{attributes['n_parameters']} free parameters", f"converged after {attributes['n_iterations']} iterations",
                      f"{attributes['n_passes']} passes over the rows", "every component is sound", "seed 5", "options the defaults (--all"):
            self.assertIn(words, told)
        self.assertIn("instruction set " + attributes["instruction_set"].replace("AVX3", "AVX-512").replace("_", " "), told)
        self.assertNotIn("log_likelihood", text)
        self.assertNotIn("regularization", text)  # a default
        self.assertLess(len(text.splitlines()), 25, text)
        self.fit("kmeans", self.iris(), "-k", 3, "--max-iterations", 2, "--starts", 1).close()
        text = self.info(self.path("model.h5"))
        self.assertIn("not converged: stopped at --max-iterations after 2 iterations", " ".join(text.split()))
        self.assertIn("max-iterations = 2", text)

    def test_all_has_what_the_file_has(self):
        model = self.fit("gaussian", self.iris(), "-k", 3, "--standardize", "sd")
        text = self.info(self.path("model.h5"), "--all")
        for name in model.attrs:
            if name not in ("options", "format", "format_version"):
                self.assertRegex(text, rf"(?m)^{name} ")
        for line in model.attrs["options"].splitlines():
            self.assertIn(line, text)
        for words in ("/parameters/covariances", "3 x 4 x 4", "/preprocessing/scale", "center  ", "scale  "):
            self.assertIn(words, text)
        keys = {"kind", *model.attrs} - {"format", "format_version"}
        self.assertLessEqual(keys | {"health", "preprocessing", "means_in_data_units", "datasets"}, set(self.json("info", self.path("model.h5"), "--json")))

    def test_damaged_parameters_are_told(self):
        self.fit("gaussian", self.iris(), "-k", 3).close()
        with h5py.File(self.path("model.h5"), "a") as file:
            file["parameters/means"][1, 2] = np.nan
        for ranks in (0, 2):
            text = " ".join(self.info(self.path("model.h5"), ranks=ranks).split())
            self.assertIn("damaged", text)
            self.assertIn("/parameters/means holds nan", text)
            self.assertIn("log-likelihood", text)
        self.fails(65, ["/parameters/means holds nan"], "info", self.path("model.h5"), "--prototypes", 2)


class Prototypes(InfoTest):
    def pictures(self, width_in_features):
        text = self.info(self.path("model.h5"), "--prototypes", width_in_features)
        blocks = text.split("\n\n")[1:]
        pictures = []
        for block in blocks:
            lines = block.splitlines()
            if len(lines) > 1:
                pictures += zip(*[[part.ljust(2 * width_in_features)[:2 * width_in_features:2] for part in line.split(" | ")] for line in lines[1:]])
        return text.splitlines()[0], [" .:-=+*#%@".index(c) for picture in pictures for line in picture for c in line]

    def test_every_model(self):
        digits, binary = shoal.DATA / "digits.h5", shoal.DATA / "digits-binary.h5"
        for family, data, name, top in (("gaussian", digits, "means", None), ("kmeans", digits, "means", None), ("kmedians", digits, "medians", None),
                                        ("bernoulli", binary, "probabilities", 1), ("poisson", digits, "rates", None),
                                        ("categorical", digits, "mean codes", 16)):
            more = ("--covariance", "diag") if family == "gaussian" else ()
            model = self.fit(family, data, "-k", 2, "--max-iterations", 3, "--starts", 1, *more)
            if family == "categorical":
                p, offsets = model["parameters/probabilities"][:], model["parameters/level_offsets"][:]
                values = np.array([[row[a:b] @ np.arange(b - a) for a, b in zip(offsets, offsets[1:])] for row in p])
            else:
                values = model[f"parameters/{name}"][:]
            low = values.min() if top is None else 0
            high = values.max() if top is None else top
            title, drawn = self.pictures(8)
            self.assertTrue(title.startswith(f"{name}: blank is "), title)
            self.assert_close(numbers(title), [low, high], absolute=0.01)
            self.assert_close(drawn, ((values - low) / (high - low) * 9).ravel(), absolute=0.51)
            self.fails(64, ["--prototypes 7", "64 features", "divisor", "such as 8"], "info", self.path("model.h5"), "--prototypes", 7, ranks=2)
            self.fails(64, ["--prototypes 128"], "info", self.path("model.h5"), "--prototypes", 128)

    def test_of_wide_pictures_one_character_a_feature(self):
        self.fit("kmeans", shoal.DATA / "digits.h5", "-k", 2).close()
        text = self.info(self.path("model.h5"), "--prototypes", 64)
        self.assertLessEqual(max(map(len, text.splitlines())), 80)


class Comparison(InfoTest):
    def models(self):
        data = self.iris()
        for name, family, *options in (("a.h5", "gaussian", "-k", 2), ("b.h5", "gaussian", "-k", 3, "--covariance", "diag"),
                                       ("c.h5", "gaussian", "-k", 4, "--max-iterations", 1, "--starts", 1)):
            self.fit(family, data, *options, output=name).close()
        return [self.path(name) for name in ("a.h5", "b.h5", "c.h5")]

    def lines(self, text):
        return {re.search(r"(\w)\.h5", line)[1]: line for line in text.splitlines() if re.search(r"\w\.h5 ", line)}

    def test_a_line_a_model(self):
        files = self.models()
        with_links = [os.path.basename(file) for file in files]
        result = self.ok("info", *with_links, cwd=self.folder, env=UTF8)
        self.assertEqual(result.stderr, "")
        lines = self.lines(result.stdout)
        self.assertEqual(list(lines), ["a", "b", "c"])
        bics = []
        for name, kind, health in (("a", "gaussian full", "sound"), ("b", "gaussian diag", "sound"), ("c", "gaussian full", "not converged")):
            with h5py.File(self.path(f"{name}.h5")) as model:
                wanted = [model.attrs[key] for key in ("n_clusters", "n_parameters", "log_likelihood", "bic", "aic")]
            bics.append(wanted[3])
            found = lines[name]
            self.assertRegex(found, rf"{kind} .* {health}  ")
            self.assert_close(numbers(found), wanted, absolute=0.006)
        best = "ab"[int(bics[1] < bics[0])]
        self.assertEqual([name for name in lines if lines[name].startswith("* ")], [best])
        self.assertLessEqual(max(map(width, result.stdout.splitlines())), 80)
        for ranks in (2,):
            self.assertEqual(self.ok("info", *with_links, cwd=self.folder, env=UTF8, ranks=ranks).stdout, result.stdout)
        back = self.lines(self.ok("info", *with_links[::-1], cwd=self.folder, env=UTF8).stdout)
        self.assertEqual(list(back), ["c", "b", "a"])
        narrow = on_a_terminal("info", *files, columns=60)
        self.assertLessEqual(max(map(width, narrow.splitlines())), 60)
        whole = self.info(*files, "--all")
        self.assertEqual(whole.count("means in the data's units"), 3)

    def test_json_is_an_array(self):
        files = self.models()
        found = self.json("info", *files, "--json", ranks=2)
        for file, one in zip(files, found, strict=True):
            alone = self.json("info", file, "--json")
            self.assertEqual(one, {"file": str(file), **alone})

    def test_what_cannot_be_compared(self):
        iris, faithful = self.iris(), shoal.DATA / "faithful.h5"
        weights = np.ones(150)
        weights[3] = 2
        with h5py.File(iris) as file:
            X = file["X"][:]
        weighted = self.write("w.h5", X, w=weights)
        fits = {"plain": ("gaussian", iris), "scaled": ("gaussian", iris, "--standardize", "sd"), "other": ("gaussian", faithful),
                "half": ("gaussian", iris, "--rows", "0:75"), "weighted": ("gaussian", weighted, "--row-weights", "/w"),
                "three": ("gaussian", iris, "--columns", "0,1,2"), "kmeans": ("kmeans", iris), "kmedians": ("kmedians", iris),
                "again": ("gaussian", iris, "--covariance", "diag")}
        for name, (family, data, *options) in fits.items():
            self.fit(family, data, "-k", 2, *options, output=f"{name}.h5").close()
        for first, second, words in (("plain", "scaled", "values on other scales"), ("plain", "other", "2 features and not 4"),
                                     ("plain", "half", "75 rows and not 150"), ("plain", "weighted", "total weight 151 and not 150"),
                                     ("plain", "three", "3 features and not 4"), ("plain", "kmeans", "no likelihood"),
                                     ("kmeans", "kmedians", "another kind of objective")):
            result = self.ok("info", self.path(f"{first}.h5"), self.path(f"{second}.h5"), ranks=2)
            self.assertRegex(result.stderr, rf"^shoal: warning: .*{words}.* cannot be compared\n$")
            self.assertNotIn("* ", result.stdout)
        self.assertEqual(self.ok("info", self.path("plain.h5"), self.path("again.h5")).stderr, "")

    def test_degenerate_models_are_told(self):
        rng = np.random.default_rng(0)
        X = np.r_[rng.normal(size=(200, 2)), rng.normal(size=(200, 2)) + 9]
        plane = self.write("plane.h5", np.c_[X, X[:, 0] - X[:, 1]])
        self.fit("gaussian", plane, "-k", 2, output="a.h5").close()
        self.fit("gaussian", self.write("x.h5", X), "-k", 2, output="b.h5").close()
        lines = self.lines(self.info("a.h5", "b.h5", cwd=self.folder))
        self.assertIn("  2 degenerate  ", lines["a"])
        self.assertIn("  sound  ", lines["b"])

    def test_other_files_are_described_in_turn(self):
        self.fit("kmeans", self.iris(), "-k", 2, "--labels", self.path("l.h5")).close()
        text = self.info(self.path("model.h5"), self.path("iris.h5"), self.path("l.h5"), ranks=2)
        self.assertEqual(re.findall(r"^== (.*)$", text, re.M), [str(self.path(name)) for name in ("model.h5", "iris.h5", "l.h5")])
        self.assertIn("means in the data's units", text)
        self.assertIn("150 x 4", text)
        self.fails(66, ["missing.h5"], "info", self.path("iris.h5"), self.path("missing.h5"))


class Agreement(InfoTest):
    def labels(self, name, values):
        with h5py.File(self.path(name), "w") as file:
            file["labels"] = np.asarray(values, dtype="i4")
        return self.path(name)

    def test_words_on_a_terminal_and_json_elsewhere(self):
        rng = np.random.default_rng(4)
        a = rng.integers(0, 3, 900)
        b = (a + 1) % 3
        b[:30] = rng.integers(0, 4, 30)
        a[-7:] = -1
        files = self.labels("a.h5", a), self.labels("b.h5", b)
        piped = self.ok("compare", *files)
        found = json.loads(piped.stdout)
        self.assertEqual(set(found), {"n_rows", "adjusted_rand_index", "normalized_mutual_information"})
        text = on_a_terminal("compare", *files)
        self.assertIn("A and B agree excellently (adjusted Rand index above 0.90).", text)
        self.assertIn(f"adjusted Rand index            {found['adjusted_rand_index']:.4f}  1: the same clusters, 0: as by chance", text)
        self.assertIn(f"normalised mutual information  {found['normalized_mutual_information']:.4f}  ", text)
        self.assertIn("893 rows compared, 7 without a label (-1) in either left out", text)
        self.assertRegex(text, r"A  .*a\.h5:/labels, 3 clusters\nB  .*b\.h5:/labels, 4 clusters\n")
        table = np.zeros((3, 4), int)
        np.add.at(table, (a[a >= 0], b[a >= 0]), 1)
        for k in range(3):
            line = next(line for line in text.splitlines() if re.match(rf"{k}  ", line))
            n, most, share, *cells = [0.0 if word == "." else float(word) for word in line.replace("%", " ").split()[1:]]
            self.assertEqual((n, most), (table[k].sum(), table[k].argmax()))
            self.assert_close(share, 100 * table[k].max() / table[k].sum(), absolute=0.06)
            self.assertEqual(cells, list(table[k]))
        self.assertLessEqual(max(map(width, text.splitlines())), 80)
        self.assertEqual(on_a_terminal("compare", *files, "--json").splitlines()[-1] + "\n", piped.stdout)
        self.assertEqual(self.ok("compare", *files, "--json").stdout, piped.stdout)
        self.assertEqual(self.ok("compare", *files, ranks=3).stdout, piped.stdout)
        below = on_a_terminal("compare", *files, launcher=("mpirun", "-n", "2"))
        self.assertIn(piped.stdout, below)  # it may go anywhere

    def test_every_verdict(self):
        rng = np.random.default_rng(5)
        a = rng.integers(0, 4, 4000)

        def noisy(share):
            b = a.copy()
            b[:int(4000 * share)] = rng.integers(0, 4, int(4000 * share))
            return b
        for b, words in ((a, "are the same labels."), (3 - a, "the same clusters under other numbers."), (noisy(0.03), "agree excellently"),
                         (noisy(0.08), "agree well (adjusted Rand index above 0.80)"), (noisy(0.15), "agree moderately"), (noisy(0.5), "agree poorly"),
                         (np.r_[np.tile([0, 1, 2, 3], 1000)][np.argsort(a, kind="stable").argsort()], "no more than labels dealt by chance")):
            text = on_a_terminal("compare", self.labels("a.h5", a), self.labels("b.h5", b))
            self.assertIn(words, text)

    def test_many_clusters(self):
        a = np.repeat(np.arange(40), np.arange(1, 41))
        text = on_a_terminal("compare", self.labels("a.h5", a), self.labels("b.h5", a // 2))
        self.assertIn("These are the 12 largest of A's 40 clusters.", text)
        self.assertEqual(re.findall(r"^(\d+) +\d+ +(\d+) +100.0 %$", text, re.M), [(str(k), str(k // 2)) for k in range(28, 40)])
        self.assertLessEqual(max(map(width, text.splitlines())), 80)

    def test_mutual_information_is_no_more_than_one(self):
        files = self.labels("a.h5", [0] + [1] * 9), self.labels("b.h5", [0] + [1] * 9)
        self.assertEqual(self.json("compare", *files)["normalized_mutual_information"], 1)

    def test_what_is_not_quite_the_same_does_not_seem_so(self):
        a = np.arange(100000) % 3
        b = a.copy()
        b[0] = 1
        text = on_a_terminal("compare", self.labels("a.h5", a), self.labels("b.h5", b))
        self.assertIn("adjusted Rand index            >0.9999", text)


if __name__ == "__main__":
    shoal.main()
