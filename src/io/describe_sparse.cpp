// Compressed sparse rows, as AnnData stores them.
#include <fmt/format.h>

#include "io/describe.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/hdf5_file.hpp"

namespace shoal {
namespace {

/// One of the three vectors; only its length, type and filters matter here.
DatasetInfo describe_vector(hid_t group, const DatasetInfo& matrix, const std::string& name, bool integers) {
  const auto wrong = [&](const std::string& why) {
    return Error(ExitCode::bad_data, fmt::format("{}: is damaged: its {} {}", matrix.name(), name, why));
  };
  const Hdf5Handle dataset(open_dataset(group, name), H5Dclose);
  if (dataset < 0) throw wrong("is missing");
  const auto type = number_type_of(dataset);
  DatasetInfo info;
  info.file = matrix.file;
  info.path = matrix.path + "/" + name;
  info.shape = extents_of(dataset);
  if (!type || info.shape.size() != 1 || (integers && type->stored.is_float)) throw wrong("is not a vector of numbers");
  info.row_axes = {0};
  info.n_rows = info.shape[0];
  info.type = type->element;
  if (info.n_rows > 0) read_storage(dataset, *type, info);
  require_filters(info);
  return info;
}

/// Throws where the group is not stored by rows; says what to do.
void require_rows(hid_t group, const DatasetInfo& info) {
  std::string kind = read_text_attribute(group, "encoding-type").value_or("");
  if (kind.empty()) kind = read_text_attribute(group, "h5sparse_format").value_or("");
  if (kind == "csr_matrix" || kind == "csr") return;
  if (kind == "csc_matrix" || kind == "csc")
    throw Error(ExitCode::bad_data,
                fmt::format("{}: is a sparse matrix stored by columns ({}); store it by rows: adata.X = "
                            "adata.X.tocsr(), or write it as a dense one",
                            info.name(), kind));
  throw Error(ExitCode::bad_data,
              fmt::format("{}: looks like a sparse matrix, but does not say that it is stored by rows (attribute "
                          "encoding-type = csr_matrix; 10x and MATLAB store columns); write it by AnnData with "
                          "adata.X.tocsr(), or as a dense one",
                          info.name()));
}

std::vector<std::int64_t> shape_of(hid_t group) {
  const std::vector<std::int64_t> shape = read_integers_attribute(group, "shape");
  return shape.empty() ? read_integers_attribute(group, "h5sparse_shape") : shape;
}

}  // namespace

DatasetInfo describe_sparse(hid_t group, DatasetInfo info) {
  require_rows(group, info);
  info.shape = shape_of(group);
  constexpr std::int64_t most_rows = std::int64_t{1} << 48U, most_columns = std::int64_t{1} << 31U;
  if (info.shape.size() != 2 || info.shape[0] < 1 || info.shape[1] < 1 || info.shape[0] > most_rows ||
      info.shape[1] > most_columns)
    throw Error(ExitCode::bad_data,
                fmt::format("{}: its attribute `shape` does not hold two positive numbers, of rows and of columns",
                            info.name()));
  const DatasetInfo values = describe_vector(group, info, "data", false);
  const DatasetInfo columns = describe_vector(group, info, "indices", true);
  const DatasetInfo starts = describe_vector(group, info, "indptr", true);
  if (starts.n_rows != info.shape[0] + 1 || values.n_rows != columns.n_rows)
    throw Error(
        ExitCode::bad_data,
        fmt::format("{}: is damaged: {} rows need {} entries of indptr, there are {}; data and indices have {} "
                    "and {}, and must have as many",
                    info.name(), info.shape[0], info.shape[0] + 1, starts.n_rows, values.n_rows, columns.n_rows));
  info.form = Form::sparse;
  info.rank = 2;
  info.n_rows = info.shape[0];
  info.n_columns = info.shape[1];
  info.type = values.type;
  info.storage.number = values.storage.number;
  info.storage.layout = Layout::other;
  info.storage.fill.assign(size_of(info.type), '\0');
  for (const DatasetInfo* vector : {&values, &columns, &starts})
    info.storage.cache_bytes += vector->storage.cache_bytes;
  info.levels = read_levels(group, info);
  info.feature_names = find_feature_names(group, group, info);
  return info;
}

}  // namespace shoal
