"""Sparse matrices: CSR groups are read as the dense matrix that they stand for; others are refused with a remedy."""
import numpy as np
import scipy.sparse

import same
import shoal


def counts(n=160, d=9, seed=5):
    """Counts, most of them 0, and rows without any."""
    X = np.random.default_rng(seed).poisson(0.5, (n, d))
    X[[0, 17, 18, 19, n - 1]] = 0
    X[n // 2] = np.arange(d) + 1  # and one with all
    return X


def write_sparse(file, path, S, index="i4", kind="csr", **creation):
    """As AnnData writes a matrix of SciPy."""
    group = file.create_group(path)
    group.attrs["encoding-type"] = f"{kind}_matrix"
    group.attrs["encoding-version"] = "0.1.0"
    group.attrs["shape"] = np.array(S.shape, "i8")
    group.create_dataset("data", data=S.data, **creation)
    group.create_dataset("indices", data=S.indices.astype(index), **creation)
    group.create_dataset("indptr", data=S.indptr.astype(index), **creation)
    return group


class Rows(same.SameTest):
    def test_csr_is_made_dense(self):
        X = counts()
        with self.make("a.h5ad") as file:
            file.attrs["encoding-type"], file.attrs["encoding-version"] = "anndata", "0.1.0"
            single = scipy.sparse.csr_matrix(X.astype("f4"))
            write_sparse(file, "X", single)
            write_sparse(file, "layers/packed", single, "i8", chunks=(50,), compression="gzip", maxshape=(None,))
            write_sparse(file, "layers/double", scipy.sparse.csr_matrix(X / 7), "i8", chunks=(13,), shuffle=True, compression="lzf")
            mixed = write_sparse(file, "layers/mixed", scipy.sparse.csr_matrix(X.astype(">i2")))
            del mixed["indptr"]  # of another type than the indices, as of scipy's later versions
            mixed["indptr"] = single.indptr.astype("i8")
            old = write_sparse(file, "raw.X", single)
            for name in ("encoding-type", "encoding-version", "shape"):
                del old.attrs[name]
            old.attrs["h5sparse_format"], old.attrs["h5sparse_shape"] = "csr", np.array(X.shape)
        expected = self.plain(X.astype("f4"))
        for data in ("a.h5ad", "a.h5ad:/layers/packed", "a.h5ad:/raw.X"):
            self.same(expected, data)
        self.same(self.plain(X / 7), "a.h5ad:/layers/double")
        self.same(self.plain(X), "a.h5ad:/layers/mixed")

    def test_discrete_data(self):
        X = counts()
        bits = scipy.sparse.csr_matrix((X > 0).astype("u1"))
        with self.make("a.h5ad") as file:
            write_sparse(file, "X", bits)
            write_sparse(file, "truth", scipy.sparse.csr_matrix(X > 0), chunks=(20,))
            write_sparse(file, "counts", scipy.sparse.csr_matrix(X.astype("u2")), "i8")
        expected = self.plain((X > 0).astype("u1"), model="bernoulli")
        self.same(expected, "a.h5ad")
        self.same(expected, "a.h5ad:/truth")
        self.same(self.plain(X, model="poisson"), "a.h5ad:/counts")
        self.same(self.plain(np.minimum(X, 3), model="categorical"), self.clipped(X))

    def clipped(self, X):
        with self.make("clipped.h5ad") as file:
            write_sparse(file, "X", scipy.sparse.csr_matrix(np.minimum(X, 3)))
        return "clipped.h5ad"

    def test_entries_in_any_order_and_twice(self):
        """SciPy adds up what stands at one place; a zero may be stored."""
        X = counts().astype(float)
        S = scipy.sparse.csr_matrix(X)
        row = np.repeat(np.arange(160), np.diff(S.indptr))
        halves = [S.data / 2, S.data / 2, [0.0, 0.0]]
        data, indices, row = np.concatenate(halves), np.r_[S.indices, S.indices, 0, 8], np.r_[row, row, 0, 159]
        order = np.lexsort((np.random.default_rng(0).random(len(row)), row))
        twice = scipy.sparse.csr_matrix((data[order], indices[order], np.r_[0, np.cumsum(np.bincount(row, minlength=160))]), X.shape)
        np.testing.assert_array_equal(twice.toarray(), X)
        with self.make("a.h5ad") as file:
            write_sparse(file, "X", twice)
        self.same(self.plain(X), "a.h5ad")

    def test_several_files_weights_and_predictions(self):
        X = counts().astype("f4")
        for name, part in (("a.h5ad", X[:70]), ("b.h5ad", X[70:])):
            with self.make(name) as file:
                write_sparse(file, "X", scipy.sparse.csr_matrix(part), chunks=(11,))
                file["w"] = part.sum(axis=1) + 1.0
        expected = self.plain(X, "--row-weights", "/w", w=X.sum(axis=1) + 1.0)
        self.same(expected, ["a.h5ad", "b.h5ad"], "--row-weights", "/w")
        self.same_predictions("plain-model.h5", ["a.h5ad", "b.h5ad"], expected.labels,
                              self.scored("plain-model.h5", "plain.h5"))

    def test_missing_entries(self):
        X = counts().astype("f4")
        X[40, 3] = np.nan
        with self.make("a.h5ad") as file:
            write_sparse(file, "X", scipy.sparse.csr_matrix(X))
        self.refuses(65, ["a.h5ad", "row 40", "column 3"], "a.h5ad")
        self.same(self.plain(X, "--missing", "skip"), "a.h5ad", "--missing", "skip")

    def test_the_shape_is_the_attribute(self):
        X = counts()
        X[:, 8] = 0  # no entry in the last column
        with self.make("a.h5ad") as file:
            write_sparse(file, "X", scipy.sparse.csr_matrix(X.astype(float)))
        self.same(self.plain(X.astype(float)), "a.h5ad")


class Others(same.SameTest):
    def test_other_kinds_are_refused_with_a_remedy(self):
        S = scipy.sparse.csc_matrix(counts())
        with self.make("a.h5ad") as file:
            write_sparse(file, "X", S, kind="csc")
            old = write_sparse(file, "old", S)
            for name in ("encoding-type", "encoding-version", "shape"):
                del old.attrs[name]
            old.attrs["h5sparse_format"], old.attrs["h5sparse_shape"] = "csc", np.array(S.shape)
            write_sparse(file, "coo", S, kind="coo")
            bare = file.create_group("bare")
            bare["data"], bare["indices"], bare["indptr"] = S.data, S.indices, S.indptr
            matlab = file.create_group("matlab")
            matlab["data"], matlab["ir"], matlab["jc"] = S.data.astype(float), S.indices.astype("u8"), S.indptr.astype("u8")
            matlab.attrs["MATLAB_class"], matlab.attrs["MATLAB_sparse"] = np.bytes_("double"), np.uint64(160)
            tenx = file.create_group("matrix")  # as cellranger writes it: genes x cells, by columns
            tenx["data"], tenx["indices"], tenx["indptr"], tenx["shape"] = S.data, S.indices, S.indptr, np.array([160, 9], "i4")
            tenx["barcodes"] = np.array([b"ACGT-1"] * 9)
            tenx["features/id"] = np.array([b"ENSG"] * 160)
        for data, words in (("a.h5ad", ["/X", "csc", "csr"]), ("a.h5ad:/old", ["/old", "csc", "csr"]), ("a.h5ad:/coo", ["/coo", "csr"]),
                            ("a.h5ad:/bare", ["/bare", "sparse"]), ("a.h5ad:/matrix", ["/matrix", "csr"]),
                            ("a.h5ad:/matlab", ["/matlab", "sparse"])):
            self.refuses(65, words, data)


class Damage(same.SameTest):
    def damaged(self, words, change):
        S = scipy.sparse.csr_matrix(counts().astype("f4"))
        with self.make("a.h5ad") as file:
            group = write_sparse(file, "X", S)
            arrays = {name: group[name][...] for name in ("data", "indices", "indptr")}
            shape = change(arrays)
            for name, array in arrays.items():
                del group[name]
                group[name] = array
            if shape is not None:
                group.attrs["shape"] = np.array(shape)
        self.refuses(65, ["a.h5ad", *words], "a.h5ad")

    def test_indices_beyond_the_shape(self):
        for value in (9, -1, 2**31 - 1):
            def change(arrays, value=value):
                arrays["indices"][100] = value
            self.damaged(["indices", str(value)], change)

    def test_row_bounds(self):
        def falling(arrays):
            arrays["indptr"][50] = arrays["indptr"][52] + 1

        def negative(arrays):
            arrays["indptr"][1] = -4

        def late(arrays):
            arrays["indptr"][0] = 3

        def beyond(arrays):
            arrays["indptr"][-1] += 5

        for change in (falling, negative, late, beyond):
            self.damaged(["indptr"], change)

    def test_lengths(self):
        def few(arrays):
            arrays["indptr"] = arrays["indptr"][:-1]

        def uneven(arrays):
            arrays["indices"] = arrays["indices"][:-2]

        self.damaged(["indptr", "160"], few)
        size = np.count_nonzero(counts())
        self.damaged(["indices", str(size), str(size - 2)], uneven)
        self.damaged(["indptr"], lambda arrays: (170, 9))
        self.damaged(["shape"], lambda arrays: (160,))
        self.damaged(["indices"], lambda arrays: arrays.update(indices=arrays["indices"].astype("f4")))
        self.damaged(["data"], lambda arrays: arrays.update(data=np.array([b"x"] * size)))


if __name__ == "__main__":
    shoal.main()
