"""Two lives of one fit at once: a run that outlived its launcher is held at a step while its successor takes over. In
whatever order they act, the results are those of a fit that ran alone, and no run is refused its own outputs."""
import filecmp
import os
import subprocess
import time

import numpy as np

import shoal

FAULTS = os.environ["SHOAL_FAULT_LIBRARY"]
OWN = {0}
SUPERSEDED = {0, 74}  # 74: another run has taken over


class Run:
    """A fit that waits at a step, until `go`; without a step it just runs."""

    def __init__(self, test, name, command, step=None):
        self.held = test.path(f"{name}.held")
        environment = dict(os.environ)
        if step:
            call, file = step
            environment |= {"LD_PRELOAD": FAULTS, "SHOAL_FAULT": f"hold:{call}", "SHOAL_FAULT_FILE": file,
                            "SHOAL_FAULT_HELD": str(self.held)}
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        stdin=subprocess.DEVNULL, text=True)
        test.addCleanup(self.process.kill)
        while step and not self.held.exists():
            test.assertIsNone(self.process.poll(), f"{name} ended before {step}")
            time.sleep(0.005)

    def go(self):
        self.held.unlink()

    def end(self):
        said = self.process.communicate(timeout=60)[1]
        return self.process.returncode, said


class TakeOver(shoal.ShoalTest):
    N = 6  # iterations, each with a checkpoint

    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(5)
        self.data = self.write("data.h5", rng.normal(size=(500, 3)) + rng.integers(0, 3, (500, 1)) * 3)
        subprocess.run(self.command("ref")[:-4], check=True)

    def command(self, name="fit"):
        return [shoal.PROGRAM, "fit", "gaussian", str(self.data), "-k", "3", "--starts", "1", "--tolerance", "0", "--max-iterations",
                str(self.N), "-q", "-o", str(self.path(f"{name}.h5")), "--labels", str(self.path(f"{name}-labels.h5")),
                "--checkpoint", str(self.path(f"{name}.ckpt")), "--checkpoint-every", "1"]

    def clear(self):
        for file in [*self.folder.glob("*fit*"), *self.folder.glob("*.held")]:
            file.unlink()

    def check(self, codes, *runs):
        for run, allowed in zip(runs, codes):
            code, said = run.end()
            self.assertIn(code, allowed, said)
        for suffix in (".h5", "-labels.h5"):
            self.assertTrue(filecmp.cmp(self.path("ref" + suffix), self.path("fit" + suffix), shallow=False), suffix)
        self.assertEqual({file.name for file in self.folder.glob("*fit*")},
                         {"fit.h5", "fit-labels.h5", "fit.ckpt", "fit.ckpt.previous"})

    def steps(self):
        """Renames of the last life's end: of its last checkpoints, then of its results; and bringing these to disk."""
        renames = 2 * self.N + 1  # two each but for the first
        return [(f"rename:{n}", "fit.ckpt") for n in (2, renames - 3, renames - 2, renames - 1, renames)] + [
            ("rename:1", "fit-labels.h5"), ("rename:1", "fit.h5"), ("fsync:1", "fit-labels.h5"), ("fsync:1", "fit.h5")]

    def test_the_old_life_acts_between_the_first_look_and_the_lease_of_the_new_one(self):
        for step in self.steps():
            with self.subTest(old=step):
                self.clear()
                old = Run(self, "old", self.command(), step)
                new = Run(self, "new", self.command(), ("rename:1", "fit.ckpt.lease"))
                old.go()
                old.process.wait(60)
                new.go()
                self.check((OWN, OWN), old, new)

    def test_the_old_life_acts_when_the_new_one_has_taken_over(self):
        for step in self.steps():
            for new_step in (("rename:1", "fit.ckpt"), ("rename:1", "fit-labels.h5"), ("rename:1", "fit.h5")):
                with self.subTest(old=step, new=new_step):
                    self.clear()
                    old = Run(self, "old", self.command(), step)
                    try:
                        new = Run(self, "new", self.command(), new_step)
                    except AssertionError:  # it found the fit finished: no such step
                        self.path("new.held").touch()
                        new = Run(self, "new", self.command())
                    old.go()
                    old.process.wait(60)
                    if new.held.exists():
                        new.go()
                    self.check((SUPERSEDED, OWN), old, new)

    def test_the_old_life_acts_when_the_new_one_is_done(self):
        for step in self.steps():
            with self.subTest(old=step):
                self.clear()
                old = Run(self, "old", self.command(), step)
                new = Run(self, "new", self.command())
                code, said = new.end()
                self.assertEqual(code, 0, said)
                old.go()
                self.check((SUPERSEDED, OWN), old, Run(self, "third", self.command()))

    def test_results_that_a_third_life_finds_are_its_own(self):
        """A first life finished, a second goes further and is killed: results of the first are still this fit's."""
        for old_step in (None, ("rename:1", "fit-labels.h5")):
            with self.subTest(old=old_step):
                self.clear()
                old = Run(self, "old", self.command(), old_step)
                if old_step is None:
                    self.assertEqual(old.end()[0], 0)
                further = self.command()
                further[further.index("--max-iterations") + 1] = str(self.N + 4)
                new = Run(self, "new", further, ("rename:3", "fit.ckpt"))
                if old_step is not None:
                    old.go()
                    self.assertIn(old.end()[0], SUPERSEDED)
                new.process.kill()
                new.process.wait()
                new.held.unlink()
                code, said = Run(self, "third", further).end()
                self.assertEqual(code, 0, said)

    def test_a_lease_lost_behind_the_last_rename_is_seen_at_once(self):
        """Not only when the next checkpoint is due: until then both would work on the same fit."""
        every_third = [*self.command()[:-1], "3"]
        written = ("fsync:2", self.folder.name)  # of the folder, once the first checkpoint has its name
        old = Run(self, "old", [*every_third, "--log", str(self.path("old.log"))], written)
        new = Run(self, "new", every_third, ("rename:1", "fit.ckpt"))
        old.go()
        code, said = old.end()
        self.assertEqual(code, 74, said)
        self.assertIn("another run has taken over", said)
        lines = self.path("old.log").read_text().splitlines()
        self.assertLess(len(lines), self.N, lines)  # iterations 0 to 3, and the one in which it was seen
        new.go()
        self.check((OWN,), new)

    def test_results_of_another_fit_are_not(self):
        killed = Run(self, "old", self.command(), ("rename:5", "fit.ckpt"))
        killed.process.kill()
        killed.process.wait()
        other = self.command()[:-4]
        other[other.index("-k") + 1] = "2"
        subprocess.run(other, check=True)
        before = self.path("fit.h5").read_bytes()
        self.fails(73, ["fit.h5", "exists already"], *self.command()[1:])
        self.assertEqual(self.path("fit.h5").read_bytes(), before)


if __name__ == "__main__":
    shoal.main()
