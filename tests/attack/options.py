"""Values of options, config files and the environment: what cannot be is wrong use, told in one short line, at once."""
import os
import resource

FIT = ("fit", "gaussian", "real.h5", "-k", 3, "-q")
# Values of no number at all; for every option that takes one.
NEVER = ["nan", "inf", "-inf", "NAN", "Infinity", "-nan", "nan(1)", "1e400", "-1e400", "9" * 401, "", " ", "five", "1_000",
         "\u0663", "7" * 9 + "x" * 10_000, "x" * 10_000, "2\n3", "1\x1b[2J", "\u202e3", "3\u200e", "1,5", "0x", "--", "1e",
         "+-1", "1 2", "\u2066", "\ufeff1"]
MAYBE = ["0x10", "1e3", "1e0", " 3", "3 ", "+3", "3.0", "1e-400", "0b1", "007", "-0", "1'000"]  # as the program likes
BIG = [str(2 ** 63), str(2 ** 64), str(2 ** 128)]
# option, the command with it, and which of -1, 0 and the large are out of range
NUMBERS = [("-k", "fit", ["-1", "0", "-3", *BIG]), ("--clusters", "fit", ["-1", "0", "1.5", *BIG]),
           ("--regularization", "fit", ["-1"]), ("--regularization-absolute", "fit", ["-1"]),
           ("--pseudo-count", "categorical", ["-1"]), ("--seed", "fit", ["1.5", *BIG[1:]]),
           ("--max-iterations", "fit", ["-1", "1.5", *BIG]), ("--tolerance", "fit", ["-1"]),
           ("--threads", "fit", ["-1", "0", "1.5", *BIG]), ("--checkpoint-every", "checkpoint",
                                                            ["-1", "0", "-1s", "0s", "1ms", "1parsec"]),
                                                            ("--max-time", "checkpoint",
                                                             ["-1", "0", "0:00", "-1h", "1:2:3:4", "1:99", "nans", "infh"]),
                                                             ("--missing-value", "fit", []),
                                                             ("-n", "sample", ["-1", "0", "1.5", *BIG]),
                                                             ("--seed", "sample", ["1.5", *BIG[1:]]),
                                                             ("--missing-value", "predict", []),
                                                             ("--threads", "predict", ["-1", "0", *BIG]),
                                                             ("--missing-value", "score", []),
                                                             ("--threads", "score", ["-1", "0", *BIG]),
                                                             ("--threshold", "convert", []),
                                                             ("--prototypes", "info", ["-1", *BIG])]
CHOICES = [("--covariance", "fit"), ("--mixing", "fit"), ("--missing", "fit"), ("--precision", "fit"), ("--init", "fit"),
           ("--empty-cluster", "fit"), ("--restart", "checkpoint"), ("--progress", "fit"), ("--target", "fit"),
           ("--center", "kmedians"), ("--type", "convert"), ("--header", "convert"), ("--delimiter", "convert"),
           ("--label-column", "convert"), ("--columns", "fit")]


def command(box, name):
    """Arguments of a small run, and what it writes."""
    box.stock("real.h5", "codes.h5", "gaussian.h5", "in.csv")
    return {"fit": ([*FIT[:3], "-q", "-o", "m.h5"], {"m.h5"}),
            "kmedians": (["fit", "kmedians", "real.h5", "-q", "-o", "m.h5"], {"m.h5"}),
            "categorical": (["fit", "categorical", "codes.h5", "-q", "-o", "m.h5"], {"m.h5"}),
            "checkpoint": ([*FIT[:3], "-q", "-o", "m.h5", "--checkpoint", "c.ck"], {"m.h5", "c.ck"}),
            "sample": (["sample", "gaussian.h5", "-o", "s.h5"], {"s.h5"}),
            "predict": (["predict", "gaussian.h5", "real.h5", "-o", "l.h5"], {"l.h5"}),
            "score": (["score", "gaussian.h5", "real.h5"], set()), "convert": (["convert", "in.csv", "o.h5"], {"o.h5"}),
            "info": (["info", "gaussian.h5"], set())}[name]


def short(box, result):
    for line in result.errors:
        if len(line) >= 400:
            box.finding("long error for a value", f"{len(line)} characters: {line[:200]!r}")


def value_for(box, more):
    never = box.rng.random() < 0.75
    return never, box.rng.choice(NEVER + more * 3 if never else MAYBE + ["0", "-1", *BIG])


def shown(value):
    return repr(value if len(value) < 50 else f"{value[:20]}... ({len(value)})")


def numbers(box):
    option, name, more = box.rng.choice(NUMBERS)
    arguments, writes = command(box, name)
    never, value = value_for(box, more)
    for needed, kinds in (("-k", ("fit", "kmedians", "categorical", "checkpoint")), ("-n", ("sample",))):
        if name in kinds and option not in (needed, "--clusters"):
            arguments += [needed, "3"]
    given = [f"{option}={value}"] if option.startswith("--") else [option + value] if value.startswith("-") else [option, value]
    if value == "" and option.startswith("--"):
        given = [option, value]
    large = not never and option in ("-n", "--prototypes") and value not in BIG  # "0x10" rows are few, too
    result = box.run(*arguments, *given, expect={64} if never else None, outputs=writes, keeps={"c.ck", "c.ck.previous"}, limit=30,
                     why=f" for {name} {option} {shown(value)}", ranks=0 if large else box.rng.choice((0, 0, 0, 0, 2)))
    short(box, result)
    if result.code == 0:
        box.finite(*[name for name in writes if name.endswith(".h5")])


def choices(box):
    option, name = box.rng.choice(CHOICES)
    arguments, writes = command(box, name)
    if name in ("fit", "kmedians", "checkpoint"):
        arguments += ["-k", "3"]
    value = box.rng.choice(["", " ", "x" * 10_000, "none\nof these", "\x1b[2J", "\u202efull", "FULL", "full ", "fu",
                            "a" * 70_000, "*", "%s%n", "{}", "\ufffd"])
    # a word that is none of the choices is wrong use; where a file or a column may be named there, it is missing
    short(box, box.run(*arguments, f"{option}={value}", expect={64, 65, 66}, limit=20,
                       why=f" for {name} {option} {shown(value)}"))


def toml_text(value):
    return '"' + "".join(f"\\u{ord(c):04X}" if ord(c) < 32 or c in '"\\' else c for c in value) + '"'


def numbers_in_config(box):
    option, name, more = box.rng.choice([entry for entry in NUMBERS if entry[0].startswith("--")])
    arguments, writes = command(box, name)
    never, value = value_for(box, more)
    section = arguments[0]
    for key, sections in (("clusters", ("fit",)), ("rows", ("sample",))):
        if section in sections and option != "--" + key:
            arguments += ["--" + key, "3"]
    bare = box.rng.random() < 0.5 and not any(c in value for c in "\n\x1b") and value.strip()
    text = f"[{section}]\n{option[2:]} = {value if bare else toml_text(value)}\n"
    box.path("c.toml").write_text(text)
    result = box.run(*arguments, "--config", "c.toml", outputs=writes, keeps={"c.ck", "c.ck.previous"}, limit=30,
                     why=f" for {text[:80]!r} as config", expect={64} if never and value not in ("-0",)
                     and not (bare and value in ("--", "1,5", "1 2", "1_000")) else None)
    short(box, result)


def odd_configs(box):
    """Files that parsers choke on. Each is answered at once: a second of processor beyond a start."""
    deep = "".join("[" + ".".join(["a"] * (i + 1)) + "]\n" for i in range(300))
    texts = {"10 MB key": b"[fit]\n" + b"k" * 10_000_000 + b" = 1\n",
             "10 MB value": b"[fit]\ninit = \"" + b"v" * 10_000_000 + b"\"\n",
             "10 MB line of nothing": b"[fit]\n" + b" " * 10_000_000 + b"\n", "10 MB comment": b"#" + b"c" * 10_000_000 + b"\n",
             "20,000 sections within each other": b"[" + b".".join([b"fit"] * 20_000) + b"]\nclusters = 3\n",
             "sections within each other": deep.encode(),
             "20,000 brackets": b"[fit]\nmissing-value = " + b"[" * 20_000 + b"]" * 20_000 + b"\n",
             "open brackets": b"[fit]\nmissing-value = " + b"[" * 100_000 + b"\n",
             "20,000 sections": b"".join(b"[s%d]\n" % i for i in range(20_000)),
             "the same section twice": b"[fit]\nclusters = 3\n[fit]\nseed = 2\n",
             "the same key twice": b"[fit]\nclusters = 3\nclusters = 4\n", "the same section 20,000 times": b"[fit]\n" * 20_000,
             "its own config": b"[fit]\nconfig = \"c.toml\"\n", "config at the top": b"config = \"c.toml\"\n",
             "a mark of byte order": b"\xef\xbb\xbf[fit]\nseed = 2\n", "UTF-16": "[fit]\nseed = 2\n".encode("utf-16"),
             "CR LF": b"[fit]\r\nseed = 2\r\n", "CR": b"[fit]\rseed = 2\r", "NUL": b"[fit]\nseed = \0002\n",
             "NUL in a key": b"[fit]\nse\0ed = 2\n", "NUL in a name": b"[fit]\ninit = \"a\0b\"\n",
             "no UTF-8": b"[fit]\ninit = \"\xff\xfe\"\n", "no UTF-8 in a key": b"[fit]\n\xff\xfe = 1\n",
             "an escape in a key": b"[fit]\n\x1b[2J = 1\n", "bidirectional marks in a key": "[fit]\n\u202eseed = 1\n".encode(),
             "a huge array": b"[fit]\nmissing-value = [" + b"1," * 300_000 + b"1]\n", "an unknown key": b"[fit]\ncolour = 1\n",
             "an unknown section": b"[fish]\nseed = 1\n", "empty": b"", "an open quote": b"[fit]\ninit = \"abc\n",
             "an open section": b"[fit\nseed = 1\n", "no equals sign": b"[fit]\nseed\n", "equals signs": b"=" * 1_000_000,
             "an open text": b"[fit]\ninit = \"\"\"a\nb\n", "a help flag": b"[fit]\nhelp = true\n",
             "a version": b"version = true\n", "flags of odd values": b"[fit]\noverwrite = 7\nquiet = \"maybe\"\n",
             "a data option": b"[fit]\ndata = \"other.h5\"\n", "a model": b"[fit]\nmodel = \"kmeans\"\n",
             "binary": box.np.bytes(20_000), "an HDF5 file": b"\x89HDF\r\n\x1a\n" + box.np.bytes(3000),
             "10 MB of quotes": b"[fit]\ninit = " + b"\"" * 10_000_000 + b"\n",
             "100,000 keys": b"[fit]\n" + b"".join(b"key%d = 1\n" % i for i in range(100_000))}
    wrong = ("an unknown key", "binary", "10 MB key", "an open section", "20,000 sections within each other", "100,000 keys")
    kind = box.rng.choice(sorted(texts))
    box.stock("real.h5")
    box.path("c.toml").write_bytes(texts[kind])
    result = box.run(*FIT, "-o", "m.h5", "--config", "c.toml", outputs={"m.h5"}, limit=30, why=f" for a config that is {kind}",
                     expect={64} if kind in wrong else {0, 64, 65, 66})
    if result.cpu > 1.3:
        box.finding("slow", f"{result.cpu:.1f} s of processor for a config that is {kind}")
    short(box, result)


def names(box):
    """Names that are too long, or that would write on a terminal what they should not."""
    kind = box.rng.choice(("long", "long", "many folders", "newline", "escape", "bidi", "no UTF-8", "separator", "C1", "tab"))
    name = {"long": "a" * 70_000, "many folders": "a/" * 35_000 + "b", "newline": "a\nshoal: error: b",
            "escape": "a\x1b[2J\x07b", "bidi": "a\u202eb\u2066c\u200f\u061c", "no UTF-8": os.fsdecode(b"a\xff\xc3(b"),
            "separator": "a\u2028\u2029\x85b", "C1": "a\x9b2J", "tab": "a\tb\rc\x7f"}[kind] + ".h5"
    box.stock("real.h5", "gaussian.h5", "labels.h5", "in.csv")
    long = kind in ("long", "many folders")
    gaussian = ["fit", "gaussian", "real.h5", "-k", 3]
    inputs = [["fit", "kmeans", name, "-k", 2], [*gaussian, "--init", name], [*gaussian, "--mixing", name],
              [*gaussian, "--row-weights", name + ":/w"], [*gaussian, "--config", name],
              ["predict", name, "real.h5", "-o", "l.h5"], ["score", "gaussian.h5", name], ["info", name],
              ["compare", name, "labels.h5"], ["convert", name.replace(".h5", ".csv"), "o.h5"],
              ["sample", name, "-n", 3, "-o", "s.h5"], [*gaussian, "--row-weights", name],
              ["fit", "kmeans", "real.h5:/" + name, "-k", 2]]
    outputs = [[*gaussian, "-o", name], [*gaussian, "--labels", name], [*gaussian, "--log", name],
               [*gaussian, "--checkpoint", name], ["predict", "gaussian.h5", "real.h5", "-o", name],
               ["sample", "gaussian.h5", "-n", 3, "-o", name], ["convert", "in.csv", name]]
    if box.rng.random() < 0.5:
        arguments = box.rng.choice(inputs)
        there = not long and box.rng.random() < 0.4
        if there:
            box.path(name).write_bytes(box.path(box.rng.choice(("real.h5", "in.csv"))).read_bytes())
        result = box.run(*arguments, expect=None if there else {64, 65, 66}, outputs={"l.h5", "s.h5", "o.h5", "model.h5"},
                         why=f" for a name ({kind}) in {arguments[0]}", limit=20)
    else:
        arguments = box.rng.choice(outputs)
        result = box.run(*arguments, expect={64, 66, 73} if long else {0}, outputs={name, "model.h5"},
                         why=f" for a name ({kind}) of an output of {arguments[0]}", limit=20)
    return result


ENVIRONMENT = [{"OMP_NUM_THREADS": value} for value in ("100000", "-1", "abc", "4,2", "0", "", "1e3", "99999999999999999999",
                                                        "2000")] + [{"OMP_STACKSIZE": "silly"}, {"OMP_STACKSIZE": "100000G"},
                                                                    {"OMP_STACKSIZE": "1B"}, {"OMP_PROC_BIND": "silly"},
                                                                    {"OMP_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "3"},
                                                                    {"OMP_DYNAMIC": "true", "OMP_NUM_THREADS": "7"},
                                                                    {"SLURM_CPUS_PER_TASK": "1000000"},
                                                                    {"SLURM_CPUS_PER_TASK": "abc"},
                                                                    {"SLURM_CPUS_PER_TASK": "-3"},
                                                                    {"SLURM_JOB_END_TIME": "abc"},
                                                                    {"SLURM_JOB_END_TIME": "9" * 30},
                                                                    {"SLURM_JOB_END_TIME": "-1"}, {"SLURM_JOB_END_TIME": "0"},
                                                                    {"SLURM_JOB_END_TIME": "1e99"},
                                                                    {"LANG": "tlh_XX.UTF-99", "LC_ALL": "silly"},
                                                                    {"LC_ALL": "de_DE.UTF-8", "LC_NUMERIC": "de_DE"},
                                                                    {"HOME": None}, {"HOME": "/nowhere"}, {"PATH": ""},
                                                                    {"NO_COLOR": "1"}, {"TERM": "dumb"},
                                                                    {"TERM": "", "COLUMNS": "0"}, {"COLUMNS": "99999999999999"},
                                                                    {"HDF5_PLUGIN_PATH": "/nowhere:\x01:::"},
                                                                    {"HDF5_PLUGIN_PATH": "x" * 50_000},
                                                                    {"HDF5_USE_FILE_LOCKING": "silly"},
                                                                    {"HDF5_DRIVER": "silly"}, {"HDF5_EXTFILE_PREFIX": "\x01"},
                                                                    {"HDF5_VDS_PREFIX": "../.."},
                                                                    {"HDF5_DISABLE_VERSION_CHECK": "9"}, {"TZ": "silly"},
                                                                    {"MALLOC_ARENA_MAX": "x"}]


def environment(box):
    env = dict(box.rng.choice(ENVIRONMENT))
    box.stock("real.h5")
    timed = "SLURM_JOB_END_TIME" in env
    arguments = ["--checkpoint", "c.ck", "--max-time", "auto"] if timed else box.rng.choice(([], ["-q"], ["-v"]))
    result = box.run("fit", "kmeans", "real.h5", "-k", 3, "-o", "m.h5", "--json", *arguments, env=env, outputs={"m.h5"},
                     keeps={"c.ck", "c.ck.previous"}, expect={64, 75, 0} if timed else {0, 64}, ranks=box.rng.choice((0, 0, 2))
                     if "PATH" not in env and "HOME" not in env else 0, limit=30, why=f" with {str(env)[:80]}")
    if result.code == 0 and box.json(result).get("n_rows") != 60:
        box.finding("wrong result", f"{env}: {result.out[:200]}")


# Not of the size of files: MPI's own must fit in, and it may hang where they do not. disk_full has one that they fit in.
LIMITS = [(resource.RLIMIT_NOFILE, (12, 20, 30, 40)), (resource.RLIMIT_AS, (150 << 20, 300 << 20, 500 << 20)),
          (resource.RLIMIT_STACK, (64 << 10, 256 << 10)), (resource.RLIMIT_NPROC, (1, 5, 20)),
          (resource.RLIMIT_DATA, (20 << 20, 60 << 20)), (resource.RLIMIT_CORE, (0,))]


def disk_full(box):
    """A limit on the size of files, as a disk that is full: told as such, and nothing left behind."""
    box.stock("gaussian.h5")
    rows = box.rng.choice((900_000, 1_200_000))  # 25 MB and more, and the limit is less
    result = box.run("sample", "gaussian.h5", "-n", rows, "-o", "s.h5", expect={74}, ranks=box.rng.choice((0, 2)),
                     preexec=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20 << 20, 20 << 20)), why=" on a full disk")
    short(box, result)


def limits(box):
    """Little of everything. What MPI says when it cannot begin is its own; then only that there is an end is asked for."""
    which, values = box.rng.choice(LIMITS)
    value = box.rng.choice(values)
    box.stock("real.h5")
    user = None
    if which == resource.RLIMIT_NPROC and os.getuid() == 0:  # root is not limited
        box.folder.chmod(0o777)
        user = 65534
    result = box.run(*FIT, "-o", "m.h5", "--threads", box.rng.choice((1, 8)), "--checkpoint", "c.ck", "--checkpoint-every", 1,
                     preexec=lambda: resource.setrlimit(which, (value, value)), outputs={"m.h5"},
                     keeps={"c.ck", "c.ck.previous"}, foreign=None, user=user, limit=30)
    box.commands.append(f"# under resource limit {which} = {value}")
    if any(word in result.err for word in (b"MPI_Init", b"MPI_INIT", b"PML", b"PMIX", b"orte", b"opal", b"error while loading")):
        box.findings = [found for found in box.findings if found[0] == "hang"]
        box.skip(f"MPI itself does not start under a limit ({which}) so small")


KINDS = [numbers, numbers, numbers, numbers_in_config, numbers_in_config, choices, odd_configs, odd_configs, names, names,
         environment, environment, limits, disk_full]
