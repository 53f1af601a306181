/// Labels of rows: as fit and predict write them, and from any integer data set.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shoal/data/partition.hpp"
#include "shoal/io/dataset.hpp"
#include "shoal/io/output_file.hpp"

namespace shoal {

/// This rank's even share of a one-dimensional integer data set. Collective. Throws Error(bad_data) where it holds
/// something else.
std::vector<std::int64_t> read_labels(const Communicator& comm, const DatasetInfo& info);

/// What was found about this rank's rows; null: not wanted.
struct RowResults {
  std::int64_t n_clusters = 0;
  const std::vector<std::int32_t>* labels = nullptr;           ///< always there
  const std::vector<double>* responsibilities = nullptr;       ///< n x K
  const std::vector<double>* log_density = nullptr;            ///< n
  const std::vector<double>* distances = nullptr;              ///< n x K
  std::optional<std::vector<std::string>> ids = std::nullopt;  ///< of the rows; only tables of text have them
};

/// Writes them to the temporary of `output`: a table of text where its name ends with .csv or .tsv, else HDF5.
/// Collective; the bytes do not depend on the number of ranks.
void write_labels(const Communicator& comm, const OutputFile& output, const Partition& partition,
                  const RowResults& results);

}  // namespace shoal
