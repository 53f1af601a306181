// Tables of a compound type: their numeric fields are the columns.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/describe.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/assembly.hpp"
#include "shoal/io/hdf5_file.hpp"

namespace shoal {
namespace {}  // namespace

bool holds_pointers(hid_t type) {
  const H5T_class_t kind = H5Tget_class(type);
  if (kind == H5T_VLEN || kind == H5T_REFERENCE || H5Tis_variable_str(type) > 0) return true;
  if (kind == H5T_ARRAY) return holds_pointers(Hdf5Handle(H5Tget_super(type), H5Tclose));
  for (int i = 0; kind == H5T_COMPOUND && i < H5Tget_nmembers(type); ++i)
    if (holds_pointers(Hdf5Handle(H5Tget_member_type(type, static_cast<unsigned>(i)), H5Tclose))) return true;
  return false;
}

namespace {

/// The elements of a field: one, or those of an array.
std::int64_t count_elements(hid_t type) {
  if (H5Tget_class(type) != H5T_ARRAY) return 1;
  std::vector<hsize_t> size(static_cast<std::size_t>(std::max(H5Tget_array_ndims(type), 0)));
  H5Tget_array_dims2(type, size.data());
  std::int64_t n = 1;
  for (const hsize_t one : size) n = one > (1U << 20U) || n > (1 << 20) ? 0 : n * static_cast<std::int64_t>(one);
  return n;
}

std::string field_name(hid_t type, unsigned field) {
  char* text = H5Tget_member_name(type, field);
  std::string name = text == nullptr ? "" : text;
  H5free_memory(text);
  return name;
}

/// Adds a field's columns; false where it holds no numbers that can be read.
bool add_field(hid_t table, unsigned field, DatasetInfo& info) {
  const Hdf5Handle type(H5Tget_member_type(table, field), H5Tclose);
  const bool array = H5Tget_class(type) == H5T_ARRAY;
  const Hdf5Handle element(array ? H5Tget_super(type) : H5Tcopy(type), H5Tclose);
  const auto number = number_type(element);
  const std::int64_t n = count_elements(type);
  const std::size_t first = H5Tget_member_offset(table, field);
  if (!number || !number->plain || n < 1 ||
      first + static_cast<std::size_t>(n) * number->stored.size > H5Tget_size(table))
    return false;
  info.blocks.push_back({0, first, number->stored, number->element, n, {}});
  const std::string name = field_name(table, field);
  for (std::int64_t i = 0; i < n; ++i) info.feature_names.push_back(array ? fmt::format("{}[{}]", name, i) : name);
  info.n_columns += n;
  return true;
}

/// pandas keeps the numbers of a frame's rows as a column, and says so at the table's group.
bool is_index_of_frame(hid_t file, const std::string& path, const std::string& field) {
  if (field != "index" || path.rfind('/') == 0) return false;
  const hid_t id = H5Gopen2(file, path.substr(0, path.rfind('/')).c_str(), H5P_DEFAULT);
  if (id < 0) return false;
  const Hdf5Handle group(id, H5Gclose);
  return read_text_attribute(group, "pandas_type").value_or("").starts_with("frame_table");
}

/// The records as rows of bytes.
DatasetInfo describe_bytes(hid_t dataset, hid_t type, DatasetInfo info) {
  info.shape = extents_of(dataset);
  if (info.shape.size() != 1 || info.shape[0] < 1)
    throw Error(ExitCode::bad_data, fmt::format("{}: is neither float16, float32, float64, integer nor boolean, nor a "
                                                "table with one axis of records (it has {} records); convert it first",
                                                info.name(), fmt::join(info.shape, " x ")));
  info.row_axes = {0};
  info.n_rows = info.shape[0];
  info.n_columns = static_cast<std::int64_t>(H5Tget_size(type));
  info.form = Form::records;
  info.rank = 2;
  const bool decodable = !holds_pointers(type);
  read_storage(dataset, {{false, false, false, 1, 0, 8, "table"}, ElementType::uint8, decodable}, info);
  require_filters(info);
  return info;
}

}  // namespace

DatasetInfo describe_records(hid_t file, DatasetInfo info, const ShapeOptions& shape) {
  require_no_axes(info, shape, "a table");
  const Hdf5Handle dataset(open_dataset(file, info.path), H5Dclose);
  const Hdf5Handle type(H5Dget_type(dataset), H5Tclose);
  info.sources = {describe_bytes(dataset, type, info)};
  info.form = Form::records;
  info.rank = 2;
  info.n_rows = info.sources.front().n_rows;
  info.n_columns = 0;
  std::vector<std::string> left_out;
  for (int i = 0; i < H5Tget_nmembers(type); ++i) {
    const auto field = static_cast<unsigned>(i);
    const std::string name = field_name(type, field);
    if (!add_field(type, field, info)) left_out.push_back(name);
    if (shape.columns.empty() && is_index_of_frame(file, info.path, name))
      info.notes.emplace_back("its field index numbers the rows of the frame: leave it out by --columns ^index");
  }
  info.levels = read_levels(dataset, info);
  if (info.blocks.empty())
    throw Error(ExitCode::bad_data,
                fmt::format("{}: no field of this table is numeric ({})", info.name(), fmt::join(left_out, ", ")));
  if (!left_out.empty() && shape.columns.empty())
    info.notes.push_back(fmt::format("left out of the table: {} (no numbers)", fmt::join(left_out, ", ")));
  settle_type(info);
  return info;
}

}  // namespace shoal
