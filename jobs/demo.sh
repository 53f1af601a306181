#!/bin/sh
# The main job on real data: a Bernoulli mixture of ten components on 1,797 handwritten digits, on 2 ranks.
# Sets everything up first. Leaves the model, the labels and a log in the folder build/demo.
set -eu
cd "$(dirname "$0")/.."

jobs/setup.sh
if [ ! -f build/release/CMakeCache.txt ]; then
  cmake --preset release -DSHOAL_BUILD_TESTS=OFF
fi
[ -x build/release/shoal ] || echo "building: some minutes ..." >&2
cmake --build --preset release --parallel "$(nproc)" --target shoal_program
. jobs/mpi-on-one-machine.sh

shoal=build/release/shoal
data=tests/data/digits-binary.h5 # 8 x 8 pixels, 1 where the ink is more than 7 of 16; made by `shoal convert`
out=build/demo
mkdir -p "$out"

echo
echo "\$ mpirun -n 2 shoal fit bernoulli $data -k 10 -o model.h5 --labels labels.h5"
mpirun -n 2 "$shoal" fit bernoulli "$data" -k 10 -o "$out/model.h5" --labels "$out/labels.h5" --log "$out/log.jsonl" --overwrite

echo
echo "\$ shoal compare labels.h5 $data:/labels        # the clusters against the true digits"
"$shoal" compare "$out/labels.h5" "$data:/labels"

echo
echo "\$ shoal info model.h5 --prototypes 8               # the ten prototypes: probability of ink"
"$shoal" info "$out/model.h5" --prototypes 8

echo
echo "In $out: model.h5, labels.h5, log.jsonl. Look into the model with: $shoal info $out/model.h5"
