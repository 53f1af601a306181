/// The sums of each cluster's rows without rounding, kept up to date by the rows that change clusters.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "shoal/core/pool.hpp"
#include "shoal/math/fixed_point.hpp"
#include "shoal/pass/row_pass.hpp"

namespace shoal {

/// Every value of a feature is a whole multiple of one power of two, of which the largest has at most 96 bits (fewer
/// where there are more than 2^29 rows, whose sum must fit too). So a cluster's sum depends on its rows alone: not on
/// their order, on ranks, or on the way by which they came to it; and a pass need add only rows that moved. Where a
/// feature's values span more than that, or rows have weights, there is no such sum.
template <class T>
class ExactSums {
 public:
  /// Looks at the rows; their clusters are not known yet. One pass. Collective.
  void begin(const RowPass<T>& pass, std::size_t n_clusters);
  void end();

  /// Whether all features of the data are suited.
  [[nodiscard]] bool usable() const { return !exponent_.empty(); }

  /// The rows' clusters are not known any more.
  void forget(std::size_t n_clusters);

  /// Rows of a tile change clusters; several threads may. A row may do so once between two calls of add_up.
  void move(const T* rows, std::span<const RowMove> moves);

  /// Adds up what all ranks moved since the last time. Collective.
  void add_up(const RowPass<T>& pass);

  /// The mean of a cluster of so many rows, from an exact sum: rounded once to a number, and once by the division.
  [[nodiscard]] double mean(std::size_t cluster, std::size_t feature, double n_rows) const;

 private:
  using Limbs = std::vector<std::int64_t>;  ///< K x n_limbs x D

  int limb_bits_ = 0;
  std::vector<int> exponent_;  ///< of each feature; empty where there are no sums
  std::vector<double> scale_;
  Limbs sums_;
  Pool<Limbs> moved_;  ///< one a thread
};

}  // namespace shoal
