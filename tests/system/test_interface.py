"""The interface that users script against: names of commands, options, attributes and arrays; config, log, progress."""
import json
import os
import pty
import re
import subprocess

import h5py
import numpy as np

import shoal

ROWS = "columns rows mask row-axes transpose no-attributes missing missing-value precision noise noise-kind".split()
FIT = ROWS + """clusters output labels overwrite covariance center mixing standardize feature-weights row-weights init freeze starts search-rows seed
checkpoint checkpoint-every restart max-time max-iterations tolerance accelerate regularization regularization-absolute pseudo-count empty-cluster threads target
dry-run log progress quiet verbose json help""".split()
OPTIONS = {
    "fit": FIT,
    "select": FIT + ["criterion"],
    "predict": ROWS + "output overwrite responsibilities log-density distances impute denoise deviations threads target quiet help".split(),
    "score": ROWS + "row-weights threads target help".split(),
    "sample": "rows output overwrite seed quiet help".split(),
    "compare": "json quiet help".split(),
    "info": "all json prototypes help".split(),
    "convert": "overwrite columns id-column label-column categorical type threshold header delimiter quiet help".split(),
}
ATTRIBUTES = {"format", "format_version", "model", "n_clusters", "n_features", "n_rows", "total_weight", "objective",
              "n_iterations", "n_passes", "converged", "stop_reason", "seed", "instruction_set", "shoal_version", "options"}
MIXTURE = {"log_likelihood", "n_parameters", "bic", "aic", "icl", "entropy_r2", "mixing"}


class Interface(shoal.ShoalTest):
    def test_every_option_by_name(self):
        for command, options in OPTIONS.items():
            text = self.ok(command, "--help").stdout
            self.assertEqual(sorted(re.findall(r"^  (?:-[a-z], )?--([a-z-]+)", text, re.M)), sorted(options), command)
        text = self.ok("--help").stdout
        self.assertEqual(re.findall(r"^  ([a-z]+) ", text.split("Commands:")[1], re.M), list(OPTIONS))
        for option in ("--version", "--citation", "--config", "--help"):
            self.assertIn(option, text)

    def test_short_options(self):
        text = self.ok("fit", "--help").stdout
        for short in ("-k, --clusters", "-o, --output", "-q, --quiet", "-v, --verbose", "-h, --help"):
            self.assertIn(short, text)

    def test_help_fits_a_terminal_of_80_columns(self):
        for command in (*OPTIONS, None):
            for line in self.ok(*filter(None, [command]), "--help").stdout.splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_help_has_groups(self):
        for command in ("fit", "select"):
            titles = re.findall(r"^([A-Z][a-z]+):$", self.ok(command, "--help").stdout, re.M)
            self.assertEqual(titles, ["Arguments", "Data", "Model", "Start", "Stopping", "Output", "Running", "Example"])
        titles = re.findall(r"^([A-Z][a-z]+):$", self.ok("info", "--help").stdout, re.M)
        self.assertEqual(titles, ["Arguments", "Options"])

    def test_version_and_citation(self):
        text = self.ok("--version").stdout
        for word in ("shoal 0.", "compiler: GNU", "MPI: Open MPI", "HDF5: 1.", "instruction set: ", "revision: "):
            self.assertIn(word, text)
        self.assertIn("@software", self.ok("--citation").stdout)
        self.assertEqual(self.ok("--version", ranks=3).stdout, text)

    def test_model_files(self):
        iris, binary = shoal.DATA / "iris.h5", shoal.DATA / "digits-binary.h5"
        shapes = {"full": (3, 4, 4), "tied": (4, 4), "diag": (3, 4), "spherical": (3,)}
        for covariance, shape in shapes.items():
            model = self.fit("gaussian", iris, "-k", 3, "--covariance", covariance)
            self.assertEqual(set(model.attrs), ATTRIBUTES | MIXTURE | {"covariance", "feature_names"})
            self.assertEqual(model.attrs["covariance"], covariance)
            self.assertEqual(model["parameters/covariances"].shape, shape)
            self.assertEqual(set(model["parameters"]), {"weights", "means", "covariances", "counts"})
            self.check_common(model)
            self.check_criteria(model, {"full": 12 + 30, "tied": 12 + 10, "diag": 24, "spherical": 15}[covariance] + 2)
        model = self.fit("kmeans", iris, "-k", 3)
        self.assertEqual(set(model.attrs), ATTRIBUTES | {"feature_names"})
        self.assertEqual(set(model["parameters"]), {"means", "counts"})
        self.check_common(model)
        for center in ("median", "geometric"):
            model = self.fit("kmedians", iris, "-k", 3, "--center", center)
            self.assertEqual(model.attrs["center"], center)
            self.assertEqual(set(model["parameters"]), {"medians", "counts"})
            self.check_common(model)
        model = self.fit("bernoulli", binary, "-k", 4, "--mixing", "uniform", "--max-iterations", 3)
        self.assertEqual(set(model["parameters"]), {"weights", "probabilities", "counts"})
        self.assertEqual(model["parameters/probabilities"].shape, (4, 64))
        self.assertEqual(model.attrs["mixing"], "uniform")
        self.check_common(model)
        self.check_criteria(model, 4 * 64)
        model = self.fit("categorical", shoal.REFERENCES / "gss82.h5", "-k", 2)
        np.testing.assert_array_equal(model["parameters/level_offsets"], [0, 3, 5, 7, 10])
        self.assertEqual(model["parameters/probabilities"].shape, (2, 10))
        self.check_common(model)
        self.check_criteria(model, 2 * (2 + 1 + 1 + 2) + 1)

    def check_common(self, model):
        attributes = model.attrs
        self.assertEqual(attributes["format"], "shoal-model")
        self.assertEqual(attributes["format_version"], 1)
        self.assertIn(attributes["stop_reason"], ("tolerance", "fixed_point", "max_iterations"))
        self.assertEqual(bool(attributes["converged"]), attributes["stop_reason"] != "max_iterations")
        history = model["history/objective"]
        self.assertEqual(history.shape, (attributes["n_iterations"] + 1,))
        self.assertEqual(history[-1], attributes["objective"])
        self.assertEqual(model["parameters/counts"].shape, (attributes["n_clusters"],))
        self.assertAlmostEqual(model["parameters/counts"][:].sum(), attributes["total_weight"], places=6)
        for text in (str(self.folder), "threads", "ranks", "output"):
            self.assertNotIn(text, attributes["options"])
        for _, dataset in model["parameters"].items():
            self.assertIsNone(dataset.compression)

    def check_criteria(self, model, free):
        a = model.attrs
        self.assertEqual(a["n_parameters"], free)
        self.assertAlmostEqual(a["bic"], -2 * a["log_likelihood"] + free * np.log(a["total_weight"]), places=6)
        self.assertAlmostEqual(a["aic"], -2 * a["log_likelihood"] + 2 * free, places=6)

    def test_three_lines_of_h5py(self):
        """What the README shows; docs/from-scikit-learn.md goes on from there."""
        ours = self.fit("gaussian", shoal.DATA / "iris.h5", "-k", 3)
        code = re.search(r"```python\n(.*?)```", (shoal.ROOT / "README.md").read_text(), re.S)[1]
        names = {}
        here = os.getcwd()
        os.chdir(self.folder)
        self.addCleanup(os.chdir, here)
        exec(compile(code, "README.md", "exec"), names)  # noqa: S102
        for name in ("weights", "means", "covariances"):
            np.testing.assert_array_equal(names[name], ours["parameters"][name])

    def test_configs_run(self):
        data = {"gaussian": "iris.h5", "kmeans": "iris.h5", "kmedians": "faithful.h5", "bernoulli": "digits-binary.h5",
                "categorical": "references/gss82.h5", "poisson": "digits.h5"}
        configs = sorted((shoal.ROOT / "configs").glob("*.toml"))
        self.assertEqual([config.stem for config in configs], sorted(data))
        for config in configs:
            self.ok("fit", config.stem, shoal.DATA / data[config.stem], "--config", config, "-o", self.path("m.h5"),
                    "--overwrite", "-q", ranks=2)

    def test_config_names_any_option_and_the_command_line_wins(self):
        config = self.path("all.toml")
        config.write_text(f'[fit]\nclusters = 2\nseed = 5\noutput = "{self.path("c.h5")}"\ncovariance = "diag"\nquiet = true\n'
                          '[predict]\noverwrite = true\n[score]\nthreads = 2\n')
        self.ok("fit", "gaussian", shoal.DATA / "iris.h5", "--config", config, "--seed", 7)
        with h5py.File(self.path("c.h5")) as model:
            self.assertEqual((model.attrs["n_clusters"], model.attrs["seed"], model.attrs["covariance"]), (2, 7, "diag"))
        self.path("l.h5").write_text("old")
        self.ok("predict", self.path("c.h5"), shoal.DATA / "iris.h5", "-o", self.path("l.h5"), "--config", config)

    def test_log(self):
        log = self.path("run.jsonl")
        model = self.fit("gaussian", shoal.DATA / "iris.h5", "-k", 3, "--log", log, ranks=2)
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        self.assertEqual([line["event"] for line in lines[:4]], ["search", "search", "start", "iteration"])
        self.assertEqual(set(lines[0]), {"event", "number", "objective", "total_weight", "passes", "sound", "fit"})
        np.testing.assert_array_equal([line["objective"] for line in lines[:2]], model["starts/objective"][:2])
        self.assertEqual([line["number"] for line in lines[:3]], [1, 2, 1])
        lines = lines[3:]
        rejected = [line for line in lines if line["event"] == "rejected"]
        lines = [line for line in lines if line["event"] != "rejected"]
        self.assertEqual((lines[-1]["rejected_steps"], lines[-1]["n_passes"]), (len(rejected), len(rejected) + len(lines) - 1))
        self.assertEqual([line["event"] for line in lines], ["iteration"] * (len(lines) - 1) + ["run"])
        self.assertEqual([line["iteration"] for line in lines[:-1]], list(range(model.attrs["n_iterations"] + 1)))
        np.testing.assert_array_equal([line["objective"] for line in lines[:-1]], model["history/objective"])
        self.assertEqual(set(lines[0]), {"event", "iteration", "objective", "change", "extrapolation", "seconds", "seconds_updating",
                                         "seconds_communicating", "bytes_reduced", "counting_rounds", "fit"})
        run = lines[-1]
        for key in ("model", "objective", "n_iterations", "stop_reason", "seconds", "bytes_reduced_per_iteration",
                    "peak_memory_bytes", "ranks", "threads"):
            self.assertIn(key, run)
        self.assertEqual(set(run["seconds"]), {"read", "start", "fit", "write", "checkpoints"})
        self.assertEqual((run["ranks"], run["threads"], run["objective"]), (2, 1, model.attrs["objective"]))
        self.assertEqual(run["bytes_reduced_per_iteration"], 8 * (1 + 3 + 3 * (4 + 10) + 3))  # and votes to stop

    def test_json(self):
        result = self.ok("fit", "kmeans", shoal.DATA / "iris.h5", "-k", 3, "-o", self.path("m.h5"), "--json", ranks=3)
        found = json.loads(result.stdout)
        with h5py.File(self.path("m.h5")) as model:
            self.assertEqual(found["objective"], model.attrs["objective"])
        score = self.json("score", self.path("m.h5"), shoal.DATA / "iris.h5", ranks=3)
        self.assertEqual(set(score), {"n_rows", "total_weight", "objective"})
        info = self.json("info", self.path("m.h5"), "--json", ranks=2)
        self.assertEqual((info["kind"], info["model"], info["n_clusters"]), ("model", "kmeans", 3))

    def test_standard_output_is_for_results(self):
        result = self.ok("fit", "kmeans", shoal.DATA / "iris.h5", "-k", 3, "-o", self.path("m.h5"))
        self.assertEqual(result.stdout, "")
        self.assertIn("objective", result.stderr)
        result = self.ok("fit", "kmeans", shoal.DATA / "iris.h5", "-k", 3, "-o", self.path("m.h5"), "--overwrite", "-q")
        self.assertEqual(result.stderr, "")

    def test_dry_run(self):
        result = self.ok("fit", "gaussian", shoal.DATA / "iris.h5", "-k", 3, "-o", self.path("m.h5"), "--dry-run", ranks=2)
        for words in ("memory per rank", "bytes per reduction   392", "suggested ranks", "nothing was computed"):
            self.assertIn(words, result.stdout)
        self.assertEqual(os.listdir(self.folder), [])
        self.fails(64, ["-k 151"], "fit", "gaussian", shoal.DATA / "iris.h5", "-k", 151, "--dry-run")

    def on_a_terminal(self, *arguments, **environment):
        """What a person sees: runs with standard error and output on a pseudo terminal."""
        leader, follower = pty.openpty()
        process = subprocess.Popen([shoal.PROGRAM, *map(str, arguments)], stdin=follower, stdout=follower, stderr=follower,
                                   env={**os.environ, "TERM": "xterm", **environment})
        os.close(follower)
        text = b""
        try:
            while piece := os.read(leader, 65536):
                text += piece
        except OSError:  # the other end closed
            pass
        os.close(leader)
        self.assertEqual(process.wait(timeout=60), 0, text)
        return text.decode()

    def test_progress(self):
        fit = ("fit", "gaussian", shoal.DATA / "iris.h5", "-k", 3, "-o", self.path("m.h5"), "--overwrite")
        bar = self.on_a_terminal(*fit)
        self.assertIn("\riter 0/1000", bar)
        with h5py.File(self.path("m.h5")) as model:
            n = int(model.attrs["n_iterations"])
        self.assertIn(f"iter {n}/1000  -1.20", bar)
        self.assertIn("Converged", bar)
        self.assertIn("\x1b[K", bar)
        for environment in ({"TERM": "dumb"}, {"NO_COLOR": "1"}):
            self.assertNotIn("\x1b", self.on_a_terminal(*fit, **environment))
        self.assertNotIn("iter ", self.ok(*fit).stderr)
        self.assertRegex(self.ok(*fit).stderr, rf"iteration +{n}  objective -180\.18")
        self.assertIn("iter 0/1000", self.ok(*fit, "--progress", "bar").stderr)
        self.assertNotIn("iteration  ", self.ok(*fit, "--progress", "off").stderr)
        self.assertEqual(len(re.findall(r"^iteration ", self.ok(*fit, "-v").stderr, re.M)), n + 1)
        self.assertNotIn("iter ", self.ok(*fit, ranks=2).stderr)

    def test_every_command_on_a_terminal_in_a_pipe_and_under_mpirun(self):
        self.fit("gaussian", shoal.DATA / "iris.h5", "-k", 3, "--labels", self.path("l.h5"))
        model, labels = self.path("model.h5"), self.path("l.h5")
        for command, words in (
                (("predict", model, shoal.DATA / "iris.h5", "-o", self.path("p.h5"), "--overwrite"), "150 rows labelled"),
                (("score", model, shoal.DATA / "iris.h5"), "mean_log_likelihood"),
                (("sample", model, "-n", 5, "-o", self.path("s.h5"), "--overwrite"), "wrote 5 rows"),
                (("compare", labels, f"{shoal.DATA / 'iris.h5'}:/labels", "--json"), "adjusted_rand_index"),
                (("info", model), "gaussian"), (("info", shoal.DATA / "iris.h5"), "150 x 4"), (("info", labels), "labels"),
                (("convert", shoal.DATA / "faithful.csv", self.path("f.h5"), "--overwrite"), "272 rows")):
            seen = self.on_a_terminal(*command).replace("\r\n", "\n")
            piped = self.ok(*command)
            spread = self.ok(*command, ranks=3)
            self.assertIn(words, seen)
            self.assertEqual(sorted(seen.splitlines()), sorted((piped.stdout + piped.stderr).splitlines()))
            self.assertEqual((piped.stdout, piped.stderr), (spread.stdout, spread.stderr))


if __name__ == "__main__":
    shoal.main()
