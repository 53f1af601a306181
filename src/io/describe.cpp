#include "io/describe.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "io/foreign_file.hpp"
#include "io/numbers.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/assembly.hpp"
#include "shoal/io/column_list.hpp"
#include "shoal/io/hdf5_file.hpp"

namespace shoal {
namespace {

FoundDataset found(hid_t file, const std::string& name, const std::string& path) {
  const Hdf5Handle dataset(H5Dopen2(file, path.c_str(), H5P_DEFAULT), H5Dclose);
  if (dataset < 0) return {path, "", "other", "damaged"};
  const std::vector<std::int64_t> size = extents_of(dataset);
  const auto type = number_type_of(dataset);
  const Hdf5Handle stored(H5Dget_type(dataset), H5Tclose);
  FoundDataset result{path, size.empty() ? "scalar" : fmt::format("{}", fmt::join(size, " x ")),
                      type                                   ? type->stored.name
                      : H5Tget_class(stored) == H5T_COMPOUND ? "table"
                                                             : "other",
                      "contiguous"};
  if (!type || size.empty()) return result;
  DatasetInfo info;
  info.file = name;
  info.path = path;
  info.shape = size;
  info.row_axes = {0};
  info.n_rows = size[0];
  for (std::size_t axis = 1; axis < size.size(); ++axis) info.n_columns *= size[axis];
  try {
    read_storage(dataset, *type, info);
    result.layout = to_string(info.storage);
    require_filters(info);
  } catch (const Error& error) {  // it cannot be read, and why
    result.layout += fmt::format("; not readable: {}", error.what());
  }
  return result;
}

/// The paths of /a,/b; one, where there is a data set of that very name.
std::vector<std::string> split_paths(hid_t file, const std::string& path) {
  if (path.find(',') == std::string::npos || H5Lexists(file, path.c_str(), H5P_DEFAULT) > 0) return {path};
  std::vector<std::string> paths;
  std::string folder = "/";  // of the one before: /group/a,b
  for (const std::string& one : entries_of(path)) {
    if (one.empty() || one == "/")
      throw Error(ExitCode::usage, fmt::format("{}: a data set is missing between its commas", path));
    paths.push_back(one.starts_with('/') ? one : folder + one);
    folder = paths.back().substr(0, paths.back().rfind('/') + 1);
  }
  return paths;
}

std::vector<DatasetInfo> describe_path(hid_t file, const DatasetInfo& info, Wanted wanted, const ShapeOptions& shape,
                                       bool beside) {
  H5O_info_t object{};
  const bool there =
      info.path == "/" || H5Oget_info_by_name2(file, info.path.c_str(), &object, H5O_INFO_BASIC, H5P_DEFAULT) >= 0;
  const bool group = there && (info.path == "/" || object.type == H5O_TYPE_GROUP);
  if (group && wanted == Wanted::matrix) return describe_group(file, info, shape);
  if (group)
    throw Error(ExitCode::bad_data, fmt::format("{}: is a group, not a data set; `shoal info {}` lists what there is",
                                                info.name(), info.file));
  if (!there || object.type != H5O_TYPE_DATASET) no_dataset(file, info);
  const Hdf5Handle dataset(open_dataset(file, info.path), H5Dclose);
  if (dataset < 0) no_dataset(file, info);
  const Hdf5Handle type(H5Dget_type(dataset), H5Tclose);
  if (wanted == Wanted::matrix && H5Tget_class(type) == H5T_COMPOUND) return {describe_records(file, info, shape)};
  return {describe_array(file, info, wanted, shape, beside)};
}

/// Several paths side by side; a group of chunks may be one of them only where it stands alone.
std::vector<DatasetInfo> describe_paths(hid_t file, const DatasetInfo& info, Wanted wanted, const ShapeOptions& shape) {
  const std::vector<std::string> paths = split_paths(file, info.path);
  if (paths.size() == 1 || wanted != Wanted::matrix) return describe_path(file, info, wanted, shape, false);
  std::vector<DatasetInfo> parts;
  ShapeOptions of_each = shape;
  of_each.columns.clear();  // they are numbered over all
  for (const std::string& path : paths) {
    DatasetInfo one = info;
    one.path = path;
    std::vector<DatasetInfo> part = describe_path(file, one, wanted, of_each, true);
    if (part.size() != 1)
      throw Error(ExitCode::bad_data, fmt::format("{}: holds chunks of rows, which cannot be put beside other columns; "
                                                  "name each chunk, with the columns that belong to it",
                                                  one.name()));
    parts.push_back(std::move(part.front()));
  }
  return {side_by_side(std::move(parts), info.path)};
}

/// What a person calls missing, in each of the types that columns are stored in.
void add_missing(const std::vector<long double>& values, DatasetInfo& info) {
  if (!info.assembled()) return;
  for (ColumnBlock& block : info.blocks)
    for (const long double value : values)
      if (const auto stored = as_stored(block.number, rounded_to(block.number, value)))
        block.packing.missing.push_back(*stored);
  settle_type(info);
}

}  // namespace

std::vector<DatasetInfo> describe_data(const std::string& name, Wanted wanted, const ShapeOptions& shape) {
  const DatasetName parsed = parse_dataset_name(name);
  const Hdf5Handle file = open_file(parsed.file);
  DatasetInfo info;
  info.file = parsed.file;
  info.path = parsed.path.empty() ? find_path(file, parsed.file, wanted, shape.columns) : parsed.path;
  std::vector<DatasetInfo> found = describe_paths(file, info, wanted, shape);
  for (DatasetInfo& one : found) {
    if (!shape.columns.empty() && one.column_numbers.empty()) choose_columns(one, shape.columns);
    if (!shape.rows.empty()) assemble(one);
    add_missing(shape.missing_values, one);
    one.storage.sources.assign(files_opened().begin(), files_opened().end());
  }
  return found;
}

FileSummary summarise(const std::string& name) {
  const Hdf5Handle file = open_file(name);
  FileSummary summary;
  summary.format = read_text_attribute(file, "format").value_or("");
  for (const std::string& path : dataset_paths(file)) summary.datasets.push_back(found(file, name, path));
  return summary;
}

}  // namespace shoal
