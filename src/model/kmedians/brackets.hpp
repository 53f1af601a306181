/// Where the medians of all clusters and features are sought: a bracket for each pair of them.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "shoal/core/ordered_key.hpp"

namespace shoal {

/// K x D brackets low .. high with a pivot, a value within that many rows may share, or NaN; low > high: none.
template <class T>
struct PairBrackets {
  std::vector<T> low, high, pivot;

  explicit PairBrackets(std::size_t n_pairs = 0)
      : low(n_pairs, std::numeric_limits<T>::infinity()),
        high(n_pairs, -std::numeric_limits<T>::infinity()),
        pivot(n_pairs, std::numeric_limits<T>::quiet_NaN()) {}

  void set(std::size_t p, T from, T to, T value) { low[p] = from, high[p] = to, pivot[p] = value; }
  void drop(std::size_t p) {
    constexpr T infinity = std::numeric_limits<T>::infinity();
    set(p, infinity, -infinity, std::numeric_limits<T>::quiet_NaN());
  }
  [[nodiscard]] bool has(std::size_t p) const { return low[p] <= high[p]; }
  [[nodiscard]] std::size_t count() const {
    std::size_t n = 0;
    for (std::size_t p = 0; p < low.size(); ++p) n += has(p) ? 1 : 0;
    return n;
  }
  [[nodiscard]] std::uint64_t low_key(std::size_t p) const { return ordered_key(static_cast<double>(low[p])); }
  [[nodiscard]] std::uint64_t high_key(std::size_t p) const { return ordered_key(static_cast<double>(high[p])); }
  [[nodiscard]] std::uint64_t pivot_key(std::size_t p) const { return ordered_key(static_cast<double>(pivot[p])); }
};

/// A value on this rank, in the bracket of its cluster and feature; the label of its row is the cluster.
class Candidate {
 public:
  Candidate(std::uint64_t key, std::size_t local_row, std::size_t feature)
      : key_(key), place_(local_row << 24U | feature) {}
  [[nodiscard]] std::uint64_t key() const { return key_; }
  [[nodiscard]] std::size_t row() const { return place_ >> 24U; }
  [[nodiscard]] std::size_t feature() const { return place_ & 0xFFFFFFU; }

 private:
  std::uint64_t key_;
  std::uint64_t place_;
};

}  // namespace shoal
