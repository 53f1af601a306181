"""One line a family: how often shoal's answer is as good as the best of ten starts, and as the best of fifty."""
import collections
import dataclasses
import statistics

from .optima import shortfall

NEAR, CLOSE = 1e-4, 1e-3
HEADINGS = ["size", "family", "fits", "ten: 1e-4", "ten: 1e-3", "optimum: 1e-4", "optimum: 1e-3", "worst, ten",
            "worst, optimum", "passes", "with searches", "seconds", "degenerate", "no sound fit known", "not converged"]


@dataclasses.dataclass
class Answer:
    """One fit beside its references, which are None where no sound fit is known."""
    data: object
    fit: object
    ten: float
    optimum: float
    plain: object = None
    peer_seconds: float = None

    def behind(self, reference):
        return shortfall(self.data, self.fit.objective, reference)


def share(answers, reference, limit):
    """A degenerate fit is no answer, be its likelihood as high as it may."""
    good = sum(not answer.fit.degenerate and answer.behind(getattr(answer, reference)) <= limit for answer in answers)
    return f"{100 * good / len(answers):.0f} %" if answers else ""


def worst(answers, reference):
    behind = [answer.behind(getattr(answer, reference)) for answer in answers if not answer.fit.degenerate]
    return f"{max([0.0, *behind]):.1e}" if behind else ""


def line(size, family, answers):
    fits = [answer.fit for answer in answers]
    ten, known = ([a for a in answers if getattr(a, key) is not None] for key in ("ten", "optimum"))
    cells = [size, family, len(fits), share(ten, "ten", NEAR), share(ten, "ten", CLOSE), share(known, "optimum", NEAR),
             share(known, "optimum", CLOSE), worst(ten, "ten"), worst(known, "optimum"),
             f"{statistics.mean(fit.n_passes for fit in fits):.0f}", f"{statistics.mean(fit.work for fit in fits):.0f}",
             f"{statistics.mean(fit.seconds for fit in fits):.3f}",
             sum(a.fit.degenerate for a in known), len(answers) - len(known), sum(not fit.converged for fit in fits)]
    if answers[0].plain:
        plain = statistics.mean(answer.plain.n_passes for answer in answers)
        cells.append(f"{plain:.0f}")
        for passes in ("n_passes", "work"):
            ratios = [getattr(answer.fit, passes) / answer.plain.n_passes for answer in answers]
            cells.append(f"{statistics.median(ratios):.2f}")
    if answers[0].peer_seconds is not None:
        cells.append(f"{statistics.mean(answer.peer_seconds for answer in answers):.2f}")
    return cells


def table(answers):
    """Lines of markdown."""
    groups = collections.defaultdict(list)
    for answer in answers:
        groups[answer.data.size, answer.data.family].append(answer)
    headings = list(HEADINGS)
    if answers[0].plain:
        headings += ["plain passes", "passes / plain", "with searches / plain"]
    if answers[0].peer_seconds is not None:
        headings.append("peers' seconds")
    rows = [headings, ["---"] * len(headings), *(line(*key, group) for key, group in groups.items())]
    return ["| " + " | ".join(map(str, row)) + " |" for row in rows]
