// Arrays: which of their axes make rows, and vectors of one number a row.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "io/describe.hpp"
#include "shoal/core/error.hpp"
#include "shoal/core/option.hpp"
#include "shoal/io/assembly.hpp"
#include "shoal/io/column_list.hpp"
#include "shoal/io/hdf5_file.hpp"

namespace shoal {
namespace {

/// The numbers of --row-axes.
std::vector<std::int64_t> parse_axes(const std::string& text, const DatasetInfo& info) {
  std::vector<std::int64_t> axes;
  const auto n = static_cast<std::int64_t>(info.shape.size());
  for (const std::string& entry : entries_of(text)) {
    const auto axis = parse_number<std::int64_t>(entry, 0, n - 1);
    if (!axis || std::ranges::find(axes, *axis) != axes.end())
      throw Error(
          ExitCode::usage,
          fmt::format("--row-axes {}: must be different numbers from 0 to {} with commas between them: {} is {}", text,
                      n - 1, info.name(), fmt::join(info.shape, " x ")));
    axes.push_back(*axis);
  }
  return axes;
}

/// A vector may lie in a matrix of one row or one column.
void read_vector_axes(DatasetInfo& info) {
  const bool row = info.shape.size() == 2 && info.shape[0] == 1;
  if (info.shape.size() != 1 && !row && !(info.shape.size() == 2 && info.shape[1] == 1))
    throw Error(ExitCode::bad_data,
                fmt::format("{}: is {}; one number per row is needed", info.name(), fmt::join(info.shape, " x ")));
  info.row_axes = {row ? 1 : 0};
}

void read_sizes(Wanted wanted, DatasetInfo& info) {
  constexpr std::int64_t most_rows = std::int64_t{1} << 48U, most_columns = std::int64_t{1} << 31U;
  info.n_rows = info.n_columns = 1;
  for (std::size_t axis = 0; axis < info.shape.size(); ++axis) {
    const bool of_rows = std::ranges::find(info.row_axes, static_cast<std::int64_t>(axis)) != info.row_axes.end();
    std::int64_t& n = of_rows ? info.n_rows : info.n_columns;
    if (info.shape[axis] > 0 && n > (of_rows ? most_rows : most_columns) / info.shape[axis])
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: claims to be {}; it is damaged", info.name(), fmt::join(info.shape, " x ")));
    n *= info.shape[axis];
  }
  info.rank = wanted == Wanted::matrix ? 2 : 1;
  if (info.n_rows == 0 || info.n_columns == 0)
    throw Error(ExitCode::bad_data,
                fmt::format("{}: is empty ({} rows, {} columns)", info.name(), info.n_rows, info.n_columns));
}

}  // namespace

std::vector<std::int64_t> read_levels(hid_t object, const DatasetInfo& info) {
  std::vector<std::int64_t> levels = read_integers_attribute(object, "levels");
  if (!levels.empty() && static_cast<std::int64_t>(levels.size()) != info.n_columns)
    throw Error(ExitCode::bad_data, fmt::format("{}: its attribute `levels` has {} entries for {} columns", info.name(),
                                                levels.size(), info.n_columns));
  for (const std::int64_t n : levels)
    if (n < 1 || n > 65534)
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: its attribute `levels` holds {}; a feature has 1 to 65534 levels", info.name(), n));
  return levels;
}

namespace {

bool is_text(hid_t dataset) {
  const Hdf5Handle type(H5Dget_type(dataset), H5Tclose);
  return H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0;
}

/// Texts of one size, as `convert` writes them, as rows of bytes.
NumberType as_bytes(hid_t dataset, DatasetInfo& info) {
  const Hdf5Handle type(H5Dget_type(dataset), H5Tclose);
  const Hdf5Handle creation(H5Dget_create_plist(dataset), H5Pclose);
  constexpr std::size_t most_bytes = 65536;
  if (H5Pget_layout(creation) != H5D_CONTIGUOUS || H5Tget_size(type) > most_bytes)
    throw Error(ExitCode::bad_data, fmt::format("{}: its texts are in chunks, or too long", info.name()));
  info.rank = 2;
  info.n_columns = static_cast<std::int64_t>(H5Tget_size(type));
  return {{false, false, false, 1, 0, 8, "text"}, ElementType::uint8};
}

}  // namespace

void require_no_axes(const DatasetInfo& info, const ShapeOptions& shape, const char* what) {
  if (shape.transpose || !shape.row_axes.empty())
    throw Error(ExitCode::usage, fmt::format("{}: is {}, which has no axes to choose from: leave {} out", info.name(),
                                             what, shape.transpose ? "--transpose" : "--row-axes"));
}

void read_axes(hid_t dataset, const ShapeOptions& shape, DatasetInfo& info) {
  const auto turn = [&] { info.row_axes = {1}; };
  if (!shape.row_axes.empty()) {
    if (shape.transpose)
      throw Error(ExitCode::usage, "--transpose, --row-axes: each says which axes make the rows; give one of them");
    info.row_axes = parse_axes(shape.row_axes, info);
  } else if (info.shape.size() > 2) {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: has {} dimensions, {}; say by --row-axes which of them make the rows, as in "
                            "--row-axes 0; the others make the features",
                            info.name(), info.shape.size(), fmt::join(info.shape, " x ")));
  } else if (shape.transpose && info.shape.size() == 2) {
    turn();
  } else if (info.shape.size() == 2 && H5Aexists(dataset, "MATLAB_class") > 0) {
    turn();
    info.notes.emplace_back("is MATLAB's, which stores columns first: turned (as it is stored: --row-axes 0)");
  } else {
    info.row_axes = {0};
  }
}

DatasetInfo describe_array(hid_t file, DatasetInfo info, Wanted wanted, const ShapeOptions& shape, bool beside) {
  const Hdf5Handle dataset(open_dataset(file, info.path), H5Dclose);
  info.shape = extents_of(dataset);
  if (info.shape.empty())
    throw Error(ExitCode::bad_data, fmt::format("{}: is a single value, or nothing; rows are needed", info.name()));
  if (wanted == Wanted::matrix && info.shape.size() == 1 && shape.row_axes.empty() && !beside)
    throw Error(ExitCode::bad_data, fmt::format("{}: has 1 dimension, and 2 are needed (rows x features); read a "
                                                "single feature by --row-axes 0, several side by side as in {}:/a,/b",
                                                info.name(), info.file));
  if (read_text_attribute(dataset, "MATLAB_class") == "char")
    throw Error(ExitCode::bad_data, fmt::format("{}: is a MATLAB text (char), not numbers; name another", info.name()));
  if (read_number_attribute(dataset, "MATLAB_empty").value_or(0) != 0)
    throw Error(ExitCode::bad_data, fmt::format("{}: is an empty MATLAB array; name another", info.name()));
  const bool texts = wanted == Wanted::ids && is_text(dataset);
  const auto type = texts ? std::nullopt : number_type_of(dataset);
  if (!texts && !type)
    throw Error(
        ExitCode::bad_data,
        fmt::format("{}: is neither float16, float32, float64, integer nor boolean; convert it first", info.name()));
  if (wanted == Wanted::matrix)
    read_axes(dataset, shape, info);
  else
    read_vector_axes(info);
  read_sizes(wanted, info);
  read_storage(dataset, texts ? as_bytes(dataset, info) : *type, info);
  require_filters(info);
  if (wanted != Wanted::matrix) return info;
  info.levels = read_levels(dataset, info);
  info.feature_names = find_feature_names(file, dataset, info);
  if (shape.no_attributes) return info;
  const Packing packing = read_packing(dataset, info);
  if (!packing.scales() && !packing.may_miss()) return info;
  assemble(info);
  info.blocks.front().packing = packing;
  settle_type(info);
  return info;
}

}  // namespace shoal
