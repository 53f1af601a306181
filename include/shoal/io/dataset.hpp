/// Finding and describing data sets: headers only, read by one rank for all.
#pragma once

#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "shoal/comm/communicator.hpp"

namespace shoal {

enum class ElementType { float32, float64, int8, int16, int32, int64, uint8, uint16, uint32, uint64, boolean };
std::string to_string(ElementType type);
std::size_t size_of(ElementType type);

/// One data set of a file.
struct DatasetInfo {
  std::string file;
  std::string path;
  std::int64_t n_rows = 0;
  std::int64_t n_columns = 1;  ///< 1 for one-dimensional ones
  int rank = 0;
  ElementType type = ElementType::float64;
  std::int64_t chunk_rows = 0;  ///< 0: contiguous
  bool compressed = false;
  std::uint64_t most_bytes = 0;      ///< what is stored can expand to
  std::vector<std::int64_t> levels;  ///< attribute `levels`, empty if none
  std::vector<std::string> feature_names;

  [[nodiscard]] std::string name() const { return file + ":" + path; }

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& file& path& n_rows& n_columns& rank& type& chunk_rows& compressed& most_bytes& levels& feature_names;
  }
};

/// What a person writes for data: `file.h5` or `file.h5:/path/to/dataset`.
struct DatasetName {
  std::string file;
  std::string path;  ///< empty: to be found
};
DatasetName parse_dataset_name(const std::string& text);

/// Which data sets qualify where no path is given.
enum class Wanted { matrix, labels };

/// Describes the named data set: with no path /X or the only two-dimensional numeric one (matrix), /labels or the only
/// one-dimensional integer one (labels). Throws Error: no_input (missing file), bad_data (not HDF5, truncated, no such
/// data set, several candidates, not numeric). Not collective.
DatasetInfo describe_dataset(const std::string& name, Wanted wanted);

/// describe_dataset by rank 0, for all ranks. Collective.
std::vector<DatasetInfo> describe_datasets(const Communicator& comm, const std::vector<std::string>& names,
                                           Wanted wanted);

/// Throws Error(no_input) where this rank's host does not see a file that rank 0 has seen.
void require_visible(const std::string& file);

/// Throws Error no_input where `file` is missing, a directory or unreadable, bad_data where it is no HDF5 file.
void require_hdf5_file(const std::string& file);

}  // namespace shoal
