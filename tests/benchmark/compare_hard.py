#!/usr/bin/python3
"""Seconds an iteration of k-means and k-medians, shoal and the peers in Debian, side by side on this machine.

compare_hard.py [--shoal PROGRAM] [--data FOLDER] [--rounds R] [--only TEXT] [--markdown FILE]

Whole fits from the same start to the fixed point (at most 300 iterations), one thread each, in turn; medians over the
rounds of fit time over iterations. k-means: scikit-learn (lloyd, elkan), whose inertia must be shoal's to 1e-9.
k-medians: numpy (cdist and median), whose medians must be shoal's to the last bit, and ELKI's KMediansLloyd, which
takes the lower median, so only its time is compared. Needs python3-sklearn, python3-h5py; elki and a Java runtime, which
are left out, loudly, where they are missing.
"""
import os

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")  # before numpy is loaded
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import h5py
import numpy as np
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans

import make_data

HERE = pathlib.Path(__file__).resolve().parent
MOST = 300
JARS = [pathlib.Path("/usr/share/java") / name for name in ("elki.jar", "trove4j.jar")]


class Case:
    def __init__(self, folder, model, name):
        self.model, self.name = model, name
        self.path = make_data.make(folder, name)
        self.start = folder / (f"{name}_spherical.h5" if model == "kmeans" else f"{name}_start.h5")
        self.key = "means" if model == "kmeans" else "medians"
        with h5py.File(self.path) as file, h5py.File(self.start) as start:
            self.x, self.centres = file["X"][:], start[f"parameters/{self.key}"][:]
        self.k = len(self.centres)


def shoal(program, case, scratch, ranks=1):
    """Seconds an iteration, the run's JSON, the lines of the log and the centres."""
    log, model = scratch / "log.jsonl", scratch / "model.h5"
    command = [program, "fit", case.model, f"{case.path}:/X", "-k", case.k, "--init", case.start, "--max-iterations",
               MOST, "--tolerance", 0, "--threads", 1, "--log", log, "-o", model, "--overwrite", "-q", "--json"]
    if ranks > 1:
        command = ["mpirun", "-n", ranks, "--bind-to", "none", *command]
    run = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"shoal failed: {run.stderr}")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    iterations = [line for line in lines if line["event"] == "iteration"]
    result = json.loads(run.stdout)
    with h5py.File(model) as file:
        return result["seconds"]["fit"] / len(iterations), result, iterations, file[f"parameters/{case.key}"][:]


def program_bytes(program, case, scratch):
    """What a fit of a few of the rows takes: the program, its libraries and all that depends on K and D alone."""
    rows = case.x[:max(1000, 2 * case.k)]
    few = scratch / "few.h5"
    with h5py.File(few, "w") as file:
        file["X"] = rows
    command = [program, "fit", case.model, f"{few}:/X", "-k", case.k, "--init", case.start, "--max-iterations", 3,
               "--threads", 1, "-o", scratch / "few_model.h5", "--overwrite", "-q", "--json"]
    run = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)["peak_memory_bytes"] - rows.nbytes


def sklearn(algorithm):
    def fit(case, run, _):
        begin = time.process_time()
        peer = KMeans(case.k, init=case.centres, n_init=1, algorithm=algorithm, tol=0, max_iter=MOST).fit(case.x)
        seconds = (time.process_time() - begin) / peer.n_iter_
        if abs(peer.inertia_ - run["objective"]) > 1e-9 * peer.inertia_:
            sys.exit(f"{case.name}: shoal {run['objective']!r}, scikit-learn {peer.inertia_!r}")
        return seconds
    return fit


def numpy_medians(case, run, centres):
    begin, steps, now = time.process_time(), 0, case.centres
    while steps < MOST:
        label = cdist(case.x, now, "cityblock").argmin(axis=1)
        steps += 1
        moved = np.stack([np.median(case.x[label == k], axis=0) for k in range(case.k)])
        if np.array_equal(moved, now):
            break
        now = moved
    seconds = (time.process_time() - begin) / steps
    if not np.array_equal(now, centres):
        sys.exit(f"{case.name}: numpy's medians are not shoal's")
    return seconds


def elki(case, run, _):
    with tempfile.TemporaryDirectory() as folder:
        np.savetxt(f"{folder}/rows.txt", case.x, fmt="%.17g")
        means = ";".join(",".join(f"{value:.17g}" for value in row) for row in case.centres)
        command = ["java", "-Xmx12g", "-cp", ":".join(map(str, JARS)),
                   "de.lmu.ifi.dbs.elki.application.ELKILauncher", "cli", "-verbose", "-time", "-dbc.in",
                   f"{folder}/rows.txt", "-algorithm", "clustering.kmeans.KMediansLloyd", "-kmeans.k", str(case.k),
                   "-algorithm.distancefunction", "minkowski.ManhattanDistanceFunction", "-kmeans.initialization",
                   "PredefinedInitialMeans", "-kmeans.means", means, "-resulthandler", "DiscardResultHandler"]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    seconds = float(out.split("KMediansLloyd.runtime: ")[1].split()[0]) / 1000
    return seconds / out.count("K-Medians iteration")


def peers_of(case, with_elki):
    if case.model == "kmeans":
        return {"scikit-learn lloyd": sklearn("lloyd"), "scikit-learn elkan": sklearn("elkan")}
    return {"numpy": numpy_medians, **({"ELKI": elki} if with_elki else {})}


def milliseconds(seconds):
    middle = statistics.median(seconds)
    return f"{1000 * middle:.2f} ±{100 * (max(seconds) - min(seconds)) / 2 / middle:.0f} %"


def compare(program, case, rounds, with_elki, scratch):
    ours, two, theirs = [], [], {}
    for number in range(rounds):
        seconds, run, iterations, centres = shoal(program, case, scratch)
        ours.append(seconds)
        two.append(shoal(program, case, scratch, ranks=2)[0])
        for name, fit in peers_of(case, with_elki).items():
            if name == "ELKI" and number > 0:  # once: it is slow, and its rows are written as text
                continue
            theirs.setdefault(name, []).append(fit(case, run, centres))
    middle = statistics.median(ours)
    late = [line["counting_rounds"] for line in iterations[3:]] or [0]
    assigning = iterations[0]["seconds"] - iterations[0]["seconds_updating"]  # the first pass is a plain one
    updating = statistics.mean(line["seconds_updating"] for line in iterations)
    memory = run["peak_memory_bytes"] - case.x.nbytes - program_bytes(program, case, scratch)
    return [case.model, f"{len(case.x):,} x {case.x.shape[1]}", str(case.k), str(len(iterations)), milliseconds(ours),
            "; ".join(f"{name} {milliseconds(values)}" for name, values in theirs.items()),
            "; ".join(f"{statistics.median(values) / middle:.1f}" for values in theirs.values()),
            f"{middle / statistics.median(two):.2f}", f"{updating / assigning:.2f}", f"{statistics.mean(late):.1f}",
            f"{memory / len(case.x):.0f}"]


HEADINGS = ["model", "rows", "K", "passes", "shoal, ms", "peers, ms", "peer / shoal", "2 ranks", "update / first assignment",
            "counting rounds", "bytes per row above the rows and the program"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shoal", default=str(HERE.parent.parent / "build/release/shoal"))
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()) / "shoal-benchmark")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="cases whose model and name contain this")
    parser.add_argument("--markdown", type=pathlib.Path, help="also write the table here")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    arguments.data.mkdir(parents=True, exist_ok=True)
    with_elki = all(jar.exists() for jar in JARS)
    if not with_elki:
        print("ELKI is left out: install elki", file=sys.stderr)
    lines = ["| " + " | ".join(HEADINGS) + " |", "|" + " --- |" * len(HEADINGS)]
    print("\n".join(lines))
    cases = [("kmeans", name) for name in make_data.GAUSSIAN] + [("kmedians", name) for name in make_data.LAPLACE]
    for model, name in cases:
        if arguments.only not in f"{model} {name}":
            continue
        case = Case(arguments.data, model, name)
        with tempfile.TemporaryDirectory() as scratch:
            lines.append("| " + " | ".join(compare(arguments.shoal, case, arguments.rounds, with_elki,
                                                   pathlib.Path(scratch))) + " |")
        print(lines[-1], flush=True)
    if arguments.markdown:
        arguments.markdown.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
