"""Tables as people have them: convert makes of each the right file, or says which cell it cannot make anything of."""
import bz2
import csv
import gzip
import io
import lzma
import os
import subprocess
import threading
import zipfile

import h5py
import numpy as np

import shoal

NAN = float("nan")


class Tables(shoal.ShoalTest):
    def convert(self, data, *arguments, name="t.csv"):
        """The open file that is made of a table, and what was said."""
        self.path(name).write_bytes(data if isinstance(data, bytes) else data.encode())
        result = self.ok("convert", self.path(name), self.path("t.h5"), "--overwrite", *arguments)
        file = h5py.File(self.path("t.h5"))
        self.addCleanup(file.close)
        return file, result.stderr

    def gives(self, data, rows, *arguments, names=None, said=(), name="t.csv"):
        file, text = self.convert(data, *arguments, name=name)
        np.testing.assert_array_equal(file["X"], np.array(rows, float).reshape(len(rows), -1), err_msg=f"{data!r}\n{text}")
        found = list(file["X"].attrs["feature_names"]) if "feature_names" in file["X"].attrs else None
        self.assertEqual(found, names, f"{data!r}")
        for words in said:
            self.assertIn(words, text)
        file.close()

    def refuses(self, data, words, *arguments, code=65, name="t.csv"):
        self.path(name).write_bytes(data if isinstance(data, bytes) else data.encode())
        self.path("t.h5").unlink(missing_ok=True)
        message = self.fails(code, [name, *words] if code == 65 else words, "convert", self.path(name), self.path("t.h5"), *arguments)
        self.assertEqual([file.name for file in self.folder.iterdir() if "t.h5" in file.name], [], "an output was left")
        return message


class Pipes(Tables):
    TABLE = "a,b\n" + "".join(f"{i},{i + 0.5}\n" for i in range(50_000))

    def through(self, name, data, *arguments):
        os.mkfifo(self.path(name))
        feeder = threading.Thread(target=lambda: self.path(name).write_bytes(data))
        feeder.start()
        self.ok("convert", self.path(name), self.path("t.h5"), *arguments)
        feeder.join()
        with h5py.File(self.path("t.h5")) as file:
            return file["X"][:]

    def test_a_fifo_is_read_once(self):
        X = self.through("pipe", self.TABLE.encode())
        np.testing.assert_array_equal(X, [[i, i + 0.5] for i in range(50_000)])

    def test_an_array_comes_through_a_fifo(self):
        expected = np.arange(30_000, dtype="f4").reshape(-1, 3)
        np.save(self.path("x.npy"), expected)
        np.testing.assert_array_equal(self.through("pipe.npy", self.path("x.npy").read_bytes()), expected)

    def test_standard_input(self):
        result = subprocess.run([shoal.PROGRAM, "convert", "/dev/stdin", str(self.path("t.h5"))], input=self.TABLE.encode(),
                                capture_output=True, timeout=60)
        self.assertEqual(result.returncode, 0, result.stderr)
        with h5py.File(self.path("t.h5")) as file:
            self.assertEqual(file["X"].shape, (50_000, 2))
            self.assertEqual(file["X"][49_999, 1], 49_999.5)


class Kinds(Tables):
    """Files that are no text, by their first bytes, whatever their names."""

    def test_marks_of_utf8(self):
        self.gives(b"\xef\xbb\xbf1,2\n3,4\n5,6\n", [[1, 2], [3, 4], [5, 6]])
        self.gives(b"\xef\xbb\xbf\"a\",b\r\n3,4\r\n", [[3, 4]], names=["a", "b"])

    def test_utf16(self):
        for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
            self.refuses("a,b\n1,2\n3,4\n".encode(encoding), [encoding[:6].upper(), "iconv"])
        self.refuses("\ufeff1,2\n3,4\n".encode("utf-16-be"), ["UTF-16", "iconv"])

    def test_compressed(self):
        text = b"a,b\n1,2\n3,4\n"
        for packed, word in ((gzip.compress(text), "gzip"), (bz2.compress(text), "bzip2"), (lzma.compress(text), "xz"),
                             (b"\x28\xb5\x2f\xfd" + bytes(20), "zstd")):
            self.refuses(packed, [word, "-dc"])

    def test_archives(self):
        for member, word in (("t.csv", "zip archive"), ("[Content_Types].xml", ".xlsx"), ("mimetype", "LibreOffice")):
            with zipfile.ZipFile(self.path("x.zip"), "w") as archive:
                archive.writestr(member, "a,b\n1,2\n")
            self.refuses(self.path("x.zip").read_bytes(), [word])
        np.savez(self.path("x.npz"), first=np.ones((2, 2)))
        self.refuses(self.path("x.npz").read_bytes(), [".npz", "numpy.load", "first"], name="x.npz")
        self.refuses(self.path("x.npz").read_bytes(), [".npz"], name="x.npy")

    def test_others(self):
        self.refuses((shoal.DATA / "iris.h5").read_bytes(), ["HDF5", "fit"])
        for begin, word in ((b"PAR1", "Parquet"), (b"CDF\x01", "NetCDF"), (b"SIMPLE  = T", "FITS"), (b"%PDF-1.4", "PDF"), (b"<!DOCTYPE html>", "web page"), (b"{\"a\": 1}", "JSON"),
                            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".xls"), (b"\x80\x04\x95", "pickle")):
            self.refuses(begin + bytes(100), [word])
        self.refuses(b"1,2\n3,\x004\n", ["line 2", "byte 0"])
        self.refuses(bytes(100), ["byte 0"])

    def test_arrays_by_their_first_bytes(self):
        X = np.array([[1.5, 2], [3, 4]])
        np.save(self.path("x.npy"), X)
        self.gives(self.path("x.npy").read_bytes(), X, name="x.csv")


class Delimiters(Tables):
    def test_found(self):
        for delimiter, word in ((";", "';'"), ("\t", "tabs"), ("|", "'|'"), (" ", "blanks")):
            self.gives(f"a{delimiter}b\n1.5{delimiter}2.5\n3.5{delimiter}4.5\n", [[1.5, 2.5], [3.5, 4.5]], names=["a", "b"],
                       said=["separated by " + word])
        self.gives("1, 2, 3\n4, 5, 6\n", [[1, 2, 3], [4, 5, 6]])
        self.gives("  1.0   2.0\n -3.0   4.0  \n", [[1, 2], [-3, 4]])
        self.gives("x\n1.5\n2.5\n", [[1.5], [2.5]], names=["x"])
        self.gives("petal length\n1.5\n2.5\n", [[1.5], [2.5]], names=["petal length"])
        self.gives('"x, y";z\n1;2\n', [[1, 2]], names=["x, y", "z"])

    def test_asked_for(self):
        self.gives("1;2\n", [[1, 2]], "--delimiter", ";")
        self.gives("1\t2\n", [[1, 2]], "--delimiter", "tab")
        self.gives("1~2\n", [[1, 2]], "--delimiter", "~")
        self.gives("a,b;c\n1;2\n", [[1, 2]], "--delimiter", ";", names=["a,b", "c"])
        for wrong in ("ab", "5", "x", '"', ".", "-", "é"):
            self.refuses("1,2\n", ["--delimiter", wrong], "--delimiter", wrong, code=64)

    def test_endings(self):
        for name in ("t.tsv", "t.TSV", "t.Tsv", "t.tab"):
            self.gives("a b\tc,d\n1\t2\n3\t4\n", [[1, 2], [3, 4]], names=["a b", "c,d"], name=name)
        self.refuses("1,5\n2,6\n", ["line 1", '"1,5"'], "--header", "no", name="t.TSV")
        self.gives("1,2\n", [[1, 2]], "--delimiter", ",", name="t.tsv")

    def test_the_hint_for_excel(self):
        self.gives("sep=;\na;b\n1;2\n", [[1, 2]], names=["a", "b"])

    def test_decimal_commas(self):
        for text in ("a;b\n1,5;2\n", "1,5;2,5\n3,5;4,5\n"):
            self.refuses(text, ["column 0", '"1,5"', "point"])
        self.refuses('a,b\n"1,234",5\n', ["line 2", "column 0", "(a)", '"1,234"', "thousands"])


class Headers(Tables):
    def test_said(self):
        self.gives("$5,2\n3,4\n5,6\n", [[3, 4], [5, 6]], names=["$5", "2"], said=["taken as names", "--header no"])
        self.refuses("$5,2\n3,4\n5,6\n", ["line 1", '"$5"'], "--header", "no")
        self.gives("1,2\n3,4\n", [[1, 2], [3, 4]], said=["taken as a row", "--header yes"])
        self.gives("2019,2020\n1,2\n", [[1, 2]], "--header", "yes", names=["2019", "2020"])
        self.refuses("a,b\n", ["no rows"])
        self.refuses("\n\n", ["empty"])

    def test_frames_of_pandas(self):
        self.gives(",0,1\n0,1.5,2.5\n1,3.5,4.5\n", [[0, 1.5, 2.5], [1, 3.5, 4.5]], names=["Unnamed: 0", "0", "1"],
                   said=["taken as names", "--id-column 0"])
        self.gives(",0\n0,1.5\n1,2.5\n", [[0, 1.5], [1, 2.5]], names=["Unnamed: 0", "0"])
        file, _ = self.convert(",0,1\n0,1.5,2.5\n1,3.5,4.5\n", "--id-column", 0)
        np.testing.assert_array_equal(file["X"], [[1.5, 2.5], [3.5, 4.5]])
        np.testing.assert_array_equal(file["ids"], [0, 1])
        self.gives(",5,7\n1,2,3\n", [[NAN, 5, 7], [1, 2, 3]])  # a value is missing
        self.gives(",0\n1,2\n", [[NAN, 0], [1, 2]])

    def test_years_as_names(self):
        """Numbers alone cannot tell; what stands above ids or labels can."""
        for option in ("--id-column", "--label-column"):
            self.gives("who,2019,2020\n1,1.5,2\n2,3,4\n", [[1.5, 2], [3, 4]], option, 0, names=["2019", "2020"], said=["taken as names"])
            self.gives("x,2019,2020\ny,1.5,2\n2,3,4\n", [[2019, 2020], [1.5, 2], [3, 4]], option, 0, said=["taken as a row"])

    def test_names_that_are_missing_or_stand_twice(self):
        self.gives("a,,a,a.1\n1,2,3,4\n", [[1, 2, 3, 4]], names=["a", "Unnamed: 1", "a.2", "a.1"], said=["2 names"])
        self.refuses("a,b,a\n1,2,3\n", ["--columns a", "several"], "--columns", "a", code=64)

    def test_comments(self):
        self.gives("# made by hand\n# 2024\n\na,b\n1,2\n", [[1, 2]], names=["a", "b"], said=["2 comment lines"])
        self.gives("# x y\n1 2\n3 4\n", [[1, 2], [3, 4]], names=["x", "y"], said=["line 1 was taken as names"])
        self.gives("# x,y\n1,2\n", [[1, 2]], "--header", "no")
        self.gives("# exported, today\na,b\n1,2\n", [[1, 2]], names=["a", "b"])
        self.refuses("1,2\n# note\n3,4\n", ["line 2", "comment"])
        self.refuses("1\n# note\n3\n", ["line 2", "comment"])


class Cells(Tables):
    def test_missing(self):
        words = ["", "NA", "N/A", "#N/A", "<NA>", "NaN", "nan", "-nan", "null", "NULL", "?", " NA ", '""', '"NA"']
        self.gives("a,b\n" + "".join(f"{word},1\n" for word in words), [[NAN, 1]] * len(words), names=["a", "b"],
                   said=[f"{len(words)} missing values"])
        self.gives('x\n1\n""\n\n2\n', [[1], [NAN], [2]], names=["x"])

    def test_numbers(self):
        rows = [("1e-400", 0), ("-1e-400", 0), ("1e-5000", 0), ("5e-324", 5e-324), ("+1", 1), ("1e5", 1e5), ("1E+05", 1e5), (".5", 0.5),
                ("5.", 5), (" 7 ", 7), ('"8"', 8), ('" 9 "', 9), ("1.7976931348623157e308", 1.7976931348623157e308), ("0." + "0" * 400 + "1", 0)]
        self.gives("".join(f"{text},1\n" for text, _ in rows), [[value, 1] for _, value in rows])

    def test_large_whole_numbers(self):
        self.gives("a,b\n9007199254740991,1\n", [[2**53 - 1, 1]], names=["a", "b"])
        self.gives("a,b\n9007199254740993,1\n-3,1.5\n", [[2.0**53, 1], [-3, 1.5]], names=["a", "b"], said=["1 whole numbers of 2^53"])

    def test_no_numbers(self):
        for text in ("1'000", "$5", "5%", "\u20ac 5", "1 000", "1.2.3", "1_0"):
            self.refuses(f"a;b\n1;2\n3;{text}\n", ["line 3", "column 1", "(b)", "is not a number", "separators"])
        for text in ("x", "+-1", "--1", "0x10", "1e", "2024-01-01", "True", "\u0663", "\u22121", "1d5", "-"):
            self.refuses(f"a,b\n1,2\n3,{text}\n", ["line 3", "column 1", "(b)", "is not a number", "--categorical b"])

    def test_infinite(self):
        for text in ("inf", "-inf", "Infinity", "1e400", "-1e5000", "9" * 400):
            self.refuses(f"a,b\n1,2\n3,{text}\n", ["line 3", "column 1", "(b)", "not finite"])
        np.save(self.path("x.npy"), [[1, 2], [3, -np.inf]])
        self.refuses(self.path("x.npy").read_bytes(), ["row 1", "column 1", "infinite"], name="x.npy")

    def test_quotes(self):
        message = self.refuses('a,b\n1,"2\n3,4\n', ["line 2", "column 1", "never closed"])
        self.assertNotIn("\\x0a", message)
        self.refuses('a,b\n1,"2\n3,"4\n', ["line 3", "begins in line 2"])
        self.refuses('a,b\n1,2"3\n', ["line 2", "quote within"])
        self.gives('"a ""b""","c\nd"\n"1","2"\n3,4\n', [[1, 2], [3, 4]], names=['a "b"', "c\nd"])
        self.refuses('"a\nb",c\n1,2\nx,3\n', ["line 4"])
        self.refuses('a\n"' + "x" * (1 << 25), ["line 2", "16 MiB"])

    def test_lines(self):
        for end in ("\n", "\r\n", "\r", "\n\n", "\r\n\r\n"):
            for last in ("", end):
                self.gives(end.join(["a,b", "1,2", "3,4"]) + last, [[1, 2], [3, 4]], names=["a", "b"])
            number = 1 + 2 * (2 if end in ("\n\n", "\r\n\r\n") else 1)
            self.refuses(end.join(["a,b", "1,2", "3,x"]), [f"line {number},"])
        self.gives("a,b\n1,2\n   \n3,4\n", [[1, 2], [3, 4]], names=["a", "b"])
        wide = 200_000  # fields; beyond what is looked at to find the delimiter
        self.gives(",".join(f"name-{i}" for i in range(wide)) + "\n" + ",".join(["7"] * wide) + "\n", [[7] * wide],
                   names=[f"name-{i}" for i in range(wide)])

    def test_line_ends_where_the_reader_cuts(self):
        """The file is read in pieces of 64 KiB."""
        for end in ("\r\n", "\r", "\n"):
            for shift in range(4):
                first = "1" * (65536 - 3 - shift)
                text = f"{first},5{end}3,4{end}x,2{end}"
                self.refuses(text.replace(first, "0." + first[2:]), ["line 3"], "--header", "no")

    def test_ragged(self):
        self.refuses("a,b\n1,2\n3\n", ["line 3 has 1 fields", "has 2", "--delimiter"])
        self.refuses("a,b\n1,2\n3,4,5\n", ["line 3 has 3 fields"])
        self.refuses("a,b\n1,2,\n", ["line 2 has 3 fields", "ends with a delimiter"])
        self.refuses('a b\n"r1" 1 2\n', ["line 2 has 3 fields", "row.names"])
        self.gives("a,b,\n1,2,\n3,4,\n", [[1, 2], [3, 4]], names=["a", "b"], said=["end with a delimiter"])
        self.gives("1;2;\n3;4;\n", [[1, 2], [3, 4]])
        self.refuses("1,2,\n" * 300 + "1,2,3\n", ["line 301", "column 2", "--columns"])
        self.gives("1,2,\n3,4,5\n", [[1, 2, NAN], [3, 4, 5]])
        self.gives("a,b,c\n1,2,\n3,4,\n", [[1, 2, NAN], [3, 4, NAN]], names=["a", "b", "c"])

    def test_text_that_is_not_utf8(self):
        self.refuses("größe,b\n1,2\n".encode("latin-1"), ["line 1", "column 0", "UTF-8", "iconv"])
        self.refuses("a,b\n1,ä\n".encode("latin-1"), ["line 2", "column 1", "UTF-8"], "--label-column", "b")
        self.gives("größe,b\n1,2\n", [[1, 2]], names=["größe", "b"])


class Columns(Tables):
    TABLE = "name,x,kind,y,group\nr1,1.5,red,4,u\nr2,2.5,blue,5,v\nr3,3.5,,6,u\n"

    def test_chosen(self):
        for columns, names in (("x,y", ["x", "y"]), ("y,x", ["y", "x"]), ("3,1", ["y", "x"]), ("^name,^kind,^group", ["x", "y"]),
                               ("1:4,^kind", ["x", "y"]), ("3:4", ["y"]), ("x,x,1", ["x"])):
            file, _ = self.convert(self.TABLE, "--columns", columns)
            self.assertEqual(list(file["X"].attrs["feature_names"]), names, columns)
            expected = {"x": [1.5, 2.5, 3.5], "y": [4, 5, 6]}
            np.testing.assert_array_equal(file["X"], np.transpose([expected[name] for name in names]))
            file.close()
        self.gives("1,2,3\n4,5,6\n", [[2, 3], [5, 6]], "--columns", "1:")
        self.gives("2019,2020,2021\n4,5,6\n", [[4, 6]], "--columns", "2019,2021", names=["2019", "2021"])
        for wrong in ("z", "5", "3:9", "2:2", "^z", "x,,y", "4:2"):
            self.refuses(self.TABLE, ["--columns"], "--columns", wrong, code=64)
        self.refuses(self.TABLE, ["no columns left"], "--columns", "^0:5")

    def test_ids(self):
        file, _ = self.convert(self.TABLE, "--id-column", "name", "--columns", "x,y")
        self.assertEqual([text.decode() for text in file["ids"]], ["r1", "r2", "r3"])
        self.assertEqual(file["X"].shape, (3, 2))
        file.close()
        for texts, expected in ((["-5", "7", str(2**63 - 1)], [-5, 7, 2**63 - 1]), (["007", "8"], [b"007", b"8"]),
                                (["", "né"], [b"", "né".encode()]), (["1.5", "2"], [b"1.5", b"2"])):
            file, _ = self.convert("".join(f"{text},1.5\n" for text in texts), "--id-column", 0)
            np.testing.assert_array_equal(file["ids"][:], expected)
            self.assertEqual(file["ids"].dtype.kind, "i" if isinstance(expected[0], int) else "S")
            np.testing.assert_array_equal(file["X"], [[1.5]] * len(texts))
            file.close()
        self.refuses(self.TABLE, ["--id-column"], "--id-column", "x,y", code=64)
        file, _ = self.convert("".join(f"row number {i},{i}\n" for i in range(300_000)), "--id-column", 0, "--header", "no")
        self.assertEqual([file["ids"][i].decode() for i in (0, 123_456, 299_999)], ["row number 0", "row number 123456", "row number 299999"])

    def test_ids_are_no_labels(self):
        self.convert("id,x\n1,1.5\n2,2.5\n", "--id-column", "id")
        self.fails(65, ["/labels"], "compare", self.path("t.h5"), self.path("t.h5"))

    def test_labels(self):
        file, text = self.convert(self.TABLE, "--id-column", 0, "--label-column", "kind", "--columns", "^group")
        np.testing.assert_array_equal(file["labels"], [1, 0, -1])
        self.assertEqual(list(file["labels"].attrs["label_names"]), ["blue", "red"])
        self.assertEqual(list(file["X"].attrs["feature_names"]), ["x", "y"])
        self.assertIn("1 rows without a label", text)
        file.close()
        file, _ = self.convert("x,c\n1,10\n2,9\n3,10\n", "--label-column", "c")
        np.testing.assert_array_equal(file["labels"], [1, 0, 1])

    def test_categorical(self):
        file, text = self.convert(self.TABLE, "--categorical", "kind,group", "--id-column", "name")
        np.testing.assert_array_equal(file["X"], [[1.5, 1, 4, 0], [2.5, 0, 5, 1], [3.5, NAN, 6, 0]])
        self.assertEqual([name.decode() for name in file["levels/kind"]], ["blue", "red"])
        self.assertEqual([name.decode() for name in file["levels/group"]], ["u", "v"])
        self.assertEqual((sorted(file["levels"]), "levels" in file["X"].attrs), (["group", "kind"], False))
        self.assertIn("1 missing value", text)

    def test_all_categorical(self):
        file, _ = self.convert("colour,size\nred,10\nblue,9\nred,NA\ngreen,10\n", "--categorical", "all")
        np.testing.assert_array_equal(file["X"], [[2, 1], [0, 0], [2, NAN], [1, 1]])
        np.testing.assert_array_equal(file["X"].attrs["levels"], [3, 2])
        self.assertEqual([name.decode() for name in file["levels/size"]], ["9", "10"])  # numbers by their values
        file.close()
        self.ok("fit", "categorical", self.path("t.h5"), "-k", 1, "--missing", "marginalize", "-o", self.path("m.h5"))
        file, _ = self.convert("p,x\ne,x\np,y\n", "--categorical", "all")  # levels are no names
        np.testing.assert_array_equal(file["X"], [[1, 0], [0, 0], [1, 1]])
        self.assertEqual(file["X"].dtype, np.uint8)
        self.assertEqual(sorted(file["levels"]), ["0", "1"])
        file.close()
        file, _ = self.convert("".join(f"{i}\n" for i in range(300)), "--categorical", "all", "--header", "no")
        self.assertEqual(file["X"].dtype, np.int32)
        np.testing.assert_array_equal(file["X"][:, 0], range(300))

    def test_what_does_not_go(self):
        self.refuses(self.TABLE, ["--categorical", "not a feature"], "--categorical", "kind", "--columns", "x", code=64)
        self.refuses("a/b,c\nx,1\n", ["a/b", "/levels"], "--categorical", "a/b")
        self.refuses("a,b\nx,1\n", ["--threshold", "--categorical"], "--categorical", "a", "--threshold", 0, code=64)
        self.refuses("a\n" + "".join(f"t{i}\n" for i in range(65_535)), ["65534 levels", "--id-column"], "--categorical", "a")
        np.save(self.path("x.npy"), np.ones((2, 2)))
        for option, value in (("--label-column", 0), ("--id-column", 0), ("--categorical", "all"), ("--header", "no"), ("--delimiter", ";")):
            self.refuses(self.path("x.npy").read_bytes(), [option], option, value, code=64, name="x.npy")


class Arrays(Tables):
    def test_types(self):
        rng = np.random.default_rng(0)
        for X, kind in ((rng.normal(size=(7, 3)).astype("f4"), "f4"), (np.ones((7, 3), "f4"), "f4"), (rng.normal(size=(7, 3)).astype("f2"), "f4"),
                        (rng.normal(size=(7, 3)), "f8"), (rng.normal(size=(7, 3)).astype(">f8"), "f8"), (rng.normal(size=(7, 3)).astype(">f4"), "f4"),
                        (np.array([[-5, 300]], ">i4"), "i4"), (np.array([[5, 2**40]], ">u8"), "i8"), (np.array([[True, False]]), "u1")):
            np.save(self.path("x.npy"), X)
            file, _ = self.convert(self.path("x.npy").read_bytes(), name="x.npy")
            np.testing.assert_array_equal(file["X"], X.astype(kind))
            self.assertEqual(file["X"].dtype, np.dtype(kind))
            file.close()

    def test_many_rows(self):
        """They are written in pieces of 16 MiB."""
        X = np.arange(6_000_000).reshape(-1, 2) + 0.5
        np.save(self.path("x.npy"), X)
        self.ok("convert", self.path("x.npy"), self.path("t.h5"))
        with h5py.File(self.path("t.h5")) as file:
            self.assertTrue(np.array_equal(file["X"][:], X))

    def test_columns(self):
        np.save(self.path("x.npy"), np.arange(12.0).reshape(3, 4))
        data = self.path("x.npy").read_bytes()
        self.gives(data, [[3, 1], [7, 5], [11, 9]], "--columns", "3,1", name="x.npy")
        self.gives(data, [[0, 3], [4, 7], [8, 11]], "--columns", "^1:3", name="x.npy")
        self.refuses(data, ["--columns x", "4 columns"], "--columns", "x", code=64, name="x.npy")

    def test_what_is_no_matrix(self):
        for X, words in ((np.ones((2, 2, 2)), ["one or two dimensions"]), (np.array([["a"]]), ["type"]),
                         (np.zeros(3, dtype=[("a", "f8"), ("b", "f8")]), ["one or two dimensions"])):
            np.save(self.path("x.npy"), X)
            self.refuses(self.path("x.npy").read_bytes(), words, name="x.npy")


class Peers(Tables):
    """What others write."""

    def test_pandas(self):
        """As DataFrame.to_csv writes, which is Python's csv."""
        X, names = np.random.default_rng(1).normal(size=(50, 3)), ["a", "b c", "d,e"]
        X[3, 1] = NAN
        for separator in ",;\t|":
            for word in ("", "NA", "null", "?"):
                text = io.StringIO()
                writer = csv.writer(text, delimiter=separator, lineterminator="\n")
                writer.writerows([names, *([word if np.isnan(x) else repr(float(x)) for x in row] for row in X)])
                self.gives(text.getvalue(), X, names=names)

    def test_numpy(self):
        X = np.random.default_rng(2).normal(size=(20, 3))
        for keywords, names in (({}, None), ({"delimiter": ","}, None), ({"header": "a b c"}, ["a", "b", "c"]),
                                ({"delimiter": ",", "header": "a,b,c"}, ["a", "b", "c"]), ({"fmt": "%12.6e"}, None)):
            np.savetxt(self.path("x.txt"), X, **keywords)
            self.gives(self.path("x.txt").read_bytes(), np.loadtxt(self.path("x.txt"), delimiter=keywords.get("delimiter")), names=names, name="x.txt")


if __name__ == "__main__":
    shoal.main()
