// Groups: of columns, of chunks of rows, and sparse matrices.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "io/describe.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/assembly.hpp"
#include "shoal/io/column_list.hpp"
#include "shoal/io/hdf5_file.hpp"

namespace shoal {
namespace {

/// In the order in which they were made, where the group keeps it, else of their names: as h5py lists them.
std::vector<std::string> members_of(hid_t group) {
  const Hdf5Handle creation(H5Gget_create_plist(group), H5Pclose);
  unsigned order = 0;
  H5Pget_link_creation_order(creation, &order);
  std::vector<std::string> names;
  const auto collect = [](hid_t, const char* name, const H5L_info_t*, void* data) -> herr_t {
    static_cast<std::vector<std::string>*>(data)->emplace_back(name);
    return 0;
  };
  const bool tracked = (order & H5P_CRT_ORDER_TRACKED) != 0;
  if (!tracked || H5Literate(group, H5_INDEX_CRT_ORDER, H5_ITER_INC, nullptr, collect, &names) < 0) {
    names.clear();
    H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect, &names);
  }
  // vaex keeps their order as a text of its own
  const std::string kept = read_text_attribute(group, "column_order").value_or("");
  const std::vector<std::string> first = kept.empty() ? std::vector<std::string>{} : entries_of(kept);
  std::ranges::stable_sort(names, {}, [&](const std::string& name) { return std::ranges::find(first, name); });
  return names;
}

std::string below(const std::string& path, const std::string& name) { return (path == "/" ? "" : path) + "/" + name; }

bool is_group(hid_t file, const std::string& path) {
  H5O_info_t object{};
  return H5Oget_info_by_name2(file, path.c_str(), &object, H5O_INFO_BASIC, H5P_DEFAULT) >= 0 &&
         object.type == H5O_TYPE_GROUP;
}

/// A one-dimensional numeric data set of a group, or of a group within it by the name of `data` (vaex).
struct Column {
  std::string name;
  std::string path;
  std::int64_t n_rows;
  static constexpr std::int64_t lost = -1;  ///< n_rows where nothing is there
  bool masked = false;                      ///< some entries are no values, as a data set beside it tells
};

/// netCDF keeps the length of a dimension as a data set, which is no data.
bool is_mere_dimension(hid_t dataset) {
  return read_text_attribute(dataset, "NAME").value_or("").starts_with(mere_dimension);
}

std::optional<Column> find_column(hid_t file, const std::string& group, const std::string& name) {
  std::string path = below(group, name);
  H5O_info_t object{};
  if (H5Oget_info_by_name2(file, path.c_str(), &object, H5O_INFO_BASIC, H5P_DEFAULT) < 0)
    return Column{name, path, Column::lost};  // a link that leads nowhere
  bool masked = false;
  if (is_group(file, path)) {
    for (const char* mask : {"/mask", "/null_bitmap"})
      masked = masked || H5Lexists(file, (path + mask).c_str(), H5P_DEFAULT) > 0;
    path += "/data";
  }
  const Hdf5Handle dataset(open_dataset(file, path), H5Dclose);
  if (dataset < 0 || !number_type_of(dataset) || is_mere_dimension(dataset)) return std::nullopt;
  const std::vector<std::int64_t> size = extents_of(dataset);
  if (size.size() != 1) return std::nullopt;
  return Column{name, path, size[0], masked};
}

/// GATK's chunks of rows: their number behind `chunk_`.
std::optional<std::int64_t> chunk_number(const std::string& name) {
  constexpr std::string_view prefix = "chunk_";
  if (!name.starts_with(prefix)) return std::nullopt;
  std::int64_t number = 0;
  const char* const end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + prefix.size(), end, number);
  return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

bool is_chunk(hid_t file, const std::string& group, const std::string& name) {
  if (!chunk_number(name)) return false;
  const Hdf5Handle dataset(open_dataset(file, below(group, name)), H5Dclose);
  return dataset >= 0 && extents_of(dataset).size() == 2;
}

/// A number that GATK writes beside the chunks must be what they add up to.
void require_number(hid_t file, const DatasetInfo& info, const char* name, std::int64_t needed) {
  const Hdf5Handle dataset(open_dataset(file, below(info.path, name)), H5Dclose);
  if (dataset < 0 || !number_type_of(dataset)) return;
  const Hdf5Handle space(H5Dget_space(dataset), H5Sclose);
  double value = 0;
  if (H5Sget_simple_extent_npoints(space) != 1 ||
      H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, &value) < 0 ||
      value == static_cast<double>(needed))
    return;
  throw Error(ExitCode::bad_data, fmt::format("{}: its {} is {}, but the chunks have {}: some are missing, or it is "
                                              "damaged",
                                              info.name(), name, value, needed));
}

/// Chunks of rows, in the order of their numbers, as data sets of their own.
std::vector<DatasetInfo> describe_chunks(hid_t file, const DatasetInfo& info, const std::vector<std::string>& members,
                                         const ShapeOptions& shape) {
  std::vector<std::pair<std::int64_t, std::string>> chunks;
  for (const std::string& name : members)
    if (const auto number = chunk_number(name); number && is_chunk(file, info.path, name))
      chunks.emplace_back(*number, name);
  std::ranges::sort(chunks);
  std::vector<DatasetInfo> found;
  for (const auto& [number, name] : chunks) {
    DatasetInfo one = info;
    one.path = below(info.path, name);
    found.push_back(describe_array(file, one, Wanted::matrix, shape));
  }
  require_number(file, info, "num_chunks", static_cast<std::int64_t>(found.size()));
  require_number(file, info, "num_columns", found.front().n_columns);
  require_number(file, info, "num_rows", total_rows(found));
  return found;
}

/// What a group holds, for a message.
std::string list(const std::vector<std::string>& names) {
  constexpr std::size_t most = 12;
  const auto n = static_cast<std::ptrdiff_t>(std::min(names.size(), most));
  return fmt::format("{}{}", fmt::join(names.begin(), names.begin() + n, ", "), names.size() > most ? ", ..." : "");
}

/// The columns that are wanted: they are found by name here, as those that are not may have other lengths.
std::vector<Column> wanted_columns(const DatasetInfo& info, const std::vector<Column>& all, const std::string& wanted,
                                   std::vector<std::int64_t>& numbers) {
  std::vector<std::string> names;
  for (const Column& column : all) names.push_back(column.name);
  std::vector<Column> chosen;
  for (const std::size_t number : columns_of(wanted, all.size(), names, info.name() + ": --columns")) {
    chosen.push_back(all[number]);
    numbers.push_back(static_cast<std::int64_t>(number));
  }
  if (chosen.empty())
    throw Error(ExitCode::usage, fmt::format("{}: --columns {}: no column is left", info.name(), wanted));
  return chosen;
}

DatasetInfo describe_columns(hid_t file, const DatasetInfo& info, const std::vector<Column>& all,
                             const std::vector<std::string>& left_out, const ShapeOptions& shape) {
  std::vector<std::int64_t> numbers;
  const std::vector<Column> columns = shape.columns.empty() ? all : wanted_columns(info, all, shape.columns, numbers);
  std::vector<DatasetInfo> parts;
  std::vector<std::string> names;
  ShapeOptions plain;
  plain.no_attributes = shape.no_attributes;
  for (const Column& column : columns) {
    DatasetInfo one = info;
    one.path = column.path;
    if (column.n_rows == Column::lost) no_dataset(file, one);
    if (column.n_rows != columns.front().n_rows)
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: {} has {} entries, {} has {}; columns of one table must be of equal length: choose "
                              "some by --columns",
                              info.name(), column.name, column.n_rows, columns.front().name, columns.front().n_rows));
    if (column.masked)
      throw Error(ExitCode::bad_data, fmt::format("{}: {} has a mask, which is not read; write it with NaN where it is "
                                                  "masked, or leave it out by --columns",
                                                  info.name(), column.name));
    parts.push_back(describe_array(file, one, Wanted::matrix, plain, true));
    names.push_back(column.name);
  }
  DatasetInfo table = side_by_side(std::move(parts), info.path);
  table.feature_names = std::move(names);
  if (!numbers.empty()) table.stored_columns = static_cast<std::int64_t>(all.size());
  table.column_numbers = std::move(numbers);
  if (!left_out.empty() && shape.columns.empty())
    table.notes.push_back(fmt::format("left out: {} (no columns of numbers)", list(left_out)));
  return table;
}

}  // namespace

std::vector<DatasetInfo> describe_group(hid_t file, const DatasetInfo& info, const ShapeOptions& shape) {
  const Hdf5Handle group = hold(H5Gopen2(file, info.path.c_str(), H5P_DEFAULT), H5Gclose, ExitCode::bad_data,
                                info.name() + ": is damaged: this group cannot be opened");
  const std::vector<std::string> members = members_of(group);
  const auto has = [&](const char* name) { return std::ranges::find(members, name) != members.end(); };
  if (has("data") && (has("indptr") || has("jc"))) {
    require_no_axes(info, shape, "a sparse matrix");
    return {describe_sparse(group, info)};
  }
  if (std::ranges::any_of(members, [&](const std::string& name) { return is_chunk(file, info.path, name); }))
    return describe_chunks(file, info, members, shape);
  std::vector<Column> columns;
  std::vector<std::string> left_out;
  for (const std::string& name : members) {
    if (auto column = find_column(file, info.path, name))
      columns.push_back(std::move(*column));
    else
      left_out.push_back(name);
  }
  if (!columns.empty()) {
    require_no_axes(info, shape, "a group of columns");
    return {describe_columns(file, info, columns, left_out, shape)};
  }
  if (!info.path.ends_with("/columns") && is_group(file, below(info.path, "columns"))) {  // vaex
    DatasetInfo inner = info;
    inner.path = below(info.path, "columns");
    return describe_group(file, inner, shape);
  }
  const auto shown = std::ranges::find_if_not(members, [](const auto& name) { return name.starts_with("_i_"); });
  throw Error(ExitCode::bad_data,
              fmt::format("{}: is a group without columns (one-dimensional numeric data sets); it holds {}; name what "
                          "you mean, as in {}:{}",
                          info.name(), members.empty() ? "nothing" : list(members), info.file,
                          below(info.path, shown == members.end() ? "path" : *shown)));
}

}  // namespace shoal
