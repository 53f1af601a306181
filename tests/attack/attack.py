"""The frame of the attacks: a folder of its own for each trial, runs of the program under a time limit, and what every run
must keep, whatever it was given. Modules of trials add what they expect beyond that.

A trial is a function of (seed, module, number) alone: it draws everything from Box.rng, so the same three repeat it."""
import dataclasses
import hashlib
import json
import os
import pathlib
import random
import re
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "system"))
import shoal  # noqa: E402  SHOAL names the program there

PROGRAM = str(pathlib.Path(shoal.PROGRAM).resolve())  # trials run in folders of their own
CODES = {0, 64, 65, 66, 71, 73, 74, 75}  # 70 is one of the program's codes, but it says that the program is at fault
TIME_LIMIT = 60  # seconds; nothing here takes one
LINE_LIMIT = 2000  # characters of an error
FOREIGN = re.compile(  # what comes from below the program must not reach people
    r"libgomp:|HDF5-DIAG|HDF5: infinite loop|\*\*\* The MPI|\*\*\* Process received signal|MPI_ABORT|MPI_ERR|ORTE_ERROR|PMIX ERROR|"
    r"Traceback|terminate called|what\(\):|AddressSanitizer|LeakSanitizer|runtime error:|Segmentation fault|Aborted|"
    r"basic_string|std::|bad_alloc|vector::|boost::|CLI::|nlohmann|json\.exception|H5[A-Z][a-z]+\(\)|please report")
# libgomp says this of OMP_ variables when it is loaded, before the program has begun.
LOADER = re.compile(r"libgomp: *\n|(libgomp: )?(Invalid value for environment variable|Stack size less than).*\n")
# mpirun's notices: a line of dashes, text, a line of dashes.
NOTICE = re.compile(r"^-{20,}\n.*?^-{20,}\n", re.MULTILINE | re.DOTALL)
UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f\x80-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclasses.dataclass
class Result:
    code: int
    out: bytes
    err: bytes
    seconds: float
    cpu: float  # user and system, which a busy machine does not stretch as it does `seconds`
    hung: bool = False

    @property
    def errors(self):
        return [line for line in self.err.decode("utf-8", "replace").splitlines() if line.startswith("shoal: error:")]


def entry(path):
    """What must stay as it is of one name: type, mode, owner, inode and content. Not times."""
    state = os.lstat(path)
    kept = [stat.S_IFMT(state.st_mode), stat.S_IMODE(state.st_mode), state.st_uid, state.st_gid, state.st_ino, state.st_rdev]
    if stat.S_ISREG(state.st_mode):
        kept.append(hashlib.sha1(pathlib.Path(path).read_bytes()).hexdigest())
    elif stat.S_ISLNK(state.st_mode):
        kept.append(os.readlink(path))
    return kept


def snapshot(folder):
    found = {}
    for at, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(at, name)
            found[os.path.relpath(path, folder)] = entry(path)
    return found


def strict_json(text):
    """One JSON value, without the words NaN and Infinity that Python would take."""
    def refuse(word):
        raise ValueError(f"{word} is no JSON")
    return json.loads(text, parse_constant=refuse)


def not_finite(name):
    """The first array or attribute of an HDF5 file that holds something else than finite numbers, if any. Rows that were left
    out (label -1) have no density: NaN says so."""
    bad = []

    def look(path, value):
        value = np.asarray(value)
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            bad.append(f"{path} = {value.ravel()[~np.isfinite(value.ravel())][0]}")

    with h5py.File(name) as file:
        def visit(path, item):
            if isinstance(item, h5py.Dataset):
                rows = slice(None) if path != "log_density" else file["labels"][...] >= 0
                look(path, item[...] if item.ndim == 0 else item[...][rows])
            for key, value in item.attrs.items():
                look(f"{path}@{key}", value)
        visit("", file)
        file.visititems(visit)
    return bad[0] if bad else None


class Box:
    """One trial: its folder, its random numbers, its runs and what was found."""

    def __init__(self, module, seed, number, folder):
        self.module, self.seed, self.number = module, seed, number
        self.rng = random.Random(f"{seed}/{module}/{number}")
        self.np = np.random.default_rng(self.rng.getrandbits(64))
        self.folder = pathlib.Path(folder)
        self.findings, self.commands, self.skipped, self.codes = [], [], [], []

    def path(self, name):
        return self.folder / name

    def sessions(self):
        """Several mpirun at once must not share a folder: one removes it while another makes its own in it."""
        folder = self.folder.parent / "mpi" / f"{self.module}-{self.number}"
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)

    def finding(self, kind, text):
        self.findings.append((kind, text))

    def skip(self, why):
        self.skipped.append(why)

    def stock(self, *names):
        """Copies of the files that every trial may use, at their own names."""
        for name in names:
            shutil.copy(STOCK.file(name), self.path(name))
        return names[0] if len(names) == 1 else names

    def h5(self, name, **arrays):
        """A file of arrays; `__` in a keyword is a slash."""
        with h5py.File(self.path(name), "w") as file:
            for key, value in arrays.items():
                file[key.replace("__", "/")] = value
        return name

    def run(self, *arguments, ranks=0, expect=None, why="", outputs=(), keeps=(), env=None, preexec=None, limit=TIME_LIMIT,
            foreign=FOREIGN, user=None):
        """Runs the program in the trial's folder and judges it. `outputs` may appear or change when it succeeds, `keeps`
        in any case (checkpoints, logs); everything else stays as it was."""
        command = [PROGRAM, *map(str, arguments)]
        if ranks:
            command = ["mpirun", "--timeout", str(limit), "-n", str(ranks), *command]
            env = {"OMPI_MCA_orte_tmpdir_base": self.sessions(), **(env or {})}
        before = snapshot(self.folder)
        result = execute(command, self.folder, env, preexec, limit + 5 if ranks else limit, user)
        result.hung = result.hung or (ranks > 0 and result.code == 110)  # mpirun's own, after its --timeout
        self.codes.append(result.code)
        self.commands.append(" ".join(f"{key}={shlex.quote(str(value))}" for key, value in (env or {}).items()) + " "
                             + shlex.join(command))
        self.judge(result, ranks, expect, why, foreign)
        if not result.hung:  # what was killed could not tidy up
            self.compare(before, {*map(str, keeps), *(map(str, outputs) if result.code == 0 else ())})
        return result

    def judge(self, result, ranks, expect, why, foreign):
        text = result.err.decode("utf-8", "replace")
        own = NOTICE.sub("", text) if ranks else text
        last = (result.errors or [text.strip()[-300:]])[0][:300]
        if result.hung:
            self.finding("hang", f"no end within {result.seconds:.0f} s{why}")
            return
        if result.code < 0 or result.code > 128:
            self.finding("signal", f"code {result.code}{why}: {last}")
        elif result.code not in CODES:
            self.finding("code", f"code {result.code}{why}: {last}")
        elif expect is not None and result.code not in expect:
            self.finding(f"code {result.code}, not {'/'.join(map(str, sorted(expect)))}", f"{why[1:]}: {last}")
        if foreign and (found := foreign.search(LOADER.sub("", text) + result.out.decode("utf-8", "replace"))):
            self.finding("foreign text", f"{found.group()!r} in {text[max(0, found.start() - 60):found.end() + 120]!r}")
        if result.code in CODES - {0, 75} and len(result.errors) != 1:
            self.finding("not one error line", f"{len(result.errors)} lines `shoal: error:`, code {result.code}: {own[:300]!r}")
        for line in result.errors:
            if len(line) > LINE_LIMIT:
                self.finding("long error", f"{len(line)} characters: {line[:120]!r}")
        self.judge_text("stderr", result.err)
        self.judge_text("stdout", result.out)

    def judge_text(self, name, text):
        try:
            decoded = text.decode("utf-8")
        except UnicodeDecodeError as error:
            self.finding(f"{name} is not UTF-8", str(error)[:100] + repr(text[max(0, error.start - 40):error.start + 20]))
            return
        if name == "stdout" and decoded.startswith("{"):  # JSON: for programs, and a name is what it is
            decoded = re.sub("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\x7f-\x9f]", "", decoded)
        if found := UNSEEN.search(decoded):
            self.finding(f"unseen character on {name}", repr(decoded[max(0, found.start() - 80):found.end() + 20]))

    def compare(self, before, may):
        after = snapshot(self.folder)
        for name in sorted(set(before) | set(after)):
            if before.get(name) == after.get(name) or name in may:
                continue
            what = "left over" if name not in before else "removed" if name not in after else "changed"
            # the entries of these two begin alike where only the content differs
            self.finding(what, f"{name}: {before.get(name)} -> {after.get(name)}")

    def json(self, result):
        """The one JSON value of a run that succeeded."""
        try:
            return strict_json(result.out)
        except ValueError as error:
            self.finding("bad JSON", f"{error}: {result.out[:200]!r}")
            return {}

    def finite(self, *names):
        """Files that a run made: no number in them is anything but finite."""
        for name in names:
            try:
                bad = not_finite(self.path(name))
            except Exception as error:  # whatever h5py has to say
                self.finding("unreadable output", f"{name}: {error}")
                continue
            if bad:
                self.finding("not finite", f"{name}: {bad}")


def execute(command, folder, env, preexec, limit, user=None):
    """Into files, not pipes: a run that says much must not wait for a reader, and wait4 tells the processor time."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begin = time.monotonic()
        environment = {key: value for key, value in {**os.environ, **(env or {})}.items() if value is not None}
        process = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, cwd=folder, env=environment,
                                   preexec_fn=preexec, start_new_session=True, user=user)
        hung = False
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - begin > limit and not hung:
                hung = True
                os.killpg(process.pid, signal.SIGKILL)
            time.sleep(0.005)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - begin
        out.seek(0), err.seek(0)
        return Result(process.returncode, out.read(), err.read(), seconds, usage.ru_utime + usage.ru_stime,
                      hung or seconds > limit)


class Stock:
    """Valid files of each kind, made once a run of the attacks: small, and the same for every seed."""

    FITS = {"gaussian.h5": ("gaussian", "real.h5"), "diag.h5": ("gaussian", "real.h5", "--covariance", "diag"),
            "tied.h5": ("gaussian", "real.h5", "--covariance", "tied"),
            "spherical.h5": ("gaussian", "real.h5", "--covariance", "spherical"),
            "kmeans.h5": ("kmeans", "real.h5"), "kmedians.h5": ("kmedians", "real.h5"),
            "bernoulli.h5": ("bernoulli", "binary.h5"), "categorical.h5": ("categorical", "codes.h5")}

    def __init__(self):
        self.folder = None

    def make(self, folder):
        self.folder = pathlib.Path(folder)
        rng = np.random.default_rng(1)
        X = rng.normal(size=(60, 3)) + 3 * rng.integers(0, 3, (60, 1))
        for name, data in (("real.h5", X), ("binary.h5", (X > 3).astype("u1")), ("codes.h5", (X > 3) + (X > 6) * 1)):
            with h5py.File(self.folder / name, "w") as file:
                file["X"], file["w"] = data, np.arange(60) % 3 + 0.5
        with h5py.File(self.folder / "w.h5", "w") as file:
            file["w"] = np.arange(60) % 3 + 0.5
        np.savetxt(self.folder / "in.csv", X, delimiter=",", header="a,b,c", comments="")
        np.save(self.folder / "in.npy", X)
        (self.folder / "fit.toml").write_text("[fit]\nclusters = 3\n")
        for name, fit in self.FITS.items():
            self.shoal("fit", *fit[:2], "-k", 3, "-o", name, *fit[2:])
        self.shoal("predict", "gaussian.h5", "real.h5", "-o", "labels.h5", "--responsibilities", "--log-density")
        # 30 passes to no tolerance: it is not finished when the same command may do more
        self.shoal("fit", "gaussian", "real.h5", "-k", 3, "-o", "unused.h5", "--checkpoint", "c.ck", "--checkpoint-every", 1,
                   "--tolerance", 0, "--max-iterations", 30, "--log", "run.jsonl")

    def shoal(self, *arguments):
        subprocess.run([PROGRAM, *map(str, arguments), "-q"], cwd=self.folder, check=True, stdin=subprocess.DEVNULL)

    def file(self, name):
        return self.folder / name


STOCK = Stock()
