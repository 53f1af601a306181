"""Simulated sets whose overlap is known: rows of K components, set as far apart as makes the best possible classifier
err on 2, 10 or 25 % of them.

A set is a function of (family, size, number) alone. numpy's RandomState, whose streams are frozen, draws; the
separation is searched on a grid and the values are rounded to 2^-16, so that the last bits of a machine's log or BLAS
are not seen.
"""
import dataclasses

import numpy as np

FAMILIES = ("kmeans", "kmedians", "full", "tied", "diag", "spherical", "bernoulli", "categorical")
GAUSSIAN = ("full", "tied", "diag", "spherical")
DISCRETE = ("bernoulli", "categorical")
SIZES = ("small", "large", "choice")
BAYES_ERRORS = (0.02, 0.10, 0.25)
TRIALS = 4000  # rows on which the error is counted
STEPS = 64  # of the separation's grid, in each octave
LARGE_K = {"kmeans": (4, 10, 20, 50), "kmedians": (4, 10, 20, 40), "full": (3, 6, 10, 20), "tied": (3, 6, 10, 20),
           "diag": (4, 10, 20, 50), "spherical": (4, 10, 20, 50), "bernoulli": (3, 5, 8, 12),
           "categorical": (3, 5, 7, 10)}


@dataclasses.dataclass
class Shape:
    n_rows: int
    n_features: int
    n_clusters: int
    weights: np.ndarray
    bayes_error: float
    noise: float  # share of rows that are spread over the whole range


def round_values(x):
    return np.round(x * 2.0**16) / 2.0**16


def standardise(x):
    """Features of mean 0 and standard deviation 1; those that are constant are left out."""
    x = x[:, x.std(axis=0) > 0]
    return round_values((x - x.mean(axis=0)) / x.std(axis=0))


def draw_shape(rng, family, size, number):
    k, d = draw_k_and_d(rng, family, size, number)
    n = 20_000 if size == "large" else rng.randint(500, 1501) if size == "choice" else rng.randint(1000, 2001)
    weights = np.maximum(rng.dirichlet(np.full(k, 4.0)), 0.5 / k) if number % 2 else np.full(k, 1 / k)
    if family == "full":
        weights = np.maximum(weights, 3 * (d + 1) / n)  # a covariance can be estimated from three times D + 1 rows
    noise = 0.05 if size != "choice" and family not in DISCRETE and number % 5 == (4 if size == "small" else 2) else 0.0
    return Shape(n, d, k, weights / weights.sum(), BAYES_ERRORS[number % 3], noise)


def draw_k_and_d(rng, family, size, number):
    if size == "choice":
        return 2 + number % 5, rng.randint(2, 7)
    if size == "large":
        return LARGE_K[family][number], rng.randint(12, 21) if family in DISCRETE else rng.randint(3, 9)
    if family in DISCRETE:
        k = rng.randint(3, 11)
        return k, max(rng.randint(8, 21), 2 * k)  # fewer features leave the components unidentified
    return rng.randint(3, 16), rng.randint(2, 13 if family == "full" else 21)


class RealComponents:
    """Gaussian components, or Laplacian ones for k-medians, with means that scale with the separation."""

    def __init__(self, rng, family, k, d):
        self.means = rng.normal(size=(k, d))
        self.laplacian = family == "kmedians"
        shared = rng.normal(size=(d, d)), rng.normal(0, 0.6, d)
        self.factors = np.stack([self.factor(rng, family, d, shared) for _ in range(k)])

    @staticmethod
    def factor(rng, family, d, shared):
        """L with covariance L L'; triangular or not."""
        if family in ("kmeans", "spherical"):
            return np.eye(d) * np.exp(rng.normal(0, 0.25))
        if family in ("kmedians", "diag"):
            return np.diag(np.exp(rng.normal(0, 0.3, d)))
        directions, spreads = shared if family == "tied" else (rng.normal(size=(d, d)), rng.normal(0, 0.6, d))
        scale = 1.0 if family == "tied" else np.exp(rng.normal(0, 0.2))
        return np.linalg.qr(directions)[0] * np.exp(spreads / 2) * scale

    def draw(self, rng, component):
        shape = (len(component), self.means.shape[1])
        return rng.laplace(size=shape) if self.laplacian else rng.normal(size=shape)

    def rows(self, drawn, component, separation):
        x = separation * self.means[component]
        for k, factor in enumerate(self.factors):
            x[component == k] += drawn[component == k] @ factor.T
        return x

    def log_densities(self, x, separation):
        densities = []
        for mean, factor in zip(self.means, self.factors):
            white = np.linalg.solve(factor, (x - separation * mean).T)
            energy = np.abs(white) if self.laplacian else white**2 / 2
            densities.append(-energy.sum(axis=0) - np.linalg.slogdet(factor)[1])
        return np.stack(densities, axis=1)


class CodeComponents:
    """Independent codes in each component, whose log odds scale with the separation."""

    def __init__(self, rng, family, k, d):
        levels = np.full(d, 2) if family == "bernoulli" else rng.randint(2, 6, d)
        self.common = [rng.normal(0, 0.7, n) for n in levels]
        self.own = [rng.normal(size=(k, n)) for n in levels]

    def probabilities(self, separation):
        """For each feature K x levels."""
        odds = [np.exp(common + separation * own) for common, own in zip(self.common, self.own)]
        return [values / values.sum(axis=1, keepdims=True) for values in odds]

    def draw(self, rng, component):
        return rng.random_sample((len(component), len(self.own)))

    def rows(self, drawn, component, separation):
        above = [drawn[:, [j]] > np.cumsum(p[component], axis=1)[:, :-1]
                 for j, p in enumerate(self.probabilities(separation))]
        return np.stack([values.sum(axis=1) for values in above], axis=1)

    def log_densities(self, x, separation):
        return sum(np.log(np.maximum(p, 1e-300))[:, x[:, j]].T for j, p in enumerate(self.probabilities(separation)))


def find_separation(components, shape, component, drawn):
    """The largest separation of the grid at which the best classifier still errs as often as wanted."""
    def error(step):
        separation = 2.0**(step / STEPS)
        x = components.rows(drawn, component, separation)
        joint = components.log_densities(x, separation) + np.log(shape.weights)
        return np.mean(joint.argmax(axis=1) != component)
    low, high = -5 * STEPS, 7 * STEPS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if error(middle) >= shape.bayes_error else (low, middle)
    return 2.0**(low / STEPS)


def without_missing_levels(x):
    """Codes 0, 1, ... of which each occurs."""
    return np.stack([np.unique(column, return_inverse=True)[1] for column in x.T], axis=1).astype(np.uint8)


def simulate(family, size, number):
    """The rows and the number of components they were drawn from."""
    rng = np.random.RandomState([FAMILIES.index(family), SIZES.index(size), number])
    shape = draw_shape(rng, family, size, number)
    k, d = shape.n_clusters, shape.n_features
    components = (CodeComponents if family in DISCRETE else RealComponents)(rng, family, k, d)
    trial, component = (rng.choice(k, n, p=shape.weights) for n in (TRIALS, shape.n_rows))
    separation = find_separation(components, shape, trial, components.draw(rng, trial))
    x = components.rows(components.draw(rng, component), component, separation)
    if family in DISCRETE:
        return without_missing_levels(x), k
    spread = rng.random_sample(len(x)) < shape.noise
    x[spread] = rng.uniform(x.min(axis=0), x.max(axis=0), (spread.sum(), d))
    return (standardise(x) if family in GAUSSIAN else round_values(x)), k
