"""Data of known mixtures, from fixed seeds, with a start near the truth.

name.h5 holds X, name_<covariance>.h5 (Bernoulli: name_none.h5, k-medians: name_start.h5) start parameters for --init. Gaussian components overlap (typical Mahalanobis distance between means 3 to 4), have unequal weights
and full covariances of condition about 60; Bernoulli probabilities are drawn from Beta(1/2, 1/2) within [0.05, 0.95]. k-medians: Laplace
clusters about centres in [-10, 10], and 5 % of rows uniform in [-20, 20].
"""
import zlib

import h5py
import numpy as np

GAUSSIAN = {  # N, D, K, typical distance between means
    "gaussian_d2_k5": (2_000_000, 2, 5, 3.5),
    "gaussian_d8_k8": (1_000_000, 8, 8, 3.2),
    "gaussian_d32_k16": (500_000, 32, 16, 3.5),
    "gaussian_d64_k64": (200_000, 64, 64, 4.0),
    "gaussian_d128_k10": (100_000, 128, 10, 3.0),
}
BERNOULLI = {
    "bernoulli_d64_k8": (1_000_000, 64, 8),
    "bernoulli_d256_k32": (200_000, 256, 32),
    "bernoulli_d784_k10": (100_000, 784, 10),
}
LAPLACE = {"kmedians_d2_k5": (2_000_000, 2, 5), "kmedians_d8_k16": (1_000_000, 8, 16), "kmedians_d32_k64": (200_000, 32, 64)}
COVARIANCES = ("full", "tied", "diag", "spherical")


def gaussian(rng, n, d, k, distance):
    spectrum = np.geomspace(1, 60, d)
    basis = np.linalg.qr(rng.standard_normal((d, d)))[0] * np.sqrt(spectrum * d / spectrum.sum())
    shapes = [basis @ (np.eye(d) + rng.standard_normal((d, d)) / max(d, 3)) for _ in range(k)]
    means = rng.standard_normal((k, d)) * distance / np.sqrt(2 * d) @ basis.T
    weights = rng.dirichlet(np.full(k, 4.0))
    component = rng.choice(k, n, p=weights)
    x = np.empty((n, d))
    for c in range(k):
        mine = np.flatnonzero(component == c)
        x[mine] = rng.standard_normal((len(mine), d)) @ shapes[c].T + means[c]
    return x, {"means": means + 0.3 * rng.standard_normal((k, d)) @ basis.T / np.sqrt(d)}


def bernoulli(rng, n, d, k):
    theta = np.clip(rng.beta(0.5, 0.5, (k, d)), 0.05, 0.95)
    component = rng.choice(k, n, p=rng.dirichlet(np.full(k, 4.0)))
    x = np.empty((n, d), np.uint8)
    for first in range(0, n, 50_000):
        part = slice(first, first + 50_000)
        x[part] = rng.random(x[part].shape) < theta[component[part]]
    return x, {"probabilities": np.clip(0.7 * theta + 0.3 * rng.uniform(0.3, 0.7, (k, d)), 0.05, 0.95)}


def laplace(rng, n, d, k):
    centres = rng.uniform(-10, 10, (k, d))
    component = rng.integers(0, k, n)
    x = rng.laplace(size=(n, d)) * rng.uniform(0.5, 1.5, (k, d))[component] + centres[component]
    outlier = rng.random(n) < 0.05
    x[outlier] = rng.uniform(-20, 20, (int(outlier.sum()), d))
    return x, {"medians": centres + rng.normal(0, 0.5, (k, d))}


def identity(covariance, k, d):
    return {"full": np.tile(np.eye(d), (k, 1, 1)), "tied": np.eye(d), "diag": np.ones((k, d)),
            "spherical": np.ones(k)}[covariance]


def make(folder, name):
    """Writes folder/name.h5 and a start file for each covariance, unless they are there."""
    path = folder / f"{name}.h5"
    if path.exists():
        return path
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    families = ((GAUSSIAN, gaussian), (BERNOULLI, bernoulli), (LAPLACE, laplace))
    sizes, generate = next((family[name], make) for family, make in families if name in family)
    x, start = generate(rng, *sizes)
    k = sizes[2]
    variants = COVARIANCES if name in GAUSSIAN else ("none",) if name in BERNOULLI else ("start",)
    for variant in variants:
        arrays = dict(start) if name in LAPLACE else {**start, "weights": np.full(k, 1 / k)}
        if name in GAUSSIAN:
            arrays["covariances"] = identity(variant, k, x.shape[1])
        with h5py.File(folder / f"{name}_{variant}.h5", "w") as file:
            for key, values in arrays.items():
                file[f"parameters/{key}"] = values
    with h5py.File(path.with_suffix(".part"), "w") as file:
        file["X"] = x
    path.with_suffix(".part").rename(path)
    return path
