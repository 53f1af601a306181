/// Finding and describing data sets: headers only, read by one rank for all.
#pragma once

#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "shoal/comm/communicator.hpp"
#include "shoal/io/storage.hpp"

namespace shoal {

/// One data set of a file.
struct DatasetInfo {
  std::string file;
  std::string path;
  std::int64_t n_rows = 0;
  std::int64_t n_columns = 1;  ///< 1 for one-dimensional ones
  int rank = 0;
  ElementType type = ElementType::float64;  ///< in which its numbers are handed on
  Storage storage;
  std::vector<std::int64_t> levels;  ///< attribute `levels`, empty if none
  std::vector<std::string> feature_names;

  [[nodiscard]] std::string name() const { return file + ":" + path; }
  [[nodiscard]] std::size_t row_bytes() const { return static_cast<std::size_t>(n_columns) * size_of(type); }

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& file& path& n_rows& n_columns& rank& type& storage& levels& feature_names;
  }
};

/// What a person writes for data: `file.h5` or `file.h5:/path/to/dataset`.
struct DatasetName {
  std::string file;
  std::string path;  ///< empty: to be found
};
DatasetName parse_dataset_name(const std::string& text);

/// Of data sets that are read as one.
std::int64_t total_rows(const std::vector<DatasetInfo>& datasets);
bool all_float32(const std::vector<DatasetInfo>& datasets);

/// Which data sets qualify where no path is given; ids are always named.
enum class Wanted { matrix, labels, ids };

/// Describes the named data sets (ids that are texts of one size as rows of bytes, rank 2): with no path /X or the
/// file's only two-dimensional numeric one (matrix), /labels or the only one-dimensional integer one (labels). Throws
/// Error: no_input (a missing file, also behind a link), bad_data (not HDF5, truncated, no such data set, several
/// candidates, not numeric, a filter that is not to be had). The files' headers are read in a process of their own
/// (reader_process.hpp). Not collective.
std::vector<DatasetInfo> describe_here(const std::vector<std::string>& names, Wanted wanted);

/// The same by rank 0, for all ranks. Collective.
std::vector<DatasetInfo> describe_datasets(const Communicator& comm, const std::vector<std::string>& names,
                                           Wanted wanted);

/// One data set as it is found, usable or not.
struct FoundDataset {
  std::string path;
  std::string shape;   ///< "1797 x 64"
  std::string type;    ///< element type, or "other"
  std::string layout;  ///< "contiguous", "chunks of 100 rows", "... compressed"

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& path& shape& type& layout;
  }
};

/// What any HDF5 file holds, for `shoal info`.
struct FileSummary {
  std::string format;  ///< root attribute, empty for plain data
  std::vector<FoundDataset> datasets;

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& format& datasets;
  }
};

/// Not collective. Throws as open_file does.
FileSummary summarise_file(const std::string& file);

}  // namespace shoal
