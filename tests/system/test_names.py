"""Names of features: where they come from, that models keep them, and that data are matched by them."""
import h5py
import numpy as np
import scipy.sparse

import same
import shoal
import test_sparse

NAMES = ["height", "mass", "size", "äge"]
TEXT = h5py.string_dtype()


class NamesTest(same.SameTest):
    def setUp(self):
        super().setUp()
        self.X = np.round(same.rows(d=4) * [1, 2, 3, 4], 2)
        self.named("data.h5", self.X, NAMES)

    def named(self, name, X, names=None):
        with self.make(name) as file:
            file["X"] = X
            if names is not None:
                file["X"].attrs["feature_names"] = names
        return name


class Sources(NamesTest):
    def kept(self, data, names, *options):
        for ranks in same.RANKS:
            self.assertEqual(self.fitted("kmeans", data, *options, ranks=ranks).names, names, data)

    def test_attribute(self):
        self.kept("data.h5", NAMES)
        self.named("bytes.h5", self.X, np.array([name.encode() for name in NAMES]))
        self.kept("bytes.h5", NAMES)
        self.kept("data.h5", ["äge", "mass"], "--columns", "3,mass")

    def test_fields_and_datasets(self):
        table = np.zeros(150, [("b", "<f4"), ("a", ">i4"), ("v", "<f8", (2,))])
        table["b"], table["a"], table["v"] = self.X[:, 0], self.X[:, 1], self.X[:, 2:]
        with self.make("t.h5") as file:
            file["table"] = table
            for i, name in enumerate(NAMES):
                file[f"group/{name}"] = self.X[:, i]
            file["deep/one"], file["deep/two"], file["deep/wide"] = self.X[:, 0], self.X[:, 1], self.X[:, 2:]
            file["deep/wide"].attrs["feature_names"] = ["x", "y"]
        self.kept("t.h5:/table", ["b", "a", "v[0]", "v[1]"])
        self.kept("t.h5:/group", NAMES)
        self.kept("t.h5:/deep/two,/deep/wide,/deep/one", ["two", "x", "y", "one"])

    def test_dimension_scales(self):
        with self.make("t.nc") as file:
            for path, names in (("X", np.array(NAMES, TEXT)), ("fixed", np.array([name.encode() for name in NAMES]))):
                data = file.create_dataset(path, data=self.X)
                scale = file.create_dataset(f"{path}_names", data=names)
                rows = file.create_dataset(f"{path}_rows", data=np.arange(150.0))
                for axis, made in enumerate((rows, scale)):
                    made.make_scale(made.name[1:])
                    data.dims[axis].attach_scale(made)
            file["turned"] = self.X.T
            file["turned"].dims[0].attach_scale(file["X_names"])
        for path in ("/X", "/fixed"):
            self.kept(f"t.nc:{path}", NAMES)
        self.kept("t.nc:/turned", NAMES, "--transpose")
        self.kept("t.nc:/X", ["size"], "--columns", "size")

    def test_anndata(self):
        for index in ("_index", "gene_ids"):
            with self.make("a.h5ad") as file:
                file.attrs["encoding-type"], file.attrs["encoding-version"] = "anndata", "0.1.0"
                test_sparse.write_sparse(file, "X", scipy.sparse.csr_matrix(self.X))
                file["obsm/X_pca"] = self.X[:, :2]
                file["layers/dense"] = self.X
                var = file.create_group("var")
                for key, value in (("encoding-type", "dataframe"), ("encoding-version", "0.2.0"), ("_index", index)):
                    var.attrs[key] = value
                var.attrs["column-order"] = np.array([], TEXT)
                var.create_dataset(index, data=np.array(NAMES, TEXT))
            self.kept("a.h5ad", NAMES)
            self.kept("a.h5ad", ["size", "height"], "--columns", "size,height")
        self.kept("a.h5ad:/layers/dense", NAMES)
        self.kept("a.h5ad:/obsm/X_pca", [])  # not of the variables
        with self.make("dense.h5ad") as file:
            file["X"] = self.X
            file.create_group("var").attrs["_index"] = "gene"
            file["var/gene"] = np.array(NAMES, TEXT)
        self.kept("dense.h5ad", NAMES)

    def test_names_that_do_not_fit_are_none(self):
        self.kept(self.named("few.h5", self.X, NAMES[:3]), [])


class Matched(NamesTest):
    def setUp(self):
        super().setUp()
        self.model = self.fitted("kmeans", "data.h5", output="model.h5")
        self.score = self.scored("model.h5", "data.h5")

    def matched(self, data, said=(), *options, **keywords):
        self.same_predictions("model.h5", data, self.model.labels, self.score, *options, said=said, **keywords)

    def foreign(self, words, data):
        for command in (["predict", "model.h5", data, "-o", "none.h5"], ["score", "model.h5", data]):
            for ranks in same.RANKS:
                self.fails(65, words, *command, cwd=self.folder, ranks=ranks)

    def test_same_names_in_the_same_order(self):
        self.matched("data.h5", ranks=(0,))
        self.assertNotIn("order", self.predicted("model.h5", "data.h5")[1])

    def test_another_order(self):
        order = [2, 0, 3, 1]
        names = [NAMES[i] for i in order]
        self.named("turned.h5", self.X[:, order], names)
        self.matched("turned.h5", ["turned.h5", "order"])
        with self.make("shapes.h5") as file:
            for i, name in enumerate(names):
                file[f"group/{name}"] = self.X[:, order[i]]
            test_sparse.write_sparse(file, "X", scipy.sparse.csr_matrix(self.X[:, order]))
            file.create_group("var").attrs["_index"] = "_index"
            file["var/_index"] = np.array(names, TEXT)
        self.matched("shapes.h5:/group")  # as h5py lists them, which happens to be the model's order
        self.matched("shapes.h5:" + ",".join(f"/group/{name}" for name in names), ["order"])
        self.matched("shapes.h5", ["order"])

    def test_further_columns(self):
        self.named("wide.h5", np.c_[self.X[:, 3] * 0, self.X[:, ::-1], self.X], ["id", *NAMES[::-1], "p", "q", "r", "s"])
        self.matched("wide.h5", ["wide.h5"])

    def test_other_names(self):
        self.named("other.h5", self.X, [*NAMES[:3], "weight"])
        self.foreign(["other.h5", "äge"], "other.h5")
        self.named("fewer.h5", self.X[:, :3], NAMES[:3])
        self.foreign(["fewer.h5", "äge"], "fewer.h5")

    def test_names_on_one_side(self):
        self.named("bare.h5", self.X)
        self.matched("bare.h5", ["position"])
        bare = self.fitted("kmeans", "bare.h5", output="bare-model.h5")
        self.assertEqual(bare.names, [])
        self.same_predictions("bare-model.h5", "data.h5", bare.labels, self.score, said=["position"])
        self.assertNotIn("position", self.predicted("bare-model.h5", "bare.h5")[1])
        self.foreign(["narrow.h5", "3", "4"], self.named("narrow.h5", self.X[:, :3]))

    def test_names_that_stand_twice(self):
        self.named("twice.h5", self.X, ["a", "b", "a", "c"])
        model = self.fitted("kmeans", "twice.h5", output="twice-model.h5")
        self.same_predictions("twice-model.h5", "twice.h5", model.labels, self.score)
        self.same_predictions("twice-model.h5", "data.h5", model.labels, self.score, ranks=(3,))
        self.matched("twice.h5", ["position"], ranks=(0,))

    def test_models_of_some_columns(self):
        some = self.fitted("kmeans", "data.h5", "--columns", "size,height", output="some.h5")
        score = self.scored("some.h5", "data.h5", "--columns", "size,height")
        self.assert_close(score["objective"], some.attributes["objective"], relative=1e-15)
        for options in ((), ("--columns", "size,height"), ("--columns", "height,size"), ("--columns", "^mass")):
            self.same_predictions("some.h5", "data.h5", some.labels, score, *options)
        self.fails(65, ["size"], "score", "some.h5", "data.h5", "--columns", "height,mass", cwd=self.folder)

    def test_attributes_move_with_their_columns(self):
        order = [2, 0, 3, 1]
        with self.make("packed.nc") as file:
            for i in order:
                made = file.create_dataset(f"g/{NAMES[i]}", data=np.round(self.X[:, i] * 100).astype("i4"))
                made.attrs["scale_factor"], made.attrs["_FillValue"] = 0.01, np.int32(10 ** 8 + i)
        labels, text = self.predicted("model.h5", "packed.nc:/g")
        np.testing.assert_array_equal(labels, self.model.labels)
        self.assertIn("scale_factor", text)


class FurtherFiles(NamesTest):
    """Those after the first are matched with it."""

    def setUp(self):
        super().setUp()
        self.Y = same.rows(90, 4, seed=9)
        self.expected = self.plain(np.r_[self.X, self.Y])

    def test_another_order(self):
        order = [3, 2, 0, 1]
        self.named("more.h5", self.Y[:, order], [NAMES[i] for i in order])
        self.same(self.expected, ["data.h5", "more.h5"], said=["more.h5", "order"])
        self.assertEqual(self.fitted("kmeans", ["data.h5", "more.h5"]).names, NAMES)
        self.named("swapped.h5", np.r_[self.Y, self.X])
        self.same_predictions("fitted.h5", ["more.h5", "data.h5"], np.r_[self.expected.labels[150:], self.expected.labels[:150]],
                              self.scored("plain-model.h5", "swapped.h5"), ranks=(3,))

    def test_further_columns(self):
        self.named("more.h5", np.c_[self.Y, self.Y[:, :1]], [*NAMES, "id"])
        self.same(self.expected, ["data.h5", "more.h5"], said=["more.h5"])

    def test_other_names(self):
        self.named("more.h5", self.Y, [*NAMES[:3], "weight"])
        self.refuses(65, ["more.h5", "äge"], ["data.h5", "more.h5"])

    def test_names_on_one_side(self):
        self.named("more.h5", self.Y)
        self.same(self.expected, ["data.h5", "more.h5"], said=["more.h5", "position"])
        self.named("first.h5", self.X)
        self.named("second.h5", self.Y, NAMES)
        self.same(self.expected, ["first.h5", "second.h5"], said=["position"], ranks=(3,))

    def test_columns_are_chosen_by_name_in_each(self):
        order = [3, 2, 0, 1]
        self.named("more.h5", self.Y[:, order], [NAMES[i] for i in order])
        self.same(self.plain(np.r_[self.X, self.Y][:, [3, 1]]), ["data.h5", "more.h5"], "--columns", "äge,mass")


if __name__ == "__main__":
    shoal.main()
