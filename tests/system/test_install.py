"""cmake --install gives a working prefix, and find_package(shoal) a library that fits a model from memory."""
import os
import pathlib
import re
import subprocess

import h5py

import shoal

CONSUMER_CMAKE = """
cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES C CXX)
find_package(shoal REQUIRED)
add_executable(consumer main.cpp)
target_link_libraries(consumer PRIVATE shoal::shoal)
"""

CONSUMER_MAIN = """
#include <cstdio>
#include <shoal/comm/environment.hpp>
#include <shoal/fit/fit.hpp>
#include <shoal/model/family.hpp>

int main(int argc, char** argv) {
  const shoal::Environment mpi(argc, argv);
  const shoal::Communicator comm = shoal::Communicator::world();
  shoal::Shard<double> shard;
  shard.partition = shoal::partition(4, 1, false);
  shard.blocks = shard.partition.blocks_of(comm.rank(), comm.size());
  shard.n_features = 1;
  if (shard.n_rows() > 0) shard.values = {0, 2, 10, 14};
  const auto model = shoal::make_model<double>(shoal::ModelOptions("kmeans", 2), {1, {}});
  const shoal::RowPass<double> pass(shard, comm, 1, {4, 4, 4});
  model->begin_fit(pass, {});
  model->set_parameters({{"means", {2, 1}, {0, 10}}}, "the start");
  shoal::Observer nobody;
  const shoal::FitResult result = shoal::fit(*model, pass, {}, nobody);
  if (comm.is_root()) std::printf("%g %g %g\\n", result.objective, model->parameters()[0].values[0], model->parameters()[0].values[1]);
}
"""


class Install(shoal.ShoalTest):
    def command(self, *arguments):
        result = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, timeout=280)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout

    def assert_scripts_and_configs(self, share):
        """What a user of the program starts from; not the scripts that belong to the source tree."""
        jobs = {script.name for script in (shoal.ROOT / "jobs").glob("slurm-*.sh")} | {"mpirun-hosts.sh"}
        self.assertEqual({script.name for script in (share / "jobs").iterdir()}, jobs)
        for script in (share / "jobs").iterdir():
            self.assertTrue(os.access(script, os.X_OK), script)
            self.assertEqual(script.read_text(), (shoal.ROOT / "jobs" / script.name).read_text())
        configs = {config.name for config in (shoal.ROOT / "configs").iterdir()}
        self.assertEqual({config.name for config in (share / "configs").iterdir()}, configs)

    def test_libraries_that_are_missing_are_told_at_once(self):
        blind = [f"-DCMAKE_FIND_ROOT_PATH_MODE_{what}=ONLY" for what in ("INCLUDE", "LIBRARY", "PACKAGE")]
        result = subprocess.run(["cmake", "-S", shoal.ROOT, "-B", self.path("build"), "-DSHOAL_BUILD_TESTS=ON",
                                 f"-DCMAKE_FIND_ROOT_PATH={self.path('nothing')}", *blind], capture_output=True, text=True)
        self.assertNotEqual(result.returncode, 0)
        self.assertEqual(result.stderr.count("CMake Error"), 1, result.stderr)
        setup = (shoal.ROOT / "jobs/setup.sh").read_text().replace('"', ' ').split()
        told = re.search(r"apt-get install (.*?)\n\n", result.stderr, re.S).group(1).split()
        self.assertGreater(len(told), 12)
        self.assertEqual([package for package in told if package not in setup], [])
        for package in told:
            self.assertIn(f"({package})", result.stderr)

    def test_a_plain_configuration_is_a_release_without_tests(self):
        self.command("cmake", "-S", shoal.ROOT, "-B", self.path("build"))
        cache = (self.path("build") / "CMakeCache.txt").read_text()
        self.assertIn("CMAKE_BUILD_TYPE:STRING=Release\n", cache)
        self.assertIn("SHOAL_BUILD_TESTS:BOOL=OFF\n", cache)

    def test_prefix_and_package(self):
        build, prefix = os.environ.get("SHOAL_BUILD", shoal.ROOT / "build/release"), self.path("prefix")
        self.command("cmake", "--install", build, "--prefix", prefix)
        self.assertIn("shoal 0.", self.command(prefix / "bin/shoal", "--version"))
        self.assert_scripts_and_configs(pathlib.Path(prefix) / "share/shoal")
        documents = pathlib.Path(prefix) / "share/doc/shoal"  # README.md names the pages by their place beside it
        self.assertEqual({page.name for page in (documents / "docs").iterdir()},
                         {page.name for page in (shoal.ROOT / "docs").iterdir()})
        self.assertTrue((documents / "README.md").exists())
        source = self.path("consumer")
        source.mkdir()
        (source / "CMakeLists.txt").write_text(CONSUMER_CMAKE)
        (source / "main.cpp").write_text(CONSUMER_MAIN)
        self.command("cmake", "-G", "Ninja", "-S", source, "-B", source / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
        self.command("cmake", "--build", source / "build")
        consumer = source / "build/consumer"
        self.assertEqual(self.command(consumer), "10 1 12\n")
        self.assertEqual(self.command("mpirun", "-n", "3", consumer), "10 1 12\n")
        self.assertTrue(pathlib.Path(prefix / "include/shoal/fit/fit.hpp").exists())

        self.check_examples(prefix)

    def check_examples(self, prefix):
        """What examples/ shows is what the program does."""
        build, data = self.path("examples"), shoal.ROOT / "tests/data/iris.h5"
        self.command("cmake", "-G", "Ninja", "-S", shoal.ROOT / "examples", "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}")
        self.command("cmake", "--build", build)
        self.command(prefix / "bin/shoal", "fit", "gaussian", data, "-k", 3, "--covariance", "diag",
                     "-o", self.path("program.h5"), "--labels", self.path("labels.h5"), "-q")
        with h5py.File(self.path("labels.h5")) as file:
            labels = "".join(f"{label}\n" for label in file["labels"])
        for ranks in (0, 1, 3):  # 0: without mpirun
            launcher = ["mpirun", "-n", ranks] if ranks else []
            model = self.path(f"example-{ranks}.h5")
            found = self.command(*launcher, build / "fit_file", data, 3, model)
            self.assertRegex(found, r"^log-likelihood -\d+\.\d+ after \d+ iterations \(tolerance\)\n$")
            self.assertEqual(model.read_bytes(), self.path("program.h5").read_bytes())
            self.assertEqual(self.command(*launcher, build / "apply_model", model, data), labels)
            lines = self.command(*launcher, build / "fit_memory").splitlines()
            self.assertEqual(len(lines), 3)
            centres = set()
            for line in lines:
                k, rows, x, y = re.fullmatch(r"cluster (\d): (\d+) rows around \((.+), (.+)\)", line).groups()
                self.assertAlmostEqual(int(rows), 1000 * max(1, ranks) / 3, delta=1)
                centres.add((round(float(x) - 0.5, 0), round(float(y) - 0.5, 0)))
            self.assertEqual(centres, {(0, 0), (10, 0), (0, 10)})


if __name__ == "__main__":
    shoal.main()
