"""Results whose writing fails in its last steps: an error, and neither a result nor a piece of one is left."""
import os

import numpy as np

import shoal

FAULTS = os.environ["SHOAL_FAULT_LIBRARY"]


def fault(what, file):
    return {"LD_PRELOAD": FAULTS, "SHOAL_FAULT": what, "SHOAL_FAULT_FILE": file}


class ResultsThatFail(shoal.ShoalTest):
    def setUp(self):
        super().setUp()
        self.data = self.write("data.h5", np.random.default_rng(0).normal(size=(500, 3)))
        self.ok("fit", "gaussian", self.data, "-k", 2, "-o", self.path("model.h5"), "-q")
        self.before = set(os.listdir(self.folder))

    def fails_at(self, what, file, *arguments):
        for ranks in (0, 2):
            with self.subTest(fault=what, command=arguments[0], ranks=ranks):
                self.fails(74, [file], *arguments, env=fault(what, file), ranks=ranks)
                self.assertEqual(set(os.listdir(self.folder)), self.before)

    def test_a_result_that_cannot_be_made_durable(self):
        """A disk that fails says so to fsync, when all was written."""
        out = self.path("out.h5")
        for what in ("error:fsync:1", "error:rename:1"):
            self.fails_at(what, "out.h5", "fit", "kmeans", self.data, "-k", 2, "-o", out)
            self.fails_at(what, "out.h5", "predict", self.path("model.h5"), self.data, "-o", out)
            self.fails_at(what, "out.h5", "sample", self.path("model.h5"), "-n", 50, "-o", out)
            self.fails_at(what, "out.h5", "convert", shoal.DATA / "faithful.csv", out)

    def test_labels_that_cannot_be_made_durable(self):
        for what in ("error:fsync:1", "error:rename:1"):
            self.fails_at(what, "labels.h5", "fit", "kmeans", self.data, "-k", 2, "-o", self.path("out.h5"), "--labels", self.path("labels.h5"))

    def test_what_was_there_stays(self):
        old = self.path("model.h5").read_bytes()
        for what in ("error:fsync:1", "error:rename:1"):
            self.fails_at(what, "model.h5", "fit", "kmeans", self.data, "-k", 2, "-o", self.path("model.h5"), "--overwrite")
            self.assertEqual(self.path("model.h5").read_bytes(), old)


if __name__ == "__main__":
    shoal.main()
