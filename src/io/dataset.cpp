#include "shoal/io/dataset.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

#include "io/guarded.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/io/file_summary.hpp"
#include "shoal/io/hdf5_file.hpp"

namespace shoal {
namespace {

std::optional<ElementType> integer_type(hid_t type) {
  const bool is_signed = H5Tget_sign(type) == H5T_SGN_2;
  switch (H5Tget_size(type)) {
    case 1:
      return is_signed ? ElementType::int8 : ElementType::uint8;
    case 2:
      return is_signed ? ElementType::int16 : ElementType::uint16;
    case 4:
      return is_signed ? ElementType::int32 : ElementType::uint32;
    case 8:
      return is_signed ? ElementType::int64 : ElementType::uint64;
    default:
      return std::nullopt;
  }
}

std::optional<ElementType> element_type(hid_t dataset) {
  const Hdf5Handle type(H5Dget_type(dataset), H5Tclose);
  switch (H5Tget_class(type)) {
    case H5T_FLOAT:
      if (H5Tget_size(type) == 4) return ElementType::float32;
      if (H5Tget_size(type) == 8) return ElementType::float64;
      return std::nullopt;
    case H5T_INTEGER:
      return integer_type(type);
    case H5T_ENUM:  // h5py's booleans: FALSE = 0, TRUE = 1 in a byte
      if (H5Tget_size(type) == 1 && H5Tget_nmembers(type) == 2) return ElementType::boolean;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

/// Names of all data sets of the file, in order of their names.
std::vector<std::string> dataset_paths(hid_t file) {
  std::vector<std::string> paths;
  const auto visit = [](hid_t, const char* name, const H5O_info_t* info, void* data) -> herr_t {
    if (info->type == H5O_TYPE_DATASET)
      static_cast<std::vector<std::string>*>(data)->push_back(std::string("/") + name);
    return 0;
  };
  H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, visit, &paths, H5O_INFO_BASIC);
  return paths;
}

std::vector<hsize_t> extents(hid_t dataset) {
  const Hdf5Handle space(H5Dget_space(dataset), H5Sclose);
  const int rank = H5Sget_simple_extent_ndims(space);
  std::vector<hsize_t> size(rank > 0 ? static_cast<std::size_t>(rank) : 0);
  if (rank > 0) H5Sget_simple_extent_dims(space, size.data(), nullptr);
  return size;
}

bool qualifies(hid_t file, const std::string& path, Wanted wanted) {
  const hid_t id = H5Dopen2(file, path.c_str(), H5P_DEFAULT);
  if (id < 0) return false;
  const Hdf5Handle dataset(id, H5Dclose);
  const auto type = element_type(dataset);
  if (!type) return false;
  if (wanted == Wanted::matrix) return extents(dataset).size() == 2;
  return extents(dataset).size() == 1 && *type != ElementType::float32 && *type != ElementType::float64;
}

std::string find_path(hid_t file, const std::string& name, Wanted wanted) {
  const std::string usual = wanted == Wanted::matrix ? "/X" : "/labels";
  if (H5Lexists(file, usual.c_str(), H5P_DEFAULT) > 0) return usual;
  std::vector<std::string> candidates;
  for (const std::string& path : dataset_paths(file))
    if (qualifies(file, path, wanted)) candidates.push_back(path);
  if (candidates.size() == 1) return candidates.front();
  const std::string what = wanted == Wanted::matrix ? "two-dimensional numeric" : "one-dimensional integer";
  if (candidates.empty())
    throw Error(ExitCode::bad_data, fmt::format("{}: no {} and no {} dataset in the file", name, usual, what));
  throw Error(ExitCode::bad_data, fmt::format("{}: no {} and several {} datasets ({}); name one, as in {}:{}", name,
                                              usual, what, fmt::join(candidates, ", "), name, candidates.front()));
}

/// How many times larger than stored values can be.
std::uint64_t most_expansion(hid_t creation) {
  std::uint64_t times = 1;
  for (int i = 0; i < H5Pget_nfilters(creation); ++i) {
    unsigned flags = 0;
    std::size_t n = 0;
    const H5Z_filter_t filter =
        H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &n, nullptr, 0, nullptr, nullptr);
    if (filter == H5Z_FILTER_DEFLATE)
      times *= 1032;
    else if (filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
      times *= 1U << 20U;  // scale-offset, and others that store a chunk of equal values in a few bytes
    times = std::min(times, std::uint64_t{1} << 24U);
  }
  return times;
}

void read_layout(hid_t dataset, DatasetInfo& info) {
  const Hdf5Handle creation(H5Dget_create_plist(dataset), H5Pclose);
  info.most_bytes = std::min(H5Dget_storage_size(dataset), hsize_t{1} << 40U) * most_expansion(creation);
  if (H5Pget_layout(creation) != H5D_CHUNKED) return;
  std::vector<hsize_t> chunk(static_cast<std::size_t>(info.rank));
  H5Pget_chunk(creation, info.rank, chunk.data());
  info.chunk_rows = static_cast<std::int64_t>(chunk[0]);
  info.compressed = H5Pget_nfilters(creation) > 0;
}

}  // namespace

std::string to_string(ElementType type) {
  return std::array{"float32", "float64", "int8",   "int16",  "int32",  "int64",
                    "uint8",   "uint16",  "uint32", "uint64", "boolean"}
      .at(static_cast<std::size_t>(type));
}

std::size_t size_of(ElementType type) {
  return std::array<std::size_t, 11>{4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 1}.at(static_cast<std::size_t>(type));
}

DatasetName parse_dataset_name(const std::string& text) {
  const std::size_t colon = text.rfind(":/");
  if (colon == std::string::npos || colon == 0 || std::filesystem::exists(text)) return {text, ""};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

void require_visible(const std::string& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored))
    throw Error(ExitCode::no_input,
                fmt::format("{}: some hosts do not see this file; put it on a file system that all hosts share", file));
}

void require_hdf5_file(const std::string& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored))
    throw Error(ExitCode::no_input, fmt::format("{}: no such file; check the name and the folder", file));
  if (std::filesystem::is_directory(file, ignored))
    throw Error(ExitCode::no_input, fmt::format("{}: is a folder; give an HDF5 file", file));
  if (!std::ifstream(file, std::ios::binary))
    throw Error(ExitCode::no_input,
                fmt::format("{}: cannot be read ({}); check its permissions", file, std::strerror(errno)));
  if (H5Fis_hdf5(file.c_str()) <= 0)
    throw Error(ExitCode::bad_data,
                fmt::format("{}: is not an HDF5 file; `shoal convert` makes one from CSV or NPY", file));
}

namespace {

FileSummary summarise_here(const std::string& name) {
  const Hdf5Handle file = open_file(name);
  FileSummary summary;
  summary.format = read_text_attribute(file, "format").value_or("");
  for (const std::string& path : dataset_paths(file)) {
    const hid_t id = H5Dopen2(file, path.c_str(), H5P_DEFAULT);
    if (id < 0) continue;
    const Hdf5Handle dataset(id, H5Dclose);
    const auto type = element_type(dataset);
    DatasetInfo info;
    const std::vector<hsize_t> size = extents(dataset);
    info.rank = static_cast<int>(size.size());
    if (info.rank > 0) read_layout(dataset, info);
    const std::string layout = info.chunk_rows == 0 ? "contiguous" : fmt::format("chunks of {} rows", info.chunk_rows);
    summary.datasets.push_back({path, size.empty() ? "scalar" : fmt::format("{}", fmt::join(size, " x ")),
                                type ? to_string(*type) : "other", layout + (info.compressed ? ", compressed" : "")});
  }
  return summary;
}

}  // namespace

FileSummary summarise_file(const std::string& name) {
  return guarded<FileSummary>(name, [&] { return summarise_here(name); });
}

DatasetInfo describe_dataset(const std::string& name, Wanted wanted) {
  const DatasetName parsed = parse_dataset_name(name);
  const Hdf5Handle file = open_file(parsed.file);
  DatasetInfo info;
  info.file = parsed.file;
  info.path = parsed.path.empty() ? find_path(file, parsed.file, wanted) : parsed.path;
  const Hdf5Handle dataset = hold(
      H5Dopen2(file, info.path.c_str(), H5P_DEFAULT), H5Dclose, ExitCode::bad_data,
      fmt::format("{}: no dataset {} in it; `shoal info {}` lists what there is", info.file, info.path, info.file));
  const std::vector<hsize_t> size = extents(dataset);
  const std::size_t needed = wanted == Wanted::matrix ? 2 : 1;
  if (size.size() != needed && !(wanted == Wanted::labels && size.size() == 2 && size[1] == 1))
    throw Error(ExitCode::bad_data, fmt::format("{}: has {} dimensions, needed are {}{}", info.name(), size.size(),
                                                needed, needed == 2 ? " (rows x features)" : ""));
  const auto type = element_type(dataset);
  if (!type)
    throw Error(ExitCode::bad_data,
                fmt::format("{}: is neither float32, float64, integer nor boolean; convert it first", info.name()));
  constexpr hsize_t most_rows = hsize_t{1} << 48U, most_columns = hsize_t{1} << 31U;
  if (size[0] > most_rows || (size.size() == 2 && size[1] > most_columns))
    throw Error(ExitCode::bad_data,
                fmt::format("{}: claims to be {}; it is damaged", info.name(), fmt::join(size, " x ")));
  info.rank = static_cast<int>(size.size());
  info.type = *type;
  info.n_rows = static_cast<std::int64_t>(size[0]);
  info.n_columns = size.size() == 2 ? static_cast<std::int64_t>(size[1]) : 1;
  if (info.n_rows == 0 || info.n_columns == 0)
    throw Error(ExitCode::bad_data,
                fmt::format("{}: is empty ({} rows, {} columns)", info.name(), info.n_rows, info.n_columns));
  read_layout(dataset, info);
  info.levels = read_integers_attribute(dataset, "levels");
  for (const std::int64_t n : info.levels)
    if (n < 1 || n > 65534)
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: its attribute `levels` holds {}; a feature has 1 to 65534 levels", info.name(), n));
  info.feature_names = read_texts_attribute(dataset, "feature_names");
  if (static_cast<std::int64_t>(info.feature_names.size()) != info.n_columns) info.feature_names.clear();
  return info;
}

std::vector<DatasetInfo> describe_datasets(const Communicator& comm, const std::vector<std::string>& names,
                                           Wanted wanted) {
  std::vector<DatasetInfo> infos;
  on_root(comm, [&] {
    for (const std::string& name : names)
      infos.push_back(
          guarded<DatasetInfo>(parse_dataset_name(name).file, [&] { return describe_dataset(name, wanted); }));
  });
  broadcast_object(comm, infos);
  return infos;
}

}  // namespace shoal
