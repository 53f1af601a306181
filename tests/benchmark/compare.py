#!/usr/bin/python3
"""Seconds an EM iteration of shoal and of the peers in Debian, side by side on this machine.

compare.py [--shoal PROGRAM] [--data FOLDER] [--rounds R] [--only TEXT] [--markdown FILE]

Every round runs shoal and each peer once, in turn, one thread each; the table gives medians and the spread between
rounds. Each peer starts from the same parameters, and its log-likelihood after one M-step must equal shoal's: to 1e-9,
numpy in float32 and mclust to 1e-5, Armadillo, whose variances have another floor, to 1e-3. Needs python3-sklearn, python3-h5py; libarmadillo-dev and g++ for Armadillo,
r-base-core and r-cran-mclust for mclust, which are left out, loudly, where they are missing.
"""
import os

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")  # before numpy is loaded
import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import h5py
import numpy as np
from scipy.special import logsumexp
from sklearn.mixture import GaussianMixture

import make_data

HERE = pathlib.Path(__file__).resolve().parent
ITERATIONS = 4


class Case:
    def __init__(self, folder, name, variant):
        self.name, self.variant = name, variant
        self.path = make_data.make(folder, name)
        self.binary = name in make_data.BERNOULLI
        self.n, self.d, self.k = (make_data.BERNOULLI if self.binary else make_data.GAUSSIAN)[name][:3]
        self.start = folder / f"{name}_{'none' if self.binary else variant}.h5"

    def rows(self):
        with h5py.File(self.path) as file:
            return file["X"][:]

    def parameters(self):
        with h5py.File(self.start) as file:
            return {key: file[f"parameters/{key}"][:] for key in file["parameters"]}


def shoal(program, case, scratch, ranks=1, threads=1):
    """Median seconds of the iterations but the last, the log-likelihood after one M-step, and the run's JSON."""
    log = scratch / "log.jsonl"
    command = [program, "fit", "bernoulli" if case.binary else "gaussian", f"{case.path}:/X", "-k", case.k, "--init",
               case.start, "--max-iterations", ITERATIONS, "--tolerance", 0, "--threads", threads, "--log", log, "-o",
               scratch / "model.h5", "--overwrite", "-q", "--json"]
    command += ["--precision", case.variant] if case.binary else [
        "--covariance", case.variant, "--regularization", 0, "--regularization-absolute", 1e-6]
    if ranks > 1:
        command = ["mpirun", "-n", ranks, "--bind-to", "none", *command]
    run = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"shoal failed: {run.stderr}")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    iterations = [line for line in lines if line["event"] == "iteration"]
    return (statistics.median(line["seconds"] for line in iterations[:-1]), iterations[1]["objective"],
            json.loads(run.stdout))


class Sklearn:
    name = "scikit-learn"

    def __init__(self, case, scratch):
        self.x = case.rows()
        start = case.parameters()
        covariances = start["covariances"]
        self.model = GaussianMixture(case.k, covariance_type=case.variant, reg_covar=1e-6)
        self.model.weights_, self.model.means_ = start["weights"], start["means"]
        self.model.covariances_, self.model.precisions_cholesky_ = covariances, covariances  # identities
        self.after = None

    def iterate(self):
        begin = time.process_time()
        _, log_responsibilities = self.model._e_step(self.x)
        self.model._m_step(self.x, log_responsibilities)
        seconds = time.process_time() - begin
        del log_responsibilities
        if self.after is None:
            self.after = self.model._e_step(self.x)[0] * len(self.x)
        return seconds


class Numpy:
    """Bernoulli by two matrix products an iteration, all rows at once."""
    name = "numpy"

    def __init__(self, case, scratch):
        self.type = np.dtype(case.variant)
        self.x = case.rows().astype(self.type)
        start = case.parameters()
        self.weights, self.theta = start["weights"], start["probabilities"]
        self.after = None
        self.tolerance = 1e-9 if self.type == np.float64 else 1e-5

    def e_step(self):
        theta = np.clip(self.theta, 1e-15, 1 - 1e-15)
        joint = self.x @ (np.log(theta) - np.log1p(-theta)).T.astype(self.type)
        joint += (np.log1p(-theta).sum(axis=1) + np.log(self.weights)).astype(self.type)
        norm = logsumexp(joint, axis=1)
        joint -= norm[:, None]
        return np.exp(joint, out=joint), float(norm.sum(dtype=np.float64))

    def iterate(self):
        begin = time.process_time()
        responsibilities, _ = self.e_step()
        counts = responsibilities.sum(axis=0, dtype=np.float64)
        self.theta = (responsibilities.T @ self.x) / counts[:, None]
        self.weights = counts / len(self.x)
        seconds = time.process_time() - begin
        del responsibilities
        if self.after is None:
            self.after = self.e_step()[1]
        return seconds


class Armadillo:
    name = "Armadillo"

    def __init__(self, case, scratch):
        self.case, self.scratch, self.after, self.tolerance = case, scratch, None, 1e-3
        case.rows().tofile(scratch / "x.bin")
        case.parameters()["means"].tofile(scratch / "start.bin")

    @staticmethod
    def build(folder):
        program = folder / "armadillo_peer"
        subprocess.run(["g++", "-O3", "-march=native", HERE / "armadillo_peer.cpp", "-o", program, "-larmadillo"],
                       check=True)
        return program

    def iterate(self):
        out = subprocess.run([Armadillo.program, self.case.variant, self.scratch / "x.bin", str(self.case.n),
                              str(self.case.d), self.scratch / "start.bin", str(self.case.k)], capture_output=True,
                             text=True, check=True).stdout
        self.after = float(out.split()[0]) * self.case.n
        return float(out.split()[1])


class Mclust:
    name = "mclust"
    models = {"full": "VVV", "tied": "EEE", "diag": "VVI", "spherical": "VII"}

    def __init__(self, case, scratch):
        self.command = ["Rscript", HERE / "mclust_peer.R", self.models[case.variant], scratch / "x.bin", str(case.n),
                        str(case.d), scratch / "start.bin", str(case.k)]
        case.rows().tofile(scratch / "x.bin")
        case.parameters()["means"].tofile(scratch / "start.bin")
        self.after, self.seconds, self.tolerance = None, None, 1e-5  # it has no floor under variances

    def iterate(self):
        if self.seconds is None:  # once: it is slow
            out = subprocess.run(self.command, capture_output=True, text=True, check=True).stdout.split()
            self.after, self.seconds = float(out[0]), float(out[1])
        return self.seconds


def peers_of(case):
    if case.binary:
        return [Numpy]
    peers = [Sklearn]
    if case.variant in ("full", "diag") and Armadillo.program and case.d * case.k <= 512:  # hours beyond
        peers.append(Armadillo)
    if Mclust.there and case.n * case.d * case.d * case.k <= 10**9:  # many minutes beyond
        peers.append(Mclust)
    return peers


def check(case, peer, ours):
    """The peer's log-likelihood after one M-step is shoal's."""
    if peer.after is None:
        return
    tolerance = getattr(peer, "tolerance", 1e-9)
    if not abs(peer.after - ours) <= tolerance * abs(ours):
        sys.exit(f"{case.name} {case.variant}: shoal {ours!r}, {peer.name} {peer.after!r}")


def compare(program, case, rounds, scratch):
    peers = [peer(case, scratch) for peer in peers_of(case)]
    ours, theirs = [], {peer.name: [] for peer in peers}
    for _ in range(rounds):
        seconds, after, run = shoal(program, case, scratch)
        ours.append(seconds)
        for peer in peers:
            theirs[peer.name].append(peer.iterate())
            check(case, peer, after)
    return ours, theirs, run


def spread(seconds):
    middle = statistics.median(seconds)
    return f"{middle:.4f} ±{100 * (max(seconds) - min(seconds)) / 2 / middle:.0f} %"


def row(case, ours, theirs, run):
    middle = statistics.median(ours)
    best = min(statistics.median(values) for values in theirs.values())
    flops = 2 * case.d * (case.d + 1) * case.n * case.k / middle / 1e9
    data = case.n * (case.d / 8 if case.binary else 8 * case.d)
    return [case.name.split("_", 1)[0], case.variant, f"{case.n:,} x {case.d}", str(case.k), spread(ours),
            "; ".join(f"{name} {spread(values)}" for name, values in theirs.items()), f"{best / middle:.1f}",
            f"{middle / case.n / case.k * 1e9:.1f}", f"{flops:.1f}" if case.variant == "full" else "",
            f"{(run['peak_memory_bytes'] - data) / 2**20:.0f}"]


HEADINGS = ["model", "variant", "rows", "K", "shoal, s", "peers, s", "best peer / shoal", "ns per row and component",
            "GFLOP/s", "MiB above the rows"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shoal", default=str(HERE.parent.parent / "build/release/shoal"))
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()) / "shoal-benchmark")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="cases whose name and variant contain this")
    parser.add_argument("--markdown", type=pathlib.Path, help="also write the table here")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    arguments.data.mkdir(parents=True, exist_ok=True)
    Armadillo.program = Armadillo.build(arguments.data) if shutil.which("g++") and pathlib.Path(
        "/usr/include/armadillo").exists() else None
    if not Armadillo.program:
        print("Armadillo is left out: install libarmadillo-dev", file=sys.stderr)
    Mclust.there = subprocess.run(["Rscript", "-e", "library(mclust)"], capture_output=True).returncode == 0 if (
        shutil.which("Rscript")) else False
    if not Mclust.there:
        print("mclust is left out: install r-cran-mclust", file=sys.stderr)
    names = [(name, variant) for name in make_data.GAUSSIAN for variant in make_data.COVARIANCES]
    names += [(name, variant) for name in make_data.BERNOULLI for variant in ("float64", "float32")]
    lines = ["| " + " | ".join(HEADINGS) + " |", "|" + " --- |" * len(HEADINGS)]
    print("\n".join(lines))
    for name, variant in names:
        if arguments.only not in f"{name} {variant}":
            continue
        case = Case(arguments.data, name, variant)
        with tempfile.TemporaryDirectory() as scratch:
            lines.append("| " + " | ".join(row(case, *compare(arguments.shoal, case, arguments.rounds,
                                                              pathlib.Path(scratch)))) + " |")
        print(lines[-1], flush=True)
    if arguments.markdown:
        arguments.markdown.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
