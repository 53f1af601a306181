/// Labels of rows, from any integer data set.
#pragma once

#include <cstdint>
#include <vector>

#include "shoal/io/dataset.hpp"

namespace shoal {

/// This rank's even share of a one-dimensional integer data set. Collective. Throws Error(bad_data) where it holds
/// something else.
std::vector<std::int64_t> read_labels(const Communicator& comm, const DatasetInfo& info);

}  // namespace shoal
