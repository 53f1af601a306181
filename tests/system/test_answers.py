"""The benchmark of the answers (tests/benchmark/answers.py) on a few sets: that it runs, and sees what it is to see."""
import json
import subprocess
import sys

import shoal

BENCHMARK = shoal.ROOT / "tests/benchmark"


class Answers(shoal.ShoalTest):
    def answers(self, *arguments):
        command = [sys.executable, BENCHMARK / "answers.py", "--shoal", shoal.PROGRAM, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              timeout=shoal.TIME_LIMIT)

    def changed_optima(self, name, **changes):
        """The stored optima with other values for one set."""
        lines = [json.loads(line) for line in (BENCHMARK / "answers/optima.jsonl").read_text().splitlines()]
        path = self.path("optima.jsonl")
        path.write_text("".join(json.dumps(line | (changes if line["set"] == name else {})) + "\n" for line in lines))
        return path

    def test_shoal_finds_what_others_found(self):
        result = self.answers("--smoke")
        self.assertEqual(result.returncode, 0, result.stderr)
        for family in ("kmeans", "kmedians", "full", "tied", "diag", "spherical", "bernoulli", "categorical"):
            self.assertIn(f"| small | {family} | 1 |", result.stdout)

    def test_an_answer_that_falls_short_is_told(self):
        optima = self.changed_optima("small-kmeans-1", best_of_first_ten=20_000.0)
        result = self.answers("--smoke", "--optima", optima)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn("small-kmeans-1: ", result.stderr)
        self.assertIn("falls short of 20000.0", result.stderr)

    def test_rows_that_others_did_not_see_are_told(self):
        optima = self.changed_optima("real-iris-full-3", digest="0123456789abcdef")
        result = self.answers("--smoke", "--optima", optima)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn("real-iris-full-3: the rows have digest", result.stderr)


if __name__ == "__main__":
    shoal.main()
