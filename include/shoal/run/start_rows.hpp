/// What rows belong to where a fit starts, from a file that holds it for each.
#pragma once

#include "shoal/comm/communicator.hpp"
#include "shoal/data/partition.hpp"
#include "shoal/init/start.hpp"
#include "shoal/io/dataset.hpp"

namespace shoal {

/// Fills labels, and for mixtures responsibilities where the file has these, of this rank's rows: from
/// /responsibilities (N x K, rows of sum 1, or 0 where a row belongs to none), else /labels (-1: to none). `rows`: of
/// --rows. Collective. Throws Error(bad_data) naming data set and row.
void read_start_rows(const Communicator& comm, const std::vector<DatasetInfo>& datasets, const Partition& partition,
                     const std::string& rows, std::size_t n_clusters, bool mixture, StartOptions& start);

}  // namespace shoal
