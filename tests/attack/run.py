#!/usr/bin/python3
"""Attacks on the program: seeded random trials of what it must keep under hostile input, and what was found.

    . jobs/mpi-on-one-machine.sh; export OMP_WAIT_POLICY=passive
    SHOAL=build/release/shoal tests/attack/run.py --trials 200 --seed 1

The same seed gives the same trials. Ends with 1 if anything was found; the files of a trial with findings are kept, with
the commands that ran in commands.txt. Trials that make device nodes skip that, and say so, where mknod is not permitted."""
import argparse
import collections
import concurrent.futures
import importlib
import os
import pathlib
import random
import shlex
import shutil
import sys
import tempfile
import traceback

import attack

MODULES = {"outputs": 3, "planted": 2, "options": 4, "hostile": 3, "inside": 2, "nasty": 5, "kills": 1}  # shares of the trials


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=int(os.environ.get("ATTACKS") or 150),
                        help="about so many, over all modules [ATTACKS, else 150]")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=MODULES, help="this module alone")
    parser.add_argument("--trial", type=int, help="this trial alone (of --only), its files kept")
    parser.add_argument("--side-by-side", type=int, default=4, help="trials at once: a start mostly waits")
    parser.add_argument("--keep", help="folder for the files of findings [a new one]")
    return parser.parse_args()


def kind_of(module, seed, number):
    """Each kind of a module's trials in turn, in an order of the seed's: few trials still reach most kinds."""
    kinds = list(module.KINDS)
    random.Random(f"{seed}/{module.__name__}/{number // len(kinds)}").shuffle(kinds)
    return kinds[number % len(kinds)]


def one_trial(name, seed, number, keep):
    module = importlib.import_module(name)
    folder = keep / f"{name}-{seed}-{number}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    box = attack.Box(name, seed, number, folder)
    box.kind = kind_of(module, seed, number)
    try:
        box.kind(box)
    except Exception:  # a fault of the attack, or something so broken that it cannot be read
        box.finding("trial failed", traceback.format_exc(limit=-3))
    return box


def tell(box):
    where = f"SHOAL={shlex.quote(attack.PROGRAM)} {shlex.quote(sys.argv[0])} --only {box.module} --seed {box.seed}"
    for kind, text in box.findings:
        print(f"FOUND {box.module}.{box.kind.__name__}: {kind}: {attack.UNSEEN.sub('?', text)}")
    print(f"      repeat: {where} --trial {box.number}\n      files:  {box.folder}", flush=True)
    for command in box.commands:
        shown = command[:500].encode("unicode_escape").decode()  # may hold what a terminal should not get
        print(f"      ran:    {shown}", flush=True)
    (box.folder / "commands.txt").write_bytes(os.fsencode("\n".join(box.commands) + "\n"))


def summarise(names, tried, found, kinds, skipped, codes):
    for kind, count in sorted(kinds.items()):
        print(f"{count:5d} {kind}")
    for why, count in skipped.items():
        print(f"SKIPPED {count} times: {why}")
    for name in names:
        counts = ", ".join(f"{code} x {count}" for code, count in sorted(codes[name].items()))
        print(f"{name:8s} {tried[name]:5d} tried, {tried[name] - found[name]} passed, {found[name]} with findings; "
              f"exit codes of {codes[name].total()} runs: {counts}")


def main():
    given = options()
    keep = pathlib.Path(given.keep or tempfile.mkdtemp(prefix="attack-"))
    keep.mkdir(exist_ok=True)
    stock = keep / "stock"
    shutil.rmtree(stock, ignore_errors=True)
    stock.mkdir()
    attack.STOCK.make(stock)
    names = [given.only] if given.only else list(MODULES)
    shares = sum(MODULES[name] for name in names)
    numbers = [(name, i) for name in names for i in range(max(1, round(given.trials * MODULES[name] / shares)))]
    if given.trial is not None:
        numbers = [(given.only, given.trial)]
    random.Random(given.seed).shuffle(numbers)
    tried, found, kinds, skipped = (collections.Counter() for _ in range(4))
    codes = collections.defaultdict(collections.Counter)
    with concurrent.futures.ThreadPoolExecutor(given.side_by_side) as pool:
        waiting = [pool.submit(one_trial, name, given.seed, number, keep) for name, number in numbers]
        for done in concurrent.futures.as_completed(waiting):
            box = done.result()
            tried[box.module] += 1
            codes[box.module].update(box.codes)
            skipped.update(box.skipped)
            if box.findings:
                found[box.module] += 1
                kinds.update(f"{box.module}.{box.kind.__name__}: {kind}" for kind, _ in box.findings)
                tell(box)
            elif given.trial is None:
                shutil.rmtree(box.folder)
    summarise(names, tried, found, kinds, skipped, codes)
    if not found and given.trial is None:
        shutil.rmtree(keep)
    return 1 if found else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    sys.exit(main())
