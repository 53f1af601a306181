/// The rounds of a search for the medians of all clusters and features at once; MedianSearch strings them together.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/kmedians/candidates.hpp"
#include "shoal/pass/column_extents.hpp"

namespace shoal {

/// For the counts of one round, on each thread of a rank.
inline constexpr std::size_t selection_byte_budget = std::size_t{16} << 20U;

/// What is known of one pair of cluster and feature.
struct SelectionState {
  std::uint64_t low = 0, high = 0;  ///< the lower median's key is in low .. high
  std::int64_t below = 0;           ///< W(< low)
  std::int64_t inside = 0;          ///< W(low .. high), or more
  int cuts = 0;                     ///< so far
  bool listed = false;              ///< every rank has its values of the pair's bracket among the candidates

  [[nodiscard]] bool narrow() const { return low == high; }
};

/// A search in progress. Every step is collective.
template <class T>
class SelectionRounds {
 public:
  /// labels: of this rank's rows. left_out: whether each of the D features has no median to find.
  SelectionRounds(const RowPass<T>& pass, const ColumnExtents& extents, const std::vector<bool>& left_out,
                  const IntegerWeights& weights, std::span<const std::int32_t> labels, Candidates<T>& candidates,
                  std::size_t byte_budget = selection_byte_budget);

  /// The first round: what moved since the last search, and bins of the candidates that it left. No pass.
  void follow();

  /// A pass over the rows: counts below and inside the brackets of pairs that are not listed. What is inside is counted
  /// by bins, and the bin of the lower median kept; or (`list`) it is listed, unless it is too much on some rank.
  void count(const PairBrackets<T>& tried, bool list);

  /// Counts the candidates by bins. No pass.
  void narrow();

  /// Whether the bracket of some pair that is listed, or not, holds more than one key and more than `most` rows (weight
  /// in mean weights of a row).
  [[nodiscard]] bool has_more_than(std::int64_t most, bool listed) const;
  [[nodiscard]] std::size_t n_unlisted() const;
  [[nodiscard]] std::size_t n_pairs() const { return states_.size(); }

  /// The brackets as they stand of all pairs that are not listed, and (`wider`) as much again above, where the upper
  /// median often is.
  [[nodiscard]] PairBrackets<T> remaining(bool wider) const;

  /// Lower and upper median of each pair, by gathering what is left of the candidates.
  struct Medians {
    std::vector<double> lower, upper;
  };
  [[nodiscard]] Medians gather() const;

  /// Candidates of at most so many rows are gathered.
  [[nodiscard]] std::int64_t few() const;

  [[nodiscard]] const SelectionState& state(std::size_t p) const { return states_[p]; }
  [[nodiscard]] const Candidates<T>& candidates() const { return candidates_; }
  /// The pair's weight; 0 where no median is to find.
  [[nodiscard]] std::int64_t total(std::size_t p) const {
    return left_out_[p % n_features_] ? 0 : candidates_.clusters[p / n_features_];
  }
  [[nodiscard]] std::int64_t unit() const { return unit_; }
  [[nodiscard]] int row_passes() const { return row_passes_; }

 private:
  [[nodiscard]] unsigned bin_bits(std::int64_t most_inside) const;
  [[nodiscard]] std::int64_t most_inside(bool listed) const;
  void set_totals();
  std::vector<PassTally<T>> pass_over_rows(const PairBrackets<T>& tried, bool list, const std::vector<Bins>& bins,
                                           unsigned bits);
  std::vector<Bins> bins_of(const PairBrackets<T>& tried, unsigned bits) const;
  void bin_candidates(const std::vector<Bins>& bins, Round& round) const;
  std::vector<bool> settle(const PairBrackets<T>& tried, const Round& round, const std::vector<Bins>& bins, bool binned,
                           bool listed);
  void keep_listed(const PairBrackets<T>& tried, const Round& round, const std::vector<PassTally<T>>& all,
                   const std::vector<bool>& inside);
  bool learn(std::size_t p, const PairBrackets<T>& tried, std::int64_t below, std::int64_t inside);
  void keep_bin(std::size_t p, const Bins& bins, const std::int64_t* counts);
  [[nodiscard]] std::vector<WeightOfKey> last_few() const;
  [[nodiscard]] std::vector<T> next_values(const std::vector<T>& values, const std::vector<bool>& wanted) const;

  const RowPass<T>& pass_;
  const ColumnExtents& extents_;
  const std::vector<bool>& left_out_;
  const IntegerWeights& weights_;
  std::span<const std::int32_t> labels_;
  Candidates<T>& candidates_;
  std::size_t n_features_;
  std::size_t byte_budget_;
  std::int64_t unit_ = 1;  ///< mean weight of a row
  std::vector<SelectionState> states_;
  int row_passes_ = 0;
};

}  // namespace shoal
