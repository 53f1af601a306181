"""docs/from-scikit-learn.md: equal calls give equal answers, alone and on three ranks."""
import re

import pages
import shoal

PAGE = "from-scikit-learn"


class FromScikitLearn(shoal.ShoalTest):
    def check(self, launch):
        self.assertEqual(pages.Reader(PAGE, self.path("page"), launch).read().problems, [])

    def test_alone(self):
        self.check("")

    def test_on_three_ranks(self):
        self.check("mpirun -n 3")

    def test_the_page_compares(self):
        """Blocks without a comparison would show nothing."""
        python = [text for kind, _, text in pages.blocks(PAGE) if kind == "python"]
        self.assertGreater(sum("assert" in text for text in python), 5)
        self.assertEqual(sum("sklearn" in text and "assert" not in text for text in python), 1)  # makes a start

    def test_options_are_those_of_the_program(self):
        known = {option for command in ("fit", "select", "predict", "score", "sample")
                 for option in re.findall(r"--[a-z][a-z-]+", self.ok(command, "--help").stdout)}
        self.assertEqual(set(re.findall(r"--[a-z][a-z-]+", pages.text_of(PAGE))) - known, set())


if __name__ == "__main__":
    shoal.main()
