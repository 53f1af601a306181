/// The steps of a search for the medians of all clusters and features at once; MedianSearch strings them together.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "shoal/model/kmedians/selection.hpp"

namespace shoal {

/// The weight of a value of one (cluster, feature) pair on this rank.
struct Entry {
  std::uint64_t pair;
  std::uint64_t key;
  std::int64_t weight;
};

/// Sorted by pair and key, equal ones in one.
std::vector<Entry> merged(std::vector<Entry> entries);

/// What is known of one pair.
struct PairState {
  std::uint64_t low = 0;  ///< the lower median's key lies in low .. high
  std::uint64_t high = std::numeric_limits<std::uint64_t>::max();
  std::int64_t below = 0;   ///< W(< low)
  std::int64_t inside = 0;  ///< W(low .. high), or more
  // Once every rank has listed its values of a bracket around the median:
  bool listed = false;
  std::uint64_t listed_low = 0, listed_high = 0;
  std::int64_t listed_inside = 0;

  [[nodiscard]] bool narrow() const { return low == high; }
};

/// K x D brackets to try; low > high tries nothing.
template <class T>
struct TriedBrackets {
  std::vector<T> low, high, pivot;
  explicit TriedBrackets(std::size_t n_pairs)
      : low(n_pairs, std::numeric_limits<T>::infinity()),
        high(n_pairs, -std::numeric_limits<T>::infinity()),
        pivot(n_pairs, std::numeric_limits<T>::quiet_NaN()) {}
  void set(std::size_t p, T from, T to, T value) { low[p] = from, high[p] = to, pivot[p] = value; }
};

template <class T>
struct Cutting;
template <class T>
struct MedianTally;

/// A search in progress. Every step is collective.
template <class T>
class MedianRounds {
 public:
  /// Brackets of at most so many rows (weight in mean weights of a row) are gathered.
  static constexpr std::int64_t few = 64;

  /// Of every stride-th row of all ranks.
  MedianRounds(const RowPass<T>& pass, std::span<const std::int32_t> labels, const IntegerWeights& weights,
               std::size_t n_clusters, std::size_t n_features, std::int64_t stride);

  /// One pass over the rows: counts below and inside the brackets of pairs that are not listed, and lists the values
  /// inside, unless they take more room than half an entry a row.
  void list_brackets(const TriedBrackets<T>& tried);

  /// The same, but cuts the brackets in cells and keeps the cell of the lower median.
  void cut_brackets(const TriedBrackets<T>& tried);

  /// Cuts what is listed in cells; no pass over the rows.
  void narrow_lists();

  /// Whether the bracket of some pair that is listed, or not, holds more than one key and more than `most` rows.
  [[nodiscard]] bool has_more_than(std::int64_t most, bool listed) const;
  [[nodiscard]] bool has_unlisted() const;

  /// The brackets as they stand of all pairs that are not listed.
  [[nodiscard]] TriedBrackets<T> remaining() const;

  /// Lower and upper median of each pair, by gathering what is left of the lists.
  struct Medians {
    std::vector<double> lower, upper;
  };
  [[nodiscard]] Medians gather() const;

  [[nodiscard]] const PairState& state(std::size_t p) const { return states_[p]; }
  [[nodiscard]] std::int64_t total(std::size_t p) const { return cluster_[p / n_features_]; }
  [[nodiscard]] std::int64_t unit() const { return unit_; }
  [[nodiscard]] int row_passes() const { return row_passes_; }

 private:
  [[nodiscard]] bool counts(std::int64_t row, std::size_t local) const;
  [[nodiscard]] std::vector<std::int32_t> labels_of(const RowBlock<T>& block) const;
  std::vector<MedianTally<T>> pass_over_rows(const TriedBrackets<T>& tried, const Cutting<T>* cutting);
  bool learn(std::size_t p, const TriedBrackets<T>& tried, std::int64_t below, std::int64_t inside);
  [[nodiscard]] std::vector<Entry> last_few() const;
  [[nodiscard]] std::vector<std::uint64_t> next_keys(const std::vector<std::uint64_t>& keys) const;

  const RowPass<T>& pass_;
  std::span<const std::int32_t> labels_;
  const IntegerWeights& weights_;
  std::size_t n_features_;
  std::int64_t stride_;
  std::vector<std::int64_t> cluster_;  ///< W of each cluster
  std::int64_t unit_ = 1;              ///< mean weight of a row
  std::vector<PairState> states_;
  std::vector<Entry> list_;  ///< of this rank, merged
  int row_passes_ = 0;
};

}  // namespace shoal
