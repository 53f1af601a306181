/// Geometric medians of all clusters at once.
#pragma once

#include <cstdint>
#include <span>

#include "shoal/pass/row_pass.hpp"

namespace shoal {

/// For each cluster the point of least sum of weighted Euclidean distances to its rows, from `start` (K x D): Weiszfeld
/// steps with the correction of Vardi & Zhang (PNAS 2000) where the point lies on a row, each a pass, until no step is
/// longer than 1e-10 of the cluster's (harmonic) mean distance, or 100 passes. A cluster whose first step is that
/// short, or without rows, keeps its point bit for bit.
template <class T>
Matrix geometric_medians(const RowPass<T>& pass, std::span<const std::int32_t> labels,
                         std::span<const double> cluster_weights, const Matrix& start);

}  // namespace shoal
