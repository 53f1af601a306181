"""The sets of the benchmark: simulated ones, and real ones of this repository and of scikit-learn."""
import dataclasses
import functools
import hashlib
import pathlib

import h5py
import numpy as np

from . import simulate
from .simulate import DISCRETE, FAMILIES, GAUSSIAN, standardise

DATA = pathlib.Path(__file__).resolve().parents[2] / "data"
N_SETS = {"small": 12, "large": 4, "choice": 20}
REAL_NUMBERS = {"iris": (3, 6), "faithful": (2, 5), "wine": (3, 6), "breast_cancer": (2, 5), "diabetes": (4, 8),
                "digits": (10, 20)}
REAL_CODES = {"bernoulli": {"carcinoma": (2, 3), "digits-binary": (10, 20)}, "categorical": {"gss82": (2, 3, 4)}}


@dataclasses.dataclass(frozen=True)
class Set:
    """The rows are made when they are asked for."""
    name: str
    family: str
    size: str
    number: int = 0
    source: str = ""
    clusters: int = 0

    @functools.cached_property
    def made(self):
        if self.source:
            return real_rows(self.source, self.family), self.clusters
        return simulate.simulate(self.family, self.size, self.number)

    @property
    def x(self):
        return self.made[0]

    @property
    def k(self):
        return self.made[1]

    @property
    def mixture(self):
        return self.family not in ("kmeans", "kmedians")

    @functools.cached_property
    def digest(self):
        kind = "u1" if self.family in DISCRETE else "<f8"
        return hashlib.sha256(repr(self.x.shape).encode() + self.x.astype(kind).tobytes()).hexdigest()[:16]


def read(path):
    with h5py.File(path) as file:
        return file["X"][:]


def real_rows(source, family):
    for folder in (DATA, DATA / "references"):
        if (folder / f"{source}.h5").exists():
            x = read(folder / f"{source}.h5")
            break
    else:
        from sklearn import datasets
        x = getattr(datasets, f"load_{source}")().data
    if family in DISCRETE:
        return x
    return np.asarray(x, float) if source == "digits" and family not in GAUSSIAN else standardise(x)


def real_sets(family):
    for source, clusters in REAL_CODES.get(family, {} if family in DISCRETE else REAL_NUMBERS).items():
        if source == "digits" and family in ("full", "diag"):
            continue  # pixels that are nearly constant in a class leave no sound fit
        for k in clusters:
            yield Set(f"real-{source}-{family}-{k}", family, "real", source=source, clusters=k)


def simulated_sets(family, size):
    for number in range(N_SETS[size]):
        yield Set(f"{size}-{family}-{number}", family, size, number)


def choice_sets():
    """Gaussian sets to choose K for; the covariance types take turns."""
    return [Set(f"choice-{GAUSSIAN[number % 4]}-{number}", GAUSSIAN[number % 4], "choice", number)
            for number in range(N_SETS["choice"])]


def list_sets(families, sizes):
    """Small sets first."""
    for size in ("real", "small", "large"):
        for family in FAMILIES:
            if size in sizes and family in families:
                yield from real_sets(family) if size == "real" else simulated_sets(family, size)
