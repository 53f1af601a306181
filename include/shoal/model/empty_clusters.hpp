/// What models do with clusters that have lost their rows.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "shoal/core/matrix.hpp"
#include "shoal/model/options.hpp"

namespace shoal {

/// Clusters of at most `threshold` weight, in order. Throws Error(bad_data) where the policy is `error`, or where
/// `drop` would leave none.
std::vector<std::size_t> empty_clusters(std::span<const double> weights, double threshold, EmptyCluster policy);

/// `matrix` without the rows in `dropped`, which are in order.
Matrix without_rows(const Matrix& matrix, const std::vector<std::size_t>& dropped);

}  // namespace shoal
