/// What one thread counts and lists of rows against brackets.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "model/bins.hpp"
#include "model/integer_weights.hpp"
#include "model/kmedians/brackets.hpp"
#include "shoal/data/block_source.hpp"
#include "shoal/math/bracket_count.hpp"

namespace shoal {

/// Row by row.
template <class T>
struct BracketTally {
  BracketTally(std::size_t n_pairs, std::size_t most_candidates)
      : below(n_pairs), inside(n_pairs), ties(n_pairs), most(most_candidates) {}

  /// A value within its bracket.
  void list(std::uint64_t key, std::size_t row, std::size_t feature) {
    if (candidates.size() < most)
      candidates.emplace_back(key, row, feature);
    else
      full = true;
  }

  /// Adds the row's weight to the counts and calls `take` for features that are inside but for ties.
  template <class F>
  void count_row(const RowBlock<T>& block, std::size_t r, std::int32_t label, std::int64_t weight,
                 const PairBrackets<T>& brackets, F&& take) {
    for (std::size_t j = 0; j < block.n_features; ++j) {
      const std::size_t p = static_cast<std::size_t>(label) * block.n_features + j;
      const T x = block.row(r)[j];
      if (x < brackets.low[p])
        below[p] += weight;
      else if (x == brackets.pivot[p])
        ties[p] += weight;
      else if (x <= brackets.high[p])
        inside[p] += weight, take(j);
    }
  }

  std::vector<std::int64_t> below, inside;
  std::vector<std::int64_t> ties;  ///< with the pivot; neither among those inside nor listed
  std::vector<Candidate> candidates;
  std::size_t most;
  bool full = false;
};

/// In a pass over all rows.
template <class T>
struct PassTally : BracketTally<T> {
  PassTally(std::size_t n_pairs, std::size_t n_features, std::size_t most_candidates, const std::vector<Bins>& bins_of,
            unsigned bin_bits)
      : BracketTally<T>(n_pairs, most_candidates),
        narrow_below(n_pairs),
        narrow_ties(n_pairs),
        places(4096 + n_features),
        cutting(bins_of),
        bits(bin_bits),
        bins(n_pairs << bits) {}

  void add_to_bin(std::size_t p, std::uint64_t key, std::int64_t weight) {
    bins[(p << bits) + cutting[p].place(key)] += weight;
  }

  /// A value within its bracket.
  void take(std::size_t p, std::size_t feature, double value, std::size_t row, std::int64_t weight) {
    const std::uint64_t key = ordered_key(value);
    bits == 0 ? this->list(key, row, feature) : add_to_bin(p, key, weight);
  }

  /// Rows of a block, which all count 1.
  void add(const RowBlock<T>& block, const std::int32_t* labels, const PairBrackets<T>& tried) {
    const std::size_t d = block.n_features;
    const std::size_t at_once = std::max<std::size_t>(1, (std::size_t{1} << 31U) / d);
    for (std::size_t done = 0, found = 0; done < block.n_rows;) {
      const std::size_t first = done;
      const T* values = block.row(first);
      done += count_in_brackets<T>(values, std::min(at_once, block.n_rows - first), d, labels + first,
                                   {this->below.size() / d, tried.low.data(), tried.high.data(), tried.pivot.data()},
                                   {narrow_below.data(), narrow_ties.data()}, places.data(), places.size(), &found);
      for (std::size_t i = 0, row = 0; i < found; ++i) {
        while (places[i] >= (row + 1) * d) ++row;
        const std::size_t feature = places[i] - row * d,
                          p = static_cast<std::size_t>(labels[first + row]) * d + feature;
        ++this->inside[p];
        take(p, feature, static_cast<double>(values[places[i]]), block.first_local + first + row, 1);
      }
    }
    rows += block.n_rows;
    if (rows > std::size_t{1} << 30U) take_narrow();
  }

  void add_weighted(const RowBlock<T>& block, const std::int32_t* labels, const IntegerWeights& weights,
                    const PairBrackets<T>& tried) {
    for (std::size_t r = 0; r < block.n_rows; ++r) {
      const std::size_t local = block.first_local + r,
                        first_pair = static_cast<std::size_t>(labels[r]) * block.n_features;
      if (weights[local] == 0) continue;
      this->count_row(block, r, labels[r], weights[local], tried, [&](std::size_t j) {
        take(first_pair + j, j, static_cast<double>(block.row(r)[j]), local, weights[local]);
      });
    }
  }

  /// From the kernel's counters, which float32 rows have in 32 bits.
  void take_narrow() {
    for (std::size_t p = 0; p < narrow_below.size(); ++p) {
      this->below[p] += std::exchange(narrow_below[p], 0);
      this->ties[p] += std::exchange(narrow_ties[p], 0);
    }
    rows = 0;
  }

  void finish(const PairBrackets<T>& tried) {
    take_narrow();
    for (std::size_t p = 0; p < this->ties.size(); ++p)
      if (bits > 0 && this->ties[p] != 0) add_to_bin(p, tried.pivot_key(p), this->ties[p]);
  }

  std::vector<CounterOf<T>> narrow_below, narrow_ties;
  std::vector<PlaceOf<T>> places;
  std::size_t rows = 0;
  const std::vector<Bins>& cutting;  ///< of every pair
  unsigned bits;
  std::vector<std::int64_t> bins;  ///< 2^bits a pair; bits = 0: values are listed instead
};

}  // namespace shoal
