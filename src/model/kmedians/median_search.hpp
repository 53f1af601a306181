/// Exact weighted medians of all clusters and features at once, by counting.
#pragma once

#include <cstdint>
#include <span>

#include "model/kmedians/selection_rounds.hpp"
#include "model/kmedians/value_histogram.hpp"

namespace shoal {

/// For each cluster k and feature d the midpoint of the lower and the upper median: the smallest x with
/// W(<= x) >= W / 2 and the smallest with W(<= x) > W / 2 over the cluster's rows.
///
/// Medians move little between iterations, and few rows change clusters. So each search leaves, for every pair, a
/// bracket around its median, what lies below it, and the list of the values inside, its candidates. Rows that change
/// clusters are taken from one pair's counts to the other's as they move. The next search settles by one integer
/// reduction (counts, and a histogram of each bracket) in which bin each median is, and gathers the last candidates.
/// Pairs whose median left its bracket take a pass over the rows: it counts below a new bracket and lists what is
/// inside, for all of them at once. The first search takes its brackets from a sample of the rows and cuts them in 2^b
/// bins before it lists one; without a sample it cuts the range of all values so, by value and by key in turn, at most
/// 2 ceil(64 / b) rounds, with b from a byte budget. All of it is exact, so neither brackets nor sample change a bit.
/// Features of small whole numbers have a histogram of all their values instead: one reduction, and no pass at all.
template <class T>
class MedianSearch {
 public:
  /// For a fit of these rows, none of which is in a cluster yet. Looks at the rows. Collective.
  MedianSearch(const RowPass<T>& pass, std::size_t n_clusters, std::size_t byte_budget = selection_byte_budget);

  /// The clusters are other ones: no row is in any.
  void forget(std::size_t n_clusters);

  /// Rows of a block change clusters, counted from its row `first`; several threads may say so. A row may change more
  /// than once between two searches, which costs a pass over the rows.
  void move(const RowBlock<T>& block, std::size_t first, std::span<const RowMove> moves);

  /// labels: where this rank's rows are after all moves. Entries of clusters without weight keep the value of
  /// `previous` (K x D). Collective.
  Matrix medians(const RowPass<T>& pass, std::span<const std::int32_t> labels, const Matrix& previous);

  /// Passes over all rows that the last search took, samples aside.
  [[nodiscard]] int row_passes() const { return row_passes_; }

 private:
  void search(const RowPass<T>& pass, std::span<const std::int32_t> labels, const Matrix& previous, Matrix& medians);
  void follow_plan(SelectionRounds<T>& rounds);
  void plan_next(const SelectionRounds<T>& rounds, std::span<const std::int32_t> labels, const Matrix& medians,
                 const Matrix& previous);

  std::size_t byte_budget_;
  IntegerWeights weights_;
  ColumnExtents extents_;
  ValueHistogram<T> histogram_;
  Candidates<T> candidates_;  ///< of features that are not in the histogram
  PairBrackets<T> plan_;      ///< for the next search; empty before the first
  int row_passes_ = 0;
};

}  // namespace shoal
