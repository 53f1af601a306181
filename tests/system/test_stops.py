"""Time limits and signals: a fit with a checkpoint stops in time, from its first moment to its last."""
import filecmp
import os
import re
import signal
import subprocess
import time

import numpy as np

import shoal

FAULTS = os.environ["SHOAL_FAULT_LIBRARY"]
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)


def fault(what, file, held):
    return {"LD_PRELOAD": FAULTS, "SHOAL_FAULT": what, "SHOAL_FAULT_FILE": file, "SHOAL_FAULT_HELD": str(held)}


class Stops(shoal.ShoalTest):
    """Fits that would take minutes."""

    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(6)
        self.data = self.write("data.h5", rng.normal(size=(20000, 16)))
        self.arguments = ["fit", "gaussian", self.data, "-k", 12, "--starts", 1, "--tolerance", 0, "--max-iterations", 10**6, "-o",
                          self.path("m.h5"), "--checkpoint", self.path("c.ckpt"), "-v"]

    def begin(self, ranks, *more, env=None):
        command = [shoal.PROGRAM, *map(str, self.arguments), *more]
        if ranks:
            command = ["mpirun", "--timeout", "120", "-n", str(ranks), *command]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                                   text=True, env={**os.environ, **(env or {})})
        self.addCleanup(process.kill)
        said = []
        for line in process.stderr:  # until it iterates
            said.append(line)
            if sum(line.startswith("iteration ") for line in said) == 2:
                return process
        self.fail(f"the fit ended by itself with {process.wait()}: {said}")

    @staticmethod
    def ranks_of(process):
        found = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
        return [int(pid) for pid in found]

    def end(self, process):
        said = process.communicate(timeout=60)[1]
        return process.returncode, said

    def test_a_signal_to_any_rank_stops_all(self):
        for number in SIGNALS:
            with self.subTest(signal=number):
                process = self.begin(3)
                os.kill(self.ranks_of(process)[-1], number)
                code, said = self.end(process)
                self.assertEqual(code, 75, said)
                self.assertEqual(said.count("shoal: stopped"), 1, said)
                self.assertIn("submit the same command again", said)
                self.assertFalse(self.path("m.h5").exists())
        self.assertFalse(self.path("c.ckpt.lease").exists())

    def test_usr1_to_mpirun_reaches_the_ranks(self):
        process = self.begin(2)
        process.send_signal(signal.SIGUSR1)
        self.assertEqual(self.end(process)[0], 75)

    def test_term_to_mpirun_loses_nothing_that_was_written(self):
        process = self.begin(2, "--checkpoint-every", "1")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.end(process)[0], 1)
        time.sleep(0.1)
        self.ok(*self.arguments, "--restart", "require", "--dry-run")

    def test_a_second_interrupt_ends_at_once(self):
        held = self.path("held")
        process = self.begin(0, env=fault("hold:fsync:1", "c.ckpt", held))
        process.send_signal(signal.SIGINT)  # it stops, and hangs in the writing of its checkpoint
        while not held.exists():
            self.assertIsNone(process.poll(), "it ended by itself")
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.end(process)[0], -signal.SIGINT)

    def test_without_a_checkpoint_signals_act_as_ever(self):
        at = self.arguments.index("--checkpoint")
        del self.arguments[at:at + 2]
        process = self.begin(0)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.end(process)[0], -signal.SIGTERM)

    def test_max_time_leaves_in_time(self):
        result = shoal.run(*self.arguments, "--max-time", "4s", ranks=2)
        self.assertEqual(result.returncode, 75, result.stderr)
        self.assertIn("shoal: stopped by --max-time 4s after", result.stderr)
        result = shoal.run(*self.arguments, "--max-time", "auto", "--restart", "require",
                           env={"SLURM_JOB_END_TIME": str(int(time.time()) + 5)})
        self.assertEqual(result.returncode, 75, result.stderr)

    def test_max_time_leaves_room_for_a_slow_disk(self):
        """Where a checkpoint takes two seconds to write, the last one is begun that much earlier."""
        result = shoal.run(*self.arguments, "--max-time", "12s", "--checkpoint-every", 1,
                           env=fault("slow:fsync:1", "c.ckpt", ""))
        self.assertEqual(result.returncode, 75, result.stderr)
        hours, minutes, seconds = map(int, re.search(r" and (\d+):(\d+):(\d+); ", result.stderr).groups())
        self.assertLess(3600 * hours + 60 * minutes + seconds, 12)

    def test_two_runs_at_once_do_not_mix(self):
        first = self.begin(0, "--checkpoint-every", "1")
        second = self.begin(2, "--checkpoint-every", "1")
        code, said = self.end(first)
        self.assertEqual(code, 74, said)
        self.assertIn("another run has taken over the checkpoint", said)
        second.send_signal(signal.SIGUSR1)
        self.assertEqual(self.end(second)[0], 75)


class Moments(shoal.ShoalTest):
    """Signals while a fit is not yet, or no longer, iterating; to it alone and to all processes of its group."""

    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(6)
        self.data = self.write("data.h5", rng.normal(size=(3000, 4)))
        self.arguments = ["fit", "gaussian", self.data, "-k", 3, "--starts", 1, "--tolerance", 0, "--max-iterations", 20, "-q"]
        self.ok(*self.arguments, "-o", self.path("ref.h5"), "--labels", self.path("ref-labels.h5"))

    def begin(self, *more, env=None, model="fit"):
        command = [shoal.PROGRAM, *self.arguments, "-o", self.path(f"{model}.h5"), "--labels",
                   self.path(f"{model}-labels.h5"), *more]
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   stdin=subprocess.DEVNULL, text=True, start_new_session=True,
                                   env={**os.environ, **(env or {})})
        self.addCleanup(process.kill)
        return process

    def noted(self, process):
        """Waits until the program has seen to it that signals are noted."""
        for _ in range(2000):
            try:
                with open(f"/proc/{process.pid}/status") as file:
                    caught = int(file.read().split("SigCgt:\t")[1].split()[0], 16)
            except (OSError, IndexError):
                caught = 0
            if caught >> (signal.SIGTERM - 1) & 1:
                return
            self.assertIsNone(process.poll(), "it ended by itself")
            time.sleep(0.002)
        self.fail("signals are not noted")

    def wait_until(self, held, process):
        while not held.exists():
            self.assertIsNone(process.poll(), "it ended by itself")
            time.sleep(0.005)

    def begin_held(self, *more):
        """A fit that is held before it knows its options, by its config; it goes on when the file `held` is gone."""
        config, held = self.path("c.toml"), self.path("held")
        config.write_text("[fit]\nseed = 0\n")
        process = self.begin("--config", config, *more, env=fault("hold:open:1", config.name, held))
        self.wait_until(held, process)
        return process, held

    def send(self, process, number, to_group):
        os.killpg(process.pid, number) if to_group else process.send_signal(number)

    def stops(self, process, words):
        said = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, 75, said)
        self.assertEqual(said.count("\n"), 1, said)
        for word in ("shoal: stopped by SIG", "same command", *words):
            self.assertIn(word, said)
        self.assertFalse(self.path("fit.h5").exists())
        self.assertFalse([file.name for file in self.folder.glob(".*")] + [*self.folder.glob("*.lease")])

    def goes_on(self):
        process = self.begin("--checkpoint", self.path("fit.ckpt"))
        said = process.communicate(timeout=60)[1]
        self.assertEqual(process.returncode, 0, said)
        for suffix in (".h5", "-labels.h5"):
            self.assertTrue(filecmp.cmp(self.path("ref" + suffix), self.path("fit" + suffix), shallow=False), suffix)
        for file in self.folder.glob("fit*"):
            file.unlink()

    def test_from_the_first_moment(self):
        for number in SIGNALS:
            for to_group in (False, True):
                with self.subTest(signal=number, to_group=to_group):
                    process, held = self.begin_held("--checkpoint", self.path("fit.ckpt"))
                    self.send(process, number, to_group)
                    held.unlink()
                    self.stops(process, ["there was nothing to save yet"])
        self.goes_on()

    def test_while_mpi_starts(self):
        """Which stands no signals; it takes the most of a start."""
        for number in SIGNALS:
            for to_group in (False, True):
                with self.subTest(signal=number, to_group=to_group):
                    process = self.begin("--checkpoint", self.path("fit.ckpt"), env={"PMI_RANK": "0"})  # as if launched
                    self.noted(process)
                    self.send(process, number, to_group)
                    self.stops(process, ["there was nothing to save yet"])

    def test_without_a_checkpoint_the_default(self):
        for number in SIGNALS:
            process, held = self.begin_held()  # its config might name a checkpoint
            process.send_signal(number)
            held.unlink()
            process.communicate(timeout=60)
            self.assertEqual(process.returncode, -number)

    def test_while_the_results_are_written(self):
        """Held as the last checkpoint before the end is brought to disk, and as the results get their names."""
        checkpoint = ["--checkpoint", self.path("fit.ckpt")]
        for number in SIGNALS:
            with self.subTest(signal=number):
                held = self.path("held")
                process = self.begin(*checkpoint, "--checkpoint-every", 20, env=fault("hold:fsync:1", "fit.ckpt", held))
                self.wait_until(held, process)
                self.send(process, number, True)
                held.unlink()
                self.stops(process, ["while writing the results", "fit.ckpt is written"])
                self.goes_on()

    def test_a_checkpoint_of_before_is_told(self):
        held = self.path("held")
        process = self.begin("--checkpoint", self.path("fit.ckpt"), "--checkpoint-every", 4,
                             env=fault("hold:fsync:2", "fit.ckpt", held))
        self.wait_until(held, process)
        process.kill()
        process.communicate()
        held.unlink()
        process, held = self.begin_held("--checkpoint", self.path("fit.ckpt"))
        process.send_signal(signal.SIGTERM)
        held.unlink()
        self.stops(process, ["fit.ckpt holds iteration 4 as before"])
        self.goes_on()


if __name__ == "__main__":
    shoal.main()
