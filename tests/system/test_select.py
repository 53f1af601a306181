"""Several numbers of clusters tried, and one chosen: the table, the criteria, bits, kills, and what is refused."""
import filecmp
import json
import os
import signal

import h5py
import numpy as np
from sklearn.metrics import calinski_harabasz_score

import shoal

FAULTS = os.environ["SHOAL_FAULT_LIBRARY"]
GSS82 = shoal.REFERENCES / "gss82.h5"
MIXTURE = ["n_clusters", "type", "objective", "log_likelihood", "n_parameters", "bic", "aic", "icl", "entropy_r2",
           "remaining_gain", "n_iterations", "n_passes", "converged", "sound", "chosen", "health"]
HARD = ["n_clusters", "type", "objective", "silhouette", "calinski_harabasz", "below_chord", "n_iterations", "n_passes",
        "converged", "sound", "chosen", "health"]


def blobs(k, n=600, d=2, far=6, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.permutation(np.array(np.meshgrid(*[np.arange(4) * far] * d)).reshape(d, -1).T)[:k]
    return centres[rng.integers(0, k, n)] + rng.normal(size=(n, d))


def simplified_silhouette(X, centres, weights, distance=lambda x: np.sqrt((x**2).sum(-1))):
    """Plainly: by the distances to the own centre and the nearest other one."""
    near = np.sort(distance(X[:, None] - centres[None]), axis=1)
    return np.average((near[:, 1] - near[:, 0]) / near[:, 1], weights=weights)


class Select(shoal.ShoalTest):
    def select(self, model, data, *arguments, output="best.h5", ranks=0, **keywords):
        self.ok("select", model, data, "-o", self.path(output), "--overwrite", "-q", *arguments, ranks=ranks, **keywords)
        return h5py.File(self.path(output))

    def test_the_table_of_a_mixture(self):
        data = self.write("data.h5", blobs(3))
        said = self.ok("select", "gaussian", data, "-k", "1:5", "--covariance", "full,diag", "-o", self.path("b.h5")).stderr
        with h5py.File(self.path("b.h5")) as file:
            table = file["selection"][:]
            self.assertEqual(file["selection"].attrs["criterion"], "bic")
            self.assertEqual(list(table.dtype.names), MIXTURE)
            np.testing.assert_array_equal(table["n_clusters"], [1, 2, 3, 4, 5] * 2)
            self.assertEqual([word.decode() for word in table["type"]], ["full"] * 5 + ["diag"] * 5)
            np.testing.assert_array_equal(table["n_parameters"], [5, 11, 17, 23, 29, 4, 9, 14, 19, 24])
            np.testing.assert_allclose(table["bic"], -2 * table["log_likelihood"] + table["n_parameters"] * np.log(600))
            np.testing.assert_allclose(table["aic"], -2 * table["log_likelihood"] + 2 * table["n_parameters"])
            self.assertTrue((table["icl"] >= table["bic"]).all())
            chosen = np.flatnonzero(table["chosen"])
            eligible = table["bic"] + np.where(table["sound"] & table["converged"], 0, np.inf)
            self.assertEqual(list(chosen), [np.argmin(eligible)])
            self.assertEqual((table["n_clusters"][chosen], table["type"][chosen]), (3, b"diag"))
            self.assertTrue((table["remaining_gain"][table["converged"] == 1] < 0.1).all())
            self.assertEqual(file.attrs["n_clusters"], 3)
            self.assertEqual(file.attrs["covariance"], "diag")
            for name in ("bic", "aic", "icl", "log_likelihood", "entropy_r2", "n_iterations", "n_passes"):
                self.assertEqual(file.attrs[name], table[name][chosen], name)
            for group in ("health", "starts", "parameters", "history"):
                self.assertIn(group, file)
            self.assertIn('[select]\nclusters = [1, 2, 3, 4, 5]\ncovariance = ["full", "diag"]\ncriterion = "bic"',
                          file.attrs["options"].replace("[ ", "[").replace(" ]", "]"))
        lines = [line for line in said.splitlines() if line.startswith(("*", " ")) and "sound" in line]
        self.assertEqual([line.startswith("*    3  diag") for line in lines].count(True), 1, said)

    def test_info_shows_the_table(self):
        self.select("gaussian", self.write("data.h5", blobs(2)), "-k", "1,2,4").close()
        text = self.ok("info", self.path("best.h5")).stdout
        self.assertRegex(text, r"\n\*    2 ")
        told = self.json("info", self.path("best.h5"), "--json")
        self.assertEqual([line["n_clusters"] for line in told["selection"]], [1, 2, 4])
        self.assertEqual(told["criterion"], "bic")

    def test_what_a_fit_gives_too(self):
        data = self.write("data.h5", blobs(3))
        told = self.json("select", "gaussian", data, "-k", "2:4", "-o", self.path("b.h5"), "--labels",
                         self.path("labels.h5"), "--log", self.path("log.jsonl"), "--json", "-q")
        self.assertEqual(told["n_clusters"], 3)
        self.assertEqual([line["chosen"] for line in told["selection"]], [False, True, False])
        log = [json.loads(line) for line in self.path("log.jsonl").read_text().splitlines()]
        self.assertEqual([line["n_clusters"] for line in log if line["event"] == "selection"], [2, 3, 4])
        self.assertEqual(log[-1]["event"], "run")
        self.ok("predict", self.path("b.h5"), data, "-o", self.path("again.h5"))
        with h5py.File(self.path("labels.h5")) as a, h5py.File(self.path("again.h5")) as b:
            np.testing.assert_array_equal(a["labels"][:], b["labels"][:])
        self.assertEqual(self.json("score", self.path("b.h5"), data)["log_likelihood"], told["log_likelihood"])
        dry = self.ok("select", "gaussian", data, "-k", "2:4", "--dry-run").stdout
        self.assertIn("K = 2:4", dry)
        self.assertIn("3, one after the other", dry)

    def test_codes_are_scored_as_in_the_fit(self):
        data = (shoal.DATA / "digits-binary.h5", "--rows", "0:150")  # 20 clusters need another coding than 2
        with self.select("bernoulli", *data, "-k", "2,20") as file:
            self.assertEqual(file.attrs["n_clusters"], 2)
            self.assertEqual(self.json("score", self.path("best.h5"), *data)["log_likelihood"],
                             file.attrs["log_likelihood"])

    def test_gss82_has_three_classes(self):
        for seed in range(10):
            with self.select("categorical", GSS82, "-k", "1:5", "--seed", seed) as file:
                self.assertEqual(file.attrs["n_clusters"], 3)
                self.assertAlmostEqual(file.attrs["log_likelihood"], -2754.545, places=2)

    def test_the_number_of_clusters_that_there_are(self):
        for k in (2, 4, 7):
            data = self.write("data.h5", blobs(k, far=9, seed=k))
            for model in ("gaussian", "kmeans", "kmedians"):
                for criterion in ("bic", "icl") if model == "gaussian" else ("silhouette", "calinski-harabasz", "elbow"):
                    with self.subTest(k=k, model=model, criterion=criterion):
                        with self.select(model, data, "-k", "1:9" if criterion == "elbow" else "2:9", "--criterion",
                                         criterion) as file:
                            self.assertEqual(file.attrs["n_clusters"], k)

    def test_criteria_of_k_means(self):
        X, weights = blobs(4), np.random.default_rng(1).integers(1, 4, 600)
        data = self.write("data.h5", X, w=weights)
        for options, w in (((), np.ones(600, int)), (("--row-weights", "/w"), weights)):
            for k in (2, 4, 6):
                with self.select("kmeans", data, "-k", k, *options, "--labels", self.path("l.h5")) as file:
                    line, centres = file["selection"][0], file["parameters/means"][:]
                with h5py.File(self.path("l.h5")) as labels:
                    labels = labels["labels"][:]
                self.assert_close(line["calinski_harabasz"],
                                  calinski_harabasz_score(X.repeat(w, axis=0), labels.repeat(w)), relative=1e-9)
                self.assert_close(line["silhouette"], simplified_silhouette(X, centres, w), relative=1e-9)
            with self.select("kmeans", data, "-k", "1:6", *options) as file:
                table = file["selection"][:]
            self.assertEqual(list(table.dtype.names), HARD)
            self.assertTrue(np.isnan(table["silhouette"][0]) and np.isnan(table["calinski_harabasz"][0]))
            x, y = np.log(table["n_clusters"]), np.log(table["objective"])
            chord = y[0] + (y[-1] - y[0]) / (x[-1] - x[0]) * (x - x[0])
            self.assert_close(table["below_chord"], chord - y, absolute=1e-9)

    def test_criteria_of_k_medians(self):
        X = blobs(3)
        data = self.write("data.h5", X)
        total = np.abs(X - np.median(X, axis=0)).sum()
        with self.select("kmedians", data, "-k", 3) as file:
            line, centres = file["selection"][0], file["parameters/medians"][:]
        w = line["objective"]
        self.assert_close(line["calinski_harabasz"], ((total - w) / 2) / (w / 597), relative=1e-9)
        self.assert_close(line["silhouette"],
                          simplified_silhouette(X, centres, None, lambda x: np.abs(x).sum(-1)), relative=1e-9)

    def test_a_row_that_is_a_cluster_says_nothing(self):
        X = np.concatenate([blobs(2, n=50), [[1000.0, 1000.0]]])
        with self.select("kmeans", self.write("data.h5", X), "-k", 3) as file:
            line, centres, counts = file["selection"][0], file["parameters/means"][:], file["parameters/counts"][:]
        self.assertIn(1, counts)
        expected = simplified_silhouette(X[:50], centres, None) * 50 / 51
        self.assert_close(line["silhouette"], expected, relative=1e-9)

    def test_bivariate_residuals(self):
        rng = np.random.default_rng(3)
        X = rng.integers(0, [3, 2, 4, 2], (500, 4))
        X[:, 1] = np.where(rng.random(500) < 0.9, X[:, 0] % 2, X[:, 1])
        weights = rng.integers(0, 3, 500)
        for model, X in (("categorical", X), ("bernoulli", X % 2)):
            data = self.write("data.h5", X.astype(np.uint8), w=weights)
            with self.select(model, data, "-k", "1", "--row-weights", "/w") as file:
                found = file["health/bivariate_residuals"][:]
            levels = X.max(axis=0) + 1
            for i in range(4):
                self.assertEqual(found[i, i], 0)
                for j in range(i):
                    table = np.zeros((levels[i], levels[j]))
                    np.add.at(table, (X[:, i], X[:, j]), weights)
                    expected = np.outer(table.sum(1), table.sum(0)) / table.sum()  # one class: independence
                    x2 = ((table - expected)**2 / expected).sum() / ((levels[i] - 1) * (levels[j] - 1))
                    self.assert_close([found[i, j], found[j, i]], x2, relative=1e-6)
            told = " ".join(self.ok("info", self.path("best.h5")).stdout.split())
            self.assertIn("largest bivariate residual", told)
            self.assertIn("of features 0 and 1: they depend", told)

    def test_residuals_of_classes(self):
        with self.select("categorical", GSS82, "-k", "3") as file, h5py.File(GSS82) as data:
            X, weights = data["X"][:], file["parameters/weights"][:]
            p, offsets = file["parameters/probabilities"][:], file["parameters/level_offsets"][:]
            found = file["health/bivariate_residuals"][:]
        table = np.zeros((3, 2))
        np.add.at(table, (X[:, 0], X[:, 1]), 1)
        expected = len(X) * np.einsum("k,ka,kb->ab", weights, p[:, :3], p[:, 3:5])
        self.assertEqual(list(offsets[:3]), [0, 3, 5])
        self.assert_close(found[0, 1], ((table - expected)**2 / expected).sum() / 2, relative=1e-8)

    def test_residuals_of_rows_with_gaps(self):
        rng = np.random.default_rng(4)
        X = rng.integers(0, 2, (300, 3)).astype(float)
        X[rng.random(X.shape) < 0.2] = np.nan
        with self.select("bernoulli", self.write("data.h5", X), "-k", "1", "--missing", "marginalize") as file:
            found, p = file["health/bivariate_residuals"][:], file["parameters/probabilities"][0]
        both = X[~np.isnan(X[:, :2]).any(axis=1)].astype(int)
        table = np.zeros((2, 2))
        np.add.at(table, (both[:, 0], both[:, 1]), 1)
        expected = len(both) * np.outer([1 - p[0], p[0]], [1 - p[1], p[1]])
        self.assert_close(found[0, 1], ((table - expected)**2 / expected).sum(), relative=1e-8)

    def test_the_same_file_on_any_ranks_and_threads(self):
        numbers = self.write("numbers.h5", blobs(3, n=9000))
        for model, data, options in (("gaussian", numbers, ("-k", "1:4", "--covariance", "full,spherical")),
                                     ("kmeans", numbers, ("-k", "2:5")), ("categorical", GSS82, ("-k", "1:4"))):
            self.select(model, data, *options, output="one.h5").close()
            for ranks, threads in ((1, 2), (2, 1), (3, 1), (4, 1), (7, 1)):
                with self.subTest(model=model, ranks=ranks, threads=threads):
                    self.select(model, data, *options, "--threads", threads, output="many.h5", ranks=ranks).close()
                    self.assertTrue(filecmp.cmp(self.path("one.h5"), self.path("many.h5"), shallow=False))

    def test_a_larger_number_starts_from_a_split(self):
        data = self.write("data.h5", blobs(4))
        with self.select("gaussian", data, "-k", "3,4") as file:
            self.assertEqual(list(file["starts/on_sample"][:]), [1, 1, 1, 0])
        with self.select("gaussian", data, "-k", "2,4,9", "--criterion", "aic") as file:  # several splits at once
            self.assertEqual(list(file["starts/on_sample"][:])[:3], [1, 1, 1])
        with self.select("kmeans", data, "-k", "1:4") as file:
            self.assertEqual(list(file["starts/on_sample"][:]), [1, 1, 1, 0])
        with self.select("gaussian", data, "-k", "3,4", "--starts", 2) as file:
            self.assertEqual(list(file["starts/on_sample"][:]), [0, 0])

    def test_uniform_weights_stay_uniform(self):
        with self.select("gaussian", self.write("data.h5", blobs(4)), "-k", "1:5", "--mixing", "uniform") as file:
            self.assertEqual(list(file["parameters/weights"][:]), [0.25] * 4)

    def test_degenerate_fits_are_marked_and_not_chosen(self):
        X = np.random.default_rng(2).normal(size=(15, 3))  # four components cannot have four rows each
        with self.select("gaussian", self.write("data.h5", X), "-k", "1:5") as file:
            table = file["selection"][:]
        self.assertTrue((table["health"][table["sound"] == 0] == b"degenerate").all())
        self.assertIn(b"degenerate", table["health"])
        self.assertEqual(table["health"][table["chosen"] == 1], b"sound")
        self.assertLess(table["bic"].min(), table["bic"][table["chosen"] == 1])

    def test_unconverged_fits_are_marked_and_the_best_of_them_told(self):
        data = self.write("data.h5", np.random.default_rng(0).normal(size=(500, 3)))
        run = self.ok("select", "gaussian", data, "-k", "4:5", "--max-iterations", 2, "-o", self.path("b.h5"))
        self.assertIn("no fit is both sound and converged", run.stderr)
        with h5py.File(self.path("b.h5")) as file:
            self.assertEqual(set(file["selection"]["health"]), {b"unconverged"})
            self.assertEqual(file["selection"]["chosen"].sum(), 1)

    def test_refused(self):
        data = self.write("data.h5", blobs(3, n=50))
        model = self.write("start.h5", np.zeros((2, 2)))
        for words, *arguments in ((("--criterion bic", "kmeans", "silhouette"), "kmeans", "-k", "2:3", "--criterion", "bic"),
                                  (("--criterion elbow", "gaussian", "bic"), "gaussian", "-k", "2:4", "--criterion", "elbow"),
                                  (("elbow", "three"), "kmeans", "-k", "2:3", "--criterion", "elbow"),
                                  (("--criterion best", "bic|aic"), "kmeans", "-k", "2:3", "--criterion", "best"),
                                  (("-k 5:2",), "kmeans", "-k", "5:2"), (("-k 0:2",), "kmeans", "-k", "0:2"),
                                  (("-k 2:9:0",), "kmeans", "-k", "2:9:0"), (("-k 2,,3",), "kmeans", "-k", "2,,3"),
                                  (("-k 1:9999999",), "kmeans", "-k", "1:9999999"), (("-k 1:2:3:4",), "kmeans", "-k", "1:2:3:4"),
                                  (("--covariance round",), "gaussian", "-k", "2:3", "--covariance", "full,round"),
                                  (("--covariance", "kmeans", "gaussian"), "kmeans", "-k", "2:3", "--covariance", "full"),
                                  (("--init", "shoal fit"), "gaussian", "-k", "2:3", "--init", model),
                                  (("--mixing", "shoal fit"), "gaussian", "-k", "2:3", "--mixing", model),
                                  (("-k 2:60", "50 rows"), "kmeans", "-k", "2:60"),
                                  (("kmeans", "skip"), "kmeans", "-k", "2:3", "--missing", "marginalize")):
            with self.subTest(arguments=arguments):
                self.fails(64, words, "select", arguments[0], data, *arguments[1:], "-o", self.path("none.h5"))
        self.assertFalse(self.path("none.h5").exists())

    def test_a_number_that_the_rows_do_not_bear_is_marked(self):
        X = blobs(5, n=5).repeat(20, axis=0)
        data = self.write("data.h5", X)
        said = self.ok("select", "kmeans", data, "-k", "2:8", "-o", self.path("b.h5")).stderr
        self.assertIn("-k 6: the data hold only 5 distinct rows", said)
        with h5py.File(self.path("b.h5")) as file:
            table = file["selection"][:]
        self.assertEqual([word.decode() for word in table["health"]], ["sound"] * 4 + ["failed"] * 3)
        self.assertTrue(np.isnan(table["objective"][4:]).all())
        self.assertEqual(list(np.flatnonzero(table["chosen"])), [3])
        self.assertRegex(self.ok("info", self.path("b.h5")).stdout, r"\n     7 .*failed")
        self.assertIn("distinct rows", self.json("select", "kmeans", data, "-k", "5:6", "--json", "-q", "-o",
                                                 self.path("c.h5"))["selection"][1]["failure"])
        self.fails(64, ["no fit could be made", "-k 8", "5 distinct rows"], "select", "kmeans", data, "-k", "6:8", "-o",
                   self.path("d.h5"))

    def test_where_the_criterion_tells_nothing(self):
        few = self.write("few.h5", blobs(3, n=3).repeat(20, axis=0))
        for numbers, words in (("1,2,3", "an elbow needs three fits or more; of these 2 can be used"), ("2,3,4", "elbow needs")):
            said = self.ok("select", "kmeans", few, "-k", numbers, "--criterion", "elbow", "-o", self.path("b.h5"),
                           "--overwrite").stderr
            self.assertIn(words, said)
        light = self.write("light.h5", blobs(3), w=np.full(600, 1 / 600))
        said = self.ok("select", "kmeans", light, "-k", "2:4", "--row-weights", "w", "--criterion", "calinski-harabasz", "-o",
                       self.path("b.h5"), "--overwrite").stderr
        self.assertIn("warning: calinski-harabasz says nothing of these fits", said)

    def test_calinski_harabasz_without_iterations(self):
        X = blobs(3)
        with self.select("kmeans", self.write("data.h5", X), "-k", "2:3", "--max-iterations", 0) as file:
            total, table = ((X - X.mean(0)) ** 2).sum(), file["selection"][:]
        k, w = table["n_clusters"], table["objective"]
        self.assert_close(table["calinski_harabasz"], (total - w) / (k - 1) / (w / (600 - k)), relative=1e-9)

    def test_a_config_may_have_it_all(self):
        data = self.write("data.h5", blobs(3))
        self.path("c.toml").write_text('[select]\nclusters = [2, 3]\ncovariance = ["full", "tied"]\ncriterion = "icl"\n')
        with self.select("gaussian", data, "--config", self.path("c.toml")) as file:
            self.assertEqual(list(file["selection"]["n_clusters"]), [2, 3, 2, 3])


class Restart(shoal.ShoalTest):
    def setUp(self):
        super().setUp()
        self.data = self.write("data.h5", blobs(3, n=2000, far=3))

    def arguments(self, name, *more, model="gaussian", scan=("-k", "1:4", "--covariance", "full,diag")):
        return ["select", model, self.data, *scan, "-q", "-o", self.path(f"{name}.h5"), "--labels",
                self.path(f"{name}-labels.h5"), *more]

    def checkpointed(self, **keywords):
        return self.arguments("fit", "--checkpoint", self.path("fit.ckpt"), "--checkpoint-every", 3, **keywords)

    def assert_same(self):
        for suffix in (".h5", "-labels.h5"):
            self.assertTrue(filecmp.cmp(self.path("ref" + suffix), self.path("fit" + suffix), shallow=False), suffix)

    def remove(self):
        for file in self.folder.glob("fit*"):
            file.unlink()

    def killed(self, what, **keywords):
        env = {"LD_PRELOAD": FAULTS, "SHOAL_FAULT": what, "SHOAL_FAULT_FILE": "fit.ckpt"}
        self.assertEqual(shoal.run(*self.checkpointed(**keywords), env=env).returncode, -signal.SIGKILL, what)

    def test_kills_change_no_bit(self):
        for model, scan in (("gaussian", ("-k", "1:4", "--covariance", "full,diag")),
                            ("kmeans", ("-k", "2:5", "--criterion", "elbow"))):
            keywords = {"model": model, "scan": scan}
            self.ok(*self.arguments("ref", "--overwrite", **keywords))
            for n in (1, 4, 9, 12, 17, 21):
                with self.subTest(model=model, n=n):
                    self.killed(f"kill:rename:{n}", **keywords)
                    self.ok(*self.checkpointed(**keywords), ranks=3 if n % 2 else 0)
                    self.assert_same()
                    self.remove()

    def test_several_kills_on_other_ranks(self):
        self.ok(*self.arguments("ref"))
        for n in (5, 9, 8):
            self.killed(f"kill:rename:{n}")
        self.ok(*self.checkpointed(), ranks=2)
        self.assert_same()

    def test_only_the_fit_under_way_is_repeated(self):
        self.ok(*self.arguments("ref"))
        self.killed("kill:rename:26")
        done = self.json("info", self.path("fit.ckpt"), "--json")["n_fits"]
        self.assertGreater(done, 0)
        said = self.ok(*[word for word in self.checkpointed() if word != "-q"]).stderr
        self.assertNotIn(f"fit {done} of 8", said)
        self.assertIn(f"fit {done + 1} of 8", said)
        self.assert_same()

    def test_a_failure_is_remembered(self):
        self.data = self.write("data.h5", blobs(3, n=3).repeat(700, axis=0))
        keywords = {"model": "kmeans", "scan": ("-k", "2:6")}
        self.ok(*self.arguments("ref", **keywords))
        self.killed("kill:rename:28", **keywords)
        self.assertGreater(self.json("info", self.path("fit.ckpt"), "--json")["n_fits"], 3)
        self.ok(*self.checkpointed(**keywords), ranks=2)
        self.assert_same()

    def test_a_finished_one_says_so(self):
        self.ok(*self.checkpointed())
        self.ok(*self.arguments("ref"))
        self.assert_same()
        said = self.ok(*[word for word in self.checkpointed() if word != "-q"]).stderr
        self.assertIn("nothing to do", said)
        self.path("fit.h5").unlink()
        said = self.ok(*[word for word in self.checkpointed() if word != "-q"]).stderr
        self.assertNotIn("fit 1 of", said)
        self.assert_same()

    def test_another_scan_does_not_go_on(self):
        self.killed("kill:rename:9")
        self.fails(64, ["clusters"], *self.checkpointed(scan=("-k", "1:5", "--covariance", "full,diag")))
        self.fails(64, ["covariance"], *self.checkpointed(scan=("-k", "1:4", "--covariance", "full")))
        self.fails(64, ["criterion"], *self.checkpointed(scan=("-k", "1:4", "--covariance", "full,diag", "--criterion",
                                                               "icl")))
        self.fails(64, ["max-iterations"], *self.checkpointed(), "--max-iterations", 2000)

    def test_time_is_up(self):
        self.ok(*self.arguments("ref"))
        result = shoal.run(*self.checkpointed(), "--max-time", "1s")
        self.assertIn(result.returncode, (0, 75), result.stderr)
        self.ok(*self.checkpointed())
        self.assert_same()


if __name__ == "__main__":
    shoal.main()
