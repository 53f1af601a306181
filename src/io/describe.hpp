/// What a reader does with HDF5's headers.
#pragma once

#include <string>
#include <vector>

#include "io/number_type.hpp"
#include "shoal/io/dataset.hpp"

namespace shoal {

/// Everything that a name stands for: several data sets where it is a group of chunks.
std::vector<DatasetInfo> describe_data(const std::string& name, Wanted wanted, const ShapeOptions& shape);
FileSummary summarise(const std::string& name);

/// The parts of that, each of what lies at info.path of the open file `file` = info.file.
/// A vector makes a matrix beside others alone, or where --row-axes says so.
DatasetInfo describe_array(hid_t file, DatasetInfo info, Wanted wanted, const ShapeOptions& shape, bool beside = false);
DatasetInfo describe_records(hid_t file, DatasetInfo info, const ShapeOptions& shape);
DatasetInfo describe_sparse(hid_t group, DatasetInfo info);
std::vector<DatasetInfo> describe_group(hid_t file, const DatasetInfo& info, const ShapeOptions& shape);

/// How netCDF names a dimension that has no values of its own.
inline constexpr const char* mere_dimension = "This is a netCDF dimension but not a netCDF variable";

/// The attribute `levels` of an object: one number for each column of `info`, or none. Throws Error(bad_data).
std::vector<std::int64_t> read_levels(hid_t object, const DatasetInfo& info);

/// Throws Error(usage) where axes are to be chosen of `what`, which has none.
void require_no_axes(const DatasetInfo& info, const ShapeOptions& shape, const char* what);

/// Which rows and columns the axes of info.shape make: by --row-axes, by --transpose, or the first of two.
void read_axes(hid_t dataset, const ShapeOptions& shape, DatasetInfo& info);

/// Names for the features, from wherever the file has them: an attribute, a dimension scale, the index of an AnnData
/// file, the items of a pandas block; empty where there are none.
std::vector<std::string> find_feature_names(hid_t file, hid_t dataset, const DatasetInfo& info);
std::vector<std::string> read_texts(hid_t file, const std::string& path);

/// What the attributes of a data set say of its values, which are of info.storage.number; noted in `info`.
Packing read_packing(hid_t dataset, DatasetInfo& info);

/// `value` rounded to the stored type; nothing where the type has none such.
std::optional<long double> as_stored(const StoredNumber& number, long double value);

/// Fills type and storage of a data set whose shape is known already. Throws Error(bad_data or no_input) where its
/// numbers are not all there.
void read_storage(hid_t dataset, const NumberType& type, DatasetInfo& info);

/// Throws Error(bad_data) where a filter is not to be had, with its number and the remedy.
void require_filters(const DatasetInfo& info);

/// The data sets of a file in order of their names, by hard links alone, each once.
std::vector<std::string> dataset_paths(hid_t file);

/// Whether a type holds texts or lists of any length, or references: HDF5 keeps these elsewhere, so that the type has
/// another size in the file than in memory.
bool holds_pointers(hid_t type);

/// Which data set is meant where nobody says; with `columns` wanted, / where there is no matrix. Throws Error(bad_data)
/// that lists the candidates.
std::string find_path(hid_t file, const std::string& name, Wanted wanted, const std::string& columns);

/// Why there is nothing at info.path, and what to do.
[[noreturn]] void no_dataset(hid_t file, const DatasetInfo& info);

/// A data set at this path, or -1.
hid_t open_dataset(hid_t file, const std::string& path);
std::optional<NumberType> number_type_of(hid_t dataset);
std::vector<std::int64_t> extents_of(hid_t dataset);

}  // namespace shoal
