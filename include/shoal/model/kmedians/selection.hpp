/// Exact weighted medians of all clusters and features at once, by counting.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "shoal/pass/row_pass.hpp"

namespace shoal {

/// Row weights as integer multiples of one power of two, so that sums and comparisons are exact.
struct IntegerWeights {
  std::vector<std::int64_t> values;  ///< of this rank's rows; empty: all 1
  [[nodiscard]] std::int64_t operator[](std::size_t r) const { return values.empty() ? 1 : values[r]; }
};

/// `weights` (empty: all 1) scaled by the power of two that brings `total`, their sum over all ranks, below 2^62.
IntegerWeights integer_weights(std::span<const double> weights, double total);

/// The order-preserving integer of a double: x < y exactly where key(x) < key(y); -0.0 counts as +0.0.
std::uint64_t ordered_key(double value);
double value_of_key(std::uint64_t key);

template <class T>
class MedianRounds;

/// For each cluster k and feature d the midpoint of the lower and the upper median: the smallest x with
/// W(<= x) >= W / 2 and the smallest with W(<= x) > W / 2 over the cluster's rows.
///
/// Medians move little between iterations, so each search starts from brackets around where the last one ended: one
/// pass over the rows counts, for all pairs at once, what lies below the brackets and lists the few values inside;
/// integer reductions agree on the ranks, and the last values are gathered. A bracket that was missed is tried once
/// more, wider, on the side where the median went; without a bracket the range of all keys is cut in 2^b cells a round,
/// at most ceil(64 / b) rounds, with b from a byte budget. The first search of many rows takes its brackets from every
/// sixteenth row. All of it is exact, so the brackets change no bit.
template <class T>
class MedianSearch {
 public:
  /// labels: this rank's rows. Entries of clusters without weight keep the value of `previous` (K x D).
  Matrix medians(const RowPass<T>& pass, std::span<const std::int32_t> labels, const IntegerWeights& weights,
                 const Matrix& previous);

  /// Passes over the rows that the last search took, the first one's sample aside.
  [[nodiscard]] int row_passes() const { return row_passes_; }

 private:
  template <class F>
  Matrix search(MedianRounds<T>& rounds, const Matrix& previous, F&& half_width);

  std::vector<T> low_, high_, pivot_;  ///< K x D brackets for the next search; empty: none yet
  bool wide_ = false;                  ///< they hold many values
  int row_passes_ = 0;
};

/// The counts of one round may take this many bytes on each thread of a rank. Tests lower it.
inline std::size_t selection_byte_budget = std::size_t{16} << 20U;

}  // namespace shoal
