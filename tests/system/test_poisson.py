"""The Poisson mixture: against its formulas, a plain EM in numpy and R's flexmix; its bits, errors, draws and predictions."""
import filecmp
import json
import math
import os

import h5py
import numpy as np
from scipy.special import logsumexp
from scipy.stats import poisson
from sklearn.metrics import adjusted_rand_score

import shoal

LEAST = 1e-15  # logarithms of rates are at least that of this
log_gamma = np.vectorize(math.lgamma, otypes=[float])


def log_joint(X, rates, weights):
    """ln weight + ln density, rows x components; NaN entries are integrated out."""
    seen = ~np.isnan(X)
    x = np.where(seen, X, 0.0)
    return (np.log(weights) + x @ np.log(np.maximum(rates, LEAST)).T - seen @ rates.T
            - np.where(seen, log_gamma(x + 1), 0.0).sum(1)[:, None])


def overall_means(X, w):
    return np.nansum(w[:, None] * X, 0) / (w[:, None] * ~np.isnan(X)).sum(0)


def penalty(rates, means, added):
    return added * (means * np.log(np.maximum(rates, LEAST)) - rates).sum()


def m_step(X, w, responsibilities, added=0.0):
    """Rates and mixing weights."""
    seen = ~np.isnan(X)
    r = w[:, None] * responsibilities
    rates = (r.T @ np.where(seen, X, 0.0) + added * overall_means(X, w)) / (r.T @ seen + added)
    return rates, r.sum(0) / w.sum()


def em(X, rates, weights, iterations, w=None, added=0.0, learned=True):
    """The history of the objective and of the rates, and the mixing weights after the last M-step."""
    X = np.asarray(X, float)
    w = np.ones(len(X)) if w is None else np.asarray(w, float)
    objective, path = [], [rates]
    for t in range(iterations + 1):
        joint = log_joint(X, rates, weights)
        density = logsumexp(joint, axis=1)
        objective.append(w @ density + (penalty(rates, overall_means(X, w), added) if added else 0.0))
        if t == iterations:
            return np.array(objective), path, weights
        rates, new_weights = m_step(X, w, np.exp(joint - density[:, None]), added)
        weights = new_weights if learned else weights
        path.append(rates)


class PoissonTest(shoal.ShoalTest):
    RATES = np.array([[2.0, 9.0, 0.4, 30.0], [5.0, 4.0, 1.5, 24.0], [3.0, 6.0, 3.0, 40.0]])
    START = np.array([[2.5, 7.0, 0.6, 28.0], [4.0, 5.0, 1.0, 27.0], [3.0, 6.5, 2.5, 35.0]])
    WEIGHTS = np.array([0.3, 0.3, 0.4])

    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(11)
        self.X = rng.poisson(self.RATES[rng.choice(3, 700, p=[0.5, 0.3, 0.2])])
        self.w = rng.exponential(size=700)
        self.gaps = np.where(rng.random(self.X.shape) < 0.1, np.nan, self.X)
        self.gaps[5] = np.nan  # a row of which nothing is known
        self.data = self.write("x.h5", self.X, w=self.w)
        self.holes = self.write("gaps.h5", self.gaps, w=self.w)
        self.initial = self.start(self.START, self.WEIGHTS)

    def start(self, rates, weights=None, name="start.h5"):
        """A file for --init."""
        weights = np.full(len(rates), 1 / len(rates)) if weights is None else weights
        return self.write(name, np.zeros((1, 1)), parameters__rates=np.asarray(rates, float), parameters__weights=weights)

    def from_start(self, data, *arguments, iterations, initial=None, k=3, **keywords):
        return self.fit("poisson", data, "-k", k, "--init", initial or self.initial, "--tolerance", 0, "--max-iterations",
                        iterations, *arguments, **keywords)


class Steps(PoissonTest):
    """Single steps by the formula, whole fits by a plain loop."""

    # arguments, data, weights, pseudo-count, whether mixing weights are learned
    WAYS = [((), "x", False, 0, True), (("--row-weights", "/w"), "x", True, 0, True),
            (("--pseudo-count", 2.5), "x", False, 2.5, True), (("--mixing", "uniform"), "x", False, 0, False),
            (("--missing", "marginalize"), "gaps", False, 0, True),
            (("--missing", "marginalize", "--row-weights", "/w", "--pseudo-count", 0.7), "gaps", True, 0.7, True)]

    def in_each_way(self, check):
        for arguments, data, weighted, added, learned in self.WAYS:
            with self.subTest(arguments=arguments):
                check(arguments, self.holes if data == "gaps" else self.data, self.gaps if data == "gaps" else self.X.astype(float),
                      self.w if weighted else np.ones(700), added, self.WEIGHTS if learned else np.full(3, 1 / 3), learned)

    def test_one_step(self):
        self.in_each_way(self.check_one_step)

    def check_one_step(self, arguments, data, X, w, added, weights, learned):
        ours = self.from_start(data, *arguments, iterations=1)
        joint = log_joint(X, self.START, weights)
        r = np.exp(joint - logsumexp(joint, axis=1)[:, None])
        rates, mixing = m_step(X, w, r, added)
        self.assert_close(ours["parameters/rates"], rates, relative=1e-13)
        self.assert_close(ours["parameters/weights"], mixing if learned else weights, relative=1e-13)
        joint = log_joint(X, rates, mixing if learned else weights)
        density = logsumexp(joint, axis=1)
        self.assert_close(ours["parameters/counts"], w @ np.exp(joint - density[:, None]), relative=1e-12)
        self.assert_close(ours.attrs["log_likelihood"], w @ density, relative=1e-13)
        self.assert_close(ours.attrs["total_weight"], w.sum(), relative=1e-14)

    def test_a_whole_fit(self):
        self.in_each_way(self.check_whole_fit)

    def check_whole_fit(self, arguments, data, X, w, added, weights, learned):
        ours = self.from_start(data, *arguments, iterations=40)
        iterations = len(ours["history/objective"]) - 1
        self.assertGreater(iterations, 20)  # it ends where nothing moves
        history, path, mixing = em(X, self.START, weights, iterations, w, added, learned)
        self.assert_close(ours["history/objective"], history, relative=1e-10)
        self.assert_close(ours["parameters/rates"], path[-1], relative=1e-9)
        self.assert_close(ours["parameters/weights"], mixing, relative=1e-9)
        free = 12 + 2 * learned
        likelihood = ours.attrs["log_likelihood"]
        self.assertEqual((ours.attrs["n_parameters"], ours.attrs["model"]), (free, "poisson"))
        self.assertEqual(ours.attrs["mixing"], "learned" if learned else "uniform")
        self.assert_close(ours.attrs["bic"], -2 * likelihood + free * np.log(w.sum()), relative=1e-14)
        self.assert_close(ours.attrs["aic"], -2 * likelihood + 2 * free, relative=1e-14)

    def test_the_penalty_is_what_the_objective_has_more(self):
        self.in_each_way(self.check_penalty)

    def check_penalty(self, arguments, data, X, w, added, weights, learned):
        ours = self.from_start(data, *arguments, iterations=3)
        more = ours.attrs["objective"] - ours.attrs["log_likelihood"]
        self.assertEqual(ours["history/objective"][-1], ours.attrs["objective"])
        if added == 0:
            return self.assertEqual(more, 0)
        expected = penalty(ours["parameters/rates"][:], overall_means(X, w), added)
        self.assertGreater(abs(expected), 20)
        self.assert_close(more, expected, absolute=1e-10 * abs(ours.attrs["objective"]))

    def test_mixing_weights_that_are_held(self):
        held = self.write("mixing.h5", np.zeros((1, 1)), parameters__weights=[0.6, 0.3, 0.1])
        ours = self.from_start(self.data, "--mixing", held, iterations=10)
        history, path, _ = em(self.X, self.START, np.array([0.6, 0.3, 0.1]), 10, learned=False)
        self.assert_close(ours["history/objective"], history, relative=1e-10)
        self.assert_close(ours["parameters/rates"], path[-1], relative=1e-9)
        self.assertEqual(ours.attrs["n_parameters"], 12)

    def test_one_component_has_a_closed_form(self):
        for w, more in ((np.ones(700), ()), (self.w, ("--row-weights", "/w"))):
            for ranks in (0, 3):
                ours = self.fit("poisson", self.data, "-k", 1, *more, ranks=ranks)
                rates = w @ self.X / w.sum()
                self.assert_close(ours["parameters/rates"], rates[None], relative=1e-13)
                self.assert_close(ours["parameters/counts"], [w.sum()], relative=1e-13)
                plain = sum(w[i] * (x * math.log(rate) - rate - math.lgamma(x + 1))
                            for i, row in enumerate(self.X.tolist()) for x, rate in zip(row, rates))
                self.assert_close(ours.attrs["log_likelihood"], plain, relative=1e-12)
                self.assertTrue(ours.attrs["converged"])
                self.assertEqual(ours.attrs["n_parameters"], 4)

    def test_rows_with_gaps_left_out(self):
        kept = ~np.isnan(self.gaps).any(1)
        full = self.write("kept.h5", self.gaps[kept])
        expected = self.from_start(full, iterations=5, output="expected.h5")
        ours = self.from_start(self.holes, "--missing", "skip", "--labels", self.path("l.h5"), iterations=5, ranks=2)
        self.assert_close(ours["parameters/rates"], expected["parameters/rates"], relative=1e-12)
        self.assert_close(ours["history/objective"], expected["history/objective"], relative=1e-12)
        self.assertEqual(ours.attrs["total_weight"], kept.sum())
        with h5py.File(self.path("l.h5")) as labels:
            np.testing.assert_array_equal(labels["labels"][:] == -1, ~kept)

    def test_a_value_that_means_missing(self):
        expected = self.from_start(self.holes, "--missing", "marginalize", iterations=4, output="expected.h5")
        for mark in (-1, 999):  # also one that could not be a count
            marked = self.write("marked.h5", np.where(np.isnan(self.gaps), mark, self.gaps).astype(np.int16))
            ours = self.from_start(marked, "--missing", "marginalize", "--missing-value", mark, iterations=4)
            self.assert_close(ours["history/objective"], expected["history/objective"], relative=1e-13)
            self.assert_close(ours["parameters/rates"], expected["parameters/rates"], relative=1e-13)

    def test_seeds_by_themselves_find_what_is_apart(self):
        """k-means|| and random rows, without a file to start from."""
        rng = np.random.default_rng(1)
        rates = np.array([[1.0, 60, 5], [20, 2, 5], [90, 90, 0.2], [300, 1, 50]])
        y = rng.integers(0, 4, 900)
        X = rng.poisson(rates[y])
        data = self.write("apart.h5", X, y=y)
        for more in (("--init", "kmeans-parallel"), ("--init", "random", "--seed", 3)):
            model = self.fit("poisson", data, "-k", 4, "--labels", self.path("l.h5"), *more)
            found = self.json("compare", self.path("l.h5"), f"{data}:/y")
            if more[1] != "random":  # which may begin twice in one component
                self.assertEqual(found["adjusted_rand_index"], 1.0)
                order = np.argsort(model["parameters/rates"][:, 0])
                means = np.array([X[y == k].mean(0) for k in range(4)])
                self.assert_close(model["parameters/rates"][:][order], means, relative=1e-6)
            self.assertTrue((np.diff(model["history/objective"]) >= -1e-9 * np.abs(model.attrs["objective"])).all())

    def test_seeds_are_not_chosen_by_their_gaps(self):
        """Large counts that differ by a fifth: a gap must not count as a zero, which would be farther off than any component."""
        rng = np.random.default_rng(0)
        high = np.array([[0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0], [0, 1, 0, 1, 0, 1], [1, 0, 1, 0, 1, 0]])
        y = rng.integers(0, 4, 800)
        X = rng.poisson(9000 + 2000 * high[y]).astype(float)
        X[rng.random(X.shape) < 0.1] = np.nan
        data = self.write("x.h5", X)
        for seed in range(4):
            self.fit("poisson", data, "-k", 4, "--missing", "marginalize", "--seed", seed, "--labels", self.path("l.h5")).close()
            with h5py.File(self.path("l.h5")) as labels:
                self.assertGreater(adjusted_rand_score(y, labels["labels"][:]), 0.95)


class Flexmix(PoissonTest):
    """R's flexmix, whose results are stored."""

    def test_references(self):
        cases = [case for case in json.loads((shoal.REFERENCES / "reference.json").read_text())["cases"] if case["model"] == "poisson"]
        self.assertEqual(len(cases), 3)
        for case in cases:
            with self.subTest(start=case["start"]):
                more = () if case["row_weights"] is None else ("--row-weights", case["row_weights"])
                agree = case["rates_agree_to"]

                def fit(iterations, case=case, more=more):
                    return self.from_start(shoal.REFERENCES / case["data"], *more, "--labels", self.path("l.h5"), k=case["k"],
                                           initial=shoal.REFERENCES / case["start"], iterations=iterations)
                ours = fit(case["iterations"] - 1)  # flexmix counts the M-step that led to the start
                history = ours["history/objective"][:]
                self.assert_close(history[0], case["log_likelihood_start"], relative=1e-12)
                self.assertGreaterEqual(len(case["log_likelihood"]), 5)
                for iteration, value in case["log_likelihood"].items():
                    self.assert_close(history[int(iteration)], value, relative=1e-11)
                self.assert_close(ours.attrs["log_likelihood"], case["log_likelihood_converged"], relative=1e-11)
                self.assert_close(ours["parameters/rates"], case["rates"], absolute=agree)
                self.assertEqual(ours.attrs["n_parameters"], case["n_parameters"])
                self.assert_close([ours.attrs["bic"], ours.attrs["aic"]], [case["bic"], case["aic"]], relative=1e-11)
                if case["labels"] is not None:
                    with h5py.File(self.path("l.h5")) as labels:
                        np.testing.assert_array_equal(labels["labels"], case["labels"])
                ours = fit(case["iterations"])  # flexmix's prior() is of the M-step that comes next
                self.assert_close(ours["parameters/weights"], case["weights"], absolute=agree)


class Invariants(PoissonTest):
    def test_the_likelihood_never_falls(self):
        for name, more in (("x.h5", ()), ("x.h5", ("--pseudo-count", 1)), ("x.h5", ("--row-weights", "/w", "--mixing", "uniform")),
                           ("gaps.h5", ("--missing", "marginalize")), (shoal.DATA / "digits.h5", ())):
            for k in (2, 7):
                with self.subTest(data=name, more=more, k=k):
                    log = self.path("log.jsonl")
                    history = self.fit("poisson", self.folder / name, "-k", k, "--tolerance", 0, "--max-iterations", 40, "--log", log,
                                       *more)["history/objective"][:]
                    run = json.loads(log.read_text().splitlines()[-1])
                    self.assertEqual((run["reseeded"], run["falls"]), (0, 0))
                    self.assertGreater(len(history), 5)
                    self.assertTrue((np.diff(history) >= -1e-11 * np.abs(history[1:])).all(), history)
                    self.assertGreater(history[-1], history[0])

    def same(self, files, ways, *arguments):
        """Whole files of fits on other ranks and threads, and the labels that predict gives."""
        def fit(name, files, ranks, threads):
            self.ok("fit", "poisson", *files, "-k", 3, "--tolerance", 0, "--max-iterations", 6, "-o", self.path(f"{name}.h5"),
                    "--labels", self.path(f"{name}-labels.h5"), "--overwrite", "-q", "--threads", threads, *arguments, ranks=ranks)
        fit("first", files[0], 0, 1)
        for which, ranks, threads in ways:
            with self.subTest(arguments=arguments, files=which, ranks=ranks, threads=threads):
                fit("other", files[which], ranks, threads)
                for suffix in (".h5", "-labels.h5"):
                    self.assertTrue(filecmp.cmp(self.path("first" + suffix), self.path("other" + suffix), shallow=False), suffix)
        missing = arguments[arguments.index("--missing"):][:2] if "--missing" in arguments else ()
        weights = arguments[arguments.index("--row-weights"):][:2] if "--row-weights" in arguments else ()
        self.ok("predict", self.path("first.h5"), *files[-1], "-o", self.path("again.h5"), "--overwrite", "-q", *missing, ranks=3)
        self.assertTrue(filecmp.cmp(self.path("first-labels.h5"), self.path("again.h5"), shallow=False))
        score = self.json("score", self.path("first.h5"), *files[0], *missing, *weights, ranks=2)
        with h5py.File(self.path("first.h5")) as model:
            self.assertEqual(score["log_likelihood"], model.attrs["log_likelihood"])
            self.assertEqual(score["objective"], model.attrs["objective"])  # under the prior of the fit
            self.assertEqual(score["total_weight"], model.attrs["total_weight"])

    def test_any_ranks_and_threads_give_the_same_bits(self):
        rng = np.random.default_rng(12)
        X = rng.poisson(self.RATES[rng.integers(0, 3, 1300)] * 3)
        X[:, 2] = rng.integers(0, 2, 1300) * rng.poisson(1e5, 1300)  # small counts beside large ones
        gaps = np.where(rng.random(X.shape) < 0.1, np.nan, X)
        w = rng.exponential(size=1300)
        pieces = [slice(0, 1), slice(1, 700), slice(700, 1300)]

        def files(name, X):
            return [[self.write(f"{name}.h5", X, w=w)], [self.write(f"{name}{i}.h5", X[p], w=w[p]) for i, p in enumerate(pieces)]]
        ways = [(0, ranks, threads) for ranks in (1, 2, 3, 7) for threads in (1, 2)] + [(1, 3, 1)]
        self.same(files("int", X.astype(np.int32)), ways)
        self.same(files("gaps", gaps), [(0, 3, 2), (1, 7, 1)], "--missing", "marginalize", "--row-weights", "/w", "--pseudo-count", 0.5)
        self.same(files("float", X.astype(np.float32)), [(0, 7, 1), (1, 2, 2)], "--row-weights", "/w", "--mixing", "uniform")
        self.same(files("skip", np.minimum(gaps, 4000).astype(np.float32)), [(1, 3, 1)], "--missing", "skip", "--precision", "float32", "--init", "random")

    def test_clusters_in_another_order_give_them_in_that_order(self):
        order = [2, 0, 1]
        turned = self.start(self.START[order], self.WEIGHTS[order], "turned.h5")
        for more in ((), ("--row-weights", "/w", "--pseudo-count", 0.5)):
            a = self.from_start(self.data, *more, iterations=8, output="a.h5")
            b = self.from_start(self.data, *more, iterations=8, initial=turned, output="b.h5")
            for name in ("rates", "weights", "counts"):
                self.assert_close(b[f"parameters/{name}"], a[f"parameters/{name}"][:][order], relative=1e-11)
            self.assertGreater(np.abs(a["parameters/rates"][0] - a["parameters/rates"][1]).max(), 1)
            self.assert_close(b["history/objective"], a["history/objective"], relative=1e-13)

    def test_twice_the_weight_is_twice_the_likelihood(self):
        double = self.write("double.h5", self.X, w=2 * self.w)
        a = self.from_start(self.data, "--row-weights", "/w", iterations=8, output="a.h5")
        b = self.from_start(double, "--row-weights", "/w", iterations=8, output="b.h5")
        self.assert_close(b.attrs["log_likelihood"], 2 * a.attrs["log_likelihood"], relative=1e-14)
        for name, factor in (("rates", 1), ("weights", 1), ("counts", 2)):
            self.assert_close(b[f"parameters/{name}"], factor * a[f"parameters/{name}"][:], relative=1e-13)
        # a prior is against the weight: twice the weight and twice the pseudo-count are the same rates, too
        a = self.from_start(self.data, "--row-weights", "/w", "--pseudo-count", 3, iterations=4, output="a.h5")
        b = self.from_start(double, "--row-weights", "/w", "--pseudo-count", 6, iterations=4, output="b.h5")
        c = self.from_start(double, "--row-weights", "/w", "--pseudo-count", 3, iterations=4, output="c.h5")
        self.assert_close(b["parameters/rates"], a["parameters/rates"], relative=1e-13)
        self.assert_close(b.attrs["objective"], 2 * a.attrs["objective"], relative=1e-13)
        self.assertGreater(np.abs(c["parameters/rates"][:] / a["parameters/rates"][:] - 1).max(), 1e-4)

    def test_whole_weights_are_repeated_rows(self):
        w = np.random.default_rng(3).integers(0, 5, 700)
        a = self.from_start(self.write("weighted.h5", self.X, w=w), "--row-weights", "/w", iterations=5, output="a.h5")
        b = self.from_start(self.write("repeated.h5", np.repeat(self.X, w, axis=0)), iterations=5, output="b.h5")
        self.assert_close(a["history/objective"], b["history/objective"], relative=1e-12)
        self.assert_close(a["parameters/rates"], b["parameters/rates"], relative=1e-11)
        self.assertEqual(a.attrs["total_weight"], w.sum())

    def test_a_row_of_weight_zero_may_hold_any_count(self):
        w = np.ones(700)
        w[70] = 0
        strange = [self.X.astype(float) for _ in range(3)]
        strange[1][70] = 0
        strange[2][70] = 1e15, 0, 2.0**53, 1e9
        found = [self.from_start(self.write("x.h5", X, w=w), "--row-weights", "/w", iterations=5, ranks=ranks, output=f"{i}{ranks}.h5")
                 for i, X in enumerate(strange) for ranks in (0, 3)]
        for other in found[1:]:
            for name in ("rates", "weights", "counts"):
                self.assert_close(other[f"parameters/{name}"], found[0][f"parameters/{name}"], relative=1e-12)
            self.assert_close(other["history/objective"], found[0]["history/objective"], relative=1e-12)

    def test_goes_on_from_a_checkpoint_to_the_same_bytes(self):
        for more in ((), ("--init", self.initial, "--pseudo-count", 0.5, "--row-weights", "/w", "--missing", "marginalize")):
            def fit(name, iterations, *arguments, ranks=0, more=more):
                self.ok("fit", "poisson", self.holes if more else self.data, "-k", 3, "--tolerance", 0, "--max-iterations", iterations,
                        "-o", self.path(f"{name}.h5"), "--labels", self.path(f"{name}-labels.h5"), "--overwrite", *more, *arguments,
                        ranks=ranks)
                with h5py.File(self.path(f"{name}.h5")) as model:
                    self.assertEqual(model.attrs["n_iterations"], iterations)
            checkpoint = ("--checkpoint", self.path("fit.ckpt"), "--checkpoint-every", 1)
            fit("straight", 12)
            fit("fit", 5, *checkpoint, ranks=2)
            self.assertFalse(filecmp.cmp(self.path("straight.h5"), self.path("fit.h5"), shallow=False))
            log = self.path("log.jsonl")
            fit("fit", 12, *checkpoint, "--restart", "require", "--log", log, ranks=3)
            iterations = [json.loads(line)["iteration"] for line in log.read_text().splitlines() if '"iteration"' in line.split(",")[0]]
            self.assertGreaterEqual(min(iterations), 5)  # it did not begin anew
            for suffix in (".h5", "-labels.h5"):
                self.assertTrue(filecmp.cmp(self.path("straight" + suffix), self.path("fit" + suffix), shallow=False), suffix)
            found = self.json("info", self.path("fit.ckpt"), "--json")
            self.assertEqual((found["kind"], found["finished"]), ("checkpoint", True))
            self.path("fit.ckpt").unlink(), self.path("fit.ckpt.previous").unlink(), log.unlink()


class Errors(PoissonTest):
    def refuses(self, code, words, *arguments, all_ranks=(0,)):
        """One message with all words, and no new file."""
        for ranks in all_ranks:
            with self.subTest(arguments=[str(a) for a in arguments], ranks=ranks):
                before = sorted(os.listdir(self.folder))
                message = self.fails(code, words, *arguments, ranks=ranks, cwd=self.folder, time_limit=60)
                self.assertEqual(sorted(os.listdir(self.folder)), before)
                if "poisson" in words and code == 65:
                    self.assertIn("count", message)
                    self.assertRegex(message, "; .*(use|round|leave|fit|mark|--missing)")  # what to do

    def test_65_what_is_no_count(self):
        self.from_start(self.data, iterations=2)
        for value, words in ((-1, ["-1", "poisson"]), (0.5, ["0.5", "poisson"]), (1e-300, ["1e-300", "poisson"]),
                             (2.0**51 + 0.5, ["2251799813685248.5", "poisson"]), (np.nan, ["nan", "--missing"]), (np.inf, ["infinite"]),
                             (-np.inf, ["infinite"])):
            X = self.X.astype(float)
            X[600, 2] = value
            bad = self.write("bad.h5", X)
            words = ["bad.h5:/X", "row 600", "column 2", *words]
            self.refuses(65, words, "fit", "poisson", bad, "-k", 2, "-o", self.path("out.h5"), all_ranks=(0, 3))
            self.refuses(65, words, "predict", self.path("model.h5"), bad, "-o", self.path("out.h5"))
            self.refuses(65, words, "score", self.path("model.h5"), bad)
        for kind, value in ((np.int8, -3), (np.float32, 0.25), (">i8", -7)):
            X = self.X.astype(kind)
            X[[3, 600], 1] = value
            second = self.write("second.h5", X)
            self.fails(65, ["second.h5:/X", "row 3,", "column 1", str(value)], "fit", "poisson", self.data, second, "-k", 2,
                       "-o", self.path("out.h5"))

    def test_65_what_stands_in_a_row_of_weight_zero_or_beside_a_gap(self):
        X = self.gaps.copy()
        X[44] = 3, np.nan, 2, -2
        w = np.ones(700)
        w[44] = 0
        bad = self.write("bad.h5", X, w=w)
        for more in (("--missing", "marginalize"), ("--missing", "marginalize", "--row-weights", "/w")):
            self.refuses(65, ["row 44", "column 3", "-2"], "fit", "poisson", bad, "-k", 2, "-o", self.path("out.h5"), *more, all_ranks=(0, 3))

    def test_64_what_belongs_to_other_models(self):
        for option, value in (("--covariance", "diag"), ("--regularization", 1e-3), ("--regularization-absolute", 1e-3),
                              ("--center", "geometric")):
            self.refuses(64, [option, "does not apply to", "poisson"], "fit", "poisson", self.data, "-k", 2, "-o", self.path("out.h5"),
                         option, value)
        self.refuses(64, ["--pseudo-count", "-1"], "fit", "poisson", self.data, "-k", 2, "-o", self.path("out.h5"), "--pseudo-count", -1)

    def test_65_starts_and_models_that_are_none(self):
        fit = ("fit", "poisson", self.data, "-k", 3, "-o", self.path("out.h5"), "--init")
        for value in (-1.0, np.nan, np.inf):
            rates = self.START.copy()
            rates[1, 2] = value
            self.refuses(65, ["bad.h5", "rates"], *fit, self.start(rates, name="bad.h5"))
        self.refuses(65, ["bad.h5", "rates", "(3, 4)"], *fit, self.start(self.START[:, :3], name="bad.h5"))
        means = self.write("bad.h5", np.zeros((1, 1)), parameters__means=self.START)
        self.refuses(65, ["bad.h5", "rates"], *fit, means)
        self.from_start(self.data, iterations=1).close()
        for value in (-1.0, np.nan):
            with h5py.File(self.path("model.h5"), "a") as model:
                model["parameters/rates"][0, 0] = value
            self.refuses(65, ["model.h5", "rates"], "score", self.path("model.h5"), self.data)
            self.refuses(65, ["model.h5", "rates"], "sample", self.path("model.h5"), "-n", 3, "-o", self.path("out.h5"))
        other = self.write("other.h5", self.X[:, :3])
        self.from_start(self.data, iterations=1).close()
        self.refuses(65, ["3 columns", "4 features"], "predict", self.path("model.h5"), other, "-o", self.path("out.h5"))

    def test_types_of_numbers(self):
        """Counts are counts, however they are stored; minus zero is zero."""
        X = np.minimum(self.X, 127)
        reference = self.from_start(self.write("t.h5", X.astype("f8")), "--precision", "float64", iterations=4, output="a.h5")
        kinds = ("u1", "i1", "u2", ">i4", "i8", "u8", "f2", "f4", ">f8")
        for kind in kinds:
            with self.subTest(kind=kind):
                data = self.write("t.h5", X.astype(kind))
                ours = self.from_start(data, "--precision", "float64", iterations=4)
                np.testing.assert_array_equal(ours["parameters/rates"], reference["parameters/rates"])
                np.testing.assert_array_equal(ours["history/objective"], reference["history/objective"])
                if kind in ("u1", "f4"):
                    for more in ((), ("--precision", "float32")):
                        ours = self.from_start(data, *more, iterations=4)
                        self.assert_close(ours["parameters/rates"], reference["parameters/rates"], relative=2e-6)
                        self.assert_close(ours["history/objective"], reference["history/objective"], relative=1e-6)
        zeros = X.astype("f8")
        zeros[zeros == 0] = -0.0
        self.assertGreater((zeros == 0).sum(), 50)
        ours = self.from_start(self.write("t.h5", zeros), "--precision", "float64", iterations=4)
        np.testing.assert_array_equal(ours["parameters/rates"], reference["parameters/rates"])
        ours = self.from_start(self.write("t.h5", X > 3), iterations=4)  # booleans, too
        history, path, _ = em(X > 3, self.START, self.WEIGHTS, 4)
        self.assert_close(ours["history/objective"], history, relative=1e-10)


class Limits(PoissonTest):
    def test_large_counts_lose_no_digits(self):
        """Above 2^24, where float32 has no odd numbers; the density is a small difference of large numbers."""
        for least in (1000, 2**24 + 1, 10**9 + 7):
            X = least + 2 * np.arange(64)[:, None] % 9 + np.array([[0, 1000]])
            for kind in ("i8", "f8", "u4"):
                with self.subTest(least=least, kind=kind):
                    ours = self.fit("poisson", self.write("x.h5", X.astype(kind)), "-k", 1)
                    rates = X.mean(0)
                    self.assert_close(ours["parameters/rates"], rates[None], relative=1e-14)
                    self.assert_close(ours.attrs["log_likelihood"], poisson.logpmf(X, rates).sum(), relative=1e-15 * least + 1e-11)

    def test_one_large_rate_costs_the_others_no_digits(self):
        """Rows of small counts beside a component of a large rate, from a float32 file: in float64, and about no mean of rates."""
        rng = np.random.default_rng(8)
        X = rng.poisson(np.array([[10.0, 12], [25, 14]])[rng.integers(0, 2, 200)])
        X[[3, 80, 150], 0] = 2**20
        ours = self.fit("poisson", self.write("x.h5", X.astype("f4")), "-k", 3)
        rates, weights = ours["parameters/rates"][:], ours["parameters/weights"][:]
        self.assertGreater(rates.max(), 1e6)
        self.assert_close(ours.attrs["log_likelihood"], logsumexp(log_joint(X.astype(float), rates, weights), axis=1).sum(), relative=1e-9)
        self.assertTrue((np.diff(ours["history/objective"]) > -1e-7).all())
        self.fails(65, ["row 3", "column 0", "1048576", "float64"], "fit", "poisson", self.path("x.h5"), "-k", 3, "--precision", "float32",
                   "-o", self.path("n.h5"))

    def test_float32_rows_round_no_count_in_silence(self):
        """float32 holds 2^24 + 1 as 2^24: it is refused, or counted as it is."""
        X = np.full((64, 2), 2**24 + 1, np.int64)
        data = self.write("x.h5", X)
        result = shoal.run("fit", "poisson", data, "-k", 1, "--precision", "float32", "-o", self.path("m.h5"), "-q")
        if result.returncode == 0:
            with h5py.File(self.path("m.h5")) as model:
                np.testing.assert_array_equal(model["parameters/rates"], np.full((1, 2), 2.0**24 + 1))
        else:
            self.assertEqual(result.returncode, 65, result.stderr)
            for word in ("x.h5:/X", "row 0", "column 0", "float32"):
                self.assertIn(word, result.stderr)

    def test_counts_beyond_whole_numbers_are_refused(self):
        """Above 2^53 float64 has no odd numbers; what it does have there may be a rounded one."""
        for kind, value, shown in (("i8", 2**53 + 1, "9007199254740993"), ("u8", 2**63 + 1, "9223372036854775809"),
                                   ("f8", 2.0**54, "1.8014398509481984e+16")):
            X = np.ones((64, 2), kind)
            X[9, 1] = value
            self.fails(65, ["x.h5:/X", "row 9", "column 1", shown, "float64"], "fit", "poisson", self.write("x.h5", X), "-k", 1,
                       "-o", self.path("m.h5"))
        X[9, 1] = 2**53  # the last one that is sure to be itself
        self.fit("poisson", self.write("x.h5", X), "-k", 1).close()

    def test_rates_of_zero_have_the_floor(self):
        """A feature that is zero in one component, and one that is zero in all."""
        rng = np.random.default_rng(6)
        y = rng.integers(0, 2, 400)
        X = rng.poisson(np.array([[20.0, 3, 0, 0], [2.0, 3, 8, 0]])[y])
        rates = np.array([[20.0, 3, 0, 0], [2, 3, 8, 0]])
        data = self.write("x.h5", X)
        ours = self.from_start(data, iterations=6, k=2, initial=self.start(rates), output="fit.h5")
        history, path, _ = em(X, rates, np.full(2, 0.5), 6)
        passes = len(ours["history/objective"])  # it ends where nothing moves
        self.assertGreaterEqual(passes, 3)
        self.assert_close(ours["history/objective"], history[:passes], relative=1e-10)
        self.assert_close(ours["parameters/rates"], path[-1], relative=1e-9, absolute=1e-30)
        np.testing.assert_array_equal(ours["parameters/rates"][:, 3], [0, 0])
        # rows that have what their components do not know
        new = np.array([[20, 3, 1, 0], [20, 3, 0, 2], [3, 3, 3, 3], [0, 0, 0, 0], [0, 0, 0, 10**6], [10**5, 0, 400, 1]])
        self.from_start(data, iterations=0, k=2, initial=self.start(rates)).close()
        self.check_prediction(self.path("model.h5"), self.write("new.h5", new), new.astype(float), rates, np.full(2, 0.5))

    def check_prediction(self, model, data, X, rates, weights, *more, relative=1e-12):
        joint = log_joint(X, rates, weights)
        density = logsumexp(joint, axis=1)
        for ranks in (0, 3):
            self.ok("predict", model, data, "-o", self.path("p.h5"), "--overwrite", "--responsibilities", "--log-density", *more, ranks=ranks)
            with h5py.File(self.path("p.h5")) as file:
                self.assert_close(file["log_density"], density, relative=relative, absolute=1e-13)
                self.assert_close(file["responsibilities"], np.exp(joint - density[:, None]), absolute=1e-8)  # numpy's own error
                clear = np.abs(joint[:, 0] - joint[:, 1]) > 1e-6
                np.testing.assert_array_equal(file["labels"][:][clear], joint.argmax(1)[clear])
            score = self.json("score", model, data, *more, ranks=ranks)
            self.assert_close(score["log_likelihood"], density.sum(), relative=relative)
            self.assert_close(score["mean_log_likelihood"], density.mean(), relative=relative)

    def test_prediction_is_numpys(self):
        model = self.from_start(self.data, iterations=4)
        rates, weights = model["parameters/rates"][:], model["parameters/weights"][:]
        model.close()
        rng = np.random.default_rng(7)
        new = rng.poisson(self.RATES[rng.integers(0, 3, 200)]).astype(float)
        new[17] = 0, 5000, 0, 10**6
        self.check_prediction(self.path("model.h5"), self.write("new.h5", new), new, rates, weights)
        new[rng.random(new.shape) < 0.2] = np.nan
        new[3] = np.nan
        self.check_prediction(self.path("model.h5"), self.write("new.h5", new), new, rates, weights, "--missing", "marginalize")

    def test_rows_that_are_left_out_of_a_prediction(self):
        self.from_start(self.data, iterations=2).close()
        self.ok("predict", self.path("model.h5"), self.holes, "-o", self.path("p.h5"), "--missing", "skip", "--responsibilities", "--log-density")
        gone = np.isnan(self.gaps).any(1)
        with h5py.File(self.path("p.h5")) as file:
            np.testing.assert_array_equal(file["labels"][:] == -1, gone)
            np.testing.assert_array_equal(np.isnan(file["log_density"][:]), gone)
            np.testing.assert_array_equal((file["responsibilities"][:] == 0).all(1), gone)

    def test_a_feature_that_is_always_zero(self):
        """From seeds, with and without a pseudo-count: all numbers are finite, the rate is exactly zero."""
        X = self.X.copy()
        X[:, 1] = 0
        data = self.write("x.h5", X)
        for more in ((), ("--pseudo-count", 0.5), ("--init", "random")):
            ours = self.fit("poisson", data, "-k", 3, "--tolerance", 0, "--max-iterations", 20, *more)
            np.testing.assert_array_equal(ours["parameters/rates"][:, 1], np.zeros(3))
            self.assertTrue(np.isfinite(ours["history/objective"][:]).all())
            joint = log_joint(X.astype(float), ours["parameters/rates"][:], ours["parameters/weights"][:])
            self.assert_close(ours.attrs["log_likelihood"], logsumexp(joint, axis=1).sum(), relative=1e-12)

    def test_all_rows_zero_and_one_row(self):
        ours = self.fit("poisson", self.write("x.h5", np.zeros((100, 3), np.uint8)), "-k", 2)
        np.testing.assert_array_equal(ours["parameters/rates"], np.zeros((2, 3)))
        self.assertLess(abs(ours.attrs["log_likelihood"]), 1e-12)
        ours = self.fit("poisson", self.write("x.h5", np.array([[4, 0, 1]])), "-k", 1, ranks=3)
        self.assert_close(ours["parameters/rates"], [[4, 0, 1]], relative=1e-14)
        self.assert_close(ours.attrs["log_likelihood"], poisson.logpmf(4, 4) - 1, relative=1e-13)

    def test_empty_components(self):
        """One that no row can belong to: dropped, an error, or given a row of its own."""
        far = self.start(np.stack([self.X.mean(0), [1e6] * 4]))
        dropped = self.from_start(self.data, "--empty-cluster", "drop", k=2, initial=far, iterations=5)
        self.assertEqual(dropped.attrs["n_clusters"], 1)
        self.assert_close(dropped["parameters/rates"], self.X.mean(0)[None], relative=1e-13)
        self.assertEqual(dropped.attrs["n_parameters"], 4)
        self.fails(65, ["cluster 1", "--empty-cluster"], "fit", "poisson", self.data, "-k", 2, "--init", far, "--empty-cluster", "error",
                   "-o", self.path("no.h5"))
        result = self.ok("fit", "poisson", self.data, "-k", 2, "--init", far, "-o", self.path("m.h5"), "--max-iterations", 60)
        self.assertIn("1 cluster started again", result.stderr)
        with h5py.File(self.path("m.h5")) as model:
            self.assertTrue(np.isfinite(model["parameters/rates"][:]).all())
            self.assertGreater(model["parameters/counts"][:].min(), 1)
            self.assertGreater(model.attrs["log_likelihood"], dropped.attrs["log_likelihood"])

    def test_what_info_shows(self):
        self.fit("poisson", shoal.DATA / "digits.h5", "-k", 10, "--max-iterations", 30)
        said = self.ok("info", self.path("model.h5"), "--all").stdout
        for word in ("poisson", "/parameters/rates", "10 x 64", "log_likelihood"):
            self.assertIn(word, said)
        pictures = self.ok("info", self.path("model.h5"), "--prototypes", 8).stdout
        self.assertGreaterEqual(pictures.count("@"), 20)
        self.assertGreater(pictures.count(" | "), 40)
        self.fails(64, ["--prototypes 7"], "info", self.path("model.h5"), "--prototypes", 7)


class Sample(PoissonTest):
    N = 20000

    def drawn(self, rates, weights, *arguments, n=N):
        """Rows and labels from a model of just these rates, which a fit of no iteration writes."""
        data = self.write("any.h5", np.ones((4, np.shape(rates)[1]), np.uint8))
        self.from_start(data, iterations=0, k=len(rates), initial=self.start(rates, weights)).close()
        with h5py.File(self.path("model.h5")) as model:
            np.testing.assert_array_equal(model["parameters/rates"], rates)
        self.ok("sample", self.path("model.h5"), "-n", n, "-o", self.path("s.h5"), "--overwrite", *arguments)
        with h5py.File(self.path("s.h5")) as file:
            self.assertTrue(np.issubdtype(file["X"].dtype, np.integer), file["X"].dtype)
            self.assertEqual(file["X"].shape, (n, np.shape(rates)[1]))
            return file["X"][:].astype(np.int64), file["labels"][:]

    def test_moments_and_shares(self):
        rates = np.array([[0, 1e-3, 0.3, 3, 9.9, 10.1, 50, 1e4, 1e6, 1e9], [1e6, 700, 29.5, 12, 1, 0.01, 0, 0, 1e-12, 35]])
        weights = np.array([0.7, 0.3])
        for seed in (5, 6):
            X, labels = self.drawn(rates, weights, "--seed", seed)
            share = (labels == 0).mean()
            self.assertLess(abs(share - 0.7), 6 * math.sqrt(0.21 / self.N))
            for k in range(2):
                mine = X[labels == k]
                n = len(mine)
                for d, rate in enumerate(rates[k]):
                    with self.subTest(seed=seed, component=k, rate=rate):
                        x = mine[:, d]
                        self.assertGreaterEqual(x.min(), 0)
                        if rate in (0, 1e-12):  # one of 14000 draws would be an accident of 1e-8
                            self.assertEqual(x.max(), 0)
                            continue
                        self.assertLess(abs(x.mean() - rate), 6 * math.sqrt(rate / n))
                        # the fourth central moment of a Poisson is rate + 3 rate^2
                        self.assertLess(abs(x.var(ddof=1) - rate), 6 * math.sqrt((rate + 2 * rate * rate) / n))
                        self.check_distribution(x, rate)
                correlations = np.corrcoef(mine[:, rates[k] > 0.2].astype(float).T)
                np.fill_diagonal(correlations, 0)
                self.assertLess(np.abs(correlations).max(), 6 / math.sqrt(n))

    def test_large_rates(self):
        """Beyond 1e9 counts come by an expansion; where counts would have gaps there are none."""
        rates = np.array([[1e10, 1e12, 2.0**52]])
        X, _ = self.drawn(rates, np.ones(1), "--seed", 4)
        for d, rate in enumerate(rates[0]):
            x = (X[:, d] - int(rate)).astype(float)
            self.assertLess(abs(x.mean()), 6 * math.sqrt(rate / self.N))
            self.assertLess(abs(x.var(ddof=1) / rate - 1), 6 * math.sqrt(2 / self.N))
            skewness = ((x - x.mean())**3).mean() / x.std()**3
            self.assertLess(abs(skewness), 6 * math.sqrt(6 / self.N))
        with h5py.File(self.path("model.h5"), "a") as file:
            file["parameters/rates"][0, 0] = 1e19
        self.fails(65, ["rates", "1e+19"], "sample", self.path("model.h5"), "-n", 5, "-o", self.path("s.h5"))

    def check_distribution(self, x, rate):
        """The empirical distribution function at a hundred places, each within 6 standard errors; and no comb."""
        places = np.unique(poisson.ppf(np.linspace(0.005, 0.995, 100), rate))
        expected = poisson.cdf(places, rate)
        found = np.searchsorted(np.sort(x), places, side="right") / len(x)
        self.assertTrue((np.abs(found - expected) <= 6 * np.sqrt(expected * (1 - expected) / len(x)) + 1e-9).all(), (rate, found - expected))
        if rate > 25:
            self.assertLess(abs((x % 2).mean() - 0.5), 6 * 0.5 / math.sqrt(len(x)))

    def test_the_same_bytes_on_any_ranks(self):
        rates = [[0, 0.5, 30, 1e5, 8], [3, 11, 1000, 0.1, 8]]
        self.drawn(rates, None, "--seed", 9, n=1001)
        for name, more, ranks in (("a.h5", (9,), 3), ("b.h5", (9,), 2), ("c.h5", (10,), 0)):
            self.ok("sample", self.path("model.h5"), "-n", 1001, "-o", self.path(name), "--seed", *more, ranks=ranks)
        for name in ("a.h5", "b.h5"):
            self.assertTrue(filecmp.cmp(self.path("s.h5"), self.path(name), shallow=False), name)
        self.assertFalse(filecmp.cmp(self.path("s.h5"), self.path("c.h5"), shallow=False))

    def test_what_was_drawn_can_be_fitted(self):
        rates = np.array([[2.0, 40, 7, 0], [30, 4, 7, 1], [0.3, 0.5, 90, 2]])
        weights = np.array([0.5, 0.3, 0.2])
        _, labels = self.drawn(rates, weights, "--seed", 4, n=5000)
        counts = np.bincount(labels)
        ours = self.fit("poisson", self.path("s.h5"), "-k", 3, "--labels", self.path("l.h5"), output="again.h5", ranks=2)
        order = np.argsort(-ours["parameters/weights"][:])
        bound = 6 * np.sqrt(rates / counts[:, None]) + 0.01
        self.assertTrue((np.abs(ours["parameters/rates"][:][order] - rates) < bound).all(), ours["parameters/rates"][:])
        self.assert_close(ours["parameters/weights"][:][order], counts / 5000, absolute=0.005)
        found = self.json("compare", self.path("l.h5"), f"{self.path('s.h5')}:/labels")
        self.assertGreater(found["adjusted_rand_index"], 0.99)


if __name__ == "__main__":
    shoal.main()
