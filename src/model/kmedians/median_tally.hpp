/// What one thread counts and lists in a pass over the rows for the medians.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "model/kmedians/median_rounds.hpp"
#include "shoal/math/bracket_count.hpp"

namespace shoal {

template <class T>
struct MedianTally {
  MedianTally(std::size_t n_pairs, std::size_t n_features, std::size_t most_entries)
      : below(n_pairs),
        inside(n_pairs),
        narrow_below(n_pairs),
        narrow_equal(n_pairs),
        equal(n_pairs),
        places(4096 + n_features),
        most(most_entries) {}

  /// A value within the bracket of its pair.
  void push(std::size_t pair, std::size_t feature, double value, std::size_t row, std::int64_t weight) {
    inside[pair] += weight;
    const std::uint64_t key = ordered_key(value);
    if (cutting != nullptr)
      cells[(pair << bits) + cutting[pair].place(key)] += weight;
    else if (entries.size() < most)
      entries.emplace_back(key, row, feature);
    else
      full = true;
  }

  /// Rows of a block with their labels, negative for rows that are left out.
  void add(const RowBlock<T>& block, const std::int32_t* labels, const TriedBrackets<T>& tried) {
    const std::size_t d = block.n_features;
    const std::size_t at_once = std::max<std::size_t>(1, (std::size_t{1} << 31U) / d);
    for (std::size_t done = 0, found = 0; done < block.n_rows;) {
      const std::size_t first = done;
      const T* values = block.row(first);
      done += count_in_brackets<T>(values, std::min(at_once, block.n_rows - first), d, labels + first,
                                   {below.size() / d, tried.low.data(), tried.high.data(), tried.pivot.data()},
                                   {narrow_below.data(), narrow_equal.data()}, places.data(), places.size(), &found);
      for (std::size_t i = 0, row = 0; i < found; ++i) {
        while (places[i] >= (row + 1) * d) ++row;
        const std::size_t feature = places[i] - row * d;
        push(static_cast<std::size_t>(labels[first + row]) * d + feature, feature,
             static_cast<double>(values[places[i]]), block.first_local + first + row, 1);
      }
    }
    rows += block.n_rows;
    if (rows > std::size_t{1} << 30U) take_narrow();
  }

  void add_weighted(const RowBlock<T>& block, const std::int32_t* labels, const IntegerWeights& weights,
                    const TriedBrackets<T>& tried) {
    for (std::size_t r = 0; r < block.n_rows; ++r)
      if (labels[r] >= 0 && weights[block.first_local + r] != 0)
        add_row(block, r, labels[r], weights[block.first_local + r], tried);
  }

  /// One row of a block.
  void add_row(const RowBlock<T>& block, std::size_t r, std::int32_t label, std::int64_t weight,
               const TriedBrackets<T>& tried) {
    for (std::size_t j = 0; j < block.n_features; ++j) {
      const std::size_t p = static_cast<std::size_t>(label) * block.n_features + j;
      const T x = block.row(r)[j];
      if (x < tried.low[p])
        below[p] += weight;
      else if (x == tried.pivot[p])
        equal[p] += weight;
      else if (x <= tried.high[p])
        push(p, j, static_cast<double>(x), block.first_local + r, weight);
    }
  }

  /// The same row back out of what was counted; entries stay.
  void take_row(const T* row, std::size_t n_features, std::int32_t label, std::int64_t weight,
                const TriedBrackets<T>& tried) {
    for (std::size_t j = 0; j < n_features; ++j) {
      const std::size_t p = static_cast<std::size_t>(label) * n_features + j;
      if (row[j] < tried.low[p])
        below[p] -= weight;
      else if (row[j] == tried.pivot[p])
        equal[p] -= weight;
      else if (row[j] <= tried.high[p])
        inside[p] -= weight;
    }
  }

  /// At the end: ties with the pivots are inside as well.
  void finish(const TriedBrackets<T>& tried) {
    take_narrow();
    for (std::size_t p = 0; p < below.size(); ++p) {
      inside[p] += equal[p];
      if (cutting != nullptr && equal[p] != 0)
        cells[(p << bits) + cutting[p].place(ordered_key(static_cast<double>(tried.pivot[p])))] += equal[p];
    }
  }

  /// From the kernel's counters, which float32 rows have in 32 bits.
  void take_narrow() {
    for (std::size_t p = 0; p < below.size(); ++p) {
      below[p] += std::exchange(narrow_below[p], 0);
      equal[p] += std::exchange(narrow_equal[p], 0);
    }
    rows = 0;
  }

  std::vector<std::int64_t> below, inside;
  std::vector<std::int64_t> clusters;  ///< of rows that changed clusters, filled by the caller
  std::vector<CounterOf<T>> narrow_below, narrow_equal;
  std::vector<std::int64_t> equal;  ///< to the pivot; they are not listed
  std::vector<PlaceOf<T>> places;
  std::vector<Entry> entries;
  std::size_t most;
  std::size_t rows = 0;
  bool full = false;
  const Cells* cutting = nullptr;  ///< of every pair; null: values are listed
  unsigned bits = 0;
  std::vector<std::int64_t> cells;  ///< 2^bits a pair
};

}  // namespace shoal
