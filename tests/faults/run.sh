#!/bin/sh
# Do the tests see faults? Applies each patch of this folder to a scratch copy of the last commit, builds what the tests
# that its first line names need, and runs them: `caught` where one fails, `SURVIVED` where all pass.
#
#   tests/faults/run.sh [NAME...]                 all patches, or these; a minute or so each, not part of CI
#   SHOAL_FAULTS_DIR=/scratch/faults run.sh ...   keeps the copy and its build there for the next time
#
# A patch that no longer applies is out of date: move it with the code, `git diff` makes it anew. Exits 1 where one
# survived, does not apply or does not build.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(git -C "$here" rev-parse --show-toplevel) || exit 1
scratch=${SHOAL_FAULTS_DIR:-$(mktemp -d)}
[ -n "${SHOAL_FAULTS_DIR:-}" ] || trap 'rm -rf "$scratch"' EXIT
copy=$scratch/tree
build=$scratch/build
if [ "$#" -eq 0 ]; then
  for patch in "$here"/*.patch; do set -- "$@" "$(basename "$patch" .patch)"; done
fi

[ -d "$copy" ] || git clone -q "$root" "$copy" || exit 1
faulted=$(git -C "$copy" diff --name-only)  # of a run that was interrupted: what it built is no good
git -C "$copy" fetch -q "$root" HEAD && git -C "$copy" checkout -q -f --detach FETCH_HEAD || exit 1
for file in $faulted; do touch "$copy/$file"; done
git -C "$copy" clean -q -fdx
cmake -S "$copy" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DSHOAL_BUILD_TESTS=ON > "$scratch/configure.log" ||
  { cat "$scratch/configure.log"; exit 1; }
# shellcheck source=/dev/null
. "$root/jobs/mpi-on-one-machine.sh"

tests_of() { sed -n '1s/^# must fail: //p' "$here/$1.patch"; }
names_of() { ctest --test-dir "$build" -N -R "$1" | sed -n 's/.*Test *#[0-9]*: //p'; }
# What to build for tests of these names: a program of their own each, or the program itself.
targets_of() {
  for test in $1; do
    case $test in
      system_*) echo shoal_program shoal_fault ;;
      *) echo "${test%.ranks-*}" ;;
    esac
  done | tr ' ' '\n' | sort -u
}
# shellcheck disable=SC2046  # names of targets hold no blanks
make_targets() { ninja -C "$build" -j "${SHOAL_FAULTS_JOBS:-2}" $(targets_of "$(names_of "$1")") > "$scratch/build.log" 2>&1; }
passes() { ctest --test-dir "$build" -R "$1" --timeout 300 --stop-on-failure > "$scratch/test.log" 2>&1; }

rm -f "$scratch/sound"
bad=0
say() { printf '%-44s %s\n' "$1" "$2"; }
for name in "$@"; do
  tests=$(tests_of "$name")
  if [ -z "$tests" ] || [ -z "$(names_of "$tests")" ]; then
    say "$name" "NAMES NO TEST"; bad=1; continue
  fi
  # Tests that fail anyway would catch everything; each set is tried once.
  if ! grep -qxF "$tests" "$scratch/sound" 2> /dev/null; then
    if ! make_targets "$tests" || ! passes "$tests"; then
      say "$name" "FAILS WITHOUT THE FAULT, see $scratch"; bad=1; continue
    fi
    echo "$tests" >> "$scratch/sound"
  fi
  if ! git -C "$copy" apply "$here/$name.patch"; then
    say "$name" "DOES NOT APPLY"; bad=1; continue
  fi
  if ! make_targets "$tests"; then
    say "$name" "DOES NOT BUILD"; bad=1
  elif passes "$tests"; then
    say "$name" "SURVIVED ($tests)"; bad=1
  else
    say "$name" "caught by $(sed -n 's/^ *[0-9]*\/[0-9]* Test *#[0-9]*: \([^ ]*\) .*\*\*\*.*/\1/p' "$scratch/test.log" | head -1)"
  fi
  git -C "$copy" checkout -q -f
done
exit $bad
