#!/bin/sh
# Builds a fuzzer for each reader of foreign bytes, under the sanitizers, and runs each for SECONDS. Needs clang, and the
# release build for files to start from.  usage: tests/fuzz/run.sh SECONDS
set -eu
cd "$(dirname "$0")/../.."
seconds=$1
fuzz=build/fuzz
mkdir -p $fuzz/checkpoint $fuzz/table $fuzz/hdf5 $fuzz/chunk

build() { # fuzzer, sources
  name=$1
  shift
  # shellcheck disable=SC2046 # flags are several words
  OMPI_CXX=clang++ mpicxx -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -Iinclude -Isrc -I/usr/include/liblzf \
    "tests/fuzz/${name}_fuzzer.cpp" "$@" $(pkg-config --cflags --libs hdf5-openmpi) -lfmt -lboost_serialization -lcsv -ldeflate -llzf -lhwy \
    -o "$fuzz/${name}_fuzzer"
}
reader="src/io/hdf5_file.cpp src/io/foreign_file.cpp src/io/number_type.cpp src/io/describe_storage.cpp src/io/virtual_sources.cpp
  src/io/foreign_kind.cpp src/io/find_data.cpp src/io/describe.cpp src/io/describe_array.cpp src/io/describe_group.cpp src/io/describe_sparse.cpp
  src/io/describe_records.cpp src/io/describe_names.cpp src/io/packing.cpp src/io/reader_rows.cpp src/io/assembly.cpp
  src/io/assembled_rows.cpp src/io/column_list.cpp src/io/reader_serve.cpp src/io/reader_process.cpp src/io/socket_passing.cpp src/io/dataset.cpp src/io/chunk_index.cpp src/io/piece_reader.cpp
  src/io/slice_reader.cpp"
undo="src/io/storage.cpp src/io/numbers.cpp src/io/packed_bits.cpp src/io/filters.cpp"
# shellcheck disable=SC2086 # lists of files
build hdf5 $reader $undo src/io/model_file.cpp src/io/model_reading.cpp src/io/level_group.cpp src/io/scan_table.cpp src/io/level_names.cpp src/core/feature_names.cpp src/io/label_file.cpp src/io/label_text.cpp src/io/row_writer.cpp src/io/output_file.cpp src/io/output_path.cpp \
  src/io/durable_file.cpp src/io/digest.cpp src/math/placed_digest.cpp src/math/target.cpp src/comm/communicator.cpp src/comm/agree.cpp src/comm/environment.cpp &
# shellcheck disable=SC2086
build chunk $undo
build checkpoint src/io/envelope.cpp src/io/checkpoint.cpp
# shellcheck disable=SC2086
build table $undo src/io/table_source_text.cpp src/io/table_source_npy.cpp src/io/table_columns.cpp src/io/column_list.cpp \
  src/io/text_layout.cpp src/io/text_records.cpp src/io/cell.cpp src/io/foreign_kind.cpp \
  src/io/rereadable.cpp src/io/durable_file.cpp src/io/digest.cpp src/math/placed_digest.cpp src/math/target.cpp src/core/utf8.cpp src/comm/communicator.cpp
wait $!

# Files to start from, behind a byte that says how they are read.
start() { # file, corpus
  { printf '\0' && cat "$1"; } >"$fuzz/$2/$(basename "$1")"
}
build/release/shoal fit kmeans tests/data/iris.h5 -k 3 -o $fuzz/model.h5 --labels $fuzz/labels.h5 --overwrite --quiet
build/release/shoal fit kmeans tests/data/iris.h5 -k 3 --standardize sd -o $fuzz/scaled.h5 --overwrite --quiet
build/release/shoal convert tests/data/iris.csv $fuzz/levels.h5 --categorical all --overwrite --quiet
build/release/shoal fit categorical $fuzz/levels.h5 -k 2 -o $fuzz/names.h5 --overwrite --quiet
/usr/bin/python3 -c "import numpy; numpy.save('$fuzz/x.npy', numpy.arange(12.0).reshape(3, 4))"
build/release/shoal select kmeans tests/data/iris.h5 -k 2,3 -o $fuzz/best.h5 --overwrite --quiet
start $fuzz/model.h5 hdf5
start $fuzz/best.h5 hdf5
start $fuzz/scaled.h5 hdf5
start $fuzz/labels.h5 hdf5
start $fuzz/levels.h5 hdf5
start $fuzz/names.h5 hdf5
start $fuzz/x.npy table
head -n 20 tests/data/iris.csv >$fuzz/x.csv
start $fuzz/x.csv table

for name in checkpoint table chunk hdf5; do
  echo "== fuzzing $name for $seconds s"
  # Leaks are not looked for: Open MPI and HDF5 keep memory of their own until the process ends.
  ASAN_OPTIONS=detect_leaks=0 $fuzz/${name}_fuzzer -max_total_time="$seconds" -rss_limit_mb=2048 -max_len=16384 \
    -artifact_prefix=$fuzz/ $fuzz/$name 2>$fuzz/$name.log || {
    tail -n 40 $fuzz/$name.log
    exit 1
  }
  tail -n 1 $fuzz/$name.log
done
