"""One start of one set by programs that are not shoal: what stored optima and live comparisons are made of."""
import dataclasses
import warnings

import numpy as np
from sklearn.cluster import KMeans, kmeans_plusplus
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from . import medians, mixtures


@dataclasses.dataclass
class Outcome:
    objective: float
    sound: bool
    n_passes: int
    parameters: object = None


def better(family, a, b):
    """Whether objective a is the better one."""
    return a < b if family in ("kmeans", "kmedians") else a > b


def best_of(family, outcomes):
    """The best sound outcome, or None."""
    sound = [outcome for outcome in outcomes if outcome.sound]
    sign = 1 if family in ("kmeans", "kmedians") else -1
    return min(sound, key=lambda outcome: sign * outcome.objective, default=None)


def nearest(z, centres):
    return np.argmin((centres**2).sum(axis=1) - 2 * z @ centres.T, axis=1)


def mixture_of(data):
    if data.family in ("bernoulli", "categorical"):
        levels = np.full(data.x.shape[1], 2) if data.family == "bernoulli" else data.x.max(axis=0).astype(int) + 1
        return mixtures.Discrete(data.x, levels)
    return mixtures.Gaussian(data.x, data.family)


def partition(data, model, number):
    """Even starts: labels of k-means, or random ones of codes; odd ones: the nearest of k-means++'s seeds."""
    rng = np.random.RandomState(number)
    z = data.x
    if data.family in ("bernoulli", "categorical"):
        if number % 2 == 0:
            return rng.randint(data.k, size=len(z))
        codes = model.features[1:].T
        z = codes / np.maximum(codes.std(axis=0), 1e-3)
    elif number % 2 == 0:
        return KMeans(data.k, n_init=1, random_state=number).fit(z).labels_
    return nearest(z, kmeans_plusplus(z, data.k, random_state=number)[0])


def soften(parameters):
    """Probabilities away from 0, from which EM would never return."""
    weights, probabilities = parameters
    return weights, 0.9 * probabilities + 0.1 * np.average(probabilities, axis=0, weights=weights)


def mixture_start(data, number, tolerance=1e-9):
    model = mixture_of(data)
    parameters = mixtures.start(model, partition(data, model, number), data.k)
    if isinstance(model, mixtures.Discrete):
        parameters = soften(parameters)
    parameters, value, n_passes = mixtures.fit(model, parameters, tolerance)
    return Outcome(value, np.isfinite(value) and not model.degenerate(parameters), n_passes, parameters)


def kmeans_start(data, number):
    fitted = KMeans(data.k, n_init=1, tol=0, max_iter=2000, random_state=number).fit(data.x)
    return Outcome(fitted.inertia_, True, fitted.n_iter_)


def kmedians_start(data, number):
    """Even starts from random rows, odd ones from rows that are spread out."""
    rng = np.random.RandomState(number)
    first = (medians.spread_rows if number % 2 else medians.random_rows)(rng, data.x, data.k)
    _, objective, n_passes = medians.fit(data.x, first)
    return Outcome(objective, True, n_passes)


def one_start(data, number):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return {"kmeans": kmeans_start, "kmedians": kmedians_start}.get(data.family, mixture_start)(data, number)


def confirm(data, outcome):
    """scikit-learn sees the same log-likelihood at a Gaussian optimum, and gains nothing by going on from there."""
    weights, means, covariances = outcome.parameters
    if data.family in ("full", "tied"):
        precisions = np.linalg.inv(covariances)
    else:
        precisions = 1 / covariances
    peer = GaussianMixture(data.k, covariance_type=data.family, weights_init=weights, means_init=means,
                           precisions_init=precisions, reg_covar=mixtures.REGULARIZATION, tol=1e-9, max_iter=20)
    peer._initialize_parameters = lambda *_: None  # all are given
    peer._initialize(data.x, np.full((len(data.x), data.k), 1 / data.k))
    there = peer._e_step(data.x)[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        beyond = peer.fit(data.x).score(data.x)
    mine = outcome.objective / len(data.x)
    if not (abs(there - mine) < 1e-8 * max(1, abs(mine)) and beyond - mine < 1e-6):
        raise SystemExit(f"{data.name}: {mine!r} a row, scikit-learn says {there!r} and goes on to {beyond!r}")
