/// What any HDF5 file holds, for `shoal info`.
#pragma once

#include <string>
#include <vector>

#include "shoal/io/dataset.hpp"

namespace shoal {

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
