"""Options, commands and config keys that are wrong: told as they were typed, with what was meant."""
import shoal

IRIS = shoal.DATA / "iris.h5"


class WrongUse(shoal.ShoalTest):
    def refused(self, message, *arguments):
        told = self.fails(64, [], *arguments, cwd=self.folder)
        self.assertIn(f"shoal: error: {message}", told)
        self.assertEqual(self.fails(64, [], *arguments, cwd=self.folder, ranks=2), told)

    def test_a_value_is_told_with_the_option_as_typed(self):
        for typed in (("-k", "three"), ("-kthree",), ("--clusters", "three"), ("--clusters=three",)):
            name = "-k" if typed[0].startswith("-k") else "--clusters"
            self.refused(f"{name} three: must be a whole number", "fit", "kmeans", IRIS, *typed)
        self.path("c.toml").write_text('[fit]\nclusters = "three"\n')
        self.refused("c.toml: clusters three: must be a whole number", "fit", "kmeans", IRIS, "--config", "c.toml")
        self.refused("--threads many: must be", "predict", "m.h5", IRIS, "-o", "l.h5", "--threads", "many")
        self.refused("-k 2:x: must be", "select", "kmeans", IRIS, "-k", "2:x")
        self.refused("-n many: must be", "sample", "m.h5", "-n", "many", "-o", "x.h5")

    def test_an_unknown_option_and_what_was_meant(self):
        for typed, meant in (("--n-init", "--starts"), ("--n_init", "--starts"), ("--clusterz", "--clusters"),
                             ("--max_iterations", "--max-iterations"), ("--max-iter", "--max-iterations"),
                             ("--tol=1e-3", "--tolerance"), ("--random-state", "--seed"), ("--regular", "--regularization"),
                             ("--covariance-type", "--covariance"), ("--Seed", "--seed"), ("--out", "--output")):
            self.refused(f"unknown option {typed.split('=')[0]} (did you mean {meant}?); see `shoal fit --help`", "fit",
                         "gaussian", IRIS, "-k", 3, typed)
        self.refused("unknown option --colour; see", "fit", "gaussian", IRIS, "-k", 3, "--colour")
        self.refused("unknown option -z; see", "fit", "gaussian", IRIS, "-k", 3, "-z")
        self.refused("unknown option --n-clusters (did you mean --clusters?); see", "fit", "gaussian", IRIS, "--n-clusters", 3)
        self.refused("unknown option --n-init; see `shoal score --help`", "score", "m.h5", IRIS, "--n-init", 3)  # has no starts

    def test_an_unknown_key_of_a_config(self):
        for text, message in (("[fit]\nn_init = 3", "unknown key n_init in [fit] (did you mean starts?)"),
                              ("[fit]\ncolour = 3", "unknown key colour in [fit];"),
                              ("[fitt]\nseed = 3", "unknown table [fitt] (did you mean fit?)"), ("seed = 3", "unknown key seed; options")):
            self.path("c.toml").write_text(text)
            self.refused(f"c.toml: {message}", "fit", "gaussian", IRIS, "-k", 3, "--config", "c.toml")
        self.path("c.toml").write_text("[fit]\nclusters = [2, 3]")
        self.refused("c.toml: clusters: given 2 times; give it once", "fit", "gaussian", IRIS, "--config", "c.toml")
        self.path("c.toml").write_text("[fit]\nseed = [[1]]")
        self.refused("c.toml: line 2, column 9: ", "fit", "gaussian", IRIS, "-k", 3, "--config", "c.toml")

    def test_words_that_are_nearly_right(self):
        self.refused("unknown command ft (did you mean fit?); see `shoal --help`", "ft", "gaussian")
        self.refused("unknown command cluster; see `shoal --help`", "cluster")
        self.refused("model kmeanz: must be kmeans|kmedians|bernoulli|categorical|poisson|gaussian (did you mean kmeans?)",
                     "fit", "kmeanz", IRIS, "-k", 3)
        self.refused("--covariance fulll: must be full|tied|diag|spherical (did you mean full?)", "fit", "gaussian", IRIS,
                     "-k", 3, "--covariance", "fulll")

    def test_what_is_missing_or_given_too_often(self):
        self.refused("-k, --clusters K is missing; see `shoal fit --help`", "fit", "kmeans", IRIS)
        self.refused("data is missing", "fit", "kmeans")
        self.refused("-o, --output FILE is missing", "predict", "m.h5", IRIS)
        self.refused("-k: its value K is missing", "fit", "kmeans", IRIS, "-k")
        self.refused("--labels: its value is empty", "fit", "kmeans", IRIS, "-k", 3, "--labels", "")
        for empty in ("--output=", "--labels=", "--config="):  # CLI11 would take the next word
            self.refused(f"{empty}: its value is empty", "fit", "kmeans", IRIS, "-k", 3, empty, "precious.h5")
        self.refused("--config: its value is empty", "fit", "kmeans", IRIS, "-k", 3, "--config", "")
        self.refused("-k: given 2 times; give it once", "fit", "kmeans", IRIS, "-k", 3, "-k", 4)
        self.refused("labels: 3 given, 2 needed", "compare", "a.h5", "b.h5", "c.h5")


if __name__ == "__main__":
    shoal.main()
