#!/usr/bin/python3
"""Seconds from the start of small commands to their end, in turn with `true`: medians and quartiles in milliseconds.

Usage: start_up.py [--rounds 15] [--launcher "mpirun -n 1"]; SHOAL names the program, or several with colons between.
"""
import argparse
import os
import pathlib
import shlex
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).parents[2]
DATA = ROOT / "tests/data"
PROGRAMS = os.environ.get("SHOAL", str(ROOT / "build/release/shoal")).split(":")


def commands(program, folder):
    """Names, and what is run; the first of them makes what others read."""
    model, labels = folder / "model.h5", folder / "labels.h5"
    fit = [program, "fit", "gaussian", DATA / "iris.h5", "-k", "3", "-q", "--overwrite"]
    return {
        "fit of 150 rows": [*fit, "-o", model, "--labels", labels],
        "--help": [program, "--help"],
        "fit --help": [program, "fit", "--help"],
        "--version": [program, "--version"],
        "info of data": [program, "info", DATA / "iris.h5"],
        "info of a model": [program, "info", model],
        "compare": [program, "compare", labels, labels],
        "convert of 272 rows": [program, "convert", DATA / "faithful.csv", folder / "faithful.h5", "--overwrite", "-q"],
    }


def seconds(command):
    begin = time.perf_counter()
    subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--launcher", default="", help="before each command, and before true")
    options = parser.parse_args()
    launcher = shlex.split(options.launcher)
    with tempfile.TemporaryDirectory() as folder:
        rows = {("true", ""): [*launcher, "true"]}
        for program in PROGRAMS:
            for name, command in commands(program, pathlib.Path(folder)).items():
                rows[(name, program)] = [*launcher, *command]
        taken = {row: [] for row in rows}
        for _ in range(options.rounds + 1):  # the first one warms up
            for row, command in rows.items():
                taken[row].append(seconds(command))
    print(f"{'milliseconds':<24}{'median':>8}{'quartiles':>16}")
    for (name, program), all_seconds in taken.items():
        low, middle, high = (1000 * value for value in statistics.quantiles(all_seconds[1:], n=4))
        print(f"{name:<24}{middle:>8.1f}{low:>9.1f} {high:>6.1f}   {program}")


if __name__ == "__main__":
    main()
