/// The sums of each cluster's rows without rounding, kept up to date by the rows that change clusters.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "shoal/core/pool.hpp"
#include "shoal/math/fixed_point.hpp"
#include "shoal/pass/row_pass.hpp"

namespace shoal {

/// As many digits per feature as its values, times the rows' weights, need: mostly two or three, some dozen where
/// 1e300 stands beside 1e-300. So a cluster's sum depends on its rows and weights alone: not on their order, on ranks,
/// on whether a row stands twice or has twice the weight, or on the way by which rows came to the cluster. And a pass
/// need add only rows that moved.
template <class T>
class ExactSums {
 public:
  /// Looks at the rows; their clusters are not known yet. One pass. Collective.
  void begin(const RowPass<T>& pass, std::size_t n_clusters);
  void end();

  /// The rows' clusters are not known any more.
  void forget(std::size_t n_clusters);

  /// Rows of a tile, which begins at row `first` of the block, change clusters; several threads may say so. A row may
  /// do so once between two calls of add_up.
  void move(const RowBlock<T>& block, std::size_t first, std::span<const RowMove> moves);

  /// Adds up what all ranks moved since the last time. Collective.
  void add_up(const RowPass<T>& pass);

  /// The mean of a cluster of this weight, from an exact sum: rounded once to a number, and once by the division.
  [[nodiscard]] double mean(std::size_t cluster, std::size_t feature, double weight) const;

 private:
  using Digits = std::vector<std::int64_t>;  ///< K x n_digits x D

  FixedPoint format_;
  Digits sums_;
  Pool<Digits> moved_;  ///< one per thread
};

}  // namespace shoal
