"""The promise on bits: model and label files are equal byte for byte for any ranks, threads and split over files."""
import filecmp

import h5py
import numpy as np

import shoal

ROWS = 1500  # 24 blocks of 64, the last one ragged
RANKS = (1, 2, 3, 4, 7)


def real_data(rng):
    centres = rng.normal(size=(5, 6)) * 3
    return centres[rng.integers(0, 5, ROWS)] + rng.normal(size=(ROWS, 6))


class Bits(shoal.ShoalTest):
    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(7)
        X = real_data(rng)
        gaps = np.where(rng.random(X.shape) < 0.05, np.nan, X)
        binary = (X > 0).astype(np.uint8)
        codes = np.clip(np.floor(X / 2 + 2), 0, 4).astype(np.int32)
        weights = rng.exponential(size=ROWS)
        factors = rng.normal(0, 0.3, (ROWS, 6, 6))
        self.noise = factors @ factors.transpose(0, 2, 1)
        self.data = {name: self.write_split(name, values, weights) for name, values in (
            ("real", X), ("float32", X.astype(np.float32)), ("gaps", gaps), ("binary", binary), ("codes", codes))}

    def write_split(self, name, X, weights):
        """The same rows in one file, in three, and chunked and compressed."""
        levels = np.full(X.shape[1], 5) if name == "codes" else None
        pieces = [slice(0, 1), slice(1, 700), slice(700, ROWS)]
        files = {"one": [self.path(f"{name}.h5")], "split": [self.path(f"{name}-{i}.h5") for i in range(3)],
                 "chunked": [self.path(f"{name}-chunked.h5")]}
        for key, paths in files.items():
            for i, path in enumerate(paths):
                rows = pieces[i] if key == "split" else slice(None)
                with h5py.File(path, "w") as file:
                    options = {"chunks": (37, 4), "compression": "gzip"} if key == "chunked" else {}
                    file.create_dataset("X", data=X[rows], **options)
                    file["w"] = weights[rows]
                    if name == "gaps":
                        file.create_dataset("noise", data=self.noise[rows], **({"chunks": (37, 6, 6)} if options else {}))
                    if levels is not None:
                        file["X"].attrs["levels"] = levels
        return files

    def same(self, model, data, *arguments, iterations=8):
        """Fits once alone, then in every other way, and compares whole files; predicts the same."""
        def fit(name, files, ranks, threads):
            self.ok("fit", model, *self.data[data][files], "-k", 5, "--max-iterations", iterations, "--tolerance", 0,
                    "-o", self.path(f"{name}.h5"), "--labels", self.path(f"{name}-labels.h5"), "--overwrite", "-q",
                    "--threads", threads, *arguments, ranks=ranks)
        fit("first", "one", 0, 1)
        ways = [("one", ranks, threads) for ranks in RANKS for threads in (1, 2)] + [("split", 3, 1), ("chunked", 2, 1)]
        for files, ranks, threads in ways:
            with self.subTest(model=model, arguments=arguments, files=files, ranks=ranks, threads=threads):
                fit("other", files, ranks, threads)
                for suffix in (".h5", "-labels.h5"):
                    self.assertTrue(filecmp.cmp(self.path("first" + suffix), self.path("other" + suffix), shallow=False),
                                    f"{suffix} differs")
        self.predict_repeats(data, arguments)

    def predict_repeats(self, data, arguments):
        of_rows = ("--missing", "--noise", "--noise-kind")
        missing = [a for i, a in enumerate(arguments) if a in of_rows or (i and arguments[i - 1] in of_rows)]
        weights = [a for i, a in enumerate(arguments) if a == "--row-weights" or (i and arguments[i - 1] == "--row-weights")]
        self.ok("predict", self.path("first.h5"), *self.data[data]["split"], "-o", self.path("again.h5"), "--overwrite",
                *missing, "-q", ranks=3)
        self.assertTrue(filecmp.cmp(self.path("first-labels.h5"), self.path("again.h5"), shallow=False))
        score = self.json("score", self.path("first.h5"), *self.data[data]["one"], *missing, *weights, ranks=2)
        with h5py.File(self.path("first.h5")) as model:
            self.assertEqual(score["objective"], model.attrs["objective"])
            self.assertEqual(score["total_weight"], model.attrs["total_weight"])

    def test_kmeans(self):
        self.same("kmeans", "real")
        self.same("kmeans", "float32", "--row-weights", "/w")

    def test_kmedians(self):
        self.same("kmedians", "real")
        self.same("kmedians", "real", "--row-weights", "/w", "--init", "random")

    def test_geometric(self):
        self.same("kmedians", "real", "--center", "geometric", iterations=3)

    def test_gaussian(self):
        self.same("gaussian", "real")
        self.same("gaussian", "float32", "--covariance", "tied")

    def test_gaussian_with_gaps(self):
        self.same("gaussian", "gaps", "--covariance", "diag", "--missing", "marginalize")
        self.same("gaussian", "gaps", "--covariance", "spherical", "--missing", "skip", "--row-weights", "/w")
        self.same("gaussian", "gaps", "--covariance", "tied", "--missing", "marginalize")

    def test_gaussian_with_gaps_and_noise(self):
        self.same("gaussian", "gaps", "--missing", "marginalize", "--noise", "/noise", "--noise-kind", "covariance", "--row-weights",
                  "/w")

    def test_bernoulli(self):
        self.same("bernoulli", "binary")

    def test_categorical(self):
        self.same("categorical", "codes", "--pseudo-count", 0.5, "--mixing", "uniform")

    def test_every_instruction_set_keeps_the_promise(self):
        versions = self.ok("--version").stdout
        targets = versions.split("this machine: ")[1].split(")")[0].split(", ")
        for target in targets:
            with self.subTest(target=target):
                self.same_target("gaussian", "real", target)
                self.same_target("bernoulli", "binary", target)

    def same_target(self, model, data, target):
        for name, ranks in (("a", 0), ("b", 3)):
            self.ok("fit", model, *self.data[data]["one"], "-k", 4, "--max-iterations", 5, "-o", self.path(f"{name}.h5"),
                    "--overwrite", "-q", "--target", target.lower(), ranks=ranks)
        self.assertTrue(filecmp.cmp(self.path("a.h5"), self.path("b.h5"), shallow=False))
        with h5py.File(self.path("a.h5")) as file:
            self.assertEqual(file.attrs["instruction_set"], target)

    def test_sampling(self):
        self.fit("gaussian", self.data["real"]["one"], "-k", 3)
        for name, ranks in (("a.h5", 0), ("b.h5", 4)):
            self.ok("sample", self.path("model.h5"), "-n", 1001, "-o", self.path(name), "--seed", 5, ranks=ranks)
        self.assertTrue(filecmp.cmp(self.path("a.h5"), self.path("b.h5"), shallow=False))


if __name__ == "__main__":
    shoal.main()
