/// Choosing K of the weighted candidates of k-means||.
#pragma once

#include <cstdint>
#include <vector>

#include "shoal/core/error.hpp"
#include "shoal/init/seed_space.hpp"

namespace shoal {

/// Error(bad_data) where seeding meets an infinite cost.
Error distances_too_large();

/// Greedy k-means++ on a few candidates that every rank holds: each step draws some by weight times distance and keeps
/// the one that lowers the cost most. Numbers of the chosen candidates, in order of choice; all of them where they are
/// fewer than K. Not collective.
template <class Row>
std::vector<std::size_t> recluster(const SeedSpace<Row>& space, const std::vector<Row>& candidates, std::size_t width,
                                   const std::vector<double>& weights, std::size_t n_clusters, std::uint64_t seed);

}  // namespace shoal
