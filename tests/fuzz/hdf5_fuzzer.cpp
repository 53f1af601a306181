// libFuzzer on model and label files. The first byte says how: the rest is a file, which HDF5 reads in a process of its
// own as it does in the program; or it tells what a sound HDF5 file holds, which our code reads in this one.
#include <fuzzer/FuzzedDataProvider.h>
#include <hdf5.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "shoal/comm/environment.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/dataset.hpp"
#include "shoal/io/hdf5_handle.hpp"
#include "shoal/io/label_file.hpp"
#include "shoal/io/level_names.hpp"
#include "shoal/io/model_file.hpp"
#include "shoal/io/reader_process.hpp"
#include "shoal/io/slice_reader.hpp"

namespace {

using shoal::Hdf5Handle;

constexpr std::array names = {"format",    "format_version", "model",        "covariance",     "mixing",
                              "center",    "n_clusters",     "n_features",   "n_rows",         "total_weight",
                              "objective", "seed",           "n_iterations", "log_likelihood", "n_parameters",
                              "bic",       "feature_names",  "levels",       "stop_reason",    "options",
                              "converged", "shoal_version",  "scale_factor", "_FillValue",     "valid_range",
                              "shape",     "encoding-type",  "MATLAB_class"};

template <class F>
void attempt(const F& read) {
  try {
    read();
  } catch (const shoal::Error& error) {
    if (error.code() != shoal::ExitCode::bad_data && error.code() != shoal::ExitCode::no_input &&
        error.code() != shoal::ExitCode::no_memory && error.code() != shoal::ExitCode::usage)
      __builtin_trap();
  }
}

/// Reads every row of a matrix, in whatever shape it lies, unless it claims to be large.
void read_matrix(const shoal::Communicator& comm, const std::string& name, const std::string& row_axes) {
  shoal::ShapeOptions shape;
  shape.row_axes = row_axes;
  const auto infos = shoal::describe_datasets(comm, {name}, shoal::Wanted::matrix, shape);
  constexpr std::int64_t most = 1 << 16;
  const std::int64_t rows = shoal::total_rows(infos);
  for (const shoal::DatasetInfo& info : infos)
    if (rows > most || info.n_columns > most) return;
  std::int64_t seen = 0;
  shoal::read_slices(
      comm, infos,
      [&](int) {
        return shoal::Range{0, rows};
      },
      1, [&](const shoal::Slice& slice) { seen += slice.n_rows; });
  if (seen != rows) __builtin_trap();
}

void read_all(const std::string& file) {
  static const shoal::Communicator comm = shoal::Communicator::self();
  attempt([&] { shoal::read_model(comm, file, {"covariance", "center"}); });
  attempt([&] {
    std::vector<std::string> sources;
    shoal::read_parameters(comm, file, sources);
  });
  attempt([&] { shoal::summarise_file(file); });
  attempt([&] {
    const auto infos = shoal::describe_datasets(comm, {file}, shoal::Wanted::labels);
    if (shoal::read_labels(comm, infos[0]).size() != static_cast<std::size_t>(infos[0].n_rows)) __builtin_trap();
  });
  for (const char* path : {"", ":/history", ":/", ":/x,/counts"})
    for (const char* axes : {"", "0", "1,0"}) attempt([&] { read_matrix(comm, file + path, axes); });
  attempt([&] {
    auto infos = shoal::describe_datasets(comm, {file}, shoal::Wanted::matrix);
    shoal::match_levels(comm, {shoal::Values::codes, ""}, std::nullopt, infos);
    for (const auto& [feature, names] : infos[0].level_names)
      if (names.empty() || feature >= static_cast<std::size_t>(infos[0].n_columns)) __builtin_trap();
  });
  attempt([&] { shoal::describe_datasets(comm, {file + ":/labels"}, shoal::Wanted::ids); });
}

hid_t type_for(FuzzedDataProvider& in) {
  const std::array types = {H5T_NATIVE_DOUBLE, H5T_NATIVE_FLOAT, H5T_NATIVE_INT8, H5T_NATIVE_UINT16,
                            H5T_NATIVE_INT32,  H5T_STD_I64BE,    H5T_IEEE_F64BE,  H5T_C_S1};
  return in.PickValueInArray(types);
}

Hdf5Handle space_for(FuzzedDataProvider& in) {
  std::vector<hsize_t> size(in.ConsumeIntegralInRange<std::size_t>(0, 4));
  for (hsize_t& n : size)
    n = in.ConsumeBool() ? in.ConsumeIntegralInRange<hsize_t>(0, 5) : in.ConsumeIntegral<hsize_t>();
  const hid_t id = H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr);
  return id < 0 ? Hdf5Handle(H5Screate(H5S_SCALAR), H5Sclose) : Hdf5Handle(id, H5Sclose);
}

/// Bytes for a few values of any type.
std::vector<std::uint8_t> values_for(FuzzedDataProvider& in, hid_t space) {
  const hssize_t n = H5Sget_simple_extent_npoints(space);
  if (n < 0 || n > 1000) return {};
  std::vector<std::uint8_t> bytes = in.ConsumeBytes<std::uint8_t>(static_cast<std::size_t>(8 * n));
  bytes.resize(static_cast<std::size_t>(8 * n) + 8);
  return bytes;
}

void add_attribute(FuzzedDataProvider& in, hid_t object) {
  const char* const name = in.PickValueInArray(names);
  if (H5Aexists(object, name) > 0) H5Adelete(object, name);
  const bool text = in.ConsumeBool();
  const Hdf5Handle space = in.ConsumeBool() ? Hdf5Handle(H5Screate(H5S_SCALAR), H5Sclose) : space_for(in);
  Hdf5Handle type(H5Tcopy(text ? H5T_C_S1 : type_for(in)), H5Tclose);
  const std::array usual = {"shoal-model", "csr_matrix"};
  const std::string value = in.ConsumeBool() ? in.PickValueInArray(usual) : in.ConsumeRandomLengthString(20);
  if (text) H5Tset_size(type, H5T_VARIABLE);
  const hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  if (attribute < 0) return;
  const hssize_t n = H5Sget_simple_extent_npoints(space);
  const std::vector<const char*> texts(n > 0 && n <= 1000 ? static_cast<std::size_t>(n) : 0, value.c_str());
  const std::vector<std::uint8_t> bytes = values_for(in, space);
  if (text && !texts.empty()) H5Awrite(attribute, type, texts.data());
  if (!text && !bytes.empty()) H5Awrite(attribute, type, bytes.data());
  H5Aclose(attribute);
}

void add_dataset(FuzzedDataProvider& in, hid_t parent) {
  const std::array places = {"counts",  "means",  "labels",  "objective",   "weights",      "x", "data", "0",
                             "indices", "indptr", "chunk_0", "shoal-model", "level_offsets"};
  const char* const name = in.PickValueInArray(places);
  const Hdf5Handle space = space_for(in);
  const Hdf5Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  const int rank = H5Sget_simple_extent_ndims(space);
  if (rank > 0 && in.ConsumeBool()) {
    const std::vector<hsize_t> chunk(static_cast<std::size_t>(rank), in.ConsumeIntegralInRange<hsize_t>(1, 4));
    H5Pset_chunk(creation, rank, chunk.data());
    if (in.ConsumeBool()) H5Pset_deflate(creation, 1);
  }
  const hid_t type = type_for(in);
  const hid_t dataset = H5Dcreate2(parent, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
  if (dataset < 0) return;
  const std::vector<std::uint8_t> bytes = values_for(in, space);
  if (!bytes.empty() && in.ConsumeBool()) H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data());
  if (in.ConsumeBool()) add_attribute(in, dataset);
  H5Dclose(dataset);
}

void write_file(FuzzedDataProvider& in, const std::string& name) {
  const Hdf5Handle file(H5Fcreate(name.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose);
  const Hdf5Handle parameters(H5Gcreate2(file, "parameters", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
  const Hdf5Handle levels(H5Gcreate2(file, "levels", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
  const Hdf5Handle history(H5Gcreate2(file, "history", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
  while (in.remaining_bytes() > 0) {
    const std::array<hid_t, 4> parents = {file, parameters, history, levels};
    if (in.ConsumeBool())
      add_attribute(in, in.PickValueInArray(parents));
    else
      add_dataset(in, in.PickValueInArray(parents));
  }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  if (const auto code = shoal::serve_as_reader(*argc, *argv)) _exit(*code);
  static const shoal::Environment environment(*argc, *argv);
  shoal::silence_hdf5();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const int file = memfd_create("file", 0);
  static const std::string name = "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(file);
  if (ftruncate(file, 0) != 0) __builtin_trap();
  shoal::read_elsewhere = data[0] % 64 == 0;
  if (shoal::read_elsewhere) {
    if (pwrite(file, data + 1, size - 1, 0) != static_cast<ssize_t>(size - 1)) __builtin_trap();
  } else {
    FuzzedDataProvider in(data + 1, size - 1);
    write_file(in, name);
  }
  read_all(name);
  return 0;
}
