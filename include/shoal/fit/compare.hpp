/// Agreement of two labellings of the same rows.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "shoal/comm/communicator.hpp"

namespace shoal {

/// How many rows carry each pair of labels.
using Contingency = std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t>;

struct Agreement {
  std::int64_t n_rows = 0;                   ///< compared
  std::int64_t n_left_out = 0;               ///< with a negative label in either
  double adjusted_rand = 0;                  ///< Hubert & Arabie 1985; 1 for equal partitions, 0 expected by chance
  double normalised_mutual_information = 0;  ///< over the arithmetic mean of the entropies, 0 to 1
  std::int64_t n_clusters_a = 0, n_clusters_b = 0;  ///< labels that occur among the rows compared
};

/// Where most rows of a cluster of the first labelling are in the second: of equal ones the lowest.
struct BestOverlap {
  std::int64_t label = 0, size = 0;  ///< of the cluster
  std::int64_t other = 0, shared = 0;
};

/// Collective: of this rank's part of both labellings (same length).
Contingency contingency(const Communicator& comm, std::span<const std::int64_t> a, std::span<const std::int64_t> b);

Agreement agreement(const Contingency& table);

/// Of each cluster of the first labelling, by its label. Several may share one of the second: this is no assignment.
std::vector<BestOverlap> best_overlaps(const Contingency& table);

}  // namespace shoal
