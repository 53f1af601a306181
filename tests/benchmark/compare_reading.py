#!/usr/bin/env python3
"""Seconds to read a file: shoal with one and two threads, raw reads of the same bytes, HDF5's serial and collective reads
(reading_benchmark) and h5py, in turn in each round; prints medians as a Markdown table.

usage: compare_reading.py [--rounds 5] [--data FOLDER] [--rows 1000000]"""
import argparse
import collections
import csv
import io
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

PROGRAM = pathlib.Path(__file__).parents[2] / "build/release/tests/benchmark/reading_benchmark"
WAYS = ("raw", "shoal-1", "shoal-2", "hdf5", "collective", "h5py")


def kinds(rows):
    """Name, numbers and storage of each file; 32 columns."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 32))
    packed = {"compression": "gzip", "shuffle": True}
    yield "float64, contiguous", x, {}
    yield "float32, contiguous", x.astype("f4"), {}
    yield "float64, gzip + shuffle, chunks 4096 x 32", x, {"chunks": (4096, 32), **packed}
    yield "float32, the same", x.astype("f4"), {"chunks": (4096, 32), **packed}
    yield "float64 rounded to 0.1, the same", np.round(10 * x, 1), {"chunks": (4096, 32), **packed}
    yield "float64 rounded to 0.001, the same", np.round(x, 3), {"chunks": (4096, 32), **packed}
    yield "counts as int32, the same", rng.poisson(5, x.shape).astype("i4"), {"chunks": (4096, 32), **packed}
    yield "float64 rounded to 0.1, h5py's own chunks", np.round(10 * x, 1), {"chunks": True, **packed}


def seconds_of_h5py(name):
    begin = time.perf_counter()
    with h5py.File(name) as file:
        file["X"][...]
    return time.perf_counter() - begin


def measure(name, rounds):
    times = collections.defaultdict(list)
    for _ in range(rounds):
        text = subprocess.run([PROGRAM, "1", name], check=True, capture_output=True, text=True).stdout
        for row in csv.DictReader(io.StringIO(text)):
            times[row["way"]].append(float(row["median"]))
        seconds_of_h5py(name)
        times["h5py"].append(seconds_of_h5py(name))
    return {way: statistics.median(values) for way, values in times.items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()) / "shoal-reading")
    options = parser.parse_args()
    os.environ.setdefault("OMPI_ALLOW_RUN_AS_ROOT", "1")
    options.data.mkdir(parents=True, exist_ok=True)
    print("| file | MB | " + " | ".join(WAYS) + " | raw / shoal-1 | h5py / shoal-1 | shoal-1 / shoal-2 |")
    print("|" + " --- |" * (len(WAYS) + 5))
    for number, (kind, numbers, storage) in enumerate(kinds(options.rows)):
        name = options.data / f"{number}.h5"
        with h5py.File(name, "w") as file:
            file.create_dataset("X", data=numbers, **storage)
        t = measure(name, options.rounds)
        cells = [f"{t[way]:.3f}" if way in t else "" for way in WAYS]
        ratios = [f"{t['raw'] / t['shoal-1']:.2f}" if "raw" in t else "", f"{t['h5py'] / t['shoal-1']:.1f}",
                  f"{t['shoal-1'] / t['shoal-2']:.2f}"]
        print("| " + " | ".join([kind, f"{numbers.nbytes / 1e6:.0f}", *cells, *ratios]) + " |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
