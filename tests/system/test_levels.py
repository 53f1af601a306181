"""Categorical data: names of levels from data to models and back, and levels that no row has."""
import csv

import h5py
import numpy as np

import shoal

TOWNS = ["Basel", "Bern", "Chur", "Genf"]
ANSWERS = ["no", "yes"]
RANKS = (0, 3)


class Levels(shoal.ShoalTest):
    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(16)
        group = rng.integers(0, 2, 900)
        self.codes = np.stack([(rng.random(900)[:, None] > np.cumsum([[.6, .2, .1], [.1, .2, .3]], 1)[group]).sum(1),
                               (rng.random(900) < np.array([.2, .9])[group]).astype(int), (rng.random(900) < np.array([.1, .7])[group]).astype(int)], 1)

    def coded(self, name, codes, names=None, features=("town", "smoker", "owner"), levels=None, kind="u1", **arrays):
        """A data file with names of levels by feature."""
        data = self.write(name, np.asarray(codes).astype(kind), **arrays)
        with h5py.File(data, "a") as file:
            if features:
                file["X"].attrs["feature_names"] = list(features)
            if levels is not None:
                file["X"].attrs["levels"] = levels
            for feature, texts in (names or {}).items():
                file[f"levels/{feature}"] = np.array(texts, dtype="S")
        return data

    def named(self, name="x.h5", **keywords):
        return self.coded(name, self.codes, {"town": TOWNS, "smoker": ANSWERS, "owner": ANSWERS}, **keywords)

    def texts(self, file, feature):
        with h5py.File(self.path(file)) as data:
            return [text.decode() for text in data[f"levels/{feature}"]]

    def permuted(self, orders):
        """Codes and names with the levels of each feature in another order."""
        all_names, codes = {"town": TOWNS, "smoker": ANSWERS, "owner": ANSWERS}, self.codes.copy()
        names = {}
        for feature, order in orders.items():
            names[feature] = [all_names[feature][level] for level in order]
            column = list(all_names).index(feature)
            codes[:, column] = np.argsort(order)[codes[:, column]]
        return codes, names


class Kept(Levels):
    def test_from_a_table_to_a_model_and_back(self):
        with open(self.path("t.csv"), "w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["town", "smoker", "owner"])
            table.writerows([TOWNS[a], ANSWERS[b], ANSWERS[c]] for a, b, c in self.codes)
        self.ok("convert", self.path("t.csv"), self.path("t.h5"), "--categorical", "all")
        models, samples = set(), set()
        for ranks in (0, 1, 3):
            self.fit("categorical", self.path("t.h5"), "-k", 2, ranks=ranks).close()
            models.add(self.path("model.h5").read_bytes())
            self.ok("sample", self.path("model.h5"), "-n", 500, "-o", self.path("s.h5"), "--overwrite", ranks=ranks)
            samples.add(self.path("s.h5").read_bytes())
        self.assertEqual((len(models), len(samples)), (1, 1))
        self.fit("categorical", self.path("s.h5"), "-k", 2, output="again.h5").close()
        for file in ("t.h5", "model.h5", "s.h5", "again.h5"):
            self.assertEqual([self.texts(file, name) for name in ("town", "smoker", "owner")], [TOWNS, ANSWERS, ANSWERS], file)
        with h5py.File(self.path("s.h5")) as file:
            self.assertEqual(list(file["X"].attrs["feature_names"]), ["town", "smoker", "owner"])
        self.assertNotIn("note", self.ok("score", self.path("model.h5"), self.path("s.h5")).stderr)

    def test_features_without_a_name(self):
        self.fit("categorical", self.coded("x.h5", self.codes, {"0": TOWNS, "2": ANSWERS, "02": ["a"], "3": ["b"]}, features=()), "-k", 2).close()
        self.ok("sample", self.path("model.h5"), "-n", 50, "-o", self.path("s.h5"))
        for file in ("model.h5", "s.h5"):
            self.assertEqual((self.texts(file, 0), self.texts(file, 2)), (TOWNS, ANSWERS))
            with h5py.File(self.path(file)) as data:
                self.assertEqual(sorted(data["levels"]), ["0", "2"])

    def test_some_columns(self):
        """Names stay with their columns."""
        wanted = ("-k", 2, "--columns", "2,0", "--max-iterations", 3)
        for ranks in RANKS:
            self.fit("categorical", self.coded("x.h5", self.codes, {"0": TOWNS, "1": ["a"], "2": ANSWERS}, features=()), *wanted, ranks=ranks).close()
            self.assertEqual((self.texts("model.h5", 0), self.texts("model.h5", 1)), (ANSWERS, TOWNS))
            self.assertNotIn("note: levels", self.ok("score", self.path("model.h5"), self.path("x.h5"), "--columns", "2,0", ranks=ranks).stderr)
            self.fit("categorical", self.named(), *wanted, ranks=ranks).close()
            self.assertEqual((self.texts("model.h5", "owner"), self.texts("model.h5", "town")), (ANSWERS, TOWNS))
            codes, names = self.permuted({"town": [2, 0, 3, 1], "owner": [1, 0]})
            score = self.ok("score", self.path("model.h5"), self.path("x.h5")).stdout
            turned = self.coded("y.h5", codes[:, [1, 0, 2]], names, ("smoker", "town", "owner"))  # columns and levels
            self.assertEqual(self.ok("score", self.path("model.h5"), turned, ranks=ranks).stdout, score)

    def test_info(self):
        self.fit("categorical", self.named(), "-k", 2).close()
        for ranks in RANKS:
            text = self.ok("info", self.path("model.h5"), "--all", ranks=ranks).stdout
            self.assertRegex(text, r"levels of town +0 Basel, 1 Bern, 2 Chur, 3 Genf\n")
            self.assertRegex(text, r"levels of owner +0 no, 1 yes\n")
            found = self.json("info", self.path("model.h5"), "--json", ranks=ranks)["levels"]
            self.assertEqual(found, {"town": TOWNS, "smoker": ANSWERS, "owner": ANSWERS})
        many = [f"l{i}" for i in range(30)]
        self.fit("categorical", self.coded("many.h5", np.arange(60)[:, None] % np.full(25, 30), {str(j): many for j in range(25)}, features=()), "-k", 1).close()
        text = self.ok("info", self.path("model.h5"), "--all").stdout
        self.assertRegex(text, r"levels of 0 +0 l0, 1 l1, .*7 l7 and 22 more\n")
        self.assertIn("levels of 5 more features (--json has all)", text)
        self.assertEqual(self.json("info", self.path("model.h5"), "--json")["levels"]["24"], many)

    def test_texts_of_any_kind(self):
        for make in (lambda f: f.create_dataset("levels/town", data=TOWNS, dtype=h5py.string_dtype()),
                     lambda f: f.create_dataset("levels/town", data=[t.encode("latin-1") for t in TOWNS], dtype=h5py.string_dtype("ascii")),
                     lambda f: f.create_dataset("levels/town", data=np.array(TOWNS, "S20"), chunks=(3,), compression="gzip"),
                     lambda f: self.padded(f, h5py.h5t.STR_SPACEPAD, b" "), lambda f: self.padded(f, h5py.h5t.STR_NULLTERM, b"\0")):
            with h5py.File(self.coded("x.h5", self.codes), "a") as file:
                make(file)
            self.fit("categorical", self.path("x.h5"), "-k", 2, "--max-iterations", 2).close()
            self.assertEqual(self.texts("model.h5", "town"), TOWNS)

    @staticmethod
    def padded(file, padding, fill):
        kind = h5py.h5t.C_S1.copy()
        kind.set_size(8)
        kind.set_strpad(padding)
        group = file.create_group("levels")
        dataset = h5py.h5d.create(group.id, b"town", kind, h5py.h5s.create_simple((4,)))
        texts = np.array([town.encode().ljust(8, fill) for town in TOWNS])
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.frombuffer(texts.tobytes(), "V8"), mtype=kind)


class Matched(Levels):
    def setUp(self):
        super().setUp()
        self.fit("categorical", self.named(), "-k", 2).close()
        self.model = self.path("model.h5")

    def predicted(self, data, *arguments, ranks=0):
        result = self.ok("predict", self.model, data, "-o", self.path("l.h5"), "--overwrite", "--log-density", *arguments, ranks=ranks)
        with h5py.File(self.path("l.h5")) as file:
            return file["labels"][:], file["log_density"][:], result.stderr

    def test_another_order(self):
        labels, density, text = self.predicted(self.path("x.h5"))
        self.assertNotIn("note", text)
        score = self.ok("score", self.model, self.path("x.h5")).stdout
        codes, names = self.permuted({"town": [2, 0, 3, 1], "smoker": [1, 0], "owner": [0, 1]})
        for kind in ("u1", "i4", "f8"):
            data = self.coded("y.h5", codes, names, kind=kind)
            for ranks in RANKS:
                found, of_rows, text = self.predicted(data, ranks=ranks)
                np.testing.assert_array_equal(found, labels)
                np.testing.assert_array_equal(of_rows, density)
                self.assertRegex(text, "note: .*y.h5:/X: levels of town, smoker have other codes than in the model")
                self.assertEqual(self.ok("score", self.model, data, ranks=ranks).stdout, score)

    def test_bits_in_another_order(self):
        """Two levels a feature, a byte each: these have a way of their own."""
        self.fit("categorical", self.coded("bits.h5", self.codes[:, 1:], {"a": ANSWERS, "b": ANSWERS}, ("a", "b")), "-k", 2).close()
        labels, density, _ = self.predicted(self.path("bits.h5"))
        other = self.coded("other.h5", self.codes[:, 1:] ^ np.array([1, 0]), {"a": ANSWERS[::-1], "b": ANSWERS}, ("a", "b"))
        for ranks in RANKS:
            found, of_rows, _ = self.predicted(other, ranks=ranks)
            np.testing.assert_array_equal(found, labels)
            np.testing.assert_array_equal(of_rows, density)

    def test_some_of_the_levels(self):
        """A file has fewer levels, and its attribute says so."""
        few = self.codes[self.codes[:, 0] != 1]
        data = self.coded("few.h5", np.stack([np.array([0, 9, 1, 2])[few[:, 0]], few[:, 1], few[:, 2]], 1),
                          {"town": ["Basel", "Chur", "Genf"], "smoker": ANSWERS, "owner": ANSWERS}, levels=[3, 2, 2])
        for ranks in RANKS:
            np.testing.assert_array_equal(self.predicted(data, ranks=ranks)[1], self.predicted(self.coded("same.h5", few))[1])

    def test_a_name_that_the_model_does_not_have(self):
        names = {"town": [*TOWNS, "Zug"], "smoker": ANSWERS, "owner": ANSWERS}
        self.predicted(self.coded("y.h5", self.codes, names))  # it stands in the list alone
        codes = self.codes.copy()
        codes[700, 0] = 4
        for ranks in RANKS:
            for command in (("score", self.model), ("predict", self.model, "-o", self.path("n.h5"))):
                self.fails(65, ["y.h5:/X", "row 700, column 0", '"Zug" (4) of town', "the model"],
                           command[0], *command[1:2], self.coded("y.h5", codes, names), *command[2:], ranks=ranks)
        floats = codes.astype(float)
        floats[700, 2] = np.nan  # a row that is left out may hold anything
        self.predicted(self.coded("y.h5", floats, names, kind="f8"), "--missing", "skip", ranks=3)
        shorter = {**names, "town": TOWNS[:3]}
        self.fails(65, ["row ", "level 3 of town has no name in the data, but one in the model"], "score", self.model, self.coded("y.h5", self.codes, shorter))

    def test_names_on_one_side(self):
        expected = self.predicted(self.path("x.h5"))[1]
        bare = self.coded("bare.h5", self.codes)
        found, text = self.predicted(bare, ranks=3)[1:]
        np.testing.assert_array_equal(found, expected)
        self.assertEqual(text.count("note:"), 1)
        self.assertIn("levels of town, smoker, owner have names either in the data or in", text)
        self.fit("categorical", bare, "-k", 2).close()
        found, text = self.predicted(self.named())[1:]
        np.testing.assert_array_equal(found, expected)
        self.assertEqual(text.count("note:"), 1)
        self.assertNotIn("note:", self.predicted(bare)[2])

    def test_further_files_of_a_fit(self):
        whole = self.model.read_bytes()
        codes, names = self.permuted({"town": [2, 0, 3, 1], "smoker": [1, 0], "owner": [0, 1]})
        files = [self.coded("a.h5", self.codes[:300], {"town": TOWNS, "smoker": ANSWERS, "owner": ANSWERS}, levels=[4, 2, 2]),
                 self.coded("b.h5", codes[300:], {**names, "town": [*names["town"], "Zug"]}, levels=[5, 2, 2])]
        for ranks in RANKS:
            self.fit("categorical", files, "-k", 2, ranks=ranks).close()
            self.assertEqual(self.model.read_bytes(), whole)
        result = self.ok("fit", "categorical", *files, "-k", 2, "-o", self.path("n.h5"))
        self.assertRegex(result.stderr, "note: .*b.h5:/X: levels of town, smoker have other codes than in the first file")
        self.ok("score", self.model, *files, ranks=3)
        codes[500, 0] = 4
        files[1] = self.coded("b.h5", codes[300:], {**names, "town": [*names["town"], "Zug"]})
        for attribute in ([4, 2, 2], None):  # with it levels are known, without they are looked for
            files[0] = self.coded("a.h5", self.codes[:300], {"town": TOWNS, "smoker": ANSWERS, "owner": ANSWERS}, levels=attribute)
            for ranks in RANKS:
                self.fails(65, ["b.h5:/X", "row 200, column 0", '"Zug" (4) of town', "the first file"], "fit", "categorical", *files, "-k", 2,
                           "-o", self.path("n2.h5"), ranks=ranks)

    def test_other_attributes_without_names(self):
        files = [self.coded("a.h5", self.codes, {"town": TOWNS}, levels=[4, 2, 2]), self.coded("b.h5", self.codes, levels=[5, 2, 2])]
        self.fails(65, ["b.h5", "levels"], "fit", "categorical", *files, "-k", 2, "-o", self.path("n.h5"))


class Counted(Levels):
    def fitted(self, data, *arguments, ranks=0, seen=None, weights=None, rows=slice(None)):
        """The parameters, checked against a count by hand of the levels that are `seen`; and what was said."""
        result = self.ok("fit", "categorical", data, "-k", 2, "-o", self.path("m.h5"), "--overwrite", *arguments, ranks=ranks)
        with h5py.File(self.path("m.h5")) as model, h5py.File(data) as file:
            X, w = file["X"][:][rows], np.ones(len(file["X"][:][rows])) if weights is None else weights
            p, offsets = model["parameters/probabilities"][:], model["parameters/level_offsets"][:]
            joint = np.log(model["parameters/weights"][:])[None] + sum(
                np.where(np.isnan(X[:, [j]]), 0, np.log(np.maximum(p, 1e-15))[:, offsets[j] + np.nan_to_num(X[:, j]).astype(int)].T) for j in range(X.shape[1]))
            log_likelihood = w @ np.logaddexp(joint[:, 0], joint[:, 1])
            self.assert_close(model.attrs["log_likelihood"], log_likelihood, relative=1e-10)
            if seen is None:
                seen = [len(np.unique(X[(w > 0) & ~np.isnan(X[:, j]), j])) for j in range(X.shape[1])]
            free = 1 + 2 * sum(max(n, 1) - 1 for n in seen)
            self.assertEqual(model.attrs["n_parameters"], free)
            self.assert_close(model.attrs["bic"], -2 * log_likelihood + free * np.log(w.sum()), relative=1e-10)
            self.assert_close(model.attrs["aic"], -2 * log_likelihood + 2 * free, relative=1e-10)
            self.assertIn(f"{free} free parameters", result.stderr)
            warnings = [line for line in result.stderr.splitlines() if "warning" in line and "level" in line]
            self.assertLessEqual(len(warnings), 1)
            return np.diff(offsets), warnings[0] if warnings else ""

    def test_all_occur(self):
        for ranks in RANKS:
            self.assertEqual(self.fitted(self.named(), ranks=ranks)[1], "")

    def test_a_slip(self):
        self.codes[450, 0] = 40
        for ranks in RANKS:
            for prior in (0, 0.5):
                levels, warning = self.fitted(self.coded("x.h5", self.codes), "--pseudo-count", prior, ranks=ranks)
                self.assertEqual(list(levels), [41, 2, 2])
                self.assertIn("4, 5, 6 and 33 more of town", warning)
                self.assertNotIn("from 0", warning)
        self.ok("fit", "categorical", self.path("x.h5"), "-k", 2, "-o", self.path("m.h5"), "--overwrite", "-q")
        with h5py.File(self.path("m.h5")) as model:
            np.testing.assert_array_equal(model["parameters/probabilities"][:, 4:40], 0)

    def test_codes_from_one(self):
        for ranks in RANKS:
            levels, warning = self.fitted(self.coded("x.h5", self.codes + [1, 0, 1], features=()), ranks=ranks)
            self.assertEqual(list(levels), [5, 2, 3])
            self.assertIn("0 of 0; 0 of 2 (codes count from 0", warning)
        declared = self.coded("x.h5", self.codes + [1, 0, 0], {"town": ["none", *TOWNS]})  # as is meant
        self.assertRegex(self.fitted(declared)[1], r"0 \(none\) of town$")

    def test_rows_that_do_not_count(self):
        codes = np.vstack([self.codes, [[7, 0, 0], [8, 0, 0]]]).astype(float)
        weights = np.r_[np.linspace(0.5, 2, 900), 0, 0]
        for ranks in RANKS:
            levels, warning = self.fitted(self.coded("x.h5", codes, weights=weights, kind="f8"), "--row-weights", "weights", ranks=ranks, weights=weights)
            self.assertEqual(levels[0], 9)
            self.assertIn("4, 5, 6 and 2 more of town", warning)
        codes[900:, 1] = np.nan
        for levels in (None, [9, 2, 2]):
            data = self.coded("x.h5", codes, levels=levels, kind="f8")
            for ranks in RANKS:
                found, warning = self.fitted(data, "--missing", "skip", ranks=ranks, rows=slice(900))
                self.assertEqual((found[0], warning != ""), (9, True) if levels else (4, False))

    def test_missing_entries(self):
        codes = self.codes.astype(float)
        codes[::7, 0], codes[:, 2] = np.nan, np.nan
        for ranks in RANKS:
            _, warning = self.fitted(self.coded("x.h5", codes, levels=[6, 2, 3], kind="f8"), "--missing", "marginalize", ranks=ranks)
            self.assertIn("4, 5 of town; 0, 1, 2 of owner", warning)
            self.assertNotIn("from 0", warning)

    def test_declared(self):
        by_attribute = self.coded("a.h5", self.codes, levels=[6, 2, 2])
        by_names = self.coded("n.h5", self.codes, {"town": [*TOWNS, "Uri", "Zug"]})
        for ranks in RANKS:
            levels, warning = self.fitted(by_attribute, ranks=ranks)
            self.assertEqual((list(levels), "4, 5 of town" in warning), ([6, 2, 2], True))
            levels, warning = self.fitted(by_names, ranks=ranks)
            self.assertEqual((list(levels), "4 (Uri), 5 (Zug) of town" in warning), ([6, 2, 2], True))
        self.assertEqual(list(self.fitted(self.coded("s.h5", self.codes, {"town": TOWNS[:2]}))[0]), [4, 2, 2])  # names for some
        self.assertEqual(self.texts("m.h5", "town"), TOWNS[:2])
        self.ok("score", self.path("m.h5"), self.path("s.h5"))
        self.assertEqual(list(self.fitted(self.coded("s.h5", self.codes, {"town": TOWNS[:2]}, levels=[5, 2, 2]))[0]), [5, 2, 2])

    def test_many_features(self):
        data = self.coded("x.h5", np.full((50, 12), 2), features=())
        result = self.ok("fit", "categorical", data, "-k", 1, "-o", self.path("m.h5"))
        self.assertIn("0, 1 of 0; 0, 1 of 1; 0, 1 of 2; 0, 1 of 3; 0, 1 of 4 and 7 more", result.stderr)

    def test_after_a_restart(self):
        self.codes[450, 0] = 40
        data = self.coded("x.h5", self.codes, {"town": TOWNS, "owner": ANSWERS})
        run = ("fit", "categorical", data, "-k", 3, "-o", self.path("m.h5"), "--tolerance", 0, "--checkpoint", self.path("c"))
        self.ok(*run, "--max-iterations", 4)
        self.ok(*run, "--max-iterations", 9, ranks=3)
        self.ok(*run[:6], self.path("once.h5"), *run[7:9], "--max-iterations", 9)
        self.assertEqual(self.path("m.h5").read_bytes(), self.path("once.h5").read_bytes())
        self.ok("fit", "categorical", data, "-k", 3, "-o", self.path("i.h5"), "--init", self.path("once.h5"))
        with h5py.File(self.path("m.h5")) as a, h5py.File(self.path("i.h5")) as b:
            self.assertEqual((a.attrs["n_parameters"], b.attrs["n_parameters"]), (2 + 3 * (4 + 1 + 1), 2 + 3 * (4 + 1 + 1)))

    def test_dropped_clusters(self):
        data = self.coded("x.h5", np.repeat([[0, 0, 5], [1, 1, 0]], 40, 0))
        with self.fit("categorical", data, "-k", 5, "--empty-cluster", "drop") as model:
            k = len(model["parameters/weights"])
            self.assertEqual(model.attrs["n_parameters"], k - 1 + 3 * k)

    def test_bernoulli_has_two(self):
        with self.fit("bernoulli", self.coded("x.h5", self.codes * 0), "-k", 1) as model:
            self.assertEqual(model.attrs["n_parameters"], 3)
        self.assertNotIn("level", self.ok("fit", "bernoulli", self.path("x.h5"), "-k", 1, "-o", self.path("n.h5")).stderr)


class Odd(Levels):
    def refused(self, make, *words, ranks=0):
        with h5py.File(self.coded("x.h5", self.codes), "a") as file:
            make(file)
        self.fails(65, ["x.h5", *words], "fit", "categorical", self.path("x.h5"), "-k", 2, "-o", self.path("n.h5"), ranks=ranks)
        self.ok("fit", "kmeans", self.path("x.h5"), "-k", 2, "-o", self.path("k.h5"), "--overwrite", "-q")  # which has no use for them

    def test_no_names(self):
        for ranks in RANKS:
            self.refused(lambda f: f.create_dataset("levels/town", data=[1, 2, 3, 4]), ":/levels/town", "is not a list of texts", ranks=ranks)
        self.refused(lambda f: f.create_dataset("levels/town", data=np.array([TOWNS], "S")), ":/levels/town", "is not a list of texts")
        self.refused(lambda f: f.create_dataset("levels/town", data="Bern"), ":/levels/town", "is not a list of texts")
        self.refused(lambda f: f.create_group("levels/town"), ":/levels/town", "is not a data set")
        self.refused(lambda f: f.create_group("levels").__setitem__("town", h5py.SoftLink("/gone")), ":/levels/town", "is not a data set")
        self.refused(lambda f: f.create_group("levels").__setitem__("town", h5py.ExternalLink("gone.h5", "/x")), ":/levels/town", "is not a data set")

    def test_names_that_do_not_do(self):
        self.refused(lambda f: f.create_dataset("levels/town", data=np.array([*TOWNS, "Bern"], "S")), ":/levels/town", '"Bern" twice')
        self.refused(lambda f: f.create_dataset("levels/town", data=np.arange(65535).astype("S")), ":/levels/town", "65535 names")

        def five_of_four(file):
            file["X"].attrs["levels"] = [4, 2, 2]
            file["levels/town"] = np.array([*TOWNS, "Uri"], "S")
        self.refused(five_of_four, ":/levels/town", "5 names", "says 4 levels", ranks=3)

    def test_sizes_that_are_claimed(self):
        self.refused(lambda f: f.create_dataset("levels/town", (60000,), "S65000", chunks=(1,)), ":/levels/town", "claims 60000 names of 65000 bytes")
        self.refused(lambda f: f.create_dataset("levels/town", (1 << 50,), "S1", chunks=(1,)), ":/levels/town", "names, but")
        self.refused(lambda f: f.create_dataset("levels/town", data=["x" * 300_000, *map(str, range(1000))], dtype=h5py.string_dtype()), "/levels", "over 256 MiB")

    def test_what_is_left_alone(self):
        for make in (lambda f: f.create_dataset("levels", data=[1, 2]), lambda f: f.create_group("levels"),
                     lambda f: f.create_dataset("levels/elsewhere", data=[1, 2]), lambda f: f.create_dataset("levels/0", data=[1, 2]),
                     lambda f: f.create_dataset("levels/town", (0,), "S3"), lambda f: f.__setitem__("levels", h5py.SoftLink("/gone"))):
            with h5py.File(self.coded("x.h5", self.codes), "a") as file:
                make(file)
            with self.fit("categorical", self.path("x.h5"), "-k", 2, "--max-iterations", 2) as model:
                self.assertNotIn("levels", model)

    def test_names_in_another_file(self):
        self.named("names.h5")
        with h5py.File(self.coded("x.h5", self.codes), "a") as file:
            file["levels"] = h5py.ExternalLink("names.h5", "/levels")
        self.fit("categorical", self.path("x.h5"), "-k", 2).close()
        self.assertEqual(self.texts("model.h5", "town"), TOWNS)
        self.fails(64, ["names.h5", "same file"], "fit", "categorical", self.path("x.h5"), "-k", 2, "-o", self.path("names.h5"), "--overwrite")
        self.fails(64, ["names.h5", "same file"], "predict", self.path("model.h5"), self.path("x.h5"), "-o", self.path("names.h5"), "--overwrite")

    def test_models(self):
        def damaged(make, *words):
            self.fit("categorical", self.named(), "-k", 2, "--max-iterations", 2).close()
            with h5py.File(self.path("model.h5"), "a") as file:
                del file["levels/town"]
                make(file)
            for command in (("score", self.path("model.h5"), self.path("x.h5")), ("sample", self.path("model.h5"), "-n", 5, "-o", self.path("n.h5"))):
                self.fails(65, ["model.h5", *words], *command, ranks=3)
        damaged(lambda f: f.create_dataset("levels/town", data=np.array([*TOWNS, "Uri"], "S")), ":", "/levels/town", "5 names for 4 levels")
        damaged(lambda f: f.create_dataset("levels/town", data=[1.5]), ":/levels/town", "is not a list of texts")
        with h5py.File(self.path("model.h5"), "a") as file:
            del file["levels/town"]
        self.ok("score", self.path("model.h5"), self.path("x.h5"))  # names for some features

    def test_two_features_of_one_name(self):
        codes, names = self.codes[:, [1, 2]], {"a": ANSWERS}
        self.fit("categorical", self.coded("x.h5", codes, names, ("a", "a")), "-k", 2).close()
        self.assertEqual(self.texts("model.h5", "a"), ANSWERS)
        self.ok("score", self.path("model.h5"), self.path("x.h5"))


if __name__ == "__main__":
    shoal.main()
