"""Running the program as a user does. SHOAL names the program."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import h5py
import numpy as np

PROGRAM = os.environ.get("SHOAL", str(pathlib.Path(__file__).parents[2] / "build/release/shoal"))
ROOT = pathlib.Path(__file__).parents[2]
DATA = ROOT / "tests/data"
REFERENCES = DATA / "references"
TIME_LIMIT = 180  # seconds for one run: a hang fails, it does not wait


os.environ.setdefault("OMPI_MCA_odls_base_sigkill_timeout", "0")  # mpirun need not wait a second after each error


def run(*arguments, ranks=0, env=None, cwd=None, time_limit=TIME_LIMIT):
    """Runs shoal alone (ranks=0) or under mpirun; never through a shell."""
    command = [PROGRAM, *map(str, arguments)]
    if ranks:
        command = ["mpirun", "--timeout", str(time_limit), "-n", str(ranks), *command]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **(env or {})}, cwd=cwd,
                          stdin=subprocess.DEVNULL, timeout=time_limit + 20)


class ShoalTest(unittest.TestCase):
    """A folder of its own for each test, and assertions on runs."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="shoal-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, name):
        return self.folder / name

    def ok(self, *arguments, **keywords):
        result = run(*arguments, **keywords)
        self.assertEqual(result.returncode, 0, f"{arguments}\n{result.stderr}")
        return result

    def json(self, *arguments, **keywords):
        return json.loads(self.ok(*arguments, **keywords).stdout)

    def fit(self, model, data, *arguments, output="model.h5", ranks=0, **keywords):
        """Fits and gives the open model file."""
        data = data if isinstance(data, (list, tuple)) else [data]
        self.ok("fit", model, *data, "-o", self.path(output), "--overwrite", "-q", *arguments, ranks=ranks, **keywords)
        return h5py.File(self.path(output))

    def fails(self, code, words, *arguments, **keywords):
        """The run ends with `code` and one message that holds all `words`."""
        result = run(*arguments, **keywords)
        self.assertEqual(result.returncode, code, f"{arguments}\n{result.stdout}{result.stderr}")
        messages = [line for line in result.stderr.splitlines() if line.startswith("shoal: error:")]
        self.assertEqual(len(messages), 1, result.stderr)
        for word in words:
            self.assertIn(word, messages[0])
        return messages[0]

    def write(self, name, X, **arrays):
        """A data file; arrays become datasets, `levels` an attribute of X."""
        with h5py.File(self.path(name), "w") as file:
            file["X"] = X
            if "levels" in arrays:
                file["X"].attrs["levels"] = arrays.pop("levels")
            for key, value in arrays.items():
                file[key.replace("__", "/")] = value
        return self.path(name)

    def assert_close(self, actual, expected, relative=0.0, absolute=0.0):
        np.testing.assert_allclose(np.asarray(actual), np.asarray(expected), rtol=relative, atol=absolute)


def main():
    unittest.main(verbosity=2)
