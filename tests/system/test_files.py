"""Files that once gave wrong numbers, hangs or crashes, and more of their kind: h5py's numbers, or an error that says what
is the matter."""
import os
import shutil
import signal
import subprocess
import time

import h5py
import numpy as np
from sklearn.cluster import KMeans

import shoal

CASES = shoal.DATA / "cases"


class Cases(shoal.ShoalTest):
    def mean(self, file, *arguments, ranks=0, **keywords):
        with self.fit("kmeans", file, "-k", 1, *arguments, ranks=ranks, **keywords) as model:
            return model["parameters/means"][0]

    def same_as_h5py(self, file, path="X", cwd=None):
        with h5py.File(file) as opened:
            wanted = opened[path][...].astype(float).mean(axis=0)
        for ranks in (0, 2, 3):
            with self.subTest(file=str(file), ranks=ranks):
                self.assert_close(self.mean(file, ranks=ranks, cwd=cwd), wanted, relative=1e-14)

    def refuses(self, code, words, *arguments, ranks=(0, 3), **keywords):
        for n in ranks:
            with self.subTest(arguments=[str(a) for a in arguments], ranks=n):
                self.fails(code, words, *arguments, ranks=n, **keywords)  # within the time limit: no hang

    def refuses_fit(self, code, words, file, *arguments, **keywords):
        self.refuses(code, words, "fit", "kmeans", file, "-k", 2, "-o", self.path("out.h5"), *arguments, **keywords)

    def test_numbers_as_h5py_reads_them(self):
        for name in ("chunks-never-written", "chunk-filter-mask", "enum-uint8", "int32-precision-12", "vds", "lzf"):
            self.same_as_h5py(CASES / f"{name}.h5")

    def test_dry_run_and_info_say_the_same(self):
        unknown = self.path("unknown.h5")
        with h5py.File(unknown, "w") as file:  # claims a filter that nobody has
            creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            creation.set_chunk((4, 2))
            space = h5py.h5s.create_simple((8, 2))
            creation.set_filter(h5py.h5z.FILTER_LZF, h5py.h5z.FLAG_OPTIONAL)
            data = h5py.h5d.create(file.id, b"X", h5py.h5t.IEEE_F64LE, space, dcpl=creation)
            data.write_direct_chunk((0, 0), np.zeros((4, 2)).tobytes(), 1)
        content = unknown.read_bytes()
        old, new = ((number).to_bytes(2, "little") for number in (32000, 32099))
        self.assertEqual(content.count(old), 1)
        unknown.write_bytes(content.replace(old, new))
        words = ["32099", "HDF5_PLUGIN_PATH", "h5repack"]
        self.refuses_fit(65, words, unknown)
        self.refuses_fit(65, words, unknown, "--dry-run")
        self.assertIn("32099", self.ok("info", unknown).stdout)
        for name, words in (("open-for-write-flag", ["open for writing", "h5clear -s"]), ("x-is-a-group", ["/X", "group"])):
            self.refuses_fit(65, words, CASES / f"{name}.h5")
            self.refuses_fit(65, words, CASES / f"{name}.h5", "--dry-run")
        self.refuses_fit(66, ["elsewhere.h5", "missing"], CASES / "link-gone.h5")

    def test_a_forgotten_colon(self):
        folder = self.path("a.h5")  # may well be a folder
        folder.mkdir()
        shutil.copy(CASES / "enum-uint8.h5", folder / "b.h5")
        self.refuses_fit(66, [f"{folder}/b.h5 is a file", f"{folder}/b.h5:/X"], folder / "b.h5/X")
        self.refuses_fit(66, [f"{folder}/b.h5:/group/X"], folder / "b.h5/group/X")
        self.refuses_fit(66, ["no such file; check the name"], folder / "c.h5/X")
        self.ok("fit", "kmeans", f"{folder}/b.h5:/X", "-k", 1, "-o", self.path("m.h5"))

    def test_damage(self):
        self.refuses_fit(65, ["row 42", "damaged"], CASES / "fletcher32-chunk-size-0.h5")
        self.refuses_fit(65, ["weights-damaged-header.h5"], CASES / "weights-damaged-data.h5", "--row-weights",
                         f"{CASES / 'weights-damaged-header.h5'}:/w")
        good = self.path("good.h5")
        with h5py.File(good, "w") as file:
            file.create_dataset("X", data=np.arange(600.0).reshape(200, 3), chunks=(10, 3), fletcher32=True, compression="gzip")
            places = [file["X"].id.get_chunk_info(i) for i in range(20)]
        content = bytearray(good.read_bytes())
        content[places[7].byte_offset + 5] ^= 1
        self.path("flipped.h5").write_bytes(content)
        self.refuses_fit(65, ["row 70", "damaged"], self.path("flipped.h5"))
        for size in (len(content) - 1, len(content) // 2, 3000, 700):
            self.path("cut.h5").write_bytes(content[:size])
            self.refuses_fit(65, ["cut.h5"], self.path("cut.h5"), ranks=(2,))

    def test_rows_outside_of_the_file(self):
        """External storage is read beside the file, and nowhere else; a FIFO does not hang anybody."""
        X = np.arange(60.0).reshape(20, 3)
        (self.folder / "data.raw").write_bytes(X.tobytes())
        secret = self.folder / "elsewhere"
        secret.mkdir()
        (secret / "secret.raw").write_bytes(X.tobytes())
        os.mkfifo(self.path("fifo"))
        for name, target in (("beside", "data.raw"), ("away", str(secret / "secret.raw")), ("up", "../secret.raw"),
                             ("pipe", "fifo"), ("gone", "gone.raw")):
            folder = self.folder / ("inner" if name == "up" else "")
            folder.mkdir(exist_ok=True)
            with h5py.File(folder / f"{name}.h5", "w") as file:
                file.create_dataset("X", (20, 3), "<f8", external=[(target, 0, 480)])
        (self.folder / "secret.raw").write_bytes(X.tobytes())
        shutil.copy(self.path("away.h5"), secret / "inside.h5")
        for ranks in (0, 2):
            self.assert_close(self.mean(self.path("beside.h5"), ranks=ranks, cwd=self.folder), X.mean(axis=0))
            self.assert_close(self.mean(secret / "inside.h5", ranks=ranks), X.mean(axis=0))
        self.refuses_fit(65, ["secret.raw", "outside"], "../inner/../inner/up.h5", cwd=self.folder / "inner")
        (self.folder / "away").mkdir()
        shutil.move(self.path("away.h5"), self.folder / "away" / "away.h5")
        self.refuses_fit(65, ["secret.raw", "outside"], self.folder / "away" / "away.h5")
        self.refuses_fit(65, ["fifo", "regular"], self.path("pipe.h5"), cwd=self.folder)
        self.refuses_fit(66, ["gone.raw", "missing"], self.path("gone.h5"), cwd=self.folder)
        with h5py.File(self.path("link.h5"), "w") as file:
            file["X"] = h5py.ExternalLink("fifo", "/X")
        self.refuses_fit(65, ["fifo"], self.path("link.h5"))
        self.refuses_fit(65, ["pipe"], self.path("fifo"))

    def test_a_source_of_a_virtual_set_is_missing(self):
        os.mkfifo(self.path("fifo"))
        layout = h5py.VirtualLayout((20, 3), "f8")
        layout[:] = h5py.VirtualSource("fifo", "d", (20, 3))
        with h5py.File(self.path("v.h5"), "w", libver="latest") as file:
            file.create_virtual_dataset("X", layout, fillvalue=4.0)
        self.refuses_fit(65, ["fifo", "regular"], self.path("v.h5"))
        layout = h5py.VirtualLayout((20, 3), "f8")
        layout[:] = h5py.VirtualSource("gone.h5", "d", (20, 3))
        with h5py.File(self.path("v.h5"), "w", libver="latest") as file:
            file.create_virtual_dataset("X", layout)
        self.refuses_fit(66, ["gone.h5", "missing"], self.path("v.h5"))

    def test_the_reader_ends_with_its_rank(self):
        """However a run ends, no process of it is left behind."""
        with h5py.File(self.path("x.h5"), "w") as file:
            file.create_dataset("X", data=np.random.default_rng(0).normal(size=(200000, 8)), chunks=(100, 8), compression="szip")
        for _ in range(5):
            process = subprocess.Popen([shoal.PROGRAM, "fit", "kmeans", self.path("x.h5"), "-k", "3", "-o", self.path("m.h5")],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            mine = f"shoal --read-for-another-shoal {process.pid} "
            for _ in range(2000):
                if process.poll() is not None or subprocess.run(["pgrep", "-f", mine], capture_output=True).returncode == 0:
                    break
            process.send_signal(signal.SIGKILL)
            process.wait()
            for _ in range(500):
                if subprocess.run(["pgrep", "-f", mine], capture_output=True).returncode != 0:
                    break
                time.sleep(0.01)
            else:
                self.fail("the reader outlives its parent")

    def test_numbers_that_float64_does_not_hold(self):
        for dtype, base in (("i8", 2 ** 53), ("i8", 2 ** 63 - 2), ("i8", -2 ** 63), ("u8", 2 ** 64 - 2)):
            data = self.write("x.h5", np.array([[base + 1, 3], [base, 4], [5, 8]], dtype))
            labels = self.path("l.h5")
            model = self.fit("kmeans", data, "-k", 1, "--missing", "skip", f"--missing-value={base + 1}", "--labels", labels)
            self.assertIn(f"missing-value = {base + 1}\n" if abs(base) == 2 ** 53 else "missing-value", model.attrs["options"])
            with h5py.File(labels) as file:
                self.assertEqual(file["labels"][...].tolist(), [-1, 0, 0])
            self.fails(65, [f"row 0, column 0: {base + 1} is missing"], "fit", "kmeans", data, "-k", 1, "-o", self.path("none.h5"),
                       f"--missing-value={base + 1}")

    def test_floats_that_are_not_ieee(self):
        X = np.random.default_rng(0).normal(size=(8, 2))
        for base, bias, refused in ((h5py.h5t.IEEE_F32LE, 500, False), (h5py.h5t.IEEE_F32LE, 1, False), (h5py.h5t.IEEE_F64LE, 66559, True)):
            number = base.copy()
            number.set_ebias(bias)
            name = self.path("x.h5")
            with h5py.File(name, "w") as file:
                data = h5py.h5d.create(file.id, b"X", number, h5py.h5s.create_simple(X.shape))
                data.write(h5py.h5s.ALL, h5py.h5s.ALL, X.astype("f4" if base.get_size() == 4 else "f8"), number)
                del data
            if refused:
                self.refuses_fit(65, ["/X", "neither"], name)
            else:
                self.same_as_h5py_in_scale(name)

    def same_as_h5py_in_scale(self, name):
        with h5py.File(name) as file:
            wanted = file["X"][...].astype(float).mean(axis=0)
        with self.fit("kmedians", name, "-k", 1) as model, h5py.File(name) as file:
            self.assert_close(model["parameters/medians"][0], np.median(file["X"][...].astype(float), axis=0), 1e-14)
        self.assertTrue(np.isfinite(wanted).all())

    def test_labels_beyond_int64(self):
        with h5py.File(self.path("l.h5"), "w") as file:
            file["a"] = [0, 0, 1, 1]
            file["b"] = np.array([7, 7, 2 ** 64 - 1, 2 ** 63], "u8")
        self.refuses(65, ["row 2", "18446744073709551615"], "compare", f"{self.path('l.h5')}:/a", f"{self.path('l.h5')}:/b")

    def test_checksums_before_other_filters(self):
        X = np.tile(np.arange(30.0).reshape(15, 2), (8, 1))
        with h5py.File(self.path("x.h5"), "w") as file:
            creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            creation.set_chunk((60, 2))
            creation.set_fletcher32()
            creation.set_filter(h5py.h5z.FILTER_LZF, h5py.h5z.FLAG_OPTIONAL)
            data = h5py.h5d.create(file.id, b"X", h5py.h5t.IEEE_F64LE, h5py.h5s.create_simple(X.shape), creation)
            data.write(h5py.h5s.ALL, h5py.h5s.ALL, X)
            del data
        self.same_as_h5py(self.path("x.h5"))

    def test_names_with_line_breaks(self):
        self.fails(66, ["a\\x0ab.h5"], "fit", "kmeans", "a\nb.h5", "-k", 1)

    def test_weights_are_read_like_data(self):
        X = np.random.default_rng(0).normal(size=(100, 2))
        with h5py.File(self.path("w.h5"), "w") as file:
            file["X"] = X
            weights = file.create_dataset("w", (100,), ">f4", chunks=(7,), fillvalue=2.0, compression="gzip")
            weights[20:50] = np.arange(30)
            wanted = np.average(X, axis=0, weights=weights[...])
        for ranks in (0, 2, 3):
            self.assert_close(self.mean(self.path("w.h5"), "--row-weights", "/w", ranks=ranks), wanted, relative=1e-12)

    def test_many_files_and_deep_groups(self):
        X = np.random.default_rng(0).normal(size=(1500, 2))
        names = []
        for i in range(300):
            names.append(self.write(f"{i}.h5", X[5 * i:5 * i + 5]))
        self.assert_close(self.mean(names, ranks=2), X.mean(axis=0), relative=1e-12)
        with h5py.File(self.path("deep.h5"), "w") as file:
            group = file
            for _ in range(3000):
                group = group.create_group("g")
            group["d"] = X
        self.assert_close(self.mean(self.path("deep.h5")), X.mean(axis=0), relative=1e-12)
        self.assertIn("/g/d", self.ok("info", self.path("deep.h5")).stdout)


class Values(shoal.ShoalTest):
    def test_missing_values_are_rounded_to_the_type_of_the_data(self):
        labels = self.path("l.h5")
        self.fit("kmeans", CASES / "missing-9999.9-float32.h5", "-k", 2, "--missing", "skip", "--missing-value", -9999.9,
                 "--labels", labels)
        with h5py.File(labels) as file:
            self.assertEqual(np.flatnonzero(file["labels"][...] == -1).tolist(), [5, 7])
        X = np.random.default_rng(0).normal(size=(40, 2))
        for dtype, marks in (("f2", [1e4 + 0.9, -3.3]), ("f4", [1e20, 9.96921e36]), ("f8", [0.1, 1e300]), (">i2", [-32768, 77])):
            marked = np.round(X * 100).astype(dtype) if dtype == ">i2" else X.astype(dtype)
            for i, mark in enumerate(marks):
                marked[3 + i, i] = mark
            data = self.write("x.h5", marked)
            options = [word for mark in marks for word in ("--missing-value", repr(mark))]
            model = self.fit("kmeans", data, "-k", 1, "--missing", "skip", *options, "--labels", labels)
            with h5py.File(labels) as file:
                self.assertEqual(np.flatnonzero(file["labels"][...] == -1).tolist(), [3, 4], dtype)
            self.assert_close(model["parameters/means"][0], np.delete(marked.astype(float), [3, 4], 0).mean(axis=0), 1e-6)
            options = self.path("o.toml")
            options.write_text(f"[fit]\nmissing = 'skip'\nmissing-value = {marks}\n")
            again = self.fit("kmeans", data, "-k", 1, "--config", options, output="again.h5")
            self.assertEqual(again["parameters/means"][...].tobytes(), model["parameters/means"][...].tobytes())
        for value in ("nan", "-inf", "1e400", "much"):
            self.fails(64, ["--missing-value"], "fit", "kmeans", data, "-k", 1, f"--missing-value={value}", "-o",
                       self.path("none.h5"))

    def test_small_units(self):
        """1e-30 in float32: the same clusters as the same data in other units, and the right likelihood."""
        with h5py.File(CASES / "si-1e-30-float32.h5") as file:
            X = file["X"][...].astype(float)
        units = self.write("units.h5", X * 2.0 ** 100)
        for model in ("kmeans", "gaussian", "kmedians"):
            ours = self.fit(model, CASES / "si-1e-30-float32.h5", "-k", 2)
            other = self.fit(model, units, "-k", 2, output="other.h5")
            name = "medians" if model == "kmedians" else "means"
            self.assert_close(ours[f"parameters/{name}"][...] * 2.0 ** 100, other[f"parameters/{name}"][...], 1e-9)
            if model == "gaussian":
                gain = X.size * 100 * np.log(2)
                self.assert_close(ours.attrs["log_likelihood"], other.attrs["log_likelihood"] + gain, 1e-9)
        for model in ("kmeans", "gaussian"):  # squares of 1e-155 are subnormal
            self.fails(65, ["row", "column", "scale"], "fit", model, self.write("tiny.h5", X * 1e-125), "-k", 2,
                       "-o", self.path("none.h5"))

    def test_large_values(self):
        rng = np.random.default_rng(1)
        X = np.concatenate([rng.normal(size=(50, 3)), rng.normal(size=(50, 3)) + 20])
        truth = KMeans(2, n_init=3, random_state=0).fit(X)
        ours = self.fit("kmeans", self.write("large.h5", (X * 1e19).astype("f4")), "-k", 2)  # its squares overflow float32
        self.assert_close(np.sort(ours["parameters/means"][:, 0]) / 1e19, np.sort(truth.cluster_centers_[:, 0]), 1e-5)
        for model, factor, options in (("kmeans", 1e160, ()), ("gaussian", 1e160, ()), ("gaussian", 1e200, ("--covariance", "diag")),
                                       ("kmedians", 1e307, ()), ("kmedians", 1e160, ("--center", "geometric"))):
            for ranks in (0, 2):
                self.fails(65, ["row", "column"], "fit", model, self.write("huge.h5", X * factor), "-k", 2, *options,
                           "-o", self.path("none.h5"), ranks=ranks)
        median = self.fit("kmedians", self.write("huge.h5", X * 1e300), "-k", 1)
        self.assert_close(median["parameters/medians"][0], np.median(X * 1e300, axis=0), 1e-14)
        heavy = self.fit("kmeans", self.write("heavy.h5", X, w=np.full(100, 1e300)), "-k", 2, "--row-weights", "/w")
        light = self.fit("kmeans", self.write("light.h5", X), "-k", 2, output="light-model.h5")
        self.assert_close(heavy["parameters/means"][...], light["parameters/means"][...], 1e-12)
        for model, *options in (("kmeans",), ("kmedians",), ("kmedians", "--center", "geometric"), ("gaussian",),
                                ("gaussian", "--covariance", "diag")):
            means = []
            for weight in (1, 2.0 ** 990, 2.0 ** -900):  # powers of two: the same bits
                data = self.write("scaled.h5", X, w=np.full(100, float(weight)))
                with self.fit(model, data, "-k", 2, "--row-weights", "/w", "--max-iterations", 9, "--tolerance", 0, *options) as file:
                    means.append(file["parameters/medians" if model == "kmedians" else "parameters/means"][...])
            for other in means[1:]:
                self.assert_close(other, means[0], 1e-12)
        self.fails(65, ["row-weights"], "fit", "kmeans", self.write("heavier.h5", X, w=np.full(100, 1e307)), "-k", 2,
                   "--row-weights", "/w", "-o", self.path("none.h5"))

    def test_rows_far_from_every_cluster(self):
        with h5py.File(CASES / "overflow-new.h5") as file:
            new = file["X"][...].astype(float)
        with self.fit("kmeans", CASES / "overflow-train.h5", "-k", 2) as model:
            apart = ((new[:, None] - model["parameters/means"][...]) ** 2).sum(axis=2)  # beyond float32
        score = self.json("score", self.path("model.h5"), CASES / "overflow-new.h5")
        self.assert_close(score["objective"], apart.min(axis=1).sum(), 1e-6)
        self.ok("predict", self.path("model.h5"), CASES / "overflow-new.h5", "-o", self.path("labels.h5"))
        with h5py.File(self.path("labels.h5")) as file:
            self.assertEqual(file["labels"][...].tolist(), apart.argmin(axis=1).tolist())
        for factor in (1e140, 1e280):  # beyond float64
            far = self.write("far.h5", new * factor)
            for model in ("kmeans", "gaussian"):
                self.fit(model, CASES / "overflow-train.h5", "-k", 2).close()
                self.fails(65, ["row", "column"], "score", self.path("model.h5"), far)
                self.fails(65, ["row", "column"], "predict", self.path("model.h5"), far, "-o", self.path("none.h5"))
        X = np.random.default_rng(0).normal(size=(50, 2)).astype("f4")
        self.fit("kmeans", self.write("x.h5", X), "-k", 2)
        far = self.write("far.h5", np.array([[1e20, 0], [-1e25, 1]], "f4"))  # float32 cannot, float64 can
        score = self.json("score", self.path("model.h5"), far)
        self.assert_close(score["objective"], 1e50, 1e-6)

    def test_models_that_are_none(self):
        self.fails(65, ["weights"], "score", CASES / "model-without-weights.h5", CASES / "model-without-weights-data.h5")
        X = np.random.default_rng(0).normal(size=(200, 2))
        data, good = self.write("x.h5", X), self.path("good.h5")
        self.fit("gaussian", data, "-k", 2, output="good.h5").close()
        codes = self.write("codes.h5", (X > 0).astype(int) + (X > 1))
        self.fit("categorical", codes, "-k", 2, output="latent.h5").close()

        def damaged(source, change):
            target = self.path("damaged.h5")
            shutil.copy(source, target)
            with h5py.File(target, "r+") as file:
                change(file)
            return target

        def put(name, place, value):
            def change(file):
                file[f"parameters/{name}"][place] = value
            return change

        def asymmetric(file):
            file["parameters/covariances"][1, 0, 1] += 0.1

        def features(file):
            file.attrs["n_features"] = 2 ** 39

        def offsets(file):
            file["parameters/level_offsets"][1] = 2 ** 40

        def without(name):
            return lambda file: file.__delitem__(f"parameters/{name}")

        for source, rows, change, words in (
                (good, data, put("weights", 0, -0.5), ["weights", "-0.5"]), (good, data, put("weights", 0, 0.9), ["weights", "sum"]),
                (good, data, put("means", (0, 1), np.inf), ["means", "inf"]), (good, data, asymmetric, ["covariances", "symmetric"]),
                (good, data, put("covariances", (1, 0, 0), -1), ["covariances", "positive"]), (good, data, features, ["good", "shape"]),
                (good, data, without("means"), ["means"]), (good, data, without("covariances"), ["covariances"]),
                (self.path("latent.h5"), codes, offsets, ["level_offsets"]), (self.path("latent.h5"), codes, put("probabilities", (0, 0), 1.5), ["probabilities", "1.5"]),
                (self.path("latent.h5"), codes, without("level_offsets"), ["level_offsets"]),
                (good, data, put("counts", 0, np.nan), ["counts", "nan"]), (good, data, put("counts", 1, -3), ["counts", "-3"])):
            model = damaged(source, change)
            words = [word if word != "good" else "damaged.h5" for word in words]
            self.fails(65, words, "score", model, rows)
            self.fails(65, words, "predict", model, rows, "-o", self.path("out.h5"))
            self.fails(65, words, "sample", model, "-n", 5, "-o", self.path("out.h5"))
        self.fails(65, ["probabilities", "-5"], "sample", CASES / "model-negative-probability.h5", "-n", 50, "-o", self.path("out.h5"))
        self.assertFalse(self.path("out.h5").exists())
        rounding = damaged(good, lambda file: file["parameters/covariances"].__setitem__(
            (0, 0, 1), file["parameters/covariances"][0, 0, 1] * (1 + 1e-15)))
        self.assert_close(self.json("score", rounding, data)["objective"], self.json("score", good, data)["objective"], 1e-12)
        wide = self.write("wide.h5", X * 1e5)
        self.fails(65, ["covariance", "regularization"], "fit", "gaussian", wide, "-k", 2, "--regularization", "1e300",
                   "--max-iterations", 3, "-o", self.path("out.h5"))

    def test_a_model_that_dropped_clusters_repeats_its_bits(self):
        rng = np.random.default_rng(0)
        X = (rng.random((3000, 300)) < 0.3).astype(np.uint8)
        start = self.write("start.h5", X[:1], parameters__probabilities=np.concatenate(
            [np.full((2, 300), 0.4) + 0.2 * rng.random((2, 300)), np.full((60, 300), 1e-15)]), parameters__weights=[0.5 - 3e-15 * 10, 0.5 - 3e-15 * 10] + [1e-15] * 60)
        data = self.write("x.h5", X)
        model = self.fit("bernoulli", data, "-k", 62, "--init", start, "--empty-cluster", "drop", "--max-iterations", 3,
                         "--labels", self.path("l.h5"))
        self.assertLess(model.attrs["n_clusters"], 62)
        score = self.json("score", self.path("model.h5"), data)
        self.assertEqual(score["objective"], model.attrs["objective"])
        self.ok("predict", self.path("model.h5"), data, "-o", self.path("p.h5"), "-q")
        with h5py.File(self.path("l.h5")) as a, h5py.File(self.path("p.h5")) as b:
            self.assertTrue(np.array_equal(a["labels"][...], b["labels"][...]))

    def test_a_fixed_point_is_one(self):
        """Rows that keep their clusters keep their means: sums are taken about one point for the whole fit."""
        model = self.fit("kmeans", CASES / "kmeans-cycles-float32.h5", "-k", 1, "--missing", "skip")
        self.assertEqual((model.attrs["n_iterations"], model.attrs["stop_reason"]), (1, "fixed_point"))
        rng = np.random.default_rng(2)
        for n in range(12):
            X = (rng.normal(size=(60, 3)) * 10 ** rng.uniform(-2, 2) + rng.normal(size=3) * 10).astype("f4")
            data = self.write("x.h5", X, w=rng.exponential(size=60))
            model = self.fit("kmeans", data, "-k", 1 + n % 4, "--row-weights", "/w", "--max-iterations", 100)
            self.assertEqual(model.attrs["stop_reason"], "fixed_point")


if __name__ == "__main__":
    shoal.main()
