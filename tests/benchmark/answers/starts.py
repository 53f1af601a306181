"""One start of one set by programs that are not shoal: what stored optima and live comparisons are made of."""
import dataclasses
import functools
import warnings

import numpy as np
from sklearn.cluster import KMeans, kmeans_plusplus
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from . import medians, mixtures

N_USUAL = 10
ROUGH, SETTLED = 1e-6, 1e-9  # nats a row that are left
NEAR = 1e-3  # nats a row: a rough outcome that is farther behind does not become the best


@dataclasses.dataclass
class Outcome:
    objective: float
    sound: bool
    n_passes: int
    parameters: object = None  # of mixtures
    rough: bool = False  # more can be gained by going on


def best_of(family, outcomes):
    """The best sound outcome, or None."""
    sound = [outcome for outcome in outcomes if outcome.sound]
    sign = 1 if family in ("kmeans", "kmedians") else -1
    return min(sound, key=lambda outcome: sign * outcome.objective, default=None)


def nearest(z, centres):
    return np.argmin((centres**2).sum(axis=1) - 2 * z @ centres.T, axis=1)


@functools.lru_cache(maxsize=1)
def mixture_of(data):
    if data.family in ("bernoulli", "categorical"):
        levels = np.full(data.x.shape[1], 2) if data.family == "bernoulli" else data.x.max(axis=0).astype(int) + 1
        return mixtures.Discrete(data.x, levels)
    return mixtures.Gaussian(data.x, data.family)


def usual(number):
    """The first ten starts, which stand for a user's, are of the usual kind; of the others half are, for variety."""
    return number < N_USUAL or number % 2 == 0


def partition(data, model, number):
    """Usual: labels of k-means, or random ones of codes; otherwise the nearest of k-means++'s seeds."""
    rng = np.random.RandomState(number)
    z = data.x
    if data.family in ("bernoulli", "categorical"):
        if usual(number):
            return rng.randint(data.k, size=len(z))
        codes = model.features[1:].T
        z = codes / np.maximum(codes.std(axis=0), 1e-3)
    elif usual(number):
        return KMeans(data.k, n_init=1, random_state=number).fit(z).labels_
    return nearest(z, kmeans_plusplus(z, data.k, random_state=number)[0])


def soften(parameters):
    """Probabilities away from 0, from which EM would never return."""
    weights, probabilities = parameters
    return weights, 0.9 * probabilities + 0.1 * np.average(probabilities, axis=0, weights=weights)


def mixture_start(data, number, tolerance):
    model = mixture_of(data)
    parameters = mixtures.start(model, partition(data, model, number), data.k)
    return go_on(data, soften(parameters) if isinstance(model, mixtures.Discrete) else parameters, tolerance)


def go_on(data, parameters, tolerance=SETTLED):
    model = mixture_of(data)
    parameters, value, n_passes = mixtures.fit(model, parameters, tolerance)
    sound = bool(np.isfinite(value)) and not model.degenerate(parameters)
    return Outcome(value, sound, n_passes, parameters, tolerance > SETTLED)


def settle(data, outcomes):
    """Goes on, in place, with those rough outcomes that may be the best."""
    while True:
        best = best_of(data.family, outcomes)
        near = [i for i, outcome in enumerate(outcomes) if outcome.sound and outcome.rough
                and best.objective - outcome.objective < NEAR * len(data.x)]
        for i in near:
            outcomes[i] = go_on(data, outcomes[i].parameters)
        if not near:
            return


def kmeans_start(data, number, _):
    fitted = KMeans(data.k, n_init=1, tol=0, max_iter=2000, random_state=number).fit(data.x)
    return Outcome(fitted.inertia_, True, fitted.n_iter_)


def kmedians_start(data, number, _):
    """Usual: from random rows; otherwise from rows that are spread out."""
    rng = np.random.RandomState(number)
    first = (medians.random_rows if usual(number) else medians.spread_rows)(rng, data.x, data.k)
    _, objective, n_passes = medians.fit(data.x, first)
    return Outcome(objective, True, n_passes)


def one_start(data, number, tolerance=SETTLED):
    """The tolerance, in nats a row, is that of mixtures; the others end at a fixed point."""
    run = {"kmeans": kmeans_start, "kmedians": kmedians_start}.get(data.family, mixture_start)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return run(data, number, tolerance)


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
