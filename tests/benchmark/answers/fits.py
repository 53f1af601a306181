"""shoal on one set: the file it reads, the command, and what its model file says."""
import dataclasses
import json
import subprocess

import h5py
import numpy as np

from .mixtures import FLAT
from .simulate import DISCRETE, GAUSSIAN


@dataclasses.dataclass
class Fit:
    objective: float
    n_passes: int  # over all rows, of the fit that is kept
    work: float  # passes of all starts and searches, in passes over all rows
    seconds: float
    converged: bool
    degenerate: bool


def write_data(data, folder):
    path = folder / f"{data.name}.h5"
    with h5py.File(path, "w") as file:
        file["X"] = data.x.astype(np.uint8) if data.family in DISCRETE else data.x
    return path


def run(command):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if result.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\nends with {result.returncode}: {result.stderr.strip()}")
    return result.stdout


def fit(program, data, path, seed, options):
    model = path.with_suffix(".model.h5")
    kind = ["gaussian", path, "--covariance", data.family] if data.family in GAUSSIAN else [data.family, path]
    command = [program, "fit", *kind, "-k", data.k, "--seed", seed, *options, "-o", model, "--overwrite", "-q"]
    seconds = json.loads(run([*command, "--json"]))["seconds"]
    with h5py.File(model) as file:
        attributes = file.attrs
        n_passes = int(attributes["n_passes"] if "n_passes" in attributes else attributes["n_iterations"] + 1)
        work = n_passes
        if "starts" in file:
            work = np.sum(file["starts/passes"][:] * file["starts/total_weight"][:]) / attributes["total_weight"]
        return Fit(float(attributes["objective"]), n_passes, float(work), seconds["start"] + seconds["fit"],
                   bool(attributes["converged"]), data.family in GAUSSIAN and degenerate(data, file["parameters"]))


def degenerate(data, parameters):
    """Judged here, whatever the program says of itself: a covariance that is flat, or too few rows for one."""
    covariances, sd = parameters["covariances"][:], data.x.std(axis=0)
    if data.family in ("full", "tied"):
        smallest = np.linalg.eigvalsh(covariances / np.outer(sd, sd)).min()
    else:
        smallest = (covariances / (sd**2 if data.family == "diag" else np.mean(sd**2))).min()
    fewest = data.x.shape[1] + 1 if data.family in ("full", "tied") else 2
    return bool(smallest < FLAT or parameters["counts"][:].min() < fewest)
