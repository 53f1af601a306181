"""Signals at random moments, also in the first tenths of a second: a fit with a checkpoint stops with 75, or had finished, and the
same command again ends with the bits of a fit that nobody disturbed."""
import filecmp
import os
import pathlib
import signal
import subprocess
import time

import numpy as np

import attack

STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
OWN = {"m.h5", "l.h5", "c.ck", "c.ck.previous", "c.ck.lease", "run.jsonl"}
ALONE, LAUNCHED = 0.05, 0.45  # seconds a start takes, without MPI and under mpirun


def table(box):
    """Large enough that a fit takes some tenths of a second beside its start."""
    model = box.rng.choice(("gaussian", "gaussian", "kmeans", "kmedians", "bernoulli", "categorical"))
    X = box.np.normal(size=(box.rng.choice((2000, 20_000, 60_000)), 6)) + 2 * box.np.integers(0, 3, 1)
    if model in ("bernoulli", "categorical"):
        X = (X > X.mean()).astype("u1")
    box.h5("x.h5", X=X)
    more = ["--log", "run.jsonl"] if box.rng.random() < 0.3 else []
    return [attack.PROGRAM, "fit", model, "x.h5", "-k", "8", "-q", "--max-iterations", "120", "--tolerance", "0"], more


def processes(pid):
    return [int(child) for child in subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()]


def start(box, command, ranks, said="said.txt"):
    words = [*(["mpirun", "--timeout", "60", "-n", str(ranks)] if ranks else []), *command]
    box.commands.append(" ".join(words))
    box.path(said).unlink(missing_ok=True)  # the daemon of MPI that a killed run leaves may still write into the one before
    with open(box.path(said), "wb") as stderr:
        return subprocess.Popen(words, cwd=box.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                start_new_session=True, stderr=stderr,
                                env={**os.environ, "OMPI_MCA_orte_tmpdir_base": box.sessions()})


def notes_signals(pid):
    """Whether it has come so far that it notes signals: before that they act as on any program."""
    try:
        caught = int(pathlib.Path(f"/proc/{pid}/status").read_text().split("SigCgt:\t")[1].split()[0], 16)
    except (OSError, IndexError):
        return False
    return bool(caught >> (signal.SIGTERM - 1) & 1)


def disturb(box, process, ranks, how):
    """Sends the signals; gives when and to whom, and whether all of these could note it."""
    start_takes = LAUNCHED if ranks else ALONE
    moment = box.rng.uniform(0.0, 0.3) if box.rng.random() < 0.4 else start_takes + box.rng.uniform(-0.04, 1.2)
    time.sleep(moment)
    targets = [process.pid]
    if ranks:
        children = processes(process.pid)
        # USR1 is what mpirun passes on. On TERM and INT it ends the job itself, so these go to the ranks.
        if how != signal.SIGUSR1 or box.rng.random() < 0.5:
            targets = children if box.rng.random() < 0.5 else children[-1:]
    alive = processes(process.pid) if ranks else targets
    noted = bool(alive) and all(map(notes_signals, alive))
    for _ in range(box.rng.choice((1, 1, 1, 2)) if how != signal.SIGINT else 1):
        for pid in targets:
            try:
                os.kill(pid, how)
            except ProcessLookupError:
                pass
    return f"{how.name} after {moment:.2f} s to {len(targets)} of {ranks or 1}{' ranks' if ranks else ''}", noted


def end_of(box, process, what):
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        box.finding("hang", f"30 s after {what}")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return process.returncode


def check_stop(box, code, what, ranks):
    """A stop asked for. Early ones may end with 75 before there is anything to keep."""
    said = box.path("said.txt").read_text(errors="replace")
    own = attack.NOTICE.sub("", said) if ranks else said
    if code in (0, 75):
        if found := attack.FOREIGN.search(attack.LOADER.sub("", own)):
            box.finding("foreign text", f"{found.group()!r} after {what}: {own[-300:]!r}")
        if code == 75 and "nothing to save" not in said and not box.path("c.ck").exists():
            box.finding("75 without a checkpoint", what)
        return
    box.finding("killed by a signal it should note" if code < 0 or code > 128 else f"code {code}, not 0 or 75",
                f"{what}: code {code}: {own[-200:]!r}")


def one(box, ranks_of):
    command, more = table(box)
    reference = box.run(*command[1:], "-o", "ref.h5", "--labels", "ref-l.h5", expect={0}, outputs={"ref.h5", "ref-l.h5"})
    if reference.code != 0:
        return
    full = [*command, "-o", "m.h5", "--labels", "l.h5", "--checkpoint", "c.ck", "--checkpoint-every",
            box.rng.choice(("1", "3", "5min", "50")), *more]
    hard = False  # whether one was killed before it could tidy up
    for _ in range(box.rng.choice((1, 2, 3))):
        ranks = box.rng.choice(ranks_of)
        how = box.rng.choice((*STOPS, *STOPS, signal.SIGKILL))
        before = {name for name in os.listdir(box.folder)}
        process = start(box, full, ranks)
        what, noted = disturb(box, process, ranks, how)
        code = end_of(box, process, what)
        hard = hard or code not in (0, 75)
        if how != signal.SIGKILL and noted:
            check_stop(box, code, what, ranks)
        left = set(os.listdir(box.folder)) - before - OWN - {"said.txt"}
        if left and how != signal.SIGKILL and code in (0, 75):
            box.finding("left over", f"{sorted(left)} after {what}, code {code}")
    finish(box, full, box.rng.choice(ranks_of), hard)


def finish(box, full, ranks, hard):
    """The same command again, until it is through: whatever happened, nothing of it may be seen."""
    process = start(box, full, ranks)
    code = end_of(box, process, "the last start")
    said = box.path("said.txt").read_text(errors="replace")
    if code != 0:
        box.finding("does not go on", f"code {code}: {said[-300:]!r}")
        return
    for a, b in (("ref.h5", "m.h5"), ("ref-l.h5", "l.h5")):
        if not filecmp.cmp(box.path(a), box.path(b), shallow=False):
            box.finding("other bits after a restart", f"{b}")
    left = set(os.listdir(box.folder)) - OWN - {"said.txt", "x.h5", "ref.h5", "ref-l.h5"}
    if left and not hard:  # a run killed before it had its lease leaves what nobody knows of
        box.finding("left over at the end", str(sorted(left)))


def alone(box):
    one(box, (0,))


def on_ranks(box):
    one(box, (0, 1, 2))


def two_at_once(box):
    """The same command twice, at once or a little later: one takes over from the other, which says so; nothing is mixed up."""
    command, more = table(box)
    reference = box.run(*command[1:], "-o", "ref.h5", "--labels", "ref-l.h5", expect={0}, outputs={"ref.h5", "ref-l.h5"})
    if reference.code != 0:
        return
    full = [*command, "-o", "m.h5", "--labels", "l.h5", "--checkpoint", "c.ck", "--checkpoint-every",
            box.rng.choice(("1", "3"))]
    first = start(box, full, 0, "said-1.txt")
    time.sleep(box.rng.choice((0, 0, ALONE, 0.1, box.rng.uniform(ALONE, 0.7))))
    second = start(box, full, 0, "said-2.txt")
    codes = [end_of(box, process, "two starts at once") for process in (first, second)]
    said = [box.path(f"said-{i}.txt").read_text(errors="replace") for i in (1, 2)]
    if not {0} <= set(codes) or not set(codes) <= {0, 73, 74}:
        box.finding("codes of two at once", f"{codes}: {said}")
    for text in said:
        if found := attack.FOREIGN.search(text):
            box.finding("foreign text", f"{found.group()!r} of two at once: {text[-300:]!r}")
    for name in ("said-1.txt", "said-2.txt"):
        box.path(name).unlink()
    finish(box, full, 0, False)


KINDS = [alone, alone, on_ranks, two_at_once]
