#!/usr/bin/python3
"""Cost of an iteration on rows that are known in part, in turn with complete rows without noise: gaussian full.

Usage: partial_rows.py [--rounds 5] [--rows 200000] [--features 16] [--clusters 8] [--folder DIR]; SHOAL names the program.
Prints medians, nanoseconds per row, component and pass, and the ratio to complete rows.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile

import h5py
import numpy as np

import make_data

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = os.environ.get("SHOAL", str(ROOT / "build/release/shoal"))
PASSES = 11


def with_gaps(rng, X):
    """Entries that are missing at random, and by patterns."""
    few, many, patterns = X.copy(), X.copy(), X.copy()
    few[rng.random(X.shape) < 0.05] = np.nan
    many[rng.random(X.shape) < 0.3] = np.nan
    n, d = X.shape
    missing = [rng.choice(d, max(1, d // 4), replace=False) for _ in range(5)]
    for row in np.flatnonzero(rng.random(n) < 0.2):
        patterns[row, missing[rng.integers(5)]] = np.nan
    gaps = ("--missing", "marginalize")
    return {"5 patterns in 20 % of the rows": (patterns, None, gaps), "5 % missing at random": (few, None, gaps),
            "30 % missing at random": (many, None, gaps)}


def with_noise(rng, X):
    """Covariances of each row, variances of each row, and one covariance for all."""
    n, d = X.shape
    factors = rng.normal(0, 0.5 / np.sqrt(d), (n, d, d)) + 0.3 * np.eye(d)
    S = np.einsum("nij,nkj->nik", factors, factors)
    measured = X + np.einsum("nij,nj->ni", factors, rng.normal(size=X.shape))
    covariance = ("--noise", "/noise", "--noise-kind", "covariance")
    return {"noise covariances": (measured, S, covariance), "one noise covariance": (measured, S[0], covariance),
            "noise variances": (measured, np.einsum("nii->ni", S), ("--noise", "/noise", "--noise-kind", "variance"))}


def write(folder, cases, start):
    for i, (X, noise, _) in enumerate(cases.values()):
        with h5py.File(folder / f"{i}.h5", "w") as file:
            file["X"] = X
            if noise is not None:
                file["noise"] = noise
    with h5py.File(folder / "start.h5", "w") as file:
        for name, values in start.items():
            file["parameters/" + name] = values


def seconds(folder, i, k, options):
    command = [PROGRAM, "fit", "gaussian", folder / f"{i}.h5", "-k", k, "--init", folder / "start.h5", "--max-iterations",
               PASSES - 1, "--tolerance", 0, "-o", folder / "model.h5", "--overwrite", "-q", "--json", "--threads", 1, *options]
    run = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)["seconds"]["fit"] / PASSES


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rounds", 5), ("rows", 200000), ("features", 16), ("clusters", 8)):
        parser.add_argument("--" + name, type=int, default=default)
    parser.add_argument("--folder", type=pathlib.Path)
    a = parser.parse_args()
    rng = np.random.default_rng(7)
    X, means = make_data.gaussian(rng, a.rows, a.features, a.clusters, 3.2)
    start = {**means, "weights": np.full(a.clusters, 1 / a.clusters),
             "covariances": make_data.identity("full", a.clusters, a.features)}
    cases = {"complete": (X, None, ()), **with_gaps(rng, X), **with_noise(rng, X)}
    with tempfile.TemporaryDirectory(dir=a.folder) as folder:
        folder = pathlib.Path(folder)
        write(folder, cases, start)
        times = {name: [] for name in cases}
        for _ in range(a.rounds):
            for i, (name, (_, _, options)) in enumerate(cases.items()):
                times[name].append(seconds(folder, i, a.clusters, options))
    complete = statistics.median(times["complete"])
    for name, found in times.items():
        median = statistics.median(found)
        print(f"{name:32} {median / a.rows / a.clusters * 1e9:8.2f} ns {median / complete:6.2f} x")


if __name__ == "__main__":
    main()
