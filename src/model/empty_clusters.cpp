#include "shoal/model/empty_clusters.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "shoal/core/error.hpp"

namespace shoal {

std::vector<std::size_t> empty_clusters(std::span<const double> weights, double threshold, EmptyCluster policy) {
  std::vector<std::size_t> empty;
  for (std::size_t k = 0; k < weights.size(); ++k)
    if (weights[k] <= threshold) empty.push_back(k);
  if (!empty.empty() && policy == EmptyCluster::error)
    throw Error(ExitCode::bad_data,
                fmt::format("cluster {} became empty; use fewer clusters (-k), another --seed, or --empty-cluster "
                            "reseed or drop",
                            empty.front()));
  if (policy == EmptyCluster::drop && empty.size() == weights.size())
    throw Error(ExitCode::bad_data, "every cluster became empty; are all row weights zero?");
  return empty;
}

Matrix without_rows(const Matrix& matrix, const std::vector<std::size_t>& dropped) {
  Matrix kept(matrix.rows - dropped.size(), matrix.columns);
  std::size_t next = 0;
  for (std::size_t i = 0; i < matrix.rows; ++i)
    if (!std::binary_search(dropped.begin(), dropped.end(), i))
      std::ranges::copy(matrix.row(i), kept.row(next++).begin());
  return kept;
}

}  // namespace shoal
