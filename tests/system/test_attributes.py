"""Attributes of netCDF: packed numbers, fill values, valid ranges; what was done is said in one line."""
import h5py
import numpy as np

import same
import shoal

SKIP = ("--missing", "skip")
ALL = ("scale_factor", "add_offset", "_FillValue", "missing_value", "valid_min", "valid_max", "valid_range")


class AttributesTest(same.SameTest):
    def setUp(self):
        super().setUp()
        self.raw = np.round(same.rows(d=3) * 100).astype("i2")

    def data(self, name, X, creation=None, **attributes):
        with self.make(name) as file:
            made = file.create_dataset("X", data=X, **(creation or {}))
            for key, value in attributes.items():
                made.attrs[key] = value
        return name


class Packed(AttributesTest):
    def test_scale_and_offset(self):
        whole, half = self.raw.astype(float), self.raw * 0.25 + 8
        scale, offset = 0.01, 273.15
        packed = {"chunks": (19, 2), "compression": "gzip", "shuffle": True}
        expected = self.plain(whole * scale + offset)
        self.data("t.nc", self.raw, scale_factor=scale, add_offset=offset)
        self.same(expected, "t.nc", said=["scale_factor", "add_offset"])
        self.data("t.nc", self.raw.astype(">i2"), packed, scale_factor=[scale], add_offset=[offset])  # netCDF's are vectors of one
        self.same(expected, "t.nc")
        self.data("t.nc", self.raw, scale_factor=np.float32(0.25), add_offset=np.int16(8))
        self.same(self.plain(half), "t.nc")
        self.data("t.nc", self.raw, add_offset=offset)
        self.same(self.plain(whole + offset), "t.nc", said=["add_offset"], ranks=(0,))
        self.data("t.nc", self.raw.astype("f4"), scale_factor=scale)
        self.same(self.plain(whole * scale), "t.nc", said=["scale_factor"], ranks=(0,))
        self.data("t.nc", self.raw, scale_factor=-2.0)
        self.same(self.plain(whole * -2), "t.nc", ranks=(0,))

    def test_said_once_on_any_ranks(self):
        self.data("t.nc", self.raw, scale_factor=0.01, add_offset=1.0, _FillValue=np.int16(-32767))
        for ranks in (0, 3):
            lines = self.fitted("kmeans", "t.nc", ranks=ranks).said.splitlines()
            self.assertEqual(sum("scale_factor" in line for line in lines), 1, lines)
            line = next(line for line in lines if "scale_factor" in line)
            for word in ("t.nc", "0.01", "add_offset", "_FillValue", "-32767"):
                self.assertIn(word, line)
        self.data("t.nc", self.raw, units="m", long_name="height")
        self.assertFalse([word for word in (*ALL, "units") if word in self.fitted("kmeans", "t.nc").said])

    def test_raw_numbers_on_request(self):
        raw = self.raw.astype(float)
        self.data("t.nc", self.raw, scale_factor=0.01, add_offset=1.0, _FillValue=self.raw[3, 1], valid_min=np.int16(0))
        expected = self.plain(raw)
        self.same(expected, "t.nc", "--no-attributes")
        self.assertNotIn("scale_factor", self.fitted("kmeans", "t.nc", "--no-attributes").said)
        self.same_predictions("plain-model.h5", "t.nc", expected.labels, self.scored("plain-model.h5", "plain.h5"),
                              "--no-attributes")
        self.path("o.toml").write_text("[fit]\nno-attributes = true\n")
        self.same(expected, "t.nc", "--config", "o.toml", ranks=(0,))

    def test_numbers_that_cannot_scale(self):
        for key in ("scale_factor", "add_offset"):
            for value in ("0.01", np.nan, np.inf, [0.1, 0.2], *([0.0] if key == "scale_factor" else [])):
                self.data("t.nc", self.raw, **{key: value})
                self.refuses(65, ["t.nc", key], "t.nc", ranks=same.RANKS if value == "0.01" else (0,))
        self.fitted("kmeans", "t.nc", "--no-attributes")


class Missing(AttributesTest):
    def holes(self, *places, X=None):
        X = self.raw.astype(float) if X is None else X
        for row, column in places:
            X[row, column] = np.nan
        return X

    def test_fill_values(self):
        packed = self.raw.copy()
        packed[7, 1] = packed[149, 0] = -32767
        self.data("t.nc", packed, _FillValue=np.int16(-32767), scale_factor=0.01, add_offset=273.15)
        self.refuses(65, ["t.nc", "row 7", "column 1"], "t.nc")
        expected = self.plain(self.holes((7, 1), (149, 0)) * 0.01 + 273.15, *SKIP)
        self.same(expected, "t.nc", *SKIP, said=["_FillValue"])
        self.assertEqual(np.flatnonzero(expected.labels == -1).tolist(), [7, 149])
        self.same_predictions("plain-model.h5", "t.nc", expected.labels, self.scored("plain-model.h5", "plain.h5", *SKIP), *SKIP)
        self.fails(65, ["row 7", "column 1"], "score", "plain-model.h5", "t.nc", cwd=self.folder)
        self.data("t.nc", self.raw, _FillValue=np.int16(-32767))
        self.same(self.plain(self.raw), "t.nc")  # none is missing

    def test_missing_values_may_be_several(self):
        marked = self.raw.copy()
        marked[[3, 4, 5], [0, 1, 2]] = [-999, -998, -997]
        self.data("t.nc", marked, missing_value=np.array([-999, -998], "i2"), _FillValue=np.int16(-997))
        expected = self.plain(self.holes((3, 0), (4, 1), (5, 2)), *SKIP)
        self.same(expected, "t.nc", *SKIP, said=["missing_value", "_FillValue"])
        self.data("t.nc", marked, missing_value=np.array([-999, -998], "i2"))
        self.same(expected, "t.nc", *SKIP, "--missing-value", -997, ranks=(0,))
        self.refuses(65, ["row 3", "column 0"], "t.nc", ranks=(0,))

    def test_valid_ranges_are_in_packed_units(self):
        least, most = np.sort(self.raw.ravel())[[9, -9]]
        units = {"scale_factor": 0.5, "add_offset": 1000.0}
        low, high = self.raw < least, self.raw > most
        for attributes, missing in (({"valid_min": least}, low), ({"valid_max": most}, high), ({"valid_range": [least, most]}, low | high),
                                    ({"valid_min": least, "valid_max": most}, low | high)):
            self.data("t.nc", self.raw, **{key: np.asarray(value, "i2") for key, value in attributes.items()}, **units)
            expected = self.plain(np.where(missing, np.nan, self.raw * 0.5 + 1000), *SKIP)
            self.assertEqual((expected.labels == -1).sum(), missing.any(axis=1).sum())
            self.same(expected, "t.nc", *SKIP, said=list(attributes))
        self.data("t.nc", self.raw.astype("f4"), valid_range=np.float32([least, most]))
        self.same(self.plain(np.where(low | high, np.nan, self.raw).astype("f4"), *SKIP), "t.nc", *SKIP, ranks=(0,))

    def test_single_precision_stays(self):
        X = same.rows(d=3).astype("f4")
        marked = X.copy()
        marked[11, 2] = 9.96921e36
        for fill in (np.float32(9.96921e36), np.float32([9.96921e36])):
            self.data("t.nc", marked, _FillValue=fill)
            expected = self.plain(self.holes((11, 2), X=X.copy()), *SKIP)
            self.same(expected, "t.nc", *SKIP, said=["_FillValue"])
            self.assertIn('precision = "float32"', self.fitted("kmeans", "t.nc", *SKIP).attributes["options"])
        self.data("t.nc", X, _FillValue=np.float32(np.nan))
        self.same(self.plain(X), "t.nc", ranks=(0,))

    def test_fill_values_of_another_type(self):
        """Compared after conversion to the type of the data, and warned of; what that cannot hold matches nothing."""
        marked = same.rows(d=3).astype("f4")
        marked[5, 1] = np.float32(1e20)  # not the double
        self.data("t.nc", marked, _FillValue=1e20)
        self.same(self.plain(self.holes((5, 1), X=marked.copy()), *SKIP), "t.nc", *SKIP, said=["warning", "_FillValue"])
        packed = self.raw.copy()
        packed[5, 1] = -32767
        self.data("t.nc", packed, _FillValue=-32767.0, missing_value=np.int32(-32767))
        self.same(self.plain(self.holes((5, 1)), *SKIP), "t.nc", *SKIP, said=["warning", "_FillValue", "missing_value"])
        for value in (1e20, -32767.5, np.int32(40000), np.nan):
            self.data("t.nc", self.raw, _FillValue=value)
            self.same(self.plain(self.raw), "t.nc", said=["warning", "_FillValue"], ranks=(3,))

    def test_discrete_data(self):
        codes = (same.rows(d=4) > 4).astype("i1") + (same.rows(d=4) > 6)
        marked = codes.astype("i1")
        marked[[2, 40], [3, 1]] = -127
        self.data("t.nc", marked, _FillValue=np.int8(-127))
        self.refuses(65, ["row 2", "column 3"], "t.nc", model="categorical")
        for missing in ("skip", "marginalize"):
            expected = self.plain(self.holes((2, 3), (40, 1), X=codes.astype(float)), "--missing", missing, model="categorical")
            self.same(expected, "t.nc", "--missing", missing)
        for model, X in (("bernoulli", codes > 0), ("poisson", codes * 3)):
            marked = X.astype("u1")
            marked[[2, 40], [3, 1]] = 255
            self.data("t.nc", marked, {"chunks": (20, 3), "compression": "gzip"}, _FillValue=np.uint8(255))
            expected = self.plain(self.holes((2, 3), (40, 1), X=X.astype(float)), "--missing", "marginalize", model=model)
            self.same(expected, "t.nc", "--missing", "marginalize")

    def test_fill_values_of_another_kind(self):
        self.data("t.nc", self.raw, _FillValue="none")  # text: warned of, matches nothing
        self.same(self.plain(self.raw), "t.nc", said=["warning", "_FillValue"], ranks=(0,))


class Several(AttributesTest):
    """Each data set has its own."""

    def setUp(self):
        super().setUp()
        self.marked = self.raw.copy()
        self.marked[9, 1] = -32767
        self.temperature = self.raw * 0.01 + 273.15
        self.temperature[9, 1] = np.nan

    def with_attributes(self, made):
        made.attrs["scale_factor"], made.attrs["add_offset"], made.attrs["_FillValue"] = 0.01, 273.15, np.int16(-32767)

    def test_side_by_side(self):
        salt = same.rows(d=2, seed=1)
        salt[9] = -32767  # the mark of another
        with self.make("t.nc") as file:
            file["temperature"], file["salt"] = self.marked, salt
            self.with_attributes(file["temperature"])
            for i, name in enumerate("abc"):
                file[f"g/{name}"] = self.marked[:, i]
                self.with_attributes(file[f"g/{name}"])
        self.same(self.plain(np.c_[self.temperature, salt], *SKIP), "t.nc:/temperature,/salt", *SKIP, said=["/temperature"])
        self.same(self.plain(np.c_[salt, self.temperature], *SKIP), "t.nc:/salt,/temperature", *SKIP, ranks=(3,))
        self.same(self.plain(self.temperature, *SKIP), "t.nc:/g", *SKIP)
        for path in ("temperature", "g"):
            self.same(self.plain(self.temperature[:, [2, 0]]), f"t.nc:/{path}", "--columns", "2,0")  # the hole is in the other
        self.refuses(65, ["t.nc", "row 9", "column 1"], "t.nc:/temperature,/salt")

    def test_cubes(self):
        cube = {}
        for name, X in (("packed", self.marked), ("plain", self.temperature)):
            cube[name] = X.reshape(10, 15, 3).transpose(0, 2, 1)
        with self.make("t.nc") as file:
            file.create_dataset("t", data=cube["packed"], chunks=(3, 2, 4), compression="gzip")
            self.with_attributes(file["t"])
        self.same(self.plain(self.temperature, *SKIP), "t.nc:/t", "--row-axes", "0,2", *SKIP)
        self.same(self.plain(self.temperature[30:60:2]), "t.nc:/t", "--row-axes", "0,2", "--rows", "30:60:2")

    def test_several_files(self):
        """Each file may be packed in another way."""
        self.data("a.nc", self.raw[:60], scale_factor=0.01, add_offset=273.15)
        self.data("b.nc", (self.raw[60:] // 2).astype("i2"), scale_factor=0.5)
        X = np.r_[self.raw[:60] * 0.01 + 273.15, (self.raw[60:] // 2) * 0.5]
        self.same(self.plain(X), ["a.nc", "b.nc"], said=["a.nc", "b.nc"])


if __name__ == "__main__":
    shoal.main()
