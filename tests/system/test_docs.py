"""The commands of docs/data.md do what the page says, alone and on three ranks."""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

import h5py

import shoal

PAGE = shoal.ROOT / "docs/data.md"
BLOCK = re.compile(r"^```(python|sh|text)(?: \(exits (\d+)\))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LAUNCHER = """#!/bin/sh
case "$*" in
  *--dry-run*) exec '{program}' "$@" ;;  # tells of ranks
  fit*|predict*|score*) exec {launch} '{program}' "$@" ;;
  *) exec '{program}' "$@" ;;
esac
"""


def blocks():
    """Kind, exit code and text of each, in order."""
    return [(kind, int(code or 0), text) for kind, code, text in BLOCK.findall(PAGE.read_text())]


def words(text):
    """Lines are broken elsewhere in the page than in a terminal."""
    return " ".join(text.split())


def write_foreign(folder):
    """Files that take other programs to write: classic NetCDF, and a filter that HDF5 does not bring."""
    (folder / "classic.nc").write_bytes(b"CDF\x01" + bytes(28))
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_chunk((40, 3))
    creation.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))
    with h5py.File(folder / "zstd.h5", "w") as file:
        h5py.h5d.create(file.id, b"X", h5py.h5t.IEEE_F64LE, h5py.h5s.create_simple((120, 3)), creation)


class Reader:
    """Goes through the page in a folder of its own, with a `shoal` that starts the program by `launch`."""

    def __init__(self, folder, launch):
        self.folder, self.tools = folder / "data", folder / "tools"
        self.folder.mkdir(parents=True)
        self.tools.mkdir()
        program, launcher = pathlib.Path(shoal.PROGRAM).resolve(), self.tools / "shoal"
        launcher.write_text(LAUNCHER.format(launch=launch, program=program))
        launcher.chmod(0o755)
        write_foreign(self.folder)
        self.problems, self.results = [], []
        self.preamble, self.output = "", ""

    def read(self):
        for kind, code, text in blocks():
            getattr(self, kind)(code, text)
        return self

    def run(self, command, code, text):
        env = {**os.environ, "PATH": f"{self.tools}:{os.environ['PATH']}"}
        done = subprocess.run([*command, text], capture_output=True, text=True, env=env, cwd=self.folder,
                              stdin=subprocess.DEVNULL, timeout=shoal.TIME_LIMIT)
        if done.returncode != code:
            self.problems.append(f"exits {done.returncode} and not {code}:\n{text}{done.stdout}{done.stderr}")
        return done

    def python(self, code, text):
        self.run([sys.executable, "-c"], code, self.preamble + text)
        self.preamble = self.preamble or text

    def sh(self, code, text):
        done = self.run(["sh", "-e", "-c"], code, text)
        self.output = words(done.stdout + done.stderr)
        self.results.append((text, done.stdout))

    def text(self, _, text):
        for message in text.split("\n\n"):
            if words(message) not in self.output:
                self.problems.append(f"the page shows\n{message}\nand the program said\n{self.output}")


class Data(shoal.ShoalTest):
    def test_the_page_is_true_on_any_ranks(self):
        with concurrent.futures.ThreadPoolExecutor() as pool:
            readers = [Reader(self.path("alone"), ""), Reader(self.path("three"), "mpirun -n 3")]
            alone, three = pool.map(Reader.read, readers)
        self.assertEqual(alone.problems, [])
        self.assertEqual(three.problems, [])
        self.assertEqual(three.results, alone.results)
        names = sorted(file.name for file in alone.folder.iterdir())
        self.assertEqual(sorted(file.name for file in three.folder.iterdir()), names)
        for name in names:
            self.assertEqual((three.folder / name).read_bytes(), (alone.folder / name).read_bytes(), name)

    def test_every_block_is_known(self):
        """A block whose mark is mistyped would not run."""
        fences = [line for line in PAGE.read_text().splitlines() if line.startswith("```")]
        self.assertEqual(len(fences), 2 * len(blocks()))
        self.assertEqual({kind for kind, _, _ in blocks()}, {"python", "sh", "text"})


if __name__ == "__main__":
    shoal.main()
