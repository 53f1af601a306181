"""Extrapolation and stopping as a user meets them: the same optimum in fewer passes, what is told, and restarts."""
import filecmp
import json
import os
import signal

import h5py
import numpy as np

import shoal

FAULTS = os.environ["SHOAL_FAULT_LIBRARY"]


def told(result):
    return json.loads(result.stdout)


class Acceleration(shoal.ShoalTest):
    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(3)
        centres = rng.normal(size=(4, 3))
        self.X = centres[rng.integers(0, 4, 900)] + rng.normal(size=(900, 3))
        self.data = self.write("data.h5", self.X)
        self.what = ("gaussian", self.data, "-k", 4, "--starts", 1)  # on all rows, from seeds

    def told(self, *arguments, ranks=0):
        return told(self.ok("fit", *arguments, "-o", self.path("m.h5"), "--overwrite", "--json", "-q", ranks=ranks))

    def test_the_same_optimum_in_fewer_passes(self):
        bits = {"bernoulli": shoal.DATA / "digits-binary.h5", "categorical": shoal.DATA / "references" / "gss82.h5"}
        rng = np.random.default_rng(8)
        rates = np.exp(rng.normal(1, 0.3, (3, 5)))
        counts = self.write("counts.h5", rng.poisson(rates[rng.integers(0, 3, 400)]))
        for model, data, k in (("gaussian", shoal.DATA / "iris.h5", 3), ("gaussian", shoal.DATA / "faithful.h5", 3),
                               ("bernoulli", bits["bernoulli"], 4), ("categorical", bits["categorical"], 3),
                               ("poisson", counts, 3)):
            with self.subTest(model=model, data=data):
                run = (model, data, "-k", k, "--starts", 1)
                limit = self.told(*run, "--accelerate", "off", "--tolerance", 0, "--max-iterations", 3000)
                plain = self.told(*run, "--accelerate", "off", "--tolerance", 1e-10, "--max-iterations", 20000)
                fast = self.told(*run, "--tolerance", 1e-10, "--max-iterations", 20000)
                self.assertEqual(fast["stop_reason"], "tolerance")
                self.assertGreater(fast["objective"], limit["objective"] - 1e-8 * fast["total_weight"])
                self.assertLess(fast["n_passes"], plain["n_passes"])

    def test_what_is_settled_stands_in_the_options(self):
        start = self.path("start.h5")
        self.ok("fit", *self.what, "-o", start, "-q", "--max-iterations", 3)
        for more, settled in (((), "squarem"), (("--tolerance", 0), "off"), (("--init", start), "off"),
                              (("--init", start, "--accelerate", "squarem"), "squarem"), (("--accelerate", "off"), "off")):
            with self.subTest(more=more):
                with self.fit(*self.what, "--max-iterations", 12, *more) as model:
                    self.assertIn(f'accelerate = "{settled}"\n', model.attrs["options"])
        plain, fast = (self.fit(*self.what, "--accelerate", how)["history/objective"][:] for how in ("off", "squarem"))
        np.testing.assert_array_equal(plain[:9], fast[:9])
        self.assertLess(len(fast), len(plain))

    def test_hard_models_have_nothing_to_accelerate(self):
        self.fails(64, ["--accelerate", "does not apply to kmeans", "gaussian"], "fit", "kmeans", self.data, "-k", 2, "--accelerate", "off")
        with self.fit("kmeans", self.data, "-k", 2) as model:
            self.assertNotIn("accelerate", model.attrs["options"])

    def test_passes_are_counted(self):
        log = self.path("log.jsonl")
        run = self.told(*self.what, "--log", log)
        events = [json.loads(line)["event"] for line in log.read_text().splitlines()]
        self.assertEqual(events.count("iteration"), run["n_iterations"] + 1)
        self.assertEqual(events.count("rejected"), run["rejected_steps"])
        self.assertEqual(run["n_passes"], len(events) - 2)  # less the beginning of the start, and the end
        self.assertGreater(run["rejected_steps"], 0)
        said = self.ok("fit", *self.what, "-o", self.path("v.h5"), "-v").stderr
        self.assertIn(f"{run['n_passes']} passes over the rows; {run['rejected_steps']} extrapolation", said)
        with h5py.File(self.path("v.h5")) as model:
            self.assertEqual(model.attrs["n_passes"], run["n_passes"])
            history = model["history/objective"][:]
            self.assertEqual(len(history), run["n_iterations"] + 1)
            self.assertTrue((np.diff(history) >= -1e-9 * abs(history[:-1])).all())

    def test_a_model_from_before_passes_were_counted(self):
        self.fit(*self.what, "--max-iterations", 5, output="old.h5").close()
        with h5py.File(self.path("old.h5"), "r+") as model:
            del model.attrs["n_passes"]
        self.assertEqual(told(self.ok("info", self.path("old.h5"), "--json"))["n_passes"], 6)

    def test_what_is_left_is_said(self):
        end = self.told(*self.what, "--tolerance", 1e-12, "--max-iterations", 20000)["objective"]
        for more, words in (((), "may still be gained"), (("--max-iterations", 30), "Not converged after 30 iterations, about ")):
            for how in ("off", "squarem"):
                with self.subTest(more=more, how=how):
                    run = (*self.what, *more, "--accelerate", how)
                    found = self.told(*run)
                    left = end - found["objective"]
                    self.assertLess(left, 30 * found["remaining_gain"] + 1e-9)
                    if not more:
                        self.assertLess(left, 0.05)
                    self.assertIn(words, self.ok("fit", *run, "-o", self.path("m.h5"), "--overwrite").stderr)

    def test_fits_leave_little(self):
        rng = np.random.default_rng(12)
        left = []
        for i in range(20):
            k, d = int(rng.integers(2, 6)), int(rng.integers(2, 6))
            centres = rng.normal(size=(k, d)) * rng.choice([0.7, 1.0, 1.5])
            data = self.write(f"x{i}.h5", centres[rng.integers(0, k, 800)] + rng.normal(size=(800, d)))
            run = ("gaussian", data, "-k", k, "--starts", 1, "--covariance", ("full", "diag", "tied", "spherical")[i % 4])
            found = self.told(*run)
            end = self.told(*run, "--tolerance", 1e-12, "--max-iterations", 4000)
            left.append(end["objective"] - found["objective"])
        self.assertLess(np.sort(left)[-2], 0.05, left)
        self.assertLess(max(left), 1, left)

    def test_a_kill_at_any_pass_heals(self):
        arguments = ["fit", *self.what, "--checkpoint-every", 1, "-q"]
        self.ok(*arguments[:-3], "-q", "-o", self.path("ref.h5"), "--labels", self.path("ref-labels.h5"))
        arguments += ["-o", self.path("fit.h5"), "--labels", self.path("fit-labels.h5"), "--checkpoint", self.path("fit.ckpt")]
        for n in range(1, 41):
            env = {"LD_PRELOAD": FAULTS, "SHOAL_FAULT": f"kill:rename:{2 * n}", "SHOAL_FAULT_FILE": "fit.ckpt"}
            self.assertEqual(shoal.run(*arguments, env=env).returncode, -signal.SIGKILL, n)
            self.ok(*arguments, ranks=(0, 0, 3)[n % 3])
            for suffix in (".h5", "-labels.h5"):
                self.assertTrue(filecmp.cmp(self.path("ref" + suffix), self.path("fit" + suffix), shallow=False), (n, suffix))
            for file in self.folder.glob("fit*"):
                file.unlink()

    def test_the_same_bits_on_any_ranks_and_threads(self):
        holes = np.where(np.random.default_rng(1).random(self.X.shape) < 0.1, np.nan, self.X)
        for name, run in (("full", self.what), ("float32", (*self.what, "--precision", "float32")),
                          ("holes", ("gaussian", self.write("holes.h5", holes), "-k", 4, "--starts", 1, "--covariance", "diag", "--missing", "marginalize")),
                          ("bits", ("bernoulli", shoal.DATA / "digits-binary.h5", "-k", 5, "--starts", 1))):
            for ranks, threads in ((0, 1), (0, 3), (2, 1), (3, 2), (4, 1), (7, 1)):
                with self.subTest(name=name, ranks=ranks, threads=threads):
                    self.ok("fit", *run, "-q", "-o", self.path(f"{name}-{ranks}-{threads}.h5"), "--threads", threads, ranks=ranks)
                    self.assertTrue(filecmp.cmp(self.path(f"{name}-0-1.h5"), self.path(f"{name}-{ranks}-{threads}.h5"), shallow=False))
            with h5py.File(self.path(f"{name}-0-1.h5")) as model:
                self.assertGreater(model.attrs["n_iterations"], 15)

    def test_limits_may_change_on_the_way(self):
        run = ("fit", *self.what, "-q", "--checkpoint", self.path("c.ckpt"), "-o", self.path("part.h5"))
        whole = self.fit(*self.what, output="whole.h5")
        for limit in (5, 11, 12, 13, 17, 1000):
            self.ok(*run, "--max-iterations", limit, ranks=2 if limit == 12 else 0)
        with h5py.File(self.path("part.h5")) as part:
            np.testing.assert_array_equal(part["history/objective"][:], whole["history/objective"][:])
            self.assertEqual(part.attrs["n_passes"], whole.attrs["n_passes"])
        for tolerance in (1e-9, 0):  # auto stays what it was
            self.ok(*run, "--max-iterations", 1200, "--tolerance", tolerance)
            with h5py.File(self.path("part.h5")) as part:
                self.assertGreater(part.attrs["objective"], whole.attrs["objective"])
                self.assertGreater(part.attrs["n_passes"], whole.attrs["n_passes"])
                self.assertIn('accelerate = "squarem"\n', part.attrs["options"])
        self.fails(64, ["accelerate", "squarem", "off"], *run, "--max-iterations", 1200, "--tolerance", 0, "--accelerate", "off")


if __name__ == "__main__":
    shoal.main()
