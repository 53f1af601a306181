"""Ten starts of programs that are not shoal, run now; the best stored and the best live one may differ, as seeds do."""
import time
import warnings

from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from . import mixtures, starts
from .simulate import GAUSSIAN


def kmeans(data, seed):
    fitted = KMeans(data.k, n_init=starts.N_USUAL, tol=0, max_iter=1000, random_state=seed).fit(data.x)
    return starts.Outcome(fitted.inertia_, True, fitted.n_iter_)


def gaussian(data, seed):
    fitted = GaussianMixture(data.k, covariance_type=data.family, n_init=starts.N_USUAL, tol=1e-7, max_iter=2000,
                             reg_covar=mixtures.REGULARIZATION, random_state=seed).fit(data.x)
    degenerate = starts.mixture_of(data).degenerate((fitted.weights_, fitted.means_, fitted.covariances_))
    return starts.Outcome(fitted.score(data.x) * len(data.x), not degenerate, fitted.n_iter_)


def random_starts(data, seed):
    """Even numbers are of the usual kind, beyond those of the stored ones."""
    outcomes = [starts.one_start(data, 1000 * (seed + 1) + 2 * number) for number in range(starts.N_USUAL)]
    return starts.best_of(data.family, outcomes)


def best_of_ten(data, seed=0):
    """The objective, or None where the winner is degenerate, and the seconds."""
    begin = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        run = kmeans if data.family == "kmeans" else gaussian if data.family in GAUSSIAN else random_starts
        outcome = run(data, seed)
    return outcome.objective if outcome.sound else None, time.perf_counter() - begin
