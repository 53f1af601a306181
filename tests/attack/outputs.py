"""Outputs: never onto an input or onto each other, never in place of what is no file, links followed, modes kept."""
import os
import stat
import threading
import time

import h5py
import numpy as np

import spellings

FIT = ("fit", "gaussian", "real.h5", "-k", 3, "-q")


def fit_inputs(box):
    """A fit with an input of each kind, and the name of the one that an output shall hit."""
    role = box.rng.choice(("data", "second data", "weights", "init", "mixing", "config"))
    box.stock("real.h5")
    extra = {"data": [], "second data": ["more.h5"], "weights": ["--row-weights", "w.h5:/w"], "init": ["--init", "start.h5"],
             "mixing": ["--mixing", "start.h5"], "config": ["--config", "fit.toml"]}[role]
    if role == "second data":
        box.path("more.h5").write_bytes(box.path(box.stock("real.h5")).read_bytes())
    elif role in ("init", "mixing"):
        box.path("start.h5").write_bytes(box.path(box.stock("gaussian.h5")).read_bytes())
        box.path("gaussian.h5").unlink()
    elif role != "data":
        box.stock({"weights": "w.h5", "config": "fit.toml"}[role])
    target = {"data": "real.h5", "second data": "more.h5", "weights": "w.h5", "init": "start.h5", "mixing": "start.h5",
              "config": "fit.toml"}[role]
    return role, target, [*FIT, *extra]


def alias_of_fit(box):
    role, target, arguments = fit_inputs(box)
    output = box.rng.choice(("-o", "--labels", "--log", "--checkpoint"))
    spell = box.rng.choice(spellings.ALL)
    more = ["--overwrite"] if box.rng.random() < 0.6 else []
    if output != "-o":
        more += ["-o", "out.h5"]
    box.run(*arguments, *more, output, spell(box, target), ranks=box.rng.choice((0, 0, 0, 2)), expect={64},
            why=f" for {output} onto {role} ({spell.__name__}{', --overwrite' if '--overwrite' in more else ''})")


def alias_of_the_checkpoints_files(box):
    """An input that is named as what a checkpoint brings with it."""
    role, target, arguments = fit_inputs(box)
    end = box.rng.choice((".previous", ".lease"))
    how = box.rng.choice(("rename", "symlink", "hard link"))
    if how == "rename":
        arguments = [str(a).replace(target, "c.ck" + end) for a in arguments]
        box.path(target).rename(box.path("c.ck" + end))
    elif how == "symlink":
        box.path("c.ck" + end).symlink_to(target)
    else:
        os.link(box.path(target), box.path("c.ck" + end))
    more = ["--overwrite"] if box.rng.random() < 0.5 else []
    box.run(*arguments, *more, "-o", "out.h5", "--checkpoint", "c.ck", expect={64}, why=f" for {end} onto {role} ({how})")


def alias_of_others(box):
    """predict, sample, convert."""
    command, role = box.rng.choice((("predict", "model"), ("predict", "data"), ("predict", "config"), ("sample", "model"),
                                    ("sample", "config"), ("convert", "CSV"), ("convert", "NPY"), ("convert", "config")))
    source = {"NPY": "in.npy"}.get(role, "in.csv")
    box.stock("gaussian.h5", "real.h5", source)
    box.path("c.toml").write_text(f"[{command}]\n")
    target = {"model": "gaussian.h5", "data": "real.h5", "config": "c.toml"}.get(role, source)
    spell = box.rng.choice(spellings.ALL)
    output = spell(box, target)
    arguments = {"predict": ["predict", "gaussian.h5", "real.h5", "-o", output],
                 "sample": ["sample", "gaussian.h5", "-n", 5, "-o", output], "convert": ["convert", source, output]}[command]
    if role == "config":
        arguments += ["--config", "c.toml"]
    if box.rng.random() < 0.6:
        arguments.append("--overwrite")
    box.run(*arguments, expect={64}, why=f" for the output of {command} onto its {role} ({spell.__name__}"
                                         f"{', --overwrite' if '--overwrite' in arguments else ''})")


def two_outputs_one_file(box):
    box.stock("real.h5")
    names = {"-o": "out", "--labels": "out", "--log": "out", "--checkpoint": "out", "previous": "out.previous",
             "lease": "out.lease"}
    first, second = box.rng.choice([(a, b) for a in names for b in list(names)[:3] if a != b])
    there = box.rng.random() < 0.4 and first in ("-o", "--labels", "--log")
    if there:
        box.path(names[first]).write_text("somebody's\n")
    spell = box.rng.choice(spellings.ALL if there else spellings.NAMES)
    arguments = [*FIT, *(["--checkpoint", "out"] if first in ("previous", "lease") else [first, names[first]]),
                 second, spell(box, names[first])]
    if "-o" not in arguments:
        arguments += ["-o", "model.h5"]
    if there or box.rng.random() < 0.3:
        arguments.append("--overwrite")
    box.run(*arguments, expect={64},
            why=f" for {first} and {second} one file ({spell.__name__}{', there already' if there else ''})")


def some_command(box, output):
    """Arguments of a command that writes `output`, and which of its outputs that is."""
    what = box.rng.choice(("fit -o", "fit --labels", "fit --log", "predict", "sample", "convert"))
    box.stock("real.h5", "gaussian.h5", "in.csv")
    arguments = {"fit -o": [*FIT, "-o", output], "fit --labels": [*FIT, "-o", "m.h5", "--labels", output],
                 "fit --log": [*FIT, "-o", "m.h5", "--log", output],
                 "predict": ["predict", "gaussian.h5", "real.h5", "-o", output],
                 "sample": ["sample", "gaussian.h5", "-n", 5, "-o", output], "convert": ["convert", "in.csv", output]}[what]
    return what, arguments, {"m.h5"}


def onto_what_is_no_file(box):
    kind = box.rng.choice(spellings.SPECIAL)
    if not kind(box, "there"):
        return
    name = box.rng.choice(("there", "there", "link"))
    box.path("link").symlink_to("there")
    if box.rng.random() < 0.3:
        box.stock("real.h5")
        what, arguments = "fit --checkpoint", [*FIT, "-o", "m.h5", "--checkpoint", name]
    else:
        what, arguments, _ = some_command(box, name)
    more = ["--overwrite"] if box.rng.random() < 0.6 else []
    result = box.run(*arguments, *more, ranks=box.rng.choice((0, 0, 0, 2)), expect={73}, limit=20,
                     why=f" for {what} onto a {kind.__name__}{' by a link' * (name == 'link')}{' with --overwrite' * bool(more)}")
    if result.seconds > 10:
        box.finding("slow", f"{result.seconds:.0f} s")


def links_are_followed(box):
    """The link stays a link; what it names gets the content. One that names nothing is not followed without --overwrite."""
    box.path("elsewhere").mkdir()
    case = box.rng.choice(("existing", "dangling", "loop", "no folder"))
    target = {"existing": "elsewhere/t.h5", "dangling": "elsewhere/t.h5", "loop": "link", "no folder": "nowhere/t.h5"}[case]
    box.path("link").symlink_to(target if box.rng.random() < 0.5 else box.path(target))
    name = "link"
    if box.rng.random() < 0.3:
        name = "longer"
        box.path(name).symlink_to("link")
    if case == "existing":
        box.path(target).write_text("before\n")
    overwrite = box.rng.random() < 0.6
    what, arguments, others = some_command(box, name)
    good = overwrite and case in ("existing", "dangling")
    result = box.run(*arguments, *(["--overwrite"] if overwrite else []), expect={0} if good else {73},
                     outputs=others | {target} if good else (),
                     why=f" for {what} onto a link, {case}, {'with' if overwrite else 'without'} --overwrite")
    if good and result.code == 0 and (not box.path(target).exists() or box.path(target).read_bytes() in (b"", b"before\n")):
        box.finding("link not followed", f"{what}: {target} has not got the content")


def modes(box):
    """New files get 0666 less the umask, replaced ones keep theirs; without --overwrite nothing happens."""
    umask = box.rng.choice((0o000, 0o022, 0o027, 0o077, 0o002))
    mode = box.rng.choice((None, 0o600, 0o640, 0o664, 0o604))
    overwrite = box.rng.random() < 0.6
    what, arguments, others = some_command(box, "out")
    if mode is not None:
        box.path("out").write_text("before\n")
        box.path("out").chmod(mode)
    wanted = 0o666 & ~umask if mode is None else mode
    expect = {0} if overwrite or mode is None else {73}
    result = box.run(*arguments, *(["--overwrite"] if overwrite else []), expect=expect, outputs=others | {"out"},
                     preexec=lambda: os.umask(umask) and None,
                     why=f" for {what}{' onto what is there' * (mode is not None)}{' with --overwrite' * overwrite}")
    for name, mode_wanted in (("out", wanted), ("m.h5", 0o666 & ~umask)):
        if result.code == 0 and box.path(name).exists():
            got = stat.S_IMODE(box.path(name).stat().st_mode)
            if got != mode_wanted:
                state = "new" if mode is None or name != "out" else "replaced"
                box.finding(f"mode of a file that is {state}",
                            f"{what}: {name} has {got:o}, wanted {mode_wanted:o} (umask {umask:o})")


def fifo_as_input(box):
    """Nobody writes into it: no command may wait for that."""
    box.stock("real.h5", "gaussian.h5", "labels.h5")
    os.mkfifo(box.path("pipe"))
    arguments = box.rng.choice((["fit", "kmeans", "pipe", "-k", 2], ["fit", "kmeans", "real.h5", "pipe", "-k", 2],
                                ["fit", "kmeans", "pipe:/X", "-k", 2], [*FIT, "--init", "pipe"], [*FIT, "--mixing", "pipe"],
                                [*FIT, "--row-weights", "pipe:/w"], [*FIT, "--config", "pipe"],
                                ["predict", "pipe", "real.h5", "-o", "l.h5"], ["predict", "gaussian.h5", "pipe", "-o", "l.h5"],
                                ["score", "pipe", "real.h5"], ["score", "gaussian.h5", "pipe"],
                                ["sample", "pipe", "-n", 3, "-o", "l.h5"], ["info", "pipe"], ["info", "pipe", "--json"],
                                ["compare", "labels.h5", "pipe"], ["score", "gaussian.h5", "real.h5", "--config", "pipe"]))
    box.run(*arguments, ranks=box.rng.choice((0, 0, 2)), expect={65, 66}, limit=20,
            why=f" for a FIFO in {' '.join(map(str, arguments))}")


def csv_from_a_fifo(box):
    """Read once, so a table may come from another program."""
    X = box.np.normal(size=(box.rng.randrange(1, 3000), 2))
    text = "a,b\n" + "".join(f"{float(a)!r},{float(b)!r}\n" for a, b in X)
    os.mkfifo(box.path("pipe.csv"))

    def feed():
        for _ in range(2000):  # until there is a reader
            try:
                pipe = os.open(box.path("pipe.csv"), os.O_WRONLY | os.O_NONBLOCK)
                break
            except OSError:
                time.sleep(0.01)
        else:
            return
        os.set_blocking(pipe, True)
        try:
            with open(pipe, "w") as file:
                file.write(text)
        except BrokenPipeError:
            pass

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    result = box.run("convert", "pipe.csv", "o.h5", expect={0}, outputs={"o.h5"}, limit=20, why=" for convert of a FIFO")
    if result.code == 0:
        with h5py.File(box.path("o.h5")) as file:
            if not np.array_equal(file["X"][...], X):
                box.finding("wrong numbers", f"{len(X)} rows from a FIFO")


def log_of_somebody_else(box):
    """With a checkpoint a log is gone on with; but only one that the program made."""
    box.stock("real.h5")
    text = box.rng.choice(("my notes\n", "{\"event\": \"party\"}\n", "\n", "my notes\nwithout end", "[]\n", "\x00\x01\x02"))
    box.path("notes.txt").write_text(text)
    box.run(*FIT, "-o", "m.h5", "--checkpoint", "c.ck", "--log", "notes.txt", expect={73},
            why=f" for --log onto {text!r} with --checkpoint")


KINDS = [alias_of_fit, alias_of_fit, alias_of_the_checkpoints_files, alias_of_others, two_outputs_one_file,
         onto_what_is_no_file,
         onto_what_is_no_file, links_are_followed, modes, fifo_as_input, csv_from_a_fifo, log_of_somebody_else]
