#!/usr/bin/python3
"""Whether shoal's answers are the right ones: its fits beside the best of ten and of fifty starts of other programs.

answers.py [--shoal PROGRAM] [--families LIST] [--size small,real,large] [--seeds N] [--extra OPTIONS]
           [--plain [OPTIONS]] [--live] [--fits FILE] [--markdown FILE]
answers.py --choose [--live]       how often `shoal select` finds the true K, beside mclust
answers.py --smoke                 a few sets, and an error where an answer falls far short: for the tests
answers.py --size all --make-optima        makes what is missing in answers/optima.jsonl
answers.py --choose --make-optima          makes answers/choice.jsonl

A fit is within 1e-4 when it falls short of the reference by no more than that share of the objective (k-means,
k-medians) or as many nats a row (mixtures). Degenerate fits are judged here, from the parameters, and count as no
answer. Needs python3-sklearn, python3-h5py; r-base-core and r-cran-mclust for --choose --live.
"""
import os

for library in ("OPENBLAS", "OMP"):  # before numpy is loaded
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
import argparse
import dataclasses
import json
import pathlib
import shlex
import sys
import tempfile

from answers import choice, fits, live, optima, report, sets

ROOT = pathlib.Path(__file__).resolve().parents[2]
SMOKE = ("small-kmeans-1", "small-kmedians-1", "small-full-1", "small-tied-2", "small-diag-2", "small-spherical-1",
         "small-bernoulli-0", "small-categorical-0", "real-iris-full-3", "real-digits-kmeans-10",
         "real-gss82-categorical-2")
SMOKE_LIMIT = 0.05  # of the objective
PLAIN = ["--starts", "1"]


def parse(words):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shoal", default=os.environ.get("SHOAL", str(ROOT / "build/release/shoal")))
    parser.add_argument("--families", default=",".join(sets.FAMILIES))
    parser.add_argument("--size", default="small,real", help="small, large, real, or several; all")
    parser.add_argument("--seeds", type=int, default=1, help="fits of each set, with seeds 0, 1, ...")
    parser.add_argument("--extra", type=shlex.split, default=[], help="options for shoal, in one word")
    parser.add_argument("--plain", type=shlex.split, nargs="?", const=PLAIN, help="count passes of one plain start, "
                        "too; options that make it, in one word: --starts 1, and --accelerate off for mixtures")
    parser.add_argument("--live", action="store_true", help="run the peers now: ten starts each, or mclust")
    parser.add_argument("--fits", type=pathlib.Path, help="append each fit to this file, a line of JSON each")
    parser.add_argument("--markdown", type=pathlib.Path, help="also write the table here")
    parser.add_argument("--optima", type=pathlib.Path, default=optima.FILE)
    parser.add_argument("--choose", action="store_true")
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--make-optima", action="store_true")
    arguments = parser.parse_args(words)
    arguments.families = arguments.families.split(",")
    arguments.size = ["small", "real", "large"] if arguments.size == "all" else arguments.size.split(",")
    for name in [*arguments.families, *arguments.size]:
        if name not in (*sets.FAMILIES, "small", "real", "large"):
            parser.error(f"{name}: no such family or size")
    return arguments


def chosen_sets(arguments):
    if arguments.smoke:
        return [data for data in sets.list_sets(sets.FAMILIES, ("small", "real")) if data.name in SMOKE]
    return list(sets.list_sets(arguments.families, arguments.size))


def plain_fit(arguments, data, path, seed):
    if arguments.plain is None:
        return None
    plain_em = ["--accelerate", "off"] if arguments.plain is PLAIN and data.mixture else []
    return fits.fit(arguments.shoal, data, path, seed, arguments.plain + plain_em)


def answer(arguments, data, stored, seed, folder):
    path = fits.write_data(data, folder)
    ten, seconds = live.best_of_ten(data, seed) if arguments.live else (stored["best_of_first_ten"], None)
    fitted = fits.fit(arguments.shoal, data, path, seed, arguments.extra)
    return report.Answer(data, fitted, ten, stored["objective"], plain_fit(arguments, data, path, seed), seconds)


def record(path, answered, seed):
    line = {"set": answered.data.name, "seed": seed, **dataclasses.asdict(answered.fit), "ten": answered.ten,
            "optimum": answered.optimum, "plain_passes": answered.plain and answered.plain.n_passes}
    with open(path, "a") as file:
        file.write(json.dumps(line) + "\n")


def answer_all(arguments, folder):
    known, answers = optima.load(arguments.optima), []
    for data in chosen_sets(arguments):
        if data.name not in known:
            raise SystemExit(f"{data.name}: {arguments.optima} does not have it; run answers.py --make-optima")
        optima.check_digest(data, known[data.name])
        for seed in range(arguments.seeds):
            answers.append(answer(arguments, data, known[data.name], seed, folder))
            if arguments.fits:
                record(arguments.fits, answers[-1], seed)
        if sys.stderr.isatty():
            print(f"\r{len(answers)} fits, {data.name:40}", end="", file=sys.stderr, flush=True)
    return answers


def check_smoke(answers):
    for one in answers:
        limit = SMOKE_LIMIT * (abs(one.ten) / len(one.data.x) if one.data.mixture else 1)
        if one.fit.degenerate or one.behind(one.ten) > limit:
            raise SystemExit(f"{one.data.name}: {one.fit.objective!r} is degenerate, or falls short of {one.ten!r} by "
                             f"more than {100 * SMOKE_LIMIT:.0f} %")


def result_lines(arguments, folder):
    if arguments.choose:
        yield from choice.compare(arguments.shoal, sets.choice_sets(), folder, 0, arguments.extra, arguments.live)
        return
    answers = answer_all(arguments, folder)
    yield from report.table(answers)
    if arguments.smoke:
        check_smoke(answers)


def main():
    arguments = parse(sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="shoal-answers-") as name:
        folder, lines = pathlib.Path(name), []
        if arguments.make_optima:
            if arguments.choose:
                return choice.make(sets.choice_sets(), folder)
            return optima.make(chosen_sets(arguments), arguments.optima)
        for line in result_lines(arguments, folder):
            print(line, flush=True)
            lines.append(line)
    if arguments.markdown:
        arguments.markdown.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
