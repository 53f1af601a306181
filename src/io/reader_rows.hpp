/// Rows by HDF5's own reading, in the reader's process: what no decoder of ours can read.
#pragma once

#include <memory>
#include <string>

#include "shoal/data/partition.hpp"
#include "shoal/io/dataset.hpp"

namespace shoal {

/// A stored array, table or sparse matrix, open.
class OpenRows {
 public:
  OpenRows() = default;
  OpenRows(const OpenRows&) = delete;
  OpenRows& operator=(const OpenRows&) = delete;
  virtual ~OpenRows() = default;

  /// The rows as elements of info.type, zeros in a sparse matrix filled in. Throws Error(bad_data).
  virtual std::string read(const Range& rows) = 0;
};

/// Throws Error(bad_data) where it cannot be opened.
std::unique_ptr<OpenRows> open_rows(const DatasetInfo& info);

}  // namespace shoal
