#!/bin/sh
# Sets everything up and runs all tests: formatting, include rules, unit, MPI and system tests of an optimised build
# with warnings as errors, then the unit and MPI tests, and some runs of the program, under the sanitizers, and fuzzers.
set -eu
cd "$(dirname "$0")/.."

jobs/setup.sh tests
. jobs/mpi-on-one-machine.sh
export OMP_WAIT_POLICY=passive
cores=$(nproc)

echo "== formatting"
git ls-files 'src/*.cpp' 'src/*.hpp' 'include/*.hpp' 'tests/*.cpp' 'tests/*.hpp' | xargs clang-format --dry-run --Werror

echo "== release build, warnings are errors"
cmake --preset release -DSHOAL_BUILD_TESTS=ON -DSHOAL_BUILD_BENCHMARKS=ON -DSHOAL_WERROR=ON >/dev/null
cmake --build --preset release --parallel "$cores" >/dev/null
ctest --test-dir build/release --output-on-failure --parallel 2

echo "== address and undefined behaviour sanitizers"
cmake --preset asan -DSHOAL_WERROR=ON >/dev/null
cmake --build --preset asan --parallel "$cores" >/dev/null
# Leaks are not looked for: Open MPI keeps memory of its own until the process ends.
ASAN_OPTIONS=detect_leaks=0 ctest --test-dir build/asan --output-on-failure --parallel 2 \
  --tests-regex '^(core|math|model|io_|row_coding|include|.*ranks-[13]$|system_(errors|edge_cases))' \
  --exclude-regex 'ranks-[247]$'

tests/fuzz/run.sh 12
