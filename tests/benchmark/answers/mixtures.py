"""EM in numpy, to compare with. Every mixture here is an exponential family: the log joint density of component k and
row x is linear in features of x (products, values, indicators of codes), so that a pass is two matrix products.

`features` is P x N, the responsibilities are K x N, `moments` (K x P) are the sums of the features that they weigh.
"""
import numpy as np

LOG_2_PI = np.log(2 * np.pi)
REGULARIZATION = 1e-6  # on the diagonals, of features with standard deviation 1: shoal's default
FLAT = 1e-5  # a covariance with a smaller eigenvalue is degenerate


class Gaussian:
    """Parameters: weights (K), means (K x D), covariances as scikit-learn shapes them."""

    def __init__(self, x, covariance):
        self.covariance, self.n, self.d = covariance, *x.shape
        self.pairs = np.triu_indices(self.d)
        squares = {"full": lambda: x.T[self.pairs[0]] * x.T[self.pairs[1]], "tied": lambda: x.T[:0],
                   "diag": lambda: x.T**2, "spherical": lambda: (x.T**2).sum(axis=0, keepdims=True)}[covariance]()
        self.features = np.ascontiguousarray(np.concatenate([np.ones((1, self.n)), x.T, squares]))
        self.scatter = x.T @ x

    def precisions(self, covariances):
        """Inverse covariances and log determinants; LinAlgError where one is not positive definite."""
        if self.covariance in ("full", "tied"):
            factors = np.linalg.cholesky(covariances)
            inverse = np.linalg.inv(factors)
            return np.swapaxes(inverse, -1, -2) @ inverse, 2 * np.log(np.diagonal(factors, 0, -2, -1)).sum(axis=-1)
        if not (covariances > 0).all():
            raise np.linalg.LinAlgError
        wide = covariances if self.covariance == "diag" else np.repeat(covariances[:, None], self.d, axis=1)
        return 1 / covariances, np.log(wide).sum(axis=1)

    def coefficients(self, parameters):
        """K x P, and what every row's log density has in addition, summed up."""
        weights, means, covariances = parameters
        precisions, log_determinants = self.precisions(covariances)
        common = 0.0
        if self.covariance == "full":
            linear = np.einsum("kij,kj->ki", precisions, means)
            rows, columns = self.pairs
            squares = -precisions[:, rows, columns] * np.where(rows == columns, 0.5, 1.0)
        elif self.covariance == "tied":
            linear, squares = means @ precisions, means[:, :0]
            common = -0.5 * np.sum(precisions * self.scatter)
        else:
            precisions = precisions.reshape(len(weights), -1)
            linear, squares = means * precisions, -0.5 * precisions
        constant = np.log(weights) - 0.5 * (log_determinants + self.d * LOG_2_PI + np.sum(linear * means, axis=1))
        return np.concatenate([constant[:, None], linear, squares], axis=1), common

    def maximise(self, moments):
        counts = np.maximum(moments[:, 0], 1e-10)
        means, squares = moments[:, 1:self.d + 1] / counts[:, None], moments[:, self.d + 1:] / counts[:, None]
        diagonal = np.arange(self.d)
        if self.covariance == "full":
            covariances = np.empty((len(counts), self.d, self.d))
            covariances[:, self.pairs[0], self.pairs[1]] = covariances[:, self.pairs[1], self.pairs[0]] = squares
            covariances -= means[:, :, None] * means[:, None, :]
            covariances[:, diagonal, diagonal] += REGULARIZATION
        elif self.covariance == "tied":
            covariances = (self.scatter - (means * counts[:, None]).T @ means) / counts.sum()
            covariances[diagonal, diagonal] += REGULARIZATION
        elif self.covariance == "diag":
            covariances = np.maximum(squares - means**2, 0) + REGULARIZATION
        else:
            covariances = np.maximum(squares[:, 0] - (means**2).sum(axis=1), 0) / self.d + REGULARIZATION
        return counts / counts.sum(), means, covariances

    def mend(self, parameters):
        """Extrapolated covariances are not mended: those that are none are refused."""
        return parameters if parameters[0].min() > 0 else None

    def degenerate(self, parameters):
        weights, _, covariances = parameters
        smallest = (np.linalg.eigvalsh(covariances) if self.covariance in ("full", "tied") else covariances).min()
        fewest = self.d + 1 if self.covariance in ("full", "tied") else 2
        return bool(smallest < FLAT or weights.min() * self.n < fewest)


class Discrete:
    """Codes 0, 1, ...; parameters: weights (K), probabilities (K x sum of levels)."""

    def __init__(self, x, levels):
        self.n, self.d = x.shape
        self.first = np.concatenate([[0], np.cumsum(levels)[:-1]])
        self.features = np.zeros((1 + int(np.sum(levels)), self.n))
        self.features[0] = 1
        for j in range(self.d):
            self.features[1 + self.first[j] + x[:, j].astype(int), np.arange(self.n)] = 1
        self.levels = np.asarray(levels)

    def coefficients(self, parameters):
        return np.log(np.maximum(np.concatenate([parameters[0][:, None], parameters[1]], axis=1), 1e-300)), 0.0

    def maximise(self, moments):
        counts = np.maximum(moments[:, :1], 1e-10)
        return counts[:, 0] / counts.sum(), moments[:, 1:] / counts

    def mend(self, parameters):
        weights, probabilities = (np.maximum(values, 1e-10) for values in parameters)
        sums = np.repeat(np.add.reduceat(probabilities, self.first, axis=1), self.levels, axis=1)
        return weights / weights.sum(), probabilities / sums

    def degenerate(self, parameters):
        return False


def one_pass(model, parameters):
    """The log-likelihood at the parameters, and those after an EM step."""
    coefficients, common = model.coefficients(parameters)
    joint = coefficients @ model.features
    highest = joint.max(axis=0)
    joint -= highest
    np.exp(joint, out=joint)
    sums = joint.sum(axis=0)
    joint /= sums
    return (highest + np.log(sums)).sum() + common, model.maximise(joint @ model.features.T)


def start(model, labels, k):
    """Parameters of a partition."""
    responsibilities = np.zeros((k, model.n))
    responsibilities[labels, np.arange(model.n)] = 1
    return model.maximise(responsibilities @ model.features.T)


def extrapolate(model, first, second, third):
    """Squared extrapolation with the third step length of Varadhan & Roland (2008); None where it is no step."""
    steps = [b - a for a, b in zip(first, second)]
    bends = [c - b - step for b, c, step in zip(second, third, steps)]
    length = np.sqrt(sum((v**2).sum() for v in steps) / max(sum((v**2).sum() for v in bends), 1e-300))
    if not 1 < length < 1e6:
        return None
    return model.mend([a + 2 * length * step + length**2 * bend for a, step, bend in zip(first, steps, bends)])


def try_pass(model, parameters):
    if parameters is not None:
        try:
            return one_pass(model, parameters)
        except np.linalg.LinAlgError:
            pass
    return -np.inf, None


def settled(gains, tolerance):
    """Whether three plain steps say, twice, that less than the tolerance is left. Where regularised covariances are
    small the likelihood may fall on the way to the fixed point."""
    if len(gains) < 3:
        return False
    sizes = np.maximum(np.abs(gains[-3:]), tolerance / 1000)
    shares = np.minimum(sizes[1:] / sizes[:-1], 1 - 1e-12)
    return sizes.max() == tolerance / 1000 or bool((sizes[1:] * shares / (1 - shares) < tolerance).all())


def fit(model, parameters, tolerance=1e-9, most=20_000):
    """EM with guarded extrapolation until less than the tolerance a row is left: parameters, log-likelihood, passes."""
    value, following = one_pass(model, parameters)
    n_passes, gains, tolerance = 1, [], tolerance * model.n
    while n_passes < most:
        step_value, third = one_pass(model, following)
        n_passes += 1
        gains.append(step_value - value)
        if settled(gains, tolerance):
            return following, step_value, n_passes
        if gains[-1] > tolerance and n_passes > 5:
            jump = extrapolate(model, parameters, following, third)
            jump_value, after = try_pass(model, jump)
            n_passes += jump is not None
            if np.isfinite(jump_value) and jump_value >= step_value:
                parameters, value, following, gains = jump, jump_value, after, []
                continue
        parameters, value, following = following, step_value, third
    return parameters, value, n_passes
