/// Exact weighted medians of all clusters and features at once, by counting.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "shoal/core/ordered_key.hpp"
#include "shoal/pass/row_pass.hpp"

namespace shoal {

/// Row weights as integer multiples of one power of two, so that sums and comparisons are exact.
struct IntegerWeights {
  std::vector<std::int64_t> values;  ///< of this rank's rows; empty: all 1
  [[nodiscard]] std::int64_t operator[](std::size_t r) const { return values.empty() ? 1 : values[r]; }
};

/// `weights` (empty: all 1) scaled by the power of two that brings `total`, their sum over all ranks, below 2^62.
IntegerWeights integer_weights(std::span<const double> weights, double total);

/// For the counts of one round, on each thread of a rank.
inline constexpr std::size_t selection_byte_budget = std::size_t{16} << 20U;

template <class T>
class MedianRounds;

/// For each cluster k and feature d the midpoint of the lower and the upper median: the smallest x with
/// W(<= x) >= W / 2 and the smallest with W(<= x) > W / 2 over the cluster's rows.
///
/// Medians move little between iterations, and few rows change clusters. So each search keeps, for every pair, a
/// bracket around its median, what lies below it, and the list of the values inside. The next search takes the rows
/// that changed clusters from one pair's counts to the other's, settles by one integer reduction (counts, and cells of
/// the brackets) in which cell each median is, and gathers the last values. Pairs whose median left its bracket
/// take a pass over the rows: it counts below a new bracket and lists what is inside, for all of them at once. The
/// first search takes its brackets from a sample of the rows; without a bracket the range of all keys is cut in 2^b
/// cells a round, by value and by key in turn, at most 2 ceil(64 / b) rounds, with b from a byte budget. All of it is
/// exact, so neither brackets nor sample change a bit. Features of small whole numbers have a table of all their values
/// instead: one reduction, and no pass but for rows that changed clusters.
template <class T>
class MedianSearch {
 public:
  explicit MedianSearch(std::size_t byte_budget = selection_byte_budget);
  ~MedianSearch();
  MedianSearch(MedianSearch&&) noexcept;
  MedianSearch& operator=(MedianSearch&&) noexcept;

  /// labels: this rank's rows. Entries of clusters without weight keep the value of `previous` (K x D).
  Matrix medians(const RowPass<T>& pass, std::span<const std::int32_t> labels, const IntegerWeights& weights,
                 const Matrix& previous);

  /// Passes over all rows that the last search took, samples aside.
  [[nodiscard]] int row_passes() const { return row_passes_; }

 private:
  struct Memory;
  void search(const RowPass<T>& pass, std::span<const std::int32_t> labels, const IntegerWeights& weights,
              const Matrix& previous, Matrix& medians);
  void start(MedianRounds<T>& rounds, const RowPass<T>& pass, std::span<const std::int32_t> labels,
             const IntegerWeights& weights, const Matrix& previous);
  void plan_next(const MedianRounds<T>& rounds, const Matrix& medians, const Matrix& previous);

  std::size_t byte_budget_;
  std::unique_ptr<Memory> memory_;
  int row_passes_ = 0;
};

}  // namespace shoal
