/// What is known of all rows against brackets, from one search to the next.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "model/kmedians/bracket_tally.hpp"
#include "shoal/core/pool.hpp"
#include "shoal/math/fixed_point.hpp"
#include "shoal/pass/row_pass.hpp"

namespace shoal {

/// What one round counts: on this rank, and after its one reduction on all.
struct Round {
  Round(std::size_t n_clusters, std::size_t n_of_pairs, unsigned bin_bits)
      : bits(bin_bits), n_pairs(n_of_pairs), counts(n_clusters + 2 * n_pairs + 1 + (n_pairs << bits), 0) {
    clusters = counts.data();
    below = clusters + n_clusters;
    inside = below + n_pairs;
    full = inside + n_pairs;
    bins = full + 1;
  }
  Round(const Round&) = delete;
  Round& operator=(const Round&) = delete;

  template <class T>
  void add(const BracketTally<T>& tally) {
    for (std::size_t p = 0; p < n_pairs; ++p) below[p] += tally.below[p], inside[p] += tally.inside[p] + tally.ties[p];
    *full += tally.full ? 1 : 0;
  }

  unsigned bits;
  std::size_t n_pairs;
  std::vector<std::int64_t> counts;  ///< all of these:
  std::int64_t* clusters;            ///< W that each gained
  std::int64_t* below;               ///< W(< bracket) of each pair
  std::int64_t* inside;              ///< W(bracket)
  std::int64_t* full;                ///< lists without room
  std::int64_t* bins;                ///< W of each bin, 2^bits a pair
};

/// The values in each pair's bracket, what lies below it, and the clusters' weights, kept up to date by the rows that
/// change clusters.
template <class T>
class Candidates {
 public:
  Candidates(const RowPass<T>& pass, std::size_t n_clusters);

  /// The clusters are other ones, without rows.
  void forget(std::size_t n_clusters);

  /// Rows of a block change clusters, counted from its row `first`; several threads may say so.
  void move(const RowBlock<T>& block, std::size_t first, std::span<const RowMove> moves, const IntegerWeights& weights);

  /// Adds to a round what moved on this rank since the last time. Drops the list where there is no room.
  void collect(Round& round);

  /// Narrows the brackets, which may also drop some. labels: of this rank's rows, as in all that follows.
  void keep(const PairBrackets<T>& narrower, std::span<const std::int32_t> labels, const IntegerWeights& weights);

  /// How many a list may have, of this rank: three for four rows, and some.
  [[nodiscard]] std::size_t most() const { return most_; }

  [[nodiscard]] std::size_t pair_of(const Candidate& one, std::span<const std::int32_t> labels) const {
    return static_cast<std::size_t>(labels[one.row()]) * n_features_ + one.feature();
  }

  /// Calls `take` with pair, key and weight of what this rank has in brackets.
  template <class F>
  void for_each(std::span<const std::int32_t> labels, const IntegerWeights& weights, F&& take) const {
    for (const Candidate& one : list) take(pair_of(one, labels), one.key(), weights[one.row()]);
    for (std::size_t p = 0; p < ties.size(); ++p)
      if (ties[p] != 0) take(p, brackets.pivot_key(p), ties[p]);
  }

  std::vector<std::int64_t> clusters;  ///< W of each
  PairBrackets<T> brackets;
  std::vector<std::int64_t> below, inside;  ///< W(< bracket), W(bracket)
  std::vector<Candidate> list;              ///< this rank's values in the brackets, but for ties with the pivots:
  std::vector<std::int64_t> ties;           ///< W(pivot) on this rank

 private:
  struct Moved : BracketTally<T> {
    using BracketTally<T>::BracketTally;
    std::vector<std::int64_t> clusters;
    std::vector<std::size_t> left;  ///< local rows, out of clusters in which they may be candidates
  };
  [[nodiscard]] std::unique_ptr<Moved> nothing_moved() const;

  std::size_t n_features_, n_rows_, n_threads_, most_ = 0;
  bool has_brackets_ = false;
  Pool<Moved> moved_;  ///< one a thread
};

}  // namespace shoal
