/// What one thread counts and lists in a pass over the rows for the medians.
#pragma once

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "model/kmedians/median_rounds.hpp"
#include "shoal/math/bracket_count.hpp"

namespace shoal {

/// A bracket of keys is cut in at most 2^bits cells of 2^shift.
inline unsigned shift_of(std::uint64_t low, std::uint64_t high, int bits) {
  return static_cast<unsigned>(std::max(0, static_cast<int>(std::bit_width(high - low)) - bits));
}

/// Brackets cut in 2^bits cells.
template <class T>
struct Cutting {
  Cutting(const TriedBrackets<T>& tried, int cell_bits) : bits(cell_bits) {
    for (std::size_t p = 0; p < tried.low.size(); ++p) {
      const bool some = tried.low[p] <= tried.high[p];
      low.push_back(some ? ordered_key(static_cast<double>(tried.low[p])) : 0);
      shift.push_back(some ? shift_of(low[p], ordered_key(static_cast<double>(tried.high[p])), bits) : 0);
    }
  }
  [[nodiscard]] std::size_t n_cells() const { return low.size() << static_cast<unsigned>(bits); }
  [[nodiscard]] std::size_t place(std::size_t pair, std::uint64_t key) const {
    return (pair << static_cast<unsigned>(bits)) + ((key - low[pair]) >> shift[pair]);
  }
  int bits;
  std::vector<std::uint64_t> low;
  std::vector<unsigned> shift;
};

/// What one thread finds in a pass over the rows.
template <class T>
struct MedianTally {
  MedianTally(std::size_t n_pairs, std::size_t n_features, std::size_t most_entries)
      : below(n_pairs),
        inside(n_pairs),
        narrow_below(n_pairs),
        narrow_equal(n_pairs),
        equal(n_pairs),
        hits(4096 + n_features),
        most(most_entries) {}

  void push(std::size_t pair, std::uint64_t key, std::int64_t weight) {
    inside[pair] += weight;
    if (cutting != nullptr) cells[cutting->place(pair, key)] += weight;
    if (full || cutting != nullptr) return;
    entries.push_back({pair, key, weight});
    if (entries.size() < most) return;
    entries = merged(std::move(entries));
    if (entries.size() > most / 2) full = true, entries = {};
  }

  void add(const RowBlock<T>& block, std::span<const std::int32_t> labels, const TriedBrackets<T>& tried) {
    const std::size_t d = block.n_features;
    for (std::size_t done = 0, n_hits = 0; done < block.n_rows;) {
      const std::size_t first = done;
      done += count_in_brackets<T>(block.row(first), block.n_rows - first, d, labels.data() + first,
                                   {tried.low.data(), tried.high.data(), tried.pivot.data()},
                                   {narrow_below.data(), narrow_equal.data()}, hits.data(), hits.size(), &n_hits);
      for (std::size_t i = 0; i < n_hits; ++i) {
        const std::size_t row = first + hits[i].row;
        push(static_cast<std::size_t>(labels[row]) * d + hits[i].feature,
             ordered_key(static_cast<double>(block.row(row)[hits[i].feature])), 1);
      }
    }
    rows += block.n_rows;
    if (rows > std::size_t{1} << 30U) take_narrow();
  }

  void add_weighted(const RowBlock<T>& block, std::span<const std::int32_t> labels, const IntegerWeights& weights,
                    const TriedBrackets<T>& tried) {
    for (std::size_t r = 0; r < block.n_rows; ++r) {
      const std::int64_t weight = weights[block.first_local + r];
      if (labels[r] < 0 || weight == 0) continue;
      for (std::size_t j = 0; j < block.n_features; ++j) {
        const std::size_t p = static_cast<std::size_t>(labels[r]) * block.n_features + j;
        const T x = block.row(r)[j];
        if (x < tried.low[p])
          below[p] += weight;
        else if (x == tried.pivot[p])
          equal[p] += weight;
        else if (x <= tried.high[p])
          push(p, ordered_key(static_cast<double>(x)), weight);
      }
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
  std::vector<CounterOf<T>> narrow_below, narrow_equal;
  std::vector<std::int64_t> equal;
  std::vector<Hit> hits;
  std::vector<Entry> entries;
  std::size_t most;
  std::size_t rows = 0;
  bool full = false;
  const Cutting<T>* cutting = nullptr;  ///< null: values are listed
  std::vector<std::int64_t> cells;
};

}  // namespace shoal
