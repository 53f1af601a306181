/// Medians of features that have few values, from a table of how often each occurs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "shoal/model/kmedians/selection.hpp"

namespace shoal {

/// Features whose values are whole numbers within a short range: yes and no, counts, ratings, grey levels. One integer
/// reduction a search brings the table of all of them up to date, and only rows that changed clusters are looked at.
template <class T>
class MedianTable {
 public:
  /// Looks for such features. Collective; over with the first rows where there are none.
  MedianTable(const RowPass<T>& pass, std::size_t n_clusters, std::size_t byte_budget);

  [[nodiscard]] std::size_t n_clusters() const { return n_clusters_; }
  [[nodiscard]] bool empty() const { return columns_.empty(); }
  [[nodiscard]] bool holds_all() const { return columns_.size() == held_.size(); }
  /// Whether the table has each of the D features.
  [[nodiscard]] const std::vector<bool>& held() const { return held_; }

  /// Counts the rows by their labels. Collective.
  void follow(const RowPass<T>& pass, std::span<const std::int32_t> labels, const IntegerWeights& weights);

  /// Calls `take` with cluster, feature and lower and upper median, for clusters with weight.
  template <class F>
  void for_each_median(F&& take) const {
    for (std::size_t k = 0; k < n_clusters_; ++k)
      for (const Column& column : columns_) {
        const std::int64_t* const counts = counts_.data() + k * n_values_ + column.first_place;
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
  void add_row(const T* row, std::int32_t label, std::int64_t weight, std::vector<std::int64_t>& counts) const;

  std::size_t n_clusters_;
  std::vector<bool> held_;
  std::vector<Column> columns_;
  std::size_t n_values_ = 0;          ///< of all columns
  std::vector<std::int64_t> counts_;  ///< weight at each value, n_values_ a cluster
  std::vector<std::int32_t> labels_;  ///< of this rank's rows as counted; -1 before
};

}  // namespace shoal
