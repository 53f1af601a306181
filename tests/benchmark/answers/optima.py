"""The stored optima: for each set the best of fifty starts of programs that are not shoal, one line of JSON a set.

Made once, by `answers.py --make-optima`, which appends and goes on where it was stopped. k-means: scikit-learn to the
fixed point. Gaussian mixtures: EM in numpy (`mixtures.py`) until 1e-6 nats a row are left, and from there to 1e-9 for
all within 1e-3 nats a row of the best; at this one scikit-learn must see the same likelihood and gain nothing by going
on. Others: numpy, mixtures in the same way. The first ten starts are k-means labels, or random; of the others every
other one is of k-means++ seeds. Degenerate fits do not count; where no start is sound the objective is null.
"""
import json
import pathlib

import numpy as np
import sklearn

from . import starts
from .simulate import GAUSSIAN

FILE = pathlib.Path(__file__).with_name("optima.jsonl")
N_STARTS = 50
REACHED = 1e-6


def load(path=FILE):
    return {line["set"]: line for line in map(json.loads, path.read_text().splitlines())} if path.exists() else {}


def shortfall(data, objective, reference):
    """By how much an objective is worse: a share of it, or nats a row for mixtures; negative where it is better."""
    if data.mixture:
        return (reference - objective) / len(data.x)
    return (objective - reference) / reference


def programs(family):
    if family == "kmeans":
        return f"scikit-learn {sklearn.__version__} KMeans"
    if family in GAUSSIAN:
        return f"numpy {np.__version__} EM, confirmed by scikit-learn {sklearn.__version__} GaussianMixture"
    return f"numpy {np.__version__} {'k-medians' if family == 'kmedians' else 'EM'}"


def search(data):
    """One line of the file."""
    outcomes = [starts.one_start(data, number, starts.ROUGH) for number in range(N_STARTS)]
    starts.settle(data, outcomes)
    first_outcomes = outcomes[:starts.N_USUAL]
    starts.settle(data, first_outcomes)
    best, first = starts.best_of(data.family, outcomes), starts.best_of(data.family, first_outcomes)
    if best and data.family in GAUSSIAN:
        starts.confirm(data, best)
    sound = [outcome for outcome in outcomes if outcome.sound]
    reached = [outcome for outcome in sound if shortfall(data, outcome.objective, best.objective) <= REACHED]
    return {"set": data.name, "digest": data.digest, "n": len(data.x), "d": data.x.shape[1], "k": data.k,
            "objective": best and float(best.objective), "best_of_first_ten": first and float(first.objective),
            "starts": N_STARTS, "sound": len(sound), "reached": len(reached), "made": programs(data.family)}


def check_digest(data, line):
    if data.digest != line["digest"]:
        raise SystemExit(f"{data.name}: the rows have digest {data.digest}, what is stored belongs to {line['digest']};"
                         " this numpy draws other rows, or the generator was changed: make the stored results anew")


def make(all_sets, path=FILE, report=print):
    known = load(path)
    for data in all_sets:
        if data.name in known:
            check_digest(data, known[data.name])
            continue
        line = search(data)
        with open(path, "a") as file:
            file.write(json.dumps(line) + "\n")
        report(f"{data.name}: {line['objective']}, reached by {line['reached']} of {line['sound']} sound starts",
               flush=True)
