"""Reads a page of docs/ as a user does: its blocks run in order, in one folder, and what it shows must be said.

A block of `sh` or `python` runs; `sh (exits 65)` must end with that code. A block of `text` that follows is what the last
of them said: each of its paragraphs must be found there, lines broken anywhere, and `...` stands for any words. The first
block of `python` begins every other. A block of `sh (not run)` needs what a test has not, as a queue.
"""
import os
import pathlib
import re
import subprocess
import sys

import shoal

FENCE = re.compile(r"^```(\w*)(?: \((?:exits (\d+)|(not run))\))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
KINDS = {"python", "sh", "text"}
LAUNCHER = """#!/bin/sh
[ -z "$OMPI_COMM_WORLD_RANK" ] || exec '{program}' "$@"  # under the mpirun of the page
case "$*" in
  *--dry-run*) exec '{program}' "$@" ;;  # tells of ranks
  fit*|select*|predict*|score*) exec {launch} '{program}' "$@" ;;
  *) exec '{program}' "$@" ;;
esac
"""


def text_of(page):
    return (shoal.ROOT / "docs" / f"{page}.md").read_text()


def blocks(page):
    """Kind, exit code and text of each that runs or is compared, in order."""
    return [(kind, int(code or 0), text) for kind, code, other, text in FENCE.findall(text_of(page)) if not other]


def words(text):
    """Lines are broken elsewhere in the page than in a terminal."""
    return " ".join(text.split())


def is_said(message, output):
    parts = [re.escape(part.strip()) for part in words(message).split("...")]
    return re.search(r"\s?.*?\s?".join(parts), output) is not None


class Reader:
    """Goes through a page in a folder of its own, with a `shoal` that starts the program by `launch`."""

    def __init__(self, page, folder, launch=""):
        self.page, self.folder, self.tools = page, folder / "data", folder / "tools"
        self.folder.mkdir(parents=True)
        self.tools.mkdir()
        program, launcher = pathlib.Path(shoal.PROGRAM).resolve(), self.tools / "shoal"
        launcher.write_text(LAUNCHER.format(launch=launch, program=program))
        launcher.chmod(0o755)
        (self.folder / "tests").mkdir()  # pages name what the repository ships as one sees it from there
        (self.folder / "tests/data").symlink_to(shoal.DATA)
        self.problems, self.results = [], []
        self.preamble, self.output = "", ""

    def read(self):
        for kind, code, text in blocks(self.page):
            getattr(self, kind)(code, text)
        return self

    def files(self):
        """But logs, which hold times."""
        return {file.name: file.read_bytes() for file in sorted(self.folder.iterdir())
                if file.is_file() and file.suffix != ".jsonl"}

    def run(self, command, code, text):
        env = {**os.environ, "PATH": f"{self.tools}:{os.environ['PATH']}"}
        done = subprocess.run([*command, text], capture_output=True, text=True, env=env, cwd=self.folder,
                              stdin=subprocess.DEVNULL, timeout=shoal.TIME_LIMIT)
        if done.returncode != code:
            self.problems.append(f"exits {done.returncode} and not {code}:\n{text}{done.stdout}{done.stderr}")
        self.output = words(done.stdout + done.stderr)
        return done

    def python(self, code, text):
        self.run([sys.executable, "-W", "ignore", "-c"], code, self.preamble + text)
        self.preamble = self.preamble or text

    def sh(self, code, text):
        self.results.append((text, self.run(["sh", "-e", "-c"], code, text).stdout))

    def text(self, _, text):
        for message in text.split("\n\n"):
            if not is_said(message, self.output):
                self.problems.append(f"the page shows\n{message}\nand the program said\n{self.output}")
