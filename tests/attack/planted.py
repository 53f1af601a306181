"""Names that somebody else planted where the program will write, read, rename or remove: a folder may be shared, and a lease
or a checkpoint may be anybody's. Whatever the program makes of it, nobody else's file is changed or removed."""
import os

import spellings

FIT = ("fit", "gaussian", "real.h5", "-k", 3, "-q", "-o", "m.h5", "--labels", "l.h5", "--checkpoint", "c.ck",
       "--checkpoint-every", 1, "--max-iterations", 5)
OWN = {"m.h5", "l.h5", "c.ck", "c.ck.previous", "c.ck.lease"}
MARK = "0123456789abcdef-77"  # how a lease begins: sixteen hexadecimal digits and a process number
# Somebody's files whose names begin as those of the program's temporaries do, and yet none of them is one.
NEIGHBOURS = ("notes.txt", "c.ck.txt", "c.ck.old", "c.ck.notes", "c.ck.2024", "c.ck.previous.bak", "c.ck.lease.txt", "c.ckpt",
              ".m.h5.backup", ".m.h5.1234-my-notes.txt", ".m.h5.1234", ".l.h5.old-copy-1", "m.h5.bak", "real.h5.bak",
              "c.ck.d/notes.txt", "inner/c.ck.txt", "inner/notes.txt", ".m.h5.1-a/notes.txt")


def victims(box):
    """Somebody's files, here and in a folder above and beside; their names as a lease could give them."""
    named = []
    for name in box.rng.sample(NEIGHBOURS, 8):
        box.path(name).parent.mkdir(exist_ok=True)
        box.path(name).write_text(f"somebody's {name}\n")
        here = box.folder.name
        spelled = [name, "./" + name, f"../{here}/{name}", str(box.path(name)), f"c.ck/../{name}", name + "/",
                   f".m.h5.1-a/../{name}", f"c.ck.d/../{name}", f" {name}", f"{name}\r"]
        named += box.rng.sample(spelled, 4) + [name]
    for name in box.rng.sample(("c.ck.empty", ".m.h5.9-folder", "c.ck.d2"),
                               2):  # a folder that is empty is removed as a file is
        box.path(name).mkdir()
        named.append(name)
    return named


def with_the_lease(box, named):
    box.stock("real.h5")
    box.run(*FIT, *(["--overwrite"] if box.rng.random() < 0.3 else []), ranks=box.rng.choice((0, 0, 0, 2)), outputs=OWN,
            keeps={"c.ck.lease", "c.ck"}, limit=20)


def lease_names_others(box):
    """A well-formed lease that gives others' files for what the run before left behind."""
    named = victims(box)
    box.rng.shuffle(named)
    end = box.rng.choice(("", "\n", "\n\n\n", "\r\n", "\0"))
    first = box.rng.choice((MARK, MARK, "x", "", MARK + "\n" + box.rng.choice(named)))
    box.path("c.ck.lease").write_bytes((first + "\n" + "\n".join(named) + end).encode())
    with_the_lease(box, named)


def lease_by_a_path(box):
    """The checkpoint is named by a path: what is compared with the beginning of a name begins otherwise."""
    named = victims(box)
    box.stock("real.h5")
    folder = box.rng.choice((".", f"../{box.folder.name}", str(box.folder)))
    lines = [f"{folder}/{name}" for name in named] + named
    box.path("c.ck.lease").write_text(MARK + "\n" + "\n".join(lines) + "\n")
    arguments = [f"{folder}/{word}" if word in OWN else word for word in FIT]
    box.run(*arguments, outputs=OWN, keeps={"c.ck.lease", "c.ck"}, limit=20)


def lease_that_is_odd(box):
    """Nobody's text, or no file at all: no hang, and what it leads to stays."""
    victims(box)
    name = "c.ck.lease"
    kind = box.rng.choice(("fifo", "device", "socket", "folder", "full folder", "link", "dangling link", "link to a folder",
                           "loop", "empty", "huge", "one huge line", "binary", "unreadable line"))
    special = {"fifo": spellings.fifo, "device": spellings.device, "socket": spellings.unix_socket, "folder": spellings.folder,
               "full folder": spellings.full_folder}
    if kind in special and not special[kind](box, name):
        return
    box.path("victim").write_text(MARK + "\nvictim\nc.ck.lease\n" if box.rng.random() < 0.5 else "mine\n")
    box.path("place").mkdir()
    links = {"link": "victim", "dangling link": "nothing", "link to a folder": "place", "loop": name}
    if kind in links:
        box.path(name).symlink_to(links[kind])
    contents = {"empty": b"", "huge": (MARK + "\n" + "notes.txt\n" * 1_000_000).encode(),
                "one huge line": b"c.ck." + b"a" * 10_000_000, "binary": box.np.bytes(5000),
                "unreadable line": (MARK + "\nc.ck.\x1b[2J\n\xff").encode("latin-1")}
    if kind in contents:
        box.path(name).write_bytes(contents[kind])
    box.stock("real.h5")
    # The lease itself may be taken over where it is a file; a folder, a pipe or a device may not.
    may = {"c.ck", *([] if kind in special else [name])}
    result = box.run(*FIT, outputs=OWN - ({name} if kind in special else set()), keeps=may, limit=20)
    if result.seconds > 10:
        box.finding("slow", f"{result.seconds:.0f} s with a lease that is {kind}")


def previous_of_somebody(box):
    """The name of the generation before is taken by a text, alone or beside a checkpoint that is good."""
    box.stock("real.h5")
    text = box.rng.choice(("my notes of previous checkpoints\n", "x", "{}\n", "a" * 100_000))
    beside = box.rng.random() < 0.5
    if beside:
        box.run(*FIT, outputs=OWN)
        for name in ("m.h5", "l.h5"):
            box.path(name).unlink()
    box.path("c.ck.previous").unlink(missing_ok=True)
    box.path("c.ck.previous").write_text(text)
    arguments = list(FIT)
    if beside:
        arguments[-1] = 9  # more iterations than before, so that it writes again
    if box.rng.random() < 0.5:
        arguments += ["--restart", box.rng.choice(("auto", "never"))]
    box.run(*arguments, outputs=OWN - {"c.ck.previous"}, keeps={"c.ck"}, why=" with c.ck.previous that is somebody's text",
            expect={0, 73})


def checkpoint_of_somebody(box):
    box.stock("real.h5")
    box.path("c.ck").write_bytes(box.rng.choice((b"my notes\n", b"", b"\0" * 100, b"\x89HDF\r\n\x1a\n" + b"x" * 100,
                                                 b"SHOAL notes\n")))
    empty = box.path("c.ck").stat().st_size == 0  # an empty file may be what a crash left of a checkpoint
    more = ["--restart", box.rng.choice(("auto", "never", "require"))] + (["--overwrite"] if box.rng.random() < 0.4 else [])
    box.run(*FIT, *more, expect=None if empty else {65, 73}, outputs=OWN if empty else (),
            why=" for a --checkpoint that is somebody's")


def planted_temporaries(box):
    """Links and files at every name that a temporary could have without a part drawn by lot."""
    box.stock("real.h5")
    box.path("victim").write_text("somebody's\n")
    tails = ("", ".tmp", ".temp", ".new", ".part", "~", ".tmp~", ".swp", ".lease.tmp", ".lease.new", ".previous.tmp",
             ".partial", ".lock")
    for stem in ("m.h5", "l.h5", "c.ck", "c.ck.lease", "c.ck.previous"):
        for tail in tails[1:]:
            for head in ("", "."):
                if box.rng.random() < 0.5:
                    continue
                name = box.path(f"{head}{stem}{tail}")
                if name.name in OWN or os.path.lexists(name):
                    continue
                how = box.rng.choice(("link", "text", "folder", "hard link", "dangling"))
                if how in ("link", "dangling"):
                    name.symlink_to("victim" if how == "link" else "made-through-a-link")
                elif how == "hard link":
                    os.link(box.path("victim"), name)
                elif how == "text":
                    name.write_text("somebody's\n")
                else:
                    name.mkdir()
    box.run(*FIT, expect={0, 73}, outputs=OWN, keeps={"c.ck"}, ranks=box.rng.choice((0, 2)))


def links_named_as_leftovers(box):
    """What a lease names as left over may be removed when it is; never what a link of that name leads to."""
    box.stock("real.h5")
    box.path("victim").write_text("somebody's\n")
    box.path("place").mkdir()
    box.path("place/notes.txt").write_text("somebody's\n")
    names = ["c.ck." + MARK, ".m.h5.77-AbCdEf", ".l.h5.77-AbCdEf"]
    for name in names:
        box.path(name).symlink_to(box.rng.choice(("victim", "place", "nothing")))
    box.path("c.ck.lease").write_text("\n".join([MARK, *names, *[name + "/notes.txt" for name in names]]) + "\n")
    box.run(*FIT, outputs=OWN | set(names), keeps={"c.ck", *names}, why=" with links at names of leftovers")


KINDS = [lease_names_others, lease_names_others, lease_by_a_path, lease_that_is_odd, lease_that_is_odd, previous_of_somebody,
         checkpoint_of_somebody, planted_temporaries, links_named_as_leftovers]
