"""A fit that was stopped, killed or met a full disk goes on to the same bits; what does not fit together is refused."""
import filecmp
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np

import shoal

FAULTS = os.environ["SHOAL_FAULT_LIBRARY"]


def fault(what, file="fit.ckpt"):
    return {"LD_PRELOAD": FAULTS, "SHOAL_FAULT": what, "SHOAL_FAULT_FILE": file}


def without(arguments, option):
    """The arguments less an option and its value."""
    if option not in arguments or not str(option).startswith("-"):
        return arguments
    at = arguments.index(option)
    return arguments[:at] + arguments[at + (1 if option == "-q" else 2):]


class Restart(shoal.ShoalTest):
    ARGUMENTS = ("gaussian", "-k", 4, "--starts", 1, "--tolerance", 0, "--max-iterations", 25, "--checkpoint-every", 1, "-q")

    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(5)
        centres = rng.normal(size=(4, 3)) * 2
        self.X = centres[rng.integers(0, 4, 4000)] + rng.normal(size=(4000, 3))
        self.data = self.write("data.h5", self.X)
        self.command("ref", checkpoint=False)

    def arguments(self, name="fit", *more, checkpoint=True, data=None):
        arguments = ["fit", self.ARGUMENTS[0], data or self.data, *self.ARGUMENTS[1:], "-o", self.path(f"{name}.h5"),
                     "--labels", self.path(f"{name}-labels.h5")]
        if checkpoint:
            arguments += ["--checkpoint", self.path(f"{name}.ckpt")]
        else:
            arguments = without(arguments, "--checkpoint-every")
        for option in more:
            arguments = without(arguments, option)
        return [*arguments, *more]

    def command(self, *more, ranks=0, env=None, **keywords):
        return self.ok(*self.arguments(*more, **keywords), ranks=ranks, env=env)

    def stop_early(self, iterations=9):
        """A checkpoint after so many iterations, as a killed run leaves it."""
        self.assertLess(shoal.run(*self.arguments(), env=fault(f"kill:rename:{2 * iterations}")).returncode, 0)
        self.assertTrue(self.path("fit.ckpt.previous").exists())

    def assert_same_bits(self):
        for suffix in (".h5", "-labels.h5"):
            self.assertTrue(filecmp.cmp(self.path("ref" + suffix), self.path("fit" + suffix), shallow=False), suffix)

    def test_goes_on_on_other_ranks_and_threads(self):
        for ranks, threads in ((0, 1), (3, 1), (2, 2)):
            with self.subTest(ranks=ranks, threads=threads):
                self.stop_early()
                said = self.ok(*without(self.arguments("fit", "--threads", threads, "-v"), "-q"), ranks=ranks).stderr
                self.assertIn("iteration   24 ", said)
                self.assertNotIn("iteration    3 ", said)
                self.assert_same_bits()
                for file in self.folder.glob("fit*"):
                    file.unlink()

    def test_a_kill_at_every_step_of_a_write_heals(self):
        for what in [f"kill:rename:{n}" for n in (1, 2, 3, 4, 7, 50, 51)] + [
                f"kill:half:{n}" for n in (1, 2, 9, 26)] + ["kill:fsync:1", "kill:fsync:5"]:
            with self.subTest(fault=what):
                self.assertEqual(shoal.run(*self.arguments(), env=fault(what)).returncode, -signal.SIGKILL)
                self.command()
                self.assert_same_bits()
                left = {file.name for file in self.folder.glob("*fit*")}
                self.assertLessEqual(left, {"fit.h5", "fit-labels.h5", "fit.ckpt", "fit.ckpt.previous"})
                for file in self.folder.glob("fit*"):
                    file.unlink()

    def test_a_kill_between_the_results_names_heals(self):
        for file in ("fit-labels.h5", "fit.h5"):
            with self.subTest(before=file):
                self.assertEqual(shoal.run(*self.arguments(), env=fault("kill:rename:1", file)).returncode,
                                 -signal.SIGKILL)
                shoal.run(*self.arguments(), env=fault("kill:rename:3"))  # must not forget what was finished
                self.command()
                self.assert_same_bits()
                for left in self.folder.glob("fit*"):
                    left.unlink()

    def test_a_finished_fit_is_not_run_again(self):
        self.command()
        arguments = [a for a in self.arguments() if a != "-q"]
        self.assertIn("this fit is finished (max_iterations after 25 iterations)", self.ok(*arguments).stderr)
        for name in ("fit.h5", "fit-labels.h5"):
            self.path(name).unlink()
            self.command(ranks=2)
            self.assert_same_bits()
        self.path("fit.h5").write_bytes(b"another's")
        self.fails(73, ["fit.h5", "exists already"], *self.arguments())
        self.assertEqual(self.path("fit.h5").read_bytes(), b"another's")

    def test_limits_may_grow(self):
        self.command()
        self.ok("fit", "gaussian", self.data, "-k", 4, "--starts", 1, "--tolerance", 0, "--max-iterations", 40, "-o", self.path("ref.h5"),
                "--labels", self.path("ref-labels.h5"), "--overwrite", "-q")
        self.command("fit", "--max-iterations", 40, "--overwrite")
        self.assert_same_bits()

    def test_what_does_not_fit_is_refused(self):
        self.stop_early()
        self.fails(64, ["seed 0", "now it is 7"], *self.arguments("fit", "--seed", 7))
        self.fails(64, ["clusters 4", "now it is 5"], *self.arguments("fit", "-k", 5))
        self.fails(64, ["max-iterations 25", "now it is 20", "only grow"],
                   *self.arguments("fit", "--max-iterations", 20))
        self.fails(64, ["tolerance 0", "only shrink"], *self.arguments("fit", "--tolerance", 0.1))
        other = self.write("other.h5", self.X + 1e-9)
        self.fails(65, ["digest of the rows", "sum:"], *self.arguments(data=other), ranks=2)
        short = self.write("short.h5", self.X[:-1])
        self.fails(65, ["rows 4000", "this is rows 3999"], *self.arguments(data=short))
        self.command(ranks=2)  # and no attempt did harm
        self.assert_same_bits()

    def test_one_changed_value_is_other_data(self):
        """Wherever it stands, also in a weight; in the middle of a fit and when it is finished."""
        weights = np.ones(4000)
        self.data = self.write("data.h5", self.X, w=weights)
        chance = np.random.default_rng(4)
        weighted = ["--row-weights", "/w"]
        for finished in (False, True):
            if finished:
                self.command("fit", *weighted)
                self.assertIn("nothing to do", self.ok(*without(self.arguments("fit", *weighted, "-v"), "-q")).stderr)
            else:
                self.assertLess(shoal.run(*self.arguments("fit", *weighted), env=fault("kill:rename:18")).returncode, 0)
            for ranks in (0, 0, 0, 3):
                X = self.X.copy()
                X[chance.integers(4000), chance.integers(3)] *= 1 + 2**-52
                self.write("data.h5", X, w=weights)
                self.fails(65, ["digest of the rows"], *self.arguments("fit", *weighted), ranks=ranks)
            other = weights.copy()
            other[chance.integers(4000)] += 2**-40
            self.write("data.h5", self.X, w=other)
            self.fails(64, ["row-weights"], *self.arguments("fit", *weighted))
            self.write("data.h5", self.X, w=weights)  # as before, in another file
            self.command("fit", *weighted, ranks=2)

    def test_data_that_change_under_a_fit_are_not_those_of_its_end(self):
        """The state of the files is that of before they were read: a change since then is looked at."""
        held = self.path("held")
        process = subprocess.Popen([shoal.PROGRAM, *map(str, self.arguments())], env={
            **os.environ, **fault("hold:fsync:1"), "SHOAL_FAULT_HELD": str(held)})
        self.addCleanup(process.kill)
        while not held.exists():
            self.assertIsNone(process.poll(), "it ended by itself")
            time.sleep(0.005)
        X = self.X.copy()
        X[17, 1] += 1
        self.write("data.h5", X)
        held.unlink()
        self.assertEqual(process.wait(60), 0)
        self.fails(65, ["digest of the rows"], *self.arguments())

    def test_info_tells_what_a_checkpoint_holds(self):
        self.stop_early()
        found = self.json("info", self.path("fit.ckpt.previous"), "--json")
        self.assertEqual((found["kind"], found["finished"], found["fit"]["clusters"]), ("checkpoint", False, "4"))
        self.assertIn("/parameters/means", self.ok("info", self.path("fit.ckpt.previous")).stdout)
        self.path("bad.ckpt").write_bytes(self.path("fit.ckpt.previous").read_bytes()[:-1])
        self.fails(65, ["bad.ckpt", "bytes are there"], "info", self.path("bad.ckpt"), ranks=2)

    def test_never_begins_anew_and_require_insists(self):
        self.fails(65, ["--restart require", "does not exist"], *self.arguments("fit", "--restart", "require"))
        self.stop_early()
        said = self.ok(*without(self.arguments("fit", "--restart", "never", "-v"), "-q")).stderr
        self.assertIn("iteration    0 ", said)
        self.assert_same_bits()
        self.command("fit", "--restart", "require")

    def test_a_damaged_generation_is_named_and_the_one_before_used(self):
        self.stop_early()
        checkpoint, previous = self.path("fit.ckpt"), self.path("fit.ckpt.previous")
        shutil.copy(previous, checkpoint)
        damage = bytearray(checkpoint.read_bytes())
        damage[len(damage) // 2] ^= 4
        checkpoint.write_bytes(damage)
        arguments = [a for a in self.arguments("fit", "--restart", "require") if a != "-q"]
        said = self.ok(*arguments, ranks=2).stderr
        self.assertIn("fit.ckpt: the checkpoint is damaged: its checksum is wrong; continuing", said)
        self.assert_same_bits()
        for file in (checkpoint, previous):
            file.write_bytes(file.read_bytes()[:100])
        self.path("fit.h5").unlink(), self.path("fit-labels.h5").unlink()
        self.fails(65, ["bytes are there", "fit.ckpt.previous"], *self.arguments("fit", "--restart", "require"))
        said = self.ok(*[a for a in self.arguments() if a != "-q"]).stderr
        self.assertIn("there is nothing to continue from: starting from the beginning", said)
        self.assert_same_bits()

    def test_a_file_that_is_no_checkpoint_is_left_alone(self):
        self.path("fit.ckpt").write_bytes(b"a thesis")
        for restart in ("auto", "never", "require"):
            self.fails(73, ["fit.ckpt", "not a checkpoint"], *self.arguments("fit", "--restart", restart))
        self.assertEqual(self.path("fit.ckpt").read_bytes(), b"a thesis")
        self.fails(64, ["same file as"], *self.arguments("fit", "--checkpoint", self.path("fit.h5")))
        self.fails(64, ["data.h5", "same file as"], *self.arguments("fit", "--checkpoint", self.data))

    def test_a_full_disk_costs_a_warning(self):
        for what in ("full:write:5", "error:fsync:4", "error:rename:6"):
            with self.subTest(fault=what):
                arguments = [a for a in self.arguments() if a != "-q"]
                said = self.ok(*arguments, env=fault(what)).stderr
                self.assertIn("shoal: warning:", said)
                self.assert_same_bits()
                self.command("fit", "--restart", "require", "--overwrite")  # what was there before is still good
                self.assert_same_bits()
                for file in self.folder.glob("fit*"):
                    file.unlink()

    def test_a_small_disk_keeps_the_old_generations(self):
        """A tmpfs with room for a lease and two generations, but for no third beside them."""
        inside = ('mkdir disk && mount -t tmpfs -o size=12k tmpfs disk && shift && "$@"; code=$?; '
                  'cp disk/fit.ckpt disk/fit.ckpt.previous .; exit $code')
        arguments = without(self.arguments("fit", "--checkpoint", "disk/fit.ckpt"), "-q")
        command = ["unshare", "--mount", "sh", "-c", inside, "sh", "-", shoal.PROGRAM, *map(str, arguments)]
        result = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60)
        if "unshare" in result.stderr or "mount:" in result.stderr:
            print("\nNOT TESTED: a small disk. This machine does not let its root mount one.", file=sys.stderr)
            self.skipTest("no mount namespaces")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("No space left on device); the fit goes on and tries again later", result.stderr)
        self.assert_same_bits()
        for name in ("fit.ckpt", "fit.ckpt.previous"):
            self.assertFalse(self.json("info", self.path(name), "--json")["finished"])
        self.command("fit", "--restart", "require", "--overwrite", ranks=2)
        self.assert_same_bits()

    def test_wrong_use(self):
        self.fails(64, ["--max-time", "--checkpoint"], *self.arguments(checkpoint=False), "--max-time", "1h")
        self.fails(64, ["--restart require", "--checkpoint"], *self.arguments(checkpoint=False), "--restart", "require")
        self.fails(64, ["--max-time soon"], *self.arguments("fit", "--max-time", "soon"))
        self.fails(64, ["--checkpoint-every often"], *self.arguments("fit", "--checkpoint-every", "often"))
        self.fails(64, ["SLURM_JOB_END_TIME"], *self.arguments("fit", "--max-time", "auto"))
        self.fails(73, ["--checkpoint"], *self.arguments("fit", "--checkpoint", self.path("no/fit.ckpt")))


if __name__ == "__main__":
    shoal.main()
