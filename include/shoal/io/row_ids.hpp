/// What rows are called: /ids, as `convert` writes them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shoal/data/partition.hpp"
#include "shoal/io/dataset.hpp"

namespace shoal {

/// The ids of this rank's rows, where each file of the data sets has /ids, one per row: integers or texts of one size.
/// Else nothing. Collective. Throws Error as read_slices does.
std::optional<std::vector<std::string>> read_ids(const Communicator& comm, const std::vector<DatasetInfo>& datasets,
                                                 const Partition& partition);

}  // namespace shoal
