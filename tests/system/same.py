"""Fits of data in whatever shape: the numbers must be those of the plain matrix that numpy makes of the same data."""
import dataclasses
import json

import h5py
import numpy as np

import shoal

RANKS = (0, 3)  # alone, which is one rank, and three


@dataclasses.dataclass
class Fit:
    """What a fit left: /parameters, /history and labels by name, attributes of the model, and its standard error."""
    model: str
    numbers: dict
    attributes: dict
    said: str

    @property
    def labels(self):
        return self.numbers["labels"]

    @property
    def names(self):
        return list(self.attributes.get("feature_names", []))


def rows(n=150, d=4, seed=0):
    """Three clusters, so that labels say something."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) + 4.0 * rng.integers(0, 3, (n, 1))


class SameTest(shoal.ShoalTest):
    """All names are relative to the test's folder, where the program runs."""

    def make(self, name, **keywords):
        return h5py.File(self.path(name), "w", **keywords)

    def here(self, *arguments, **keywords):
        return self.ok(*arguments, cwd=self.folder, **keywords)

    def fitted(self, model, data, *options, output="fitted.h5", ranks=0):
        data = data if isinstance(data, (list, tuple)) else [data]
        said = self.here("fit", model, *data, "-k", 3, "--max-iterations", 20, "-o", output, "--labels", "labels.h5",
                         "--overwrite", *options, ranks=ranks).stderr
        with h5py.File(self.path(output)) as file, h5py.File(self.path("labels.h5")) as written:
            numbers = {f"{group}/{name}": file[group][name][...] for group in ("parameters", "history")
                       for name in file[group]}
            return Fit(model, {**numbers, "labels": written["labels"][...]}, dict(file.attrs), said)

    def plain(self, X, *options, model="kmeans", **arrays):
        """The fit of /X of a file that numpy made; its model is plain-model.h5."""
        self.write("plain.h5", X, **arrays)
        return self.fitted(model, "plain.h5", *options, output="plain-model.h5")

    def same(self, expected, data, *options, said=(), ranks=RANKS):
        for n in ranks:
            with self.subTest(data=data, options=options, ranks=n):
                found = self.fitted(expected.model, data, *options, ranks=n)
                self.assert_same(found.numbers, expected.numbers)
                self.assertEqual(found.attributes["n_rows"], expected.attributes["n_rows"])
                for word in said:
                    self.assertIn(word, found.said)

    def assert_same(self, found, expected):
        self.assertEqual(sorted(found), sorted(expected))
        for name, numbers in expected.items():
            self.assertEqual((found[name].dtype, found[name].shape), (numbers.dtype, numbers.shape), name)
            self.assertEqual(found[name].tobytes(), numbers.tobytes(), f"{name}: {found[name]} and not {numbers}")

    def predicted(self, model, data, *options, ranks=0):
        """Labels, and what was said."""
        data = data if isinstance(data, (list, tuple)) else [data]
        said = self.here("predict", model, *data, "-o", "predicted.h5", "--overwrite", *options, ranks=ranks).stderr
        with h5py.File(self.path("predicted.h5")) as file:
            return file["labels"][...], said

    def scored(self, model, data, *options, ranks=0):
        data = data if isinstance(data, (list, tuple)) else [data]
        return json.loads(self.here("score", model, *data, *options, ranks=ranks).stdout)

    def same_predictions(self, model, data, labels, score, *options, said=(), ranks=RANKS):
        """`predict` gives these labels and `score` these numbers."""
        for n in ranks:
            with self.subTest(data=data, options=options, ranks=n):
                found, text = self.predicted(model, data, *options, ranks=n)
                np.testing.assert_array_equal(found, labels)
                for word in said:
                    self.assertIn(word, text)
                self.assertEqual(self.scored(model, data, *options, ranks=n), score)

    def refuses(self, code, words, data, *options, model="kmeans", ranks=RANKS):
        data = data if isinstance(data, (list, tuple)) else [data]
        for n in ranks:
            with self.subTest(data=data, options=options, ranks=n):
                self.fails(code, words, "fit", model, *data, "-k", 3, "-o", "none.h5", "--overwrite", *options, ranks=n,
                           cwd=self.folder)
