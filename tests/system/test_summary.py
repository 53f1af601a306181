"""What a fit tells a person: progress on a terminal of 80 columns, in a pipe and under mpirun; the summary; warnings."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

import h5py
import numpy as np

import shoal

IRIS = shoal.DATA / "iris.h5"


def on_a_terminal(*arguments, columns=80):
    """The lines that standard error showed, each as a list of what was drawn over it."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
    process = subprocess.Popen([shoal.PROGRAM, *map(str, arguments)], stdin=follower, stdout=subprocess.DEVNULL,
                               stderr=follower, env={**os.environ, "TERM": "xterm"})
    os.close(follower)
    text = b""
    try:
        while piece := os.read(leader, 65536):
            text += piece
    except OSError:  # the other end closed
        pass
    os.close(leader)
    assert process.wait(timeout=60) == 0, text
    lines = text.decode().replace("\r\n", "\n").split("\n")
    return [[drawn.replace("\x1b[K", "") for drawn in line.split("\r")] for line in lines]


def blobs(n=4000, d=3, k=4, apart=3.0):
    rng = np.random.default_rng(0)
    return apart * rng.integers(0, 3, (k, d))[rng.integers(0, k, n)] + rng.normal(size=(n, d))


class Progress(shoal.ShoalTest):
    def fit(self, *arguments):
        return ("fit", "gaussian", self.write("data.h5", blobs()), "-k", 4, "-o", self.path("m.h5"), "--overwrite", *arguments)

    def test_one_line_that_fits_the_terminal(self):
        for columns in (80, 40):
            lines = on_a_terminal(*self.fit("--starts", 1, "--tolerance", 0, "--max-iterations", 300), columns=columns)
            for line in lines:
                for drawn in line if len(line) > 1 else ():
                    self.assertLess(len(drawn), columns, drawn)
        lines = on_a_terminal(*self.fit("--starts", 1, "--max-iterations", 100000))  # of which it needs some hundred
        (drawn,) = [line for line in lines if any("iter " in one for one in line)]
        self.assertRegex(drawn[-1], r"^iter \d+/100000  -\d+\.\d+ per row  change \S+  \d+ (s|min|h \d+ min|days) left at most$")

    def test_the_phases_before_the_first_iteration(self):
        lines = on_a_terminal(*self.fit())
        drawn = [one for line in lines for one in line]
        places = [next((i for i, one in enumerate(drawn) if re.match(words, one)), None)
                  for words in (r"reading \S+ \S+ of 93.8 KiB", "search 1 of 2 on 4000 rows: starts", "search 2 of 2", "iter 0/1000")]
        self.assertNotIn(None, places, drawn)
        self.assertEqual(places, sorted(places))
        drawn = [one for line in on_a_terminal(*self.fit("--starts", 1)) for one in line]
        self.assertTrue(any("seeding: round 1 of 5" in one for one in drawn), drawn)

    def test_lines_where_it_is_no_terminal(self):
        for ranks in (0, 2):
            said = self.ok(*self.fit(), ranks=ranks).stderr
            self.assertNotIn("iter ", said)
            self.assertNotIn("\x1b", said)
            self.assertRegex(said, r"(?m)^iteration    0  objective -")

    def test_every_phase_has_a_line_where_people_wait_long(self):
        slow = {"LD_PRELOAD": os.environ["SHOAL_FAULT_LIBRARY"], "SHOAL_FAULT": "slow:fsync:1", "SHOAL_FAULT_FILE": ".ckpt"}
        said = self.ok(*self.fit("--checkpoint", self.path("f.ckpt")), env=slow).stderr  # each takes two seconds
        self.assertRegex(said, r"(?m)^search 2 of 2 on 4000 rows: starts$")


class Summary(shoal.ShoalTest):
    def told(self, *arguments, **keywords):
        return self.ok("fit", *arguments, "-o", self.path("m.h5"), "--overwrite", **keywords).stderr

    def test_lines(self):
        for ranks in (0, 2):
            said = self.told("gaussian", IRIS, "-k", 3, ranks=ranks)
            for words in (r"^shoal \S+: gaussian full, K = 3, mixing weights learned$", r"^150 rows x 4 features as float64; ",
                          r"^Converged after \d+ iterations: about \S+ nats may still be gained$",
                          r"^log-likelihood -180\.185\d+ \(-1\.20124 per row\), 44 free parameters$",
                          r"^  cluster   1          50 expected rows   33\.3 %$", r"^wrote \S+/m\.h5$"):
                self.assertRegex(said, f"(?m){words}")
            self.assertNotIn("health", said)
            for line in said.splitlines():
                self.assertLessEqual(len(line), 80 if not line.startswith("wrote") else 200, line)
        self.assertIn("every component is sound", self.ok("info", self.path("m.h5")).stdout)

    def test_a_fit_that_did_not_converge(self):
        said = self.told("gaussian", IRIS, "-k", 3, "--starts", 1, "--max-iterations", 3)
        self.assertRegex(said, r"(?m)^Not converged after 3 iterations.*: raise --max-iterations$")
        said = self.told("kmeans", shoal.DATA / "digits.h5", "-k", 10, "--starts", 1, "--max-iterations", 1)
        self.assertRegex(said, r"(?m)^Not converged after 1 iteration: raise --max-iterations$")

    def test_rows_are_counted_as_people_do(self):
        X = np.concatenate([blobs(n=50, k=1), [[1e3, 1e3, 1e3]]])
        said = self.told("kmeans", self.write("data.h5", X), "-k", 2)
        self.assertRegex(said, r"(?m)^  cluster   \d           1 row     2\.0 %$")
        self.assertRegex(said, r"(?m)^  cluster   \d          50 rows   98\.0 %$")
        self.assertIn("1 row x 3 features", self.told("gaussian", self.write("one.h5", X[:1]), "-k", 1))

    def test_instruction_sets_have_their_usual_names(self):
        said = self.ok("--version").stdout
        target = self.ok("--version").stdout.split("instruction set: ")[1].split(" (")[0]
        self.assertNotIn("AVX3", target)
        self.assertTrue(self.told("kmeans", IRIS, "-k", 2).splitlines()[1].endswith(target), said)
        if "AVX3" in said:
            self.told("kmeans", IRIS, "-k", 2, "--target", "avx-512")
            with h5py.File(self.path("m.h5")) as model:
                self.assertEqual(model.attrs["instruction_set"], "AVX3")
        else:
            print("\nNOTE: this processor has no AVX-512: its name was not tested", flush=True)

    def test_more_parameters_than_rows(self):
        X = np.random.default_rng(0).normal(size=(60, 10))
        said = self.told("gaussian", self.write("data.h5", X), "-k", 1)
        self.assertRegex(said, "warning: 65 free parameters for 60 rows: the model can follow chance")
        self.assertNotIn("free parameters for", self.told("gaussian", self.write("data.h5", np.tile(X, (2, 1))), "-k", 1))

    def test_components_of_fewer_rows_than_features(self):
        X = np.random.default_rng(0).normal(size=(200, 12))
        X[:5] += 50
        said = self.told("gaussian", self.write("data.h5", X), "-k", 2, "--covariance", "spherical")
        self.assertRegex(said, r"warning: components of fewer rows than the 12 features: \d \(5 rows\)")

    def test_features_whose_scales_differ(self):
        X = np.random.default_rng(0).normal(size=(200, 4)) * [1000, 1000, 1, 1]
        for model in ("kmeans", "kmedians"):
            self.assertIn("warning: the features' scales differ: half of them carry",
                          self.told(model, self.write("data.h5", X), "-k", 2))
            self.assertNotIn("scales differ", self.told(model, self.write("data.h5", X), "-k", 2, "--standardize", "sd"))
        self.assertNotIn("warning", self.told("kmeans", shoal.DATA / "digits.h5", "-k", 3))

    def test_a_best_start_that_is_rare(self):
        said = self.told("gaussian", self.write("data.h5", blobs(n=400, k=12, apart=2)), "-k", 12, "--covariance", "diag",
                         "--starts", 7)
        self.assertRegex(said, r"health: [1-3] of 7 starts reached the best optimum.*; more starts may find a better one")


if __name__ == "__main__":
    shoal.main()
