/// Labels of rows: as fit and predict write them, and from any integer data set.
#pragma once

#include <cstdint>
#include <vector>

#include "shoal/data/partition.hpp"
#include "shoal/io/dataset.hpp"
#include "shoal/io/output_file.hpp"

namespace shoal {

/// This rank's even share of a one-dimensional integer data set. Collective. Throws Error(bad_data) where it holds
/// something else.
std::vector<std::int64_t> read_labels(const Communicator& comm, const DatasetInfo& info);

/// Writes labels and, where not null, responsibilities (n x K) and log densities of this rank's rows to the temporary
/// of `output`. Collective; the bytes do not depend on the number of ranks.
void write_labels(const Communicator& comm, const OutputFile& output, const Partition& partition,
                  std::int64_t n_clusters, const std::vector<std::int32_t>& labels,
                  const std::vector<double>* responsibilities = nullptr,
                  const std::vector<double>* log_density = nullptr);

}  // namespace shoal
