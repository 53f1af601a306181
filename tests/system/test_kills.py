"""Fits that are killed again and again at random moments, and started again on other numbers of ranks, end with the bits
of a fit that ran undisturbed. KILLS (default 8) for each of six fits; prints how many were killed where."""
import collections
import filecmp
import os
import random
import signal
import subprocess
import time

import numpy as np

import shoal

KILLS = int(os.environ.get("KILLS") or 8)
RANKS = (0, 1, 2, 3, 4)


class Kills(shoal.ShoalTest):
    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(8)
        centres = rng.normal(size=(6, 8))
        X = centres[rng.integers(0, 6, 20000)] + rng.normal(size=(20000, 8))
        gaps = np.where(rng.random(X.shape) < 0.03, np.nan, X)[:4000]
        self.files = {"noisy": self.write("noisy.h5", gaps, sd=rng.uniform(0.1, 0.6, gaps.shape)), "real": self.write("real.h5", X), "binary": self.write("binary.h5", (X > 0).astype(np.uint8)),
                      "codes": self.write("codes.h5", np.clip(np.floor(X + 2), 0, 3).astype(np.int32),
                                          levels=np.full(8, 4))}
        self.where = collections.Counter()

    def command(self, name, model, data, ranks, *more):
        command = [shoal.PROGRAM, "fit", model, self.files[data], "-k", 6, "--tolerance", 0, "--max-iterations", 150,
                   "--seed", 3, "-o", self.path(f"{name}.h5"), "--labels", self.path(f"{name}-labels.h5"), "-q", *more]
        return [*(["mpirun", "--timeout", "100", "-n", ranks] if ranks else []), *command]

    def phase(self):
        """What the files say of the moment of a kill."""
        names = {file.name for file in self.folder.iterdir()}
        halves = [name for name in names if name.startswith(".fit.ckpt.")]
        if halves:
            return "within a checkpoint's write"
        if "fit.ckpt" not in names:
            return "between two generations" if "fit.ckpt.previous" in names else "before the first checkpoint"
        return "writing results" if {"fit.h5", "fit-labels.h5"} & names else "iterating"

    def run_and_kill(self, command, ranks, chance, seconds):
        """One run, killed after so many seconds; whether it had finished by itself."""
        with open(self.path("said.txt"), "w") as said:
            process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=said,
                                       stdin=subprocess.DEVNULL)
        try:
            process.wait(timeout=seconds)
            self.assertEqual(process.returncode, 0, self.path("said.txt").read_text())
            return True
        except subprocess.TimeoutExpired:
            pass
        children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
        ranks_alive = [int(pid) for pid in children] if ranks else [process.pid]
        how = chance.choice(("one", "all", "launcher"))
        number = chance.choice((signal.SIGKILL, signal.SIGTERM))
        victims = {"one": ranks_alive[-1:], "all": ranks_alive, "launcher": [process.pid]}[how]
        for pid in victims:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            # Open MPI's mpirun may wait for ever for a rank that died while it connected to it.
            alive = [pid for pid in ranks_alive if self.is_alive(pid)]
            process.kill()
            process.wait()
            self.assertFalse(alive, f"ranks hang after {number.name} to {how}")
            self.where["mpirun hung, its ranks were gone"] += 1
        if process.returncode == 0:
            return True
        if number == signal.SIGTERM and how != "launcher" and self.path("fit.ckpt").exists():
            self.where["exit 75"] += process.returncode == 75
        self.where[f"{number.name} to {how} of {ranks or 1}"] += 1
        self.where[self.phase()] += 1
        return False

    @staticmethod
    def is_alive(pid):
        try:
            with open(f"/proc/{pid}/stat") as file:
                return file.read().rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            return False

    def chain(self, model, data, *more):
        begin = time.monotonic()
        subprocess.run([str(word) for word in self.command("ref", model, data, 0, *more)], check=True)
        alone = time.monotonic() - begin
        chance = random.Random(model)
        killed = fits = 0
        more = [*more, "--checkpoint", self.path("fit.ckpt"), "--checkpoint-every", 1]
        while killed < KILLS:
            ranks = chance.choice(RANKS)
            longest = (alone if killed % 4 else 0.3 * alone) + (0.5 if ranks else 0)
            if not self.run_and_kill(self.command("fit", model, data, ranks, *more), ranks, chance,
                                     chance.uniform(0.02, longest)):
                killed += 1
                continue
            fits += self.compare_and_clear()
        subprocess.run([str(word) for word in self.command("fit", model, data, 2, *more)], check=True)
        fits += self.compare_and_clear()
        print(f"\n{model}: {killed} kills, {fits} fits finished:",
              ", ".join(f"{count} {where}" for where, count in sorted(self.where.items())), flush=True)
        self.assertGreater(fits, 0)

    def compare_and_clear(self):
        for suffix in (".h5", "-labels.h5"):
            self.assertTrue(filecmp.cmp(self.path("ref" + suffix), self.path("fit" + suffix), shallow=False), suffix)
        for file in self.folder.glob("fit*"):
            file.unlink()
        return 1

    def test_gaussian(self):
        self.chain("gaussian", "real")

    def test_noise_and_gaps(self):
        self.chain("gaussian", "noisy", "--noise", "/sd", "--missing", "marginalize")

    def test_kmeans(self):
        self.chain("kmeans", "real")

    def test_kmedians(self):
        self.chain("kmedians", "real", "--starts", 2)

    def test_bernoulli(self):
        self.chain("bernoulli", "binary", "--mixing", "uniform")

    def test_categorical(self):
        self.chain("categorical", "codes", "--pseudo-count", 0.5, "--starts", 3)


if __name__ == "__main__":
    shoal.main()
