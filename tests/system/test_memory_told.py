"""The memory of a rank as --dry-run tells it, beside what the fit then takes."""
import pathlib
import shutil
import sys
import tempfile

import shoal

sys.path.insert(0, str(shoal.ROOT / "tests/benchmark"))
import memory_shapes  # noqa: E402

MIB = 2**20


class Told(shoal.ShoalTest):
    @classmethod
    def setUpClass(cls):
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="shoal-told-"))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.home, ignore_errors=True)

    def assert_told(self, name, threads):
        shape, words = next((shape, words) for other, shape, words in memory_shapes.SHAPES if other == name)
        data = memory_shapes.make(self.home, *shape)
        told, peak, _ = memory_shapes.measure(self.home, data, words, 1, threads)
        if abs(told - peak) > 64 * MIB:
            self.assertTrue(0.95 * peak <= told <= 1.25 * peak,
                            f"{name}, {threads} threads: told {told / MIB:.0f} MiB, took {peak / MIB:.0f}")


def add_test(name, threads):
    words = "".join(c if c.isalnum() else "_" for c in name)
    setattr(Told, f"test_{words}_{threads}_threads", lambda self: self.assert_told(name, threads))


for one in memory_shapes.SHAPES:
    add_test(one[0], 1)
for one in [*memory_shapes.SHAPES[:2], memory_shapes.SHAPES[-2]]:  # parts of mixtures may overlap: told at their worst
    add_test(one[0], 4)

if __name__ == "__main__":
    shoal.main()
