"""Option values, config files, environments and names that nobody meant: one short line and a code of the contract."""
import os
import resource
import subprocess
import unicodedata

import numpy as np

import shoal

NO_NUMBERS = ("nan", "inf", "-inf", "1e400", "-1e400", "1" + "0" * 400, "", " ", "0x10", "1_000", "five", "٣", "1 2")
NO_COUNTS = (*NO_NUMBERS, "-1", "1.5", "1e3", str(2**64), str(-2**64))


class Options(shoal.ShoalTest):
    def setUp(self):
        super().setUp()
        self.data = self.write("data.h5", np.random.default_rng(3).normal(size=(60, 2)))
        self.model = self.path("model.h5")
        self.fit("gaussian", self.data, "-k", 2).close()

    def refused(self, code, *arguments, least=0, **keywords):
        message = self.fails(code, [], *arguments, **keywords)
        self.assertLess(len(message), 400, message)
        self.assertFalse([c for c in message if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")], message)
        return message

    def values(self, command, option, values):
        for value in values:
            with self.subTest(option=option, value=value[:50]):
                long = option if option.startswith("--") else {"-k": "--clusters", "-n": "--rows"}[option]
                message = self.refused(64, *command, f"{option}={value}" if option != long or value else option,
                                       *([] if value or option != long else [""]))
                self.assertIn(long, message)

    def test_numbers_are_finite_and_within_limits(self):
        fit = ["fit", "gaussian", self.data, "-k", 2, "-o", self.path("m.h5")]
        for option in ("--seed", "--max-iterations", "--threads"):
            self.values(fit, option, NO_COUNTS[:4] + NO_COUNTS[5:10] + NO_COUNTS[-5:])
        for option in ("--tolerance", "--regularization"):
            self.values(fit, option, (*NO_NUMBERS[:6], "-1", "five"))
        self.values(fit, "--missing-value", ("nan", "inf", "1e400", "five"))
        self.values(["sample", self.model, "-o", self.path("s.h5")], "--rows", ("0", "-1", "nan", str(2**64)))
        self.values(["fit", "bernoulli", self.data, "-k", 2], "--pseudo-count", ("nan", "-1"))
        self.values(["convert", "a.csv", "b.h5"], "--threshold", ("nan", "inf"))
        self.values(["info", self.model], "--prototypes", ("0", "nan"))
        self.refused(64, *fit[:3], "-k", "1e400")
        self.refused(64, *fit, "--checkpoint", self.path("c"), "--max-time", "1" + "0" * 400 + "h")

    def test_empty_values_are_no_values(self):
        fit = ["fit", "gaussian", self.data, "-k", 2]
        for option in ("-o", "--labels", "--log", "--checkpoint", "--row-weights", "--target", "--init", "--mixing"):
            self.assertIn("empty", self.refused(64, *fit, *(["-o", self.path("m.h5")] if option != "-o" else []), option, ""))
        self.assertIn("empty", self.refused(64, "fit", "gaussian", "", "-k", 2))
        self.assertIn("empty", self.refused(64, "predict", self.model, self.data, "-o", ""))

    def test_ranks_that_are_told_different_things(self):
        one = [shoal.PROGRAM, "fit", "kmeans", str(self.data), "-k"]
        result = subprocess.run(["mpirun", "--timeout", "60", "-n", "1", *one, "2", ":", "-n", "1", *one, "3"], cwd=self.folder,
                                capture_output=True, text=True, timeout=90, stdin=subprocess.DEVNULL)
        self.assertEqual(result.returncode, 64, result.stderr)
        self.assertEqual(result.stderr.count("the ranks were given different arguments"), 1, result.stderr)

    def test_limits_themselves_are_taken(self):
        for option, value in (("--seed", 2**64 - 1), ("--tolerance", 1.7e308), ("--tolerance", "1e-400"), ("--tolerance", "+1e-3"), ("--max-iterations", 0)):
            self.fit("gaussian", self.data, "-k", 2, option, value).close()

    def test_configs(self):
        config = self.path("c.toml")
        fit = ["fit", "gaussian", self.data, "-o", self.path("m.h5"), "--config", config]
        deep = ".".join(["a"] * 20000)
        for text, words in (("[fit]\nseed = nan", "c.toml: seed nan"), ("[fit]\nseed = -1", "c.toml: seed -1"),
                            ("[fit]\nseed = 1e400", "line 2"), ("[fit]\nseed = [[1]]", "line 2"),
                            (f"[{deep}]\nx = 1", ""), ("\n".join(f"[a{i}]" for i in range(20000)), ""),
                            ("".join(f"[{'.'.join(['a'] * i)}]\n" for i in range(1, 300)), ""),
                            ("[fit]\n" + "k" * 10**6 + " = 1", ""), ("[fit]\nseed = " + "[" * 20000 + "]" * 20000, ""),
                            ("[fit]\nseed = 1\nseed = 2", "line 3"), ("[fit]\n\"a\\u001b[2J\\u202e\" = 1", "unknown key"),
                            ("[fit]\nn_init = 1", "c.toml: unknown key n_init in [fit] (did you mean starts?)"), ("[fit]\nseed = \0", "line 2"),
                            ("[fit]\nclusters = 2\n[predict]\nnonsense = 1", "nonsense"),
                            ("[fit]\noutput = \"a\\u0000b.h5\"", "line 2"), ("[fit]\n\"my key\" = 3", "my key"), ("seed = 1", "seed")):
            with self.subTest(text=text[:40]):
                config.write_text(text)
                self.assertIn(words, self.refused(64, *fit))
        for raw in (b"[fit]\nseed = '\xff\xfe'", b"[fit]\n" + b"k" * 10**7 + b" = 1"):
            config.write_bytes(raw)
            self.refused(64, *fit)
        os.mkfifo(self.path("pipe"))
        self.refused(66, *fit[:-1], self.path("pipe"))
        config.write_bytes(b"\xef\xbb\xbf[fit]\r\nclusters = 2\r\nquiet = true\r\n")  # as editors of another system write
        self.ok(*fit)

    def test_names(self):
        nasty = "a\x1b[2J\nb\u202ec"
        for name in (nasty, "x" * 70000, "\u2028", "é" * 300, b"\xff\xfe".decode("latin-1")):
            for command in (["fit", "kmeans", name, "-k", 2], ["fit", "kmeans", self.data, "-k", 2, "-o", f"{name}/m.h5"],
                            ["fit", "kmeans", self.data, "-k", 2, "--init", name], ["predict", name, self.data, "-o", "o"],
                            ["info", name], ["convert", name, "o.h5"], ["compare", name, name],
                            ["fit", "kmeans", self.data, "-k", 2, "--checkpoint", f"{name}/c"], [name],
                            ["fit", name, self.data, "-k", 2], ["fit", "kmeans", self.data, "-k", 2, f"--{name}"]):
                result = shoal.run(*command, cwd=self.folder, env={"LC_ALL": "C.UTF-8"})
                self.assertIn(result.returncode, (64, 66, 73), command)
                self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
                self.assertLess(len(result.stderr), 700)
                self.assertFalse(set("\x1b\u202e\u2028") & set(result.stderr))

    def test_terminals_without_utf8_get_ascii(self):
        for locale, shown in (({"LC_ALL": "C.UTF-8"}, "é.h5"), ({"LC_ALL": "C"}, "\\xc3\\xa9.h5"),
                              ({"LC_ALL": "", "LANG": ""}, "\\xc3\\xa9.h5")):
            self.assertIn(shown, shoal.run("info", "é.h5", env=locale).stderr)

    def test_names_in_files(self):
        import h5py
        with h5py.File(self.path("odd.h5"), "w") as file:
            file["a\x1b[2J\nb"] = np.zeros((3, 2))
            file["n" * 5000] = np.zeros((3, 2))
            file["X"] = np.random.default_rng(1).normal(size=(20, 2))
            file["X"].attrs["feature_names"] = ["a\nb\u202e", "x" * 5000]
        shown = self.ok("info", self.path("odd.h5"), env={"LC_ALL": "C.UTF-8"}).stdout
        self.assertNotIn("\x1b", shown)
        self.assertLess(max(map(len, shown.splitlines())), 400)
        self.fit("kmeans", self.path("odd.h5"), "-k", 2, output="odd-model.h5").close()
        shown = self.ok("info", self.path("odd-model.h5"), env={"LC_ALL": "C.UTF-8"}).stdout
        self.assertFalse(set("\x1b\u202e") & set(shown))
        self.assertLess(max(map(len, shown.splitlines())), 400)
        self.json("info", self.path("odd.h5"), "--json")


class Threads(shoal.ShoalTest):
    def setUp(self):
        super().setUp()
        self.data = self.write("data.h5", np.random.default_rng(3).normal(size=(60, 2)))
        self.arguments = ["fit", "kmeans", self.data, "-k", 2, "-o", self.path("m.h5"), "--overwrite"]

    def said(self, **environment):
        unset = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_NUM", "SLURM_"))}
        result = subprocess.run([shoal.PROGRAM, *map(str, self.arguments)], capture_output=True, text=True,
                                env={**unset, **environment}, timeout=60)
        return result.returncode, result.stderr

    def test_from_the_environment(self):
        for environment, threads in (({}, "1 thread,"), ({"OMP_NUM_THREADS": "2"}, "2 threads"),
                                     ({"OMP_NUM_THREADS": "2,4"}, "2 threads"), ({"SLURM_CPUS_PER_TASK": "2"}, "2 threads"),
                                     ({"SLURM_CPUS_PER_TASK": "3", "OMP_NUM_THREADS": "1"}, "1 thread,")):
            code, said = self.said(**environment)
            self.assertEqual(code, 0, said)
            self.assertIn(threads, said)
        for variable in ("OMP_NUM_THREADS", "SLURM_CPUS_PER_TASK"):
            for value in ("100000", "0", "-1", "many"):
                code, said = self.said(**{variable: value})
                self.assertEqual(code, 64, said)
                self.assertIn(f"{variable}={value}: must be a whole number from 1 to 4096", said)

    def test_more_than_there_are_cores_is_said(self):
        self.assertIn("more threads than cores", self.said(OMP_NUM_THREADS=str(len(os.sched_getaffinity(0)) + 1))[1])
        self.assertNotIn("warning", self.said()[1])

    def test_those_that_cannot_start_are_an_error(self):
        limit = resource.getrlimit(resource.RLIMIT_AS)
        command = [shoal.PROGRAM, *map(str, self.arguments), "--threads", "4096"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_AS, (2 << 30, limit[1])))
        self.assertEqual(result.returncode, 71, result.stderr)
        self.assertIn("4096 threads per rank cannot be started", result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.arguments += ["--threads", "2"]
        code, said = self.said(OMP_STACKSIZE="100000G")
        self.assertEqual(code, 71, said)


if __name__ == "__main__":
    shoal.main()
