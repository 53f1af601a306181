/// Medians of features that have few values, from a histogram of each.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/integer_weights.hpp"
#include "shoal/core/pool.hpp"
#include "shoal/math/fixed_point.hpp"
#include "shoal/pass/column_extents.hpp"

namespace shoal {

/// Features whose values are whole numbers within a short range: yes and no, counts, ratings, grey levels. Only rows
/// that change clusters are counted, and one integer reduction a search adds them up.
template <class T>
class ValueHistogram {
 public:
  /// Looks for such features. Collective; over with the first rows where there are none.
  ValueHistogram(const RowPass<T>& pass, const ColumnExtents& extents, std::size_t n_clusters, std::size_t byte_budget);

  [[nodiscard]] bool empty() const { return columns_.empty(); }
  [[nodiscard]] bool holds_all() const { return columns_.size() == held_.size(); }
  /// Whether each of the D features is here.
  [[nodiscard]] const std::vector<bool>& held() const { return held_; }

  /// The clusters are other ones, without rows.
  void forget(std::size_t n_clusters);

  /// Rows of a block change clusters, counted from its row `first`; several threads may say so.
  void move(const RowBlock<T>& block, std::size_t first, std::span<const RowMove> moves, const IntegerWeights& weights);

  /// Adds up what all ranks moved since the last time. Collective.
  void add_up(const RowPass<T>& pass);

  /// Calls `take` with cluster, feature and lower and upper median, for clusters with weight.
  template <class F>
  void for_each_median(F&& take) const {
    for (std::size_t at = 0, k = 0; at < counts_.size(); at += n_values_, ++k)
      for (const Column& column : columns_) {
        const std::int64_t* const counts = counts_.data() + at + column.first_place;
        std::int64_t total = 0, below = 0;
        for (std::size_t i = 0; i < column.n_values; ++i) total += counts[i];
        if (total == 0) continue;
        std::size_t lower = 0;
        while (2 * (below + counts[lower]) < total) below += counts[lower++];
        std::size_t upper = lower;
        while (2 * (below + counts[upper]) <= total) below += counts[upper++];
        take(k, column.feature, column.least + static_cast<double>(lower), column.least + static_cast<double>(upper));
      }
  }

 private:
  struct Column {
    std::size_t feature;
    double least;
    std::size_t n_values, first_place;
  };
  using Counts = std::vector<std::int64_t>;  ///< weight at each value, n_values_ a cluster
  void add_row(const T* row, std::int32_t label, std::int64_t weight, Counts& counts) const;

  std::vector<bool> held_;
  std::vector<Column> columns_;
  std::size_t n_values_ = 0;  ///< of all columns
  Counts counts_;
  Pool<Counts> moved_;  ///< one a thread
};

}  // namespace shoal
