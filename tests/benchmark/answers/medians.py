"""k-medians in numpy, to compare with: L1 distances and medians of each cluster's features."""
import numpy as np
from scipy.spatial.distance import cdist


def medians_of(x, labels, distances, k):
    """The median of each cluster; one that is empty takes the row that is farthest from its own."""
    order = np.argsort(labels, kind="stable")
    parts = np.split(x[order], np.searchsorted(labels[order], np.arange(1, k)))
    farthest = iter(np.argsort(distances)[::-1])
    return np.stack([np.median(part, axis=0) if len(part) else x[next(farthest)] for part in parts])


def fit(x, medians, most=1000):
    """Alternates until the labels stay: the medians, the sum of distances and the passes."""
    labels = None
    for n_passes in range(1, most + 1):
        table = cdist(x, medians, "cityblock")
        nearest = table.argmin(axis=1)
        distances = table[np.arange(len(x)), nearest]
        if labels is not None and np.array_equal(labels, nearest):
            break
        labels, medians = nearest, medians_of(x, nearest, distances, len(medians))
    return medians, distances.sum(), n_passes


def spread_rows(rng, x, k):
    """Rows drawn one after the other in proportion to their distance from those before: k-means++ with L1 distances."""
    rows = [rng.randint(len(x))]
    nearest = np.full(len(x), np.inf)
    while len(rows) < k:
        nearest = np.minimum(nearest, np.abs(x - x[rows[-1]]).sum(axis=1))
        rows.append(rng.choice(len(x), p=nearest / nearest.sum()))
    return x[rows]


def random_rows(rng, x, k):
    return x[rng.choice(len(x), k, replace=False)]
