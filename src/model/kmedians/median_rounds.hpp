/// The steps of a search for the medians of all clusters and features at once; MedianSearch strings them together.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "model/kmedians/median_cells.hpp"
#include "shoal/model/kmedians/selection.hpp"

namespace shoal {

/// A value on this rank, in its (cluster, feature) pair's bracket; the label of its row is the cluster.
class Entry {
 public:
  Entry(std::uint64_t key, std::size_t local_row, std::size_t feature)
      : key_(key), place_(local_row << 24U | feature) {}
  [[nodiscard]] std::uint64_t key() const { return key_; }
  [[nodiscard]] std::size_t row() const { return place_ >> 24U; }
  [[nodiscard]] std::size_t feature() const { return place_ & 0xFFFFFFU; }

 private:
  std::uint64_t key_;
  std::uint64_t place_;
};

/// What is known of one pair.
struct PairState {
  std::uint64_t low = 0;  ///< the lower median's key lies in low .. high
  std::uint64_t high = std::numeric_limits<std::uint64_t>::max();
  std::int64_t below = 0;   ///< W(< low)
  std::int64_t inside = 0;  ///< W(low .. high), or more
  int cuts = 0;             ///< so far
  bool listed = false;      ///< every rank has listed its values of its bracket in the book

  [[nodiscard]] bool narrow() const { return low == high; }
};

/// K x D brackets to try; low > high tries nothing.
template <class T>
struct TriedBrackets {
  std::vector<T> low, high, pivot;
  explicit TriedBrackets(std::size_t n_pairs = 0)
      : low(n_pairs, std::numeric_limits<T>::infinity()),
        high(n_pairs, -std::numeric_limits<T>::infinity()),
        pivot(n_pairs, std::numeric_limits<T>::quiet_NaN()) {}
  [[nodiscard]] bool tries(std::size_t p) const { return low[p] <= high[p]; }
  void drop(std::size_t p) {
    constexpr T infinity = std::numeric_limits<T>::infinity();
    set(p, infinity, -infinity, std::numeric_limits<T>::quiet_NaN());
  }
  void set(std::size_t p, T from, T to, T value) { low[p] = from, high[p] = to, pivot[p] = value; }
};

/// What a search leaves for the next one: brackets whose values are listed, and what was counted of them.
template <class T>
struct MedianBook {
  std::vector<std::int32_t> labels;    ///< of this rank's rows
  std::vector<std::int64_t> clusters;  ///< W of each
  TriedBrackets<T> brackets;           ///< of the pairs that are listed
  std::vector<std::int64_t> below;     ///< W(< bracket)
  std::vector<std::int64_t> inside;    ///< W(bracket)
  std::vector<Entry> list;             ///< this rank's values in the brackets, but for ties with the pivots:
  std::vector<std::int64_t> equal;     ///< W(pivot) on this rank
};

template <class T>
struct MedianTally;

/// How much of a pair's weight is at a key.
struct WeightOfKey {
  std::uint64_t pair;
  std::uint64_t key;
  std::int64_t weight;
};

/// A search in progress. Every step is collective.
template <class T>
class MedianRounds {
 public:
  /// left_out: whether each of the D features has no median to find.
  MedianRounds(const RowPass<T>& pass, const IntegerWeights& weights, std::size_t n_clusters,
               const std::vector<bool>& left_out, std::size_t byte_budget = selection_byte_budget);

  /// From nothing: counts the clusters.
  void begin(std::span<const std::int32_t> labels);

  /// From the last search: only rows whose label is another one change what was counted. Counts cells at once. The
  /// book's brackets are narrowed to these, which may also drop some.
  void follow(MedianBook<T>&& book, std::span<const std::int32_t> labels, const TriedBrackets<T>& brackets);

  /// One pass over the rows: counts below and inside the brackets of pairs that are not listed, and lists the values
  /// inside, unless they are more than three values in four rows.
  void list_brackets(const TriedBrackets<T>& tried);

  /// The same, but cuts the brackets in cells and keeps the cell of the lower median. They hold about this share of
  /// what the pairs' brackets held before.
  void cut_brackets(const TriedBrackets<T>& tried, double share = 1);

  /// Cuts what is listed in cells; no pass over the rows.
  void narrow_lists();

  /// Whether the bracket of some pair that is listed, or not, holds more than one key and more than `most` rows.
  [[nodiscard]] bool has_more_than(std::int64_t most, bool listed) const;
  [[nodiscard]] bool has_unlisted() const;

  /// The brackets as they stand of all pairs that are not listed, and (`wider`) as much again above, where the upper
  /// median often is.
  [[nodiscard]] TriedBrackets<T> remaining(bool wider) const;

  /// Lower and upper median of each pair, by gathering what is left of the lists.
  struct Medians {
    std::vector<double> lower, upper;
  };
  [[nodiscard]] Medians gather() const;

  /// Ends the search.
  MedianBook<T> close() && { return std::move(book_); }

  /// Brackets of at most so many rows (weight in mean weights of a row) are gathered.
  [[nodiscard]] std::int64_t few() const;

  [[nodiscard]] const PairState& state(std::size_t p) const { return states_[p]; }
  [[nodiscard]] const MedianBook<T>& book() const { return book_; }
  /// The pair's weight; 0 where no median is to find.
  [[nodiscard]] std::int64_t total(std::size_t p) const {
    return left_out_[p % n_features_] ? 0 : book_.clusters[p / n_features_];
  }
  [[nodiscard]] std::int64_t unit() const { return unit_; }
  [[nodiscard]] int row_passes() const { return row_passes_; }

 private:
  [[nodiscard]] bool counts(std::size_t local) const;
  [[nodiscard]] std::size_t pair_of(const Entry& entry) const {
    return static_cast<std::size_t>(book_.labels[entry.row()]) * n_features_ + entry.feature();
  }
  [[nodiscard]] const std::int32_t* labels_of(const RowBlock<T>& block, std::vector<std::int32_t>& room) const;
  [[nodiscard]] int cell_bits(std::int64_t most_inside) const;
  [[nodiscard]] std::int64_t most_inside(bool listed) const;
  [[nodiscard]] std::size_t most_entries() const;
  void set_totals();
  std::vector<MedianTally<T>> tallies() const;
  std::vector<MedianTally<T>> pass_over_rows(const TriedBrackets<T>& tried, const std::vector<Cells>* cutting,
                                             int bits);
  void shrink(const TriedBrackets<T>& brackets, std::int64_t* below, std::int64_t* inside);
  std::vector<MedianTally<T>> changes_to(std::span<const std::int32_t> labels);
  std::vector<Cells> cells_of_lists(int bits) const;
  void count_lists(const std::vector<Cells>& cells, int bits, std::span<std::int64_t> counts) const;
  bool learn(std::size_t p, const TriedBrackets<T>& tried, std::int64_t below, std::int64_t inside);
  void keep_cell(std::size_t p, const Cells& cells, const std::int64_t* counts);
  /// Calls `take` with pair, key and weight of what this rank has listed.
  template <class F>
  void for_each_listed(F&& take) const {
    for (const Entry& entry : book_.list) take(pair_of(entry), entry.key(), weights_[entry.row()]);
    for (std::size_t p = 0; p < states_.size(); ++p)
      if (book_.equal[p] != 0) take(p, ordered_key(static_cast<double>(book_.brackets.pivot[p])), book_.equal[p]);
  }
  [[nodiscard]] std::vector<WeightOfKey> last_few() const;
  [[nodiscard]] std::vector<T> next_values(const std::vector<T>& values, const std::vector<bool>& wanted) const;

  const RowPass<T>& pass_;
  const IntegerWeights& weights_;
  const std::vector<bool>& left_out_;
  std::size_t n_features_;
  std::size_t byte_budget_;
  std::int64_t unit_ = 1;  ///< mean weight of a row
  std::vector<PairState> states_;
  MedianBook<T> book_;
  int row_passes_ = 0;
};

}  // namespace shoal
