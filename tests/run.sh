#!/bin/sh
# Sets everything up and runs the tests: formatting, include rules, unit, MPI and system tests of an optimised build with
# warnings as errors. With --all also what takes long: many more kills and attacks, the unit and MPI tests and some runs of the
# program under the sanitizers, and fuzzers.
set -eu
cd "$(dirname "$0")/.."

all=
case "${1:-}" in
  --all) all=yes ;;
  "") ;;
  *) echo "usage: tests/run.sh [--all]" >&2 && exit 64 ;;
esac

jobs/setup.sh tests
. jobs/mpi-on-one-machine.sh
export OMP_WAIT_POLICY=passive
cores=$(nproc)
side_by_side=$((2 * cores)) # tests that start MPI wait for it more than they work

echo "== formatting"
git ls-files 'src/*.cpp' 'src/*.hpp' 'include/*.hpp' 'tests/*.cpp' 'tests/*.hpp' 'examples/*.cpp' | xargs clang-format --dry-run --Werror

echo "== release build, warnings are errors"
cmake --preset release -DSHOAL_BUILD_TESTS=ON -DSHOAL_WERROR=ON ${all:+-DSHOAL_BUILD_BENCHMARKS=ON} >/dev/null
cmake --build --preset release --parallel "$cores" >/dev/null
KILLS=${all:+42} ATTACKS=${all:+250} ctest --test-dir build/release --output-on-failure --parallel "$side_by_side"
[ -n "$all" ] || exit 0

echo "== address and undefined behaviour sanitizers"
cmake --preset asan -DSHOAL_WERROR=ON >/dev/null
cmake --build --preset asan --parallel "$cores" >/dev/null
# Leaks are not looked for: Open MPI keeps memory of its own until the process ends.
ASAN_OPTIONS=detect_leaks=0 ctest --test-dir build/asan --output-on-failure --parallel "$side_by_side" \
  --tests-regex '^(core|math|model|io_|row_coding|include|.*ranks-[13]$|system_(errors|edge_cases|files))' \
  --exclude-regex 'ranks-[2457]$'

tests/fuzz/run.sh 12
