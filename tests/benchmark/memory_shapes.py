#!/usr/bin/python3
"""The memory of a rank that --dry-run tells, beside the peak of each rank of the fit, for shapes of all models.

Usage: memory_shapes.py [--data FOLDER] [--only WORDS] [--ranks 1,3] [--threads 1,4]; SHOAL names the program.

The peaks of the phases (reading, start, fit, writing) are those of resident sizes seen every few milliseconds, so short
ones may be missed; the peak of a rank (VmHWM, from the log) is exact. All in MiB.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import tempfile
import threading
import time

import h5py
import numpy as np

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = os.environ.get("SHOAL", str(ROOT / "build/release/shoal"))
MIB = 2**20
UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
PHASES = ("read", "start", "fit", "write")

# Name, how the data are made (rows, features, type, layout), arguments. Plain starts where a search would take long.
REAL, GZIP, BITS = "real", "gzip", "bits"
SHAPES = [
    ("gaussian tied D 2000 f32", (6000, 2000, "f4", REAL), "gaussian --covariance tied -k 3 --starts 1"),
    ("gaussian full D 300 K 30", (20000, 300, "f8", REAL), "gaussian --covariance full -k 30 --starts 1"),
    ("gaussian tied D 1500", (6000, 1500, "f8", REAL), "gaussian --covariance tied -k 3 --starts 1"),
    ("gaussian full D 300 K 30, random start", (20000, 300, "f8", REAL), "gaussian --covariance full -k 30 --init random --starts 1"),
    ("gaussian diag D 200 K 20", (50000, 200, "f8", REAL), "gaussian --covariance diag -k 20 --starts 1"),
    ("kmedians D 30 K 40", (200000, 30, "f8", REAL), "kmedians -k 40"),
    ("kmedians geometric D 30 K 40", (200000, 30, "f8", REAL), "kmedians --center geometric -k 40"),
    ("kmeans D 200 K 400", (70000, 200, "f8", REAL), "kmeans -k 400 --starts 1"),
    ("kmeans D 10 K 8, many rows", (1000000, 10, "f8", REAL), "kmeans -k 8"),
    ("kmeans D 10 K 8, weights, labels", (1000000, 10, "f8", REAL), "kmeans -k 8 --row-weights /w --labels @"),
    ("gaussian diag D 10 K 8, weights, labels", (1000000, 10, "f8", REAL),
     "gaussian --covariance diag -k 8 --row-weights /w --labels @"),
    ("kmeans gzip D 64 K 8", (200000, 64, "f8", GZIP), "kmeans -k 8"),
    ("bernoulli D 200 K 10", (500000, 200, "u1", BITS), "bernoulli -k 10"),
    ("poisson D 50 K 10", (200000, 50, "f8", "counts"), "poisson -k 10"),
    ("kmeans D 200 K 8, large sample", (100000, 200, "f8", REAL), "kmeans -k 8 --search-rows 60000"),
    ("gaussian diag D 100 K 4, large sample", (100000, 100, "f8", REAL),
     "gaussian --covariance diag -k 4 --search-rows 60000"),
]


def make(folder, rows, features, kind, layout):
    path = folder / f"{layout}-{rows}-{features}-{kind}.h5"
    if path.exists():
        return path
    rng = np.random.default_rng(rows + features)
    with h5py.File(path, "w") as file:
        chunks = (min(rows, 4096), min(features, 32)) if layout == GZIP else None
        X = file.create_dataset("X", (rows, features), dtype=kind, chunks=chunks,
                                compression="gzip" if chunks else None, compression_opts=1 if chunks else None)
        step = max(1, 4096 * 1024 // features // 4096) * 4096
        for first in range(0, rows, step):
            n = min(step, rows - first)
            group = rng.integers(0, 8, n)
            if layout == BITS:
                values = rng.random((n, features)) < (0.2 + 0.08 * group)[:, None]
            elif layout == "counts":
                values = rng.poisson(2.0 + group[:, None], (n, features))
            else:
                values = rng.normal(size=(n, features), scale=2.0) + group[:, None]
                values = np.round(values * 8) if layout == GZIP else values
            X[first:first + n] = values
        file["w"] = rng.integers(1, 4, rows).astype("f8")
    return path


def told(command):
    """Bytes of a rank."""
    text = subprocess.run(command + ["--dry-run"], capture_output=True, text=True, check=True).stdout
    line = next(line for line in text.splitlines() if "memory per rank" in line)
    number, unit = re.search(r"([\d.]+) (B|KiB|MiB|GiB)", line).groups()
    return float(number) * UNITS[unit]


class Watch:
    """Resident sizes of all ranks of a run, while it runs: the largest at each moment."""

    def __init__(self, output):
        self.mark, self.samples, self.stop = str(output).encode(), [], False
        self.thread = threading.Thread(target=self.look)
        self.thread.start()

    def ranks(self):
        for process in os.listdir("/proc"):
            try:
                if process.isdigit():
                    command = pathlib.Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
                    if command[0] == PROGRAM.encode() and self.mark in command:
                        yield process
            except OSError:
                pass

    def look(self):
        processes = []
        while not self.stop:
            if not processes or len(self.samples) % 100 == 0:
                processes = list(self.ranks())
            sizes = [0]
            for process in processes:
                try:
                    sizes.append(int(pathlib.Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE"))
                except (OSError, IndexError):
                    pass
            self.samples.append((time.monotonic(), max(sizes)))
            time.sleep(0.002)

    def end(self):
        self.stop = True
        self.thread.join()
        return [sample for sample in self.samples if sample[1] > 0]


def measured(command, output, log):
    """The largest peak of a rank, and the largest size seen in each phase."""
    watch = Watch(output)
    try:
        subprocess.run(command + ["--log", str(log)], capture_output=True, text=True, check=True)
    finally:
        samples = watch.end()
    run = json.loads(log.read_text().splitlines()[-1])
    end, phases = samples[-1][0] - 0.05, {}  # MPI takes a moment to end
    for phase in reversed(PHASES):
        begin = end - run["seconds"][phase]
        phases[phase] = max((size for moment, size in samples if begin <= moment <= end), default=0)
        end = begin
    return run["peak_memory_bytes"], [phases[phase] for phase in PHASES]


def measure(folder, data, words, ranks, threads):
    output, log = folder / "out.h5", folder / "out.jsonl"
    log.unlink(missing_ok=True)
    launch = ["mpirun", "-n", str(ranks)] if ranks > 1 else []
    words = [str(folder / "labels.h5") if word == "@" else word for word in words.split()]
    command = [*launch, PROGRAM, "fit", words[0], str(data), *words[1:], "--threads", str(threads), "-o", str(output),
               "--overwrite", "-q", "--max-iterations", "3", "--tolerance", "0"]
    return (told(command), *measured(command, output, log))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()) / "shoal-memory-shapes")
    parser.add_argument("--only", default="")
    parser.add_argument("--ranks", default="1,3")
    parser.add_argument("--threads", default="1,4")
    options = parser.parse_args()
    options.data.mkdir(exist_ok=True)
    print(f"{'shape':42} ranks threads   told  peak  told/peak |  " + "  ".join(f"{p:>5}" for p in PHASES))
    for name, shape, words in SHAPES:
        if options.only not in name:
            continue
        data = make(options.data, *shape)
        for ranks, threads in [(int(r), int(t)) for r in options.ranks.split(",") for t in options.threads.split(",")]:
            need, peak, phases = measure(options.data, data, words, ranks, threads)
            print(f"{name:42} {ranks:5} {threads:7} {need / MIB:6.0f} {peak / MIB:5.0f} "
                  f"{need / peak:10.2f} |  " + "  ".join(f"{size / MIB:5.0f}" for size in phases), flush=True)


if __name__ == "__main__":
    main()
