"""@list.txt in the place of the files that it names."""
import numpy as np

import shoal


class Lists(shoal.ShoalTest):
    def setUp(self):
        super().setUp()
        self.X = np.random.default_rng(3).normal(size=(60, 3))
        self.write("a b.h5", self.X[:25])
        self.write("c.h5", self.X[25:40], other=self.X[40:])
        self.write("all.h5", self.X)

    def list(self, text, name="list.txt"):
        self.path(name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return "@" + name

    def here(self, command, *arguments, ranks):
        return self.ok(command, *arguments, ranks=ranks, cwd=self.folder)

    def test_a_list_is_the_files_that_it_names(self):
        self.list("\ufeff# the night shift\r\na b.h5\r\n\r\n  c.h5:/X\t\r\nc.h5:/other")  # as some editors leave it
        for ranks in (1, 3):
            with self.subTest(ranks=ranks):
                self.here("fit", "kmeans", "@list.txt", "-k", 2, "-o", "listed.h5", "--overwrite", ranks=ranks)
                self.here("fit", "kmeans", "all.h5", "-k", 2, "-o", "plain.h5", "--overwrite", ranks=ranks)
                self.assertEqual(self.path("listed.h5").read_bytes(), self.path("plain.h5").read_bytes())
                self.here("predict", "listed.h5", "@list.txt", "-o", "listed.csv", "--overwrite", ranks=ranks)
                self.here("predict", "plain.h5", "all.h5", "-o", "plain.csv", "--overwrite", ranks=ranks)
                self.assertEqual(self.path("listed.csv").read_bytes(), self.path("plain.csv").read_bytes())
                self.assertEqual(self.here("score", "plain.h5", "@list.txt", ranks=ranks).stdout,
                                 self.here("score", "plain.h5", "all.h5", ranks=ranks).stdout)

    def test_a_list_stands_between_files(self):
        self.list("c.h5\n")
        for ranks in (1, 3):
            self.here("fit", "kmeans", "a b.h5", "@list.txt", "c.h5:/other", "-k", 2, "-o", "m.h5", "--overwrite",
                      ranks=ranks)
            self.here("fit", "kmeans", "all.h5", "-k", 2, "-o", "plain.h5", "--overwrite", ranks=ranks)
            self.assertEqual(self.path("m.h5").read_bytes(), self.path("plain.h5").read_bytes())

    def test_a_listed_file_is_not_overwritten(self):
        self.list("c.h5\n")
        before = self.path("c.h5").read_bytes()
        for ranks in (1, 3):
            self.fails(64, ["c.h5"], "fit", "kmeans", "@list.txt", "-k", 2, "-o", "c.h5", "--overwrite", ranks=ranks,
                       cwd=self.folder)
        self.assertEqual(self.path("c.h5").read_bytes(), before)

    def test_what_is_no_list(self):
        self.list("\n# nothing\n", "empty.txt")
        self.list("c.h5\n@list.txt\n", "nested.txt")
        self.list("gone.h5\n", "gone.txt")
        self.list((np.arange(9) % 2).astype(np.uint8).tobytes(), "binary.txt")
        for name, code, words in [("@missing.txt", 66, ["missing.txt"]), ("@", 66, []),
                                  ("@empty.txt", 65, ["@empty.txt", "names no data"]),
                                  ("@nested.txt", 65, ["line 2", "@list.txt"]),
                                  ("@gone.txt", 66, ["gone.h5"]), ("@.", 66, ["folder"]),
                                  ("@binary.txt", 65, ["not a list"]), ("@c.h5", 65, ["not a list"])]:
            for ranks in (1, 3):
                with self.subTest(name, ranks=ranks):
                    self.fails(code, words, "fit", "kmeans", name, "-k", 2, "-o", "m.h5", ranks=ranks, cwd=self.folder)


if __name__ == "__main__":
    shoal.main()
