"""EM of a Gaussian mixture whose rows are known in part: missing entries, and measurement noise. Row by row and component
by component, as in Bovy, Hogg & Roweis (2011), in numpy: slow, and plain to see."""
import numpy as np


def row_posterior(x, noise, mean, covariance):
    """ln density of what was observed of x; mean and covariance of the row's true values."""
    o = ~np.isnan(x)
    T = (covariance + noise)[np.ix_(o, o)]
    gain = np.linalg.solve(T, covariance[o]).T
    apart = x[o] - mean[o]
    _, log_det = np.linalg.slogdet(T)
    density = -0.5 * (o.sum() * np.log(2 * np.pi) + log_det + apart @ np.linalg.solve(T, apart))
    return density, mean + gain @ apart, covariance - gain @ covariance[o]


def as_matrices(covariances, kind, K, D):
    """(K, D, D) whatever the kind."""
    covariances = np.asarray(covariances, float)
    if kind == "full":
        return covariances
    if kind == "tied":
        return np.broadcast_to(covariances, (K, D, D))
    if kind == "diag":
        return np.array([np.diag(v) for v in covariances])
    return np.array([v * np.eye(D) for v in covariances])


def of_kind(matrices, n, kind):
    if kind == "full":
        return matrices
    if kind == "tied":
        return np.tensordot(n / n.sum(), matrices, 1)
    diagonals = np.array([np.diag(m) for m in matrices])
    return diagonals if kind == "diag" else diagonals.mean(1)


class Posteriors:
    """Of all rows under all components."""

    def __init__(self, X, noise, weights, means, covariances, kind):
        N, D = X.shape
        K = len(means)
        matrices = as_matrices(covariances, kind, K, D)
        self.values, self.spreads = np.empty((N, K, D)), np.empty((N, K, D, D))
        joint = np.empty((N, K))
        for i in range(N):
            for k in range(K):
                S = np.zeros((D, D)) if noise is None else noise[i]
                density, self.values[i, k], self.spreads[i, k] = row_posterior(X[i], S, means[k], matrices[k])
                joint[i, k] = np.log(weights[k]) + density
        top = joint.max(1)
        self.log_density = top + np.log(np.exp(joint - top[:, None]).sum(1))
        self.responsibilities = np.exp(joint - self.log_density[:, None])

    def mean(self):
        return np.einsum("nk,nkd->nd", self.responsibilities, self.values)

    def deviation(self):
        squares = self.values ** 2 + np.einsum("nkdd->nkd", self.spreads)
        return np.sqrt(np.maximum(np.einsum("nk,nkd->nd", self.responsibilities, squares) - self.mean() ** 2, 0))


def em(X, weights, means, covariances, iterations, kind="full", noise=None, w=None, added=0.0):
    """The history of the log-likelihood, and the parameters after so many M-steps; `added` goes to diagonals."""
    w = np.ones(len(X)) if w is None else np.asarray(w, float)
    history = []
    for t in range(iterations + 1):
        found = Posteriors(X, noise, weights, means, covariances, kind)
        history.append(w @ found.log_density)
        if t == iterations:
            return np.array(history), weights, means, covariances
        r = w[:, None] * found.responsibilities
        n = r.sum(0)
        weights, means = n / w.sum(), np.einsum("nk,nkd->kd", r, found.values) / n[:, None]
        apart = found.values - means
        scatter = np.einsum("nk,nki,nkj->kij", r, apart, apart) + np.einsum("nk,nkij->kij", r, found.spreads)
        matrices = scatter / n[:, None, None] + added * np.eye(X.shape[1])
        covariances = of_kind(matrices, n, kind)
