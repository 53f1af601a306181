"""Choosing K: how often `shoal select` finds the number of components that a set was drawn from, beside mclust."""
import collections
import json
import pathlib
import shutil
import subprocess

import h5py
import numpy as np

from . import fits
from .optima import check_digest, load
from .sets import DATA

FILE = pathlib.Path(__file__).with_name("choice.jsonl")
SCRIPT = pathlib.Path(__file__).with_name("mclust_choice.R")
OPTIONS = "-k 1:9 --covariance full,tied,diag,spherical --criterion bic"
GSS82_OPTIONS = "-k 1:5 --criterion bic"
N_SEEDS = 10
SAME_BIC = 0.1
HEADINGS = ["set", "K", "shoal", "covariance", "BIC", "mclust", "model", "BIC", "mclust, all 14", "model"]


def mclust_is_there():
    return bool(shutil.which("Rscript")) and subprocess.run(["Rscript", "-e", "library(mclust)"],
                                                            capture_output=True).returncode == 0


def mclust(data, folder):
    """A line of choice.jsonl: what mclust chooses among shoal's four models, and among all of its own."""
    path = folder / f"{data.name}.csv"
    np.savetxt(path, data.x, fmt="%.17g", delimiter=",")
    ours, own = (text.split() for text in fits.run(["Rscript", SCRIPT, path]).splitlines())
    return {"set": data.name, "digest": data.digest, "k": data.k, "mclust": int(ours[0]), "model": ours[1],
            "bic": float(ours[2]), "mclust_all": int(own[0]), "model_all": own[1]}


def references(all_sets, folder, live):
    """Stored or, live, computed anew; sets that are not stored are computed and appended."""
    if live and not mclust_is_there():
        raise SystemExit("mclust is not there: install r-base-core and r-cran-mclust, or leave --live out")
    stored = [json.loads(text) for text in FILE.read_text().splitlines()] if FILE.exists() else []
    known = {} if live else {line["set"]: line for line in stored}
    for data in all_sets:
        if data.name in known:
            check_digest(data, known[data.name])
        else:
            known[data.name] = mclust(data, folder)
    return known


def make(all_sets, folder, path=FILE):
    lines = references(all_sets, folder, live=True)
    path.write_text("".join(json.dumps(lines[data.name]) + "\n" for data in all_sets))


def select(program, data, folder, seed, options):
    """K, covariance type and BIC of the model that shoal chooses."""
    best = folder / "best.h5"
    fits.run([program, "select", "gaussian", fits.write_data(data, folder), "--seed", seed, *OPTIONS.split(), *options,
              "-o", best, "--overwrite", "-q"])
    with h5py.File(best) as file:
        if "selection" not in file:
            raise SystemExit(f"{data.name}: the chosen model has no /selection")
        return int(file.attrs["n_clusters"]), str(file.attrs["covariance"]), float(file.attrs["bic"])


def select_gss82(program, folder, options):
    """How many seeds of ten choose three classes at the best likelihood that others found."""
    best, found = load()["real-gss82-categorical-3"]["objective"], 0
    for seed in range(N_SEEDS):
        model = folder / "gss82.h5"
        fits.run([program, "select", "categorical", DATA / "references/gss82.h5", "--seed", seed,
                  *GSS82_OPTIONS.split(), *options, "-o", model, "--overwrite", "-q"])
        with h5py.File(model) as file:
            found += file.attrs["n_clusters"] == 3 and file.attrs["log_likelihood"] > best - 1e-3
    return found


def compare(program, all_sets, folder, seed, options, live):
    """Lines of markdown, and one that counts how often each was right."""
    known, right, as_good = references(all_sets, folder, live), collections.Counter(), 0
    yield "| " + " | ".join(HEADINGS) + " |"
    yield "|" + " --- |" * len(HEADINGS)
    for data in all_sets:
        line = known[data.name]
        k, covariance, bic = select(program, data, folder, seed, options)
        right.update(name for name, chosen in (("shoal", k), ("mclust", line["mclust"]), ("all", line["mclust_all"]))
                     if chosen == data.k)
        as_good += bic <= line["bic"] + SAME_BIC
        cells = [data.name, data.k, k, covariance, f"{bic:.2f}", line["mclust"], line["model"], f"{line['bic']:.2f}",
                 line["mclust_all"], line["model_all"]]
        yield "| " + " | ".join(map(str, cells)) + " |"
    yield ""
    yield (f"The true K of {len(all_sets)} sets: shoal {right['shoal']}, mclust {right['mclust']} with the same four "
           f"models, {right['all']} with all of its own. BIC no higher than that of mclust's four: {as_good}.")
    found = select_gss82(program, folder, options)
    yield f"gss82 has three classes, at the best likelihood that others found, for {found} of {N_SEEDS} seeds."
