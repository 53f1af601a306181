"""Searches on a sample, and starts: the same bits on any ranks and after any kill, the best kept, sound before
degenerate, and what is told of them."""
import filecmp
import json
import os
import signal
import subprocess
import time

import h5py
import numpy as np

import shoal

FAULTS = os.environ.get("SHOAL_FAULT_LIBRARY", "")
CASES = (("kmeans", "real"), ("kmedians", "real"), ("gaussian", "real"), ("gaussian", "real", "--covariance", "diag"),
         ("bernoulli", "binary"), ("categorical", "codes"), ("poisson", "counts"))


def fault(what, held=""):
    return {"LD_PRELOAD": FAULTS, "SHOAL_FAULT": what, "SHOAL_FAULT_FILE": "fit.ckpt", "SHOAL_FAULT_HELD": str(held)}


def groups(n, d=3, k=4, seed=1):
    """k groups that overlap."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(k, d))[rng.integers(0, k, n)] * 2 + rng.normal(size=(n, d))


class SearchTest(shoal.ShoalTest):
    def files(self, n=6000):
        X = groups(n)
        return {"real": self.write("real.h5", X), "binary": self.write("binary.h5", (X > 0).astype(np.uint8)),
                "codes": self.write("codes.h5", np.clip(np.floor(X + 2), 0, 3).astype(np.int32), levels=np.full(3, 4)),
                "counts": self.write("counts.h5", np.floor(np.exp(np.clip(X, -1, 3))).astype(np.int32))}

    def assert_same_files(self, a, b):
        for suffix in (".h5", "-labels.h5"):
            self.assertTrue(filecmp.cmp(self.path(a + suffix), self.path(b + suffix), shallow=False), (a, b, suffix))

    def outputs(self, name):
        return ("-o", self.path(f"{name}.h5"), "--labels", self.path(f"{name}-labels.h5"))

    def starts_of(self, model):
        return {name: model["starts"][name][:] for name in model["starts"]}


class Bits(SearchTest):
    def test_the_same_on_any_ranks_and_threads(self):
        files = self.files()
        for model, data, *more in CASES:
            fit = ("fit", model, files[data], "-k", 4, "--search-rows", 1000, "--max-iterations", 30, "-q", "--overwrite", *more)
            self.ok(*fit, *self.outputs("ref"))
            for ranks, threads in ((1, 3), (2, 1), (3, 3), (4, 1), (7, 1)):
                with self.subTest(model=model, more=more, ranks=ranks, threads=threads):
                    self.ok(*fit, *self.outputs("fit"), "--threads", threads, ranks=ranks)
                    self.assert_same_files("ref", "fit")

    def test_starts_too(self):
        data = self.files()["real"]
        for model in ("kmeans", "gaussian"):
            fit = ("fit", model, data, "-k", 4, "--starts", 3, "--max-iterations", 20, "-q", "--overwrite")
            self.ok(*fit, *self.outputs("ref"))
            self.ok(*fit, *self.outputs("fit"), ranks=3)
            self.assert_same_files("ref", "fit")


class Starts(SearchTest):
    def test_the_best_of_several_is_kept(self):
        data = self.write("x.h5", groups(1500, k=9))
        for model, sign in (("kmeans", -1), ("gaussian", 1), ("kmedians", -1)):
            with self.subTest(model=model):
                with self.fit(model, data, "-k", 9, "--starts", 5) as file:
                    starts, best, passes = self.starts_of(file), file.attrs["objective"], file.attrs["n_passes"]
                self.assertEqual(len(starts["objective"]), 5)
                self.assertFalse(starts["on_sample"].any())
                self.assertTrue((starts["total_weight"] == 1500).all())
                self.assertGreater(len(set(starts["objective"])), 1, "all starts ended alike: nothing is tested")
                able = starts["sound"] == 1 if starts["sound"].any() else np.ones(5, bool)
                kept = np.flatnonzero(able)[np.argmax(sign * starts["objective"][able])]
                self.assertEqual((best, passes), (starts["objective"][kept], starts["passes"][kept]))
                self.ok("score", self.path("model.h5"), data)
                # the first start is the one that is made alone
                with self.fit(model, data, "-k", 9, "--starts", 1) as alone:
                    self.assertEqual(alone.attrs["objective"], starts["objective"][0])
                    self.assertEqual(self.starts_of(alone)["passes"], starts["passes"][:1])

    def test_it_is_told_how_each_went(self):
        data, log = self.write("x.h5", groups(1500)), self.path("log.jsonl")
        said = self.ok("fit", "kmeans", data, "-k", 4, "--starts", 3, "-o", self.path("m.h5"), "--log", log).stderr
        for words in (r"start 1 of 3: \S+ per row after \d+ passes", r"start 3 of 3: \S+ per row after"):
            self.assertRegex(said, words)
        self.assertIn("of 3 starts reached the best optimum", self.ok("info", self.path("m.h5")).stdout)
        events = [json.loads(line) for line in log.read_text().splitlines()]
        self.assertEqual([event["number"] for event in events if event["event"] == "start"], [1, 2, 3])
        self.assertEqual(events[0]["event"], "start")
        self.assertEqual(sum(event["event"] == "iteration" and event["iteration"] == 0 for event in events), 3)

    def test_a_start_from_a_file_is_one(self):
        data, start = self.write("x.h5", groups(500)), self.path("start.h5")
        self.ok("fit", "kmeans", data, "-k", 4, "-o", start, "-q")
        self.fails(64, ["--starts 3", "--init"], "fit", "kmeans", data, "-k", 4, "--starts", 3, "--init", start, "-o",
                   self.path("m.h5"))
        for more in ((), ("--starts", 1), ("--starts", "auto")):
            with self.fit("kmeans", data, "-k", 4, "--init", start, *more) as model:
                self.assertEqual(len(model["starts/objective"]), 1)
                self.assertIn("starts = 1\n", model.attrs["options"])

    def test_impossible_values(self):
        data = self.write("x.h5", groups(100))
        for option, value in (("--starts", "0"), ("--starts", "some"), ("--starts", "-2"), ("--search-rows", "0"),
                              ("--search-rows", "most"), ("--search-rows", "1.5")):
            self.fails(64, [option, value], "fit", "kmeans", data, "-k", 2, f"{option}={value}", "-o", self.path("m.h5"))


class Sound(SearchTest):
    def test_a_sound_start_is_kept_before_a_degenerate_one_of_higher_likelihood(self):
        """Twelve copies of one row: a component that shrinks onto them has any likelihood that regularisation allows."""
        X = np.vstack([groups(400, d=2, k=2), np.tile([[9.0, 9.0]], (12, 1))])
        data = self.write("x.h5", X)
        with self.fit("gaussian", data, "-k", 3, "--starts", 10, "--init", "random") as model:
            starts, objective = self.starts_of(model), model.attrs["objective"]
        sound = starts["sound"] == 1
        self.assertTrue(sound.any() and not sound.all(), starts)
        self.assertEqual(objective, starts["objective"][sound].max())
        self.assertGreater(starts["objective"][~sound].max(), objective)

    def test_a_sound_fit_is_found_where_most_starts_end_degenerate(self):
        """One covariance for ten digits, not regularised: of fifty starts two are sound."""
        with h5py.File(shoal.DATA / "digits.h5") as file:
            X = file["X"][:].astype(float)
        data = self.write("x.h5", (X - X.mean(0))[:, X.std(0) > 0] / X.std(0)[X.std(0) > 0])
        searches = []
        for seed in range(4):
            fit = ("gaussian", data, "-k", 10, "--covariance", "tied", "--regularization", 0, "--seed", seed)
            with self.fit(*fit) as model:
                self.assertFalse(model["health/small"][:].any() or model["health/flat"][:].any(), seed)
                searches.append(int((model["starts/on_sample"][:] == 1).sum()))
                one = model["starts/objective"][:]
            if searches[-1] > 2:
                with self.fit(*fit, ranks=3) as model:
                    np.testing.assert_array_equal(model["starts/objective"][:], one)
        self.assertGreater(max(searches), 2, "no seed needed more searches: look for another")

    def test_where_nothing_is_sound_a_warning_names_component_size_and_direction(self):
        X = groups(600, d=2, k=2)
        plane = self.write("plane.h5", np.c_[X, X[:, 0] - X[:, 1]])
        with h5py.File(plane, "r+") as file:
            file["X"].attrs["feature_names"] = ["length", "width", "difference"]
        for more in ((), ("--starts", 2)):
            result = self.ok("fit", "gaussian", plane, "-k", 2, "-o", self.path("m.h5"), "--overwrite", *more)
            warning = next(line for line in result.stderr.splitlines() if "warning" in line)
            for words in ("no sound fit was found", "component 0 has ", "length", "width", "difference", "a variance of"):
                self.assertIn(words, warning)
            self.assertIn("health: degenerate", result.stderr)
            self.assertIn("health: all 2 ", result.stderr)
            self.assertIn("degenerate: component 0", self.ok("info", self.path("m.h5")).stdout)
            with h5py.File(self.path("m.h5")) as model:
                np.testing.assert_array_equal(model["health/flat"][:], [1, 1])
                self.assertFalse(model["starts/sound"][:].any())
                for direction in model["health/direction"][:]:  # in units of deviations: the normal of the plane
                    normal = np.array([1.0, -1, -1]) * np.r_[X.std(0), (X[:, 0] - X[:, 1]).std()]
                    self.assertAlmostEqual(abs(direction @ normal) / np.linalg.norm(normal), 1, places=6)


class Samples(SearchTest):
    def test_rows_of_the_sample(self):
        data = self.write("x.h5", groups(6000))
        for rows, about, slack in ((500, 500, 120), ("all", 6000, 0), (10**9, 6000, 0), (6000, 6000, 0)):
            with self.subTest(rows=rows), self.fit("kmeans", data, "-k", 4, "--search-rows", rows) as model:
                starts = self.starts_of(model)
                self.assertLessEqual(abs(starts["total_weight"][0] - about), slack)
                self.assertEqual(starts["total_weight"][-1], 6000)
        with self.fit("kmeans", data, "-k", 4, "--search-rows", "all") as model:
            self.assertIn('search-rows = "all"\n', model.attrs["options"])

    def test_a_sample_that_is_too_small_is_none(self):
        data = self.write("x.h5", groups(6000))
        for model in ("kmeans", "kmedians", "gaussian"):
            with self.fit(model, data, "-k", 4, "--starts", 1) as file:
                alone = file.attrs["objective"]
            for rows in (1, 2):
                result = self.ok("fit", model, data, "-k", 4, "--search-rows", rows, "-o", self.path("m.h5"), "--overwrite")
                self.assertIn("is too small for 4 clusters: one plain start", result.stderr)
                with h5py.File(self.path("m.h5")) as file:
                    self.assertEqual(file.attrs["objective"], alone)
                    self.assertFalse(file["starts/on_sample"][:].any())

    def test_a_model_too_large_for_its_sample_starts_plainly(self):
        """Rows of 4 MiB: 32 of them are all that 128 MiB hold."""
        data = self.write("x.h5", np.random.default_rng(0).normal(size=(40, 2**20)).astype(np.float32))
        result = self.ok("fit", "gaussian", data, "-k", 2, "--covariance", "spherical", "--max-iterations", 1, "-o",
                         self.path("m.h5"))
        self.assertIn("is too small for a model of 2097155 parameters: one plain start; --search-rows N", result.stderr)

    def test_weights_of_the_sample(self):
        """Rows of weight 0 are in no sample; a factor of all weights changes nothing."""
        X = groups(6000)
        weights = np.random.default_rng(2).integers(0, 3, 6000).astype(float)
        X[weights == 0] += 1e6
        found = []
        for factor in (1, 8):
            data = self.write("x.h5", X, w=factor * weights)
            with self.fit("kmeans", data, "-k", 4, "--row-weights", "/w", "--search-rows", 1000) as model:
                found.append((model["parameters/means"][:], self.starts_of(model)["objective"][:2]))
        np.testing.assert_array_equal(found[0][0], found[1][0])
        np.testing.assert_array_equal(found[0][1], found[1][1])
        self.assertLess(abs(found[0][0]).max(), 100)

    def test_few_distinct_rows(self):
        data = self.write("x.h5", np.repeat([[0.0, 0], [1, 1], [2, 5]], 50, axis=0))
        for model in ("kmeans", "kmedians"):
            self.fails(64, ["-k 4", "3 distinct"], "fit", model, data, "-k", 4, "-o", self.path("m.h5"))
            with self.fit(model, data, "-k", 3) as file:
                self.assertEqual(file.attrs["objective"], 0)

    def test_what_a_sample_does_not_hold_the_rows_do(self):
        """Four values, of which a sample will see one: searches find nothing, a plain start does."""
        X = np.zeros((20000, 2))
        X[:3] = [[9, 0], [0, 9], [9, 9]]
        result = self.ok("fit", "kmeans", self.write("x.h5", X), "-k", 4, "--search-rows", 50, "-o", self.path("m.h5"))
        self.assertIn("nothing found", result.stderr)
        self.assertNotIn("health", result.stderr)
        with h5py.File(self.path("m.h5")) as model:
            self.assertEqual(model.attrs["objective"], 0)
            self.assertTrue(np.isnan(model["starts/objective"][:2]).all())

    def test_one_cluster_needs_no_search(self):
        for model, data in (("kmeans", groups(6000)), ("gaussian", groups(6000)), ("bernoulli", groups(6000) > 0)):
            with self.fit(model, self.write("x.h5", data), "-k", 1) as file:
                self.assertFalse(file["starts/on_sample"][:].any())
                self.assertEqual(len(file["starts/objective"]), 1)

    def test_arrays_of_starts_and_health(self):
        files = self.files(1500)
        for model, data, *more in CASES:
            with self.subTest(model=model, more=more), self.fit(model, files[data], "-k", 4, *more) as file:
                starts, health = self.starts_of(file), {name: file["health"][name] for name in file["health"]}
                mixture = model not in ("kmeans", "kmedians")
                names = {"objective", "total_weight", "passes", "on_sample", "sound"}
                wanted = {"falls", "reseeded", "dropped", "collapsed", "searched", "starts", "starts_reached_best",
                          "starts_degenerate"}
                if mixture:
                    names |= {"least_weight"}
                    wanted |= {"weight", "small", "flat", "ambiguous", "duplicate_of"}
                if model == "gaussian":
                    names |= {"least_spread"}
                    wanted |= {"spread", "direction"}
                self.assertEqual((set(starts), set(health)), (names, wanted))
                self.assertEqual(list(starts["on_sample"][:2]), [1, 1])
                self.assertEqual({len(array) for array in starts.values()}, {len(starts["objective"])})
                for name in wanted:
                    shape = {"direction": (4, 3)}.get(name, (4,) if name in ("weight", "small", "flat", "spread",
                                                                             "duplicate_of") else (1,))
                    self.assertEqual(health[name].shape, shape, name)
                self.assertEqual((health["searched"][0], health["starts"][0]), (1, 2))
                self.assertIn(health["starts_reached_best"][0], (1, 2))
                if mixture:
                    self.assert_close(health["weight"], file["parameters/counts"], relative=1e-12)


class Killed(SearchTest):
    """Stopped in searches and starts, begun again on other ranks: the bits of a fit that nobody disturbed."""

    def setUp(self):
        super().setUp()
        if not FAULTS:
            self.skipTest("a sanitized program cannot be preloaded")
        self.data = self.write("data.h5", groups(5000))

    def command(self, name, model, *more):
        return ["fit", model, self.data, "-k", 5, "--max-iterations", 25, "-q", *self.outputs(name), *more]

    def clear(self):
        for file in self.folder.glob("fit*"):
            file.unlink()

    def test_killed_at_each_write_of_a_search_or_a_start(self):
        for model, *how in (("gaussian",), ("kmeans",), ("gaussian", "--starts", 3), ("kmeans", "--starts", 3)):
            self.ok(*self.command("ref", model, *how, "--overwrite"))
            again = self.command("fit", model, *how, "--checkpoint", self.path("fit.ckpt"), "--checkpoint-every", 1)
            for n, ranks in ((1, 0), (2, 2), (3, 3), (5, 0), (9, 2), (16, 1)):
                with self.subTest(model=model, how=how, write=n):
                    killed = shoal.run(*again, env=fault(f"kill:half:{n}"))
                    self.assertIn(killed.returncode, (-signal.SIGKILL, 0))
                    self.assertTrue(n > 3 or killed.returncode != 0)
                    self.ok(*again, ranks=ranks)
                    self.assert_same_files("ref", "fit")
                    self.clear()

    def test_a_search_that_is_done_is_not_done_again(self):
        again = self.command("fit", "gaussian", "--checkpoint", self.path("fit.ckpt"))
        again.remove("-q")
        self.assertEqual(shoal.run(*again, env=fault("kill:half:2")).returncode, -signal.SIGKILL)
        info = self.json("info", self.path("fit.ckpt"), "--json")
        self.assertEqual((info["kind"], info["finished"], info["n_iterations"]), ("checkpoint", False, 0))
        self.assertEqual((info["n_searches"], info["n_starts"]), (1, 0))
        self.ok("info", self.path("fit.ckpt"))
        said = self.ok(*again).stderr
        self.assertNotIn("search 1 of 2", said)
        self.assertIn("search 2 of 2", said)
        self.assertIn("after 1 finished search\n", said)

    def test_a_start_that_is_done_is_not_done_again(self):
        again = self.command("fit", "gaussian", "--starts", 3, "--checkpoint", self.path("fit.ckpt"))
        again.remove("-q")
        self.ok(*self.command("ref", "gaussian", "--starts", 3))
        self.assertEqual(shoal.run(*again, env=fault("kill:half:2")).returncode, -signal.SIGKILL)
        info = self.json("info", self.path("fit.ckpt"), "--json")
        self.assertEqual((info["n_searches"], info["n_starts"], info["finished"]), (0, 1, False))
        said = self.ok(*again, ranks=2).stderr
        self.assertIn("after 1 finished start", said)
        self.assertNotIn("start 1 of 3", said)
        self.assertIn("start 2 of 3", said)
        self.assert_same_files("ref", "fit")

    def test_the_time_is_over_before_a_search(self):
        """A search has no passes in which to look at the time: none begins that may not end."""
        again = self.command("fit", "gaussian", "--checkpoint", self.path("fit.ckpt"), "--max-time", "1s")
        for ranks in (0, 3):
            result = shoal.run(*again, ranks=ranks)
            self.assertEqual(result.returncode, 75, result.stderr)
            self.assertIn("stopped by --max-time 1s while searching for a start", result.stderr)
            self.assertIn("there was nothing to save yet: submit the same command again", result.stderr)
            self.assertFalse(self.path("fit.ckpt.lease").exists())

    def test_stopped_by_a_signal_while_searching(self):
        for model, number in (("gaussian", signal.SIGTERM), ("kmeans", signal.SIGUSR1)):
            self.ok(*self.command("ref", model, "--overwrite"))
            again = self.command("fit", model, "--checkpoint", self.path("fit.ckpt"))
            held = self.path("held")
            process = subprocess.Popen([shoal.PROGRAM, *map(str, again)], stderr=subprocess.PIPE, text=True,
                                       env={**os.environ, **fault("hold:fsync:1", held)})
            self.addCleanup(process.kill)
            while not held.exists():  # the first search is being written
                self.assertIsNone(process.poll(), "it ended by itself")
                time.sleep(0.005)
            process.send_signal(number)
            held.unlink()
            said = process.communicate(timeout=60)[1]
            self.assertEqual(process.returncode, 75, said)
            self.assertIn("while searching for a start", said)
            self.assertIn("holds 1 finished search: submit the same command again", said)
            self.ok(*again, ranks=3)
            self.assert_same_files("ref", "fit")
            self.clear()

    def test_limits_grow_after_the_end(self):
        for model, *how in (("gaussian",), ("gaussian", "--starts", 2)):
            long = self.command("ref", model, *how, "--overwrite", "--tolerance", 0)
            long[long.index("--max-iterations") + 1] = 40
            self.ok(*long)
            again = self.command("fit", model, *how, "--checkpoint", self.path("fit.ckpt"), "--overwrite", "--tolerance", 0)
            self.ok(*again)
            again[again.index("--max-iterations") + 1] = 40
            self.ok(*again)
            with h5py.File(self.path("fit.h5")) as found, h5py.File(self.path("ref.h5")) as expected:
                self.assertEqual(found.attrs["n_iterations"], 40)
                if not how:
                    np.testing.assert_array_equal(found["history/objective"], expected["history/objective"])
            self.clear()

    def test_a_finished_fit_is_not_run_again(self):
        for how in ((), ("--starts", 2)):
            again = self.command("fit", "kmeans", *how, "--checkpoint", self.path("fit.ckpt"))
            self.ok(*again)
            self.ok(*self.command("ref", "kmeans", *how, "--overwrite"))
            again.remove("-q")
            self.assertIn("this fit is finished", self.ok(*again).stderr)
            self.path("fit.h5").unlink()
            said = self.ok(*again, ranks=2).stderr
            self.assertNotIn("search 1", said)
            self.assertNotIn("start 1 of", said)
            self.assert_same_files("ref", "fit")
            self.clear()


if __name__ == "__main__":
    shoal.main()
