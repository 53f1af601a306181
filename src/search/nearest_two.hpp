// What each cluster of a hard model is worth.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "shoal/core/matrix.hpp"
#include "shoal/model/family.hpp"
#include "shoal/search/sample.hpp"

namespace shoal {

struct ClusterWorth {
  std::vector<double> error;    ///< its rows' part of the objective
  std::vector<double> utility;  ///< how much more it would be if they went to the next cluster
  std::vector<std::vector<std::pair<std::int64_t, double>>> rows;  ///< its rows, and their weights
};

/// In one pass over the sample. @pre At least two clusters.
template <class T>
ClusterWorth worth_of(const Matrix& centres, const SeedMetric& metric, const Sample<T>& sample);

}  // namespace shoal
