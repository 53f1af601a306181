/// The sufficient statistics of some rows: what a block of rows contributes to an M-step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace shoal {

/// Floating-point sums, added along a fixed tree, and integer counts, exact in any order. A model names the places in
/// `sums` by a layout of its own.
struct Statistics {
  std::vector<double> sums;
  std::vector<std::int64_t> counts;

  Statistics() = default;
  Statistics(std::size_t n_sums, std::size_t n_counts) : sums(n_sums, 0.0), counts(n_counts, 0) {}

  /// Requires the same layout on both sides.
  Statistics& operator+=(const Statistics& other) {
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += other.sums[i];
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
    return *this;
  }

  [[nodiscard]] std::size_t bytes() const {
    return sums.size() * sizeof(double) + counts.size() * sizeof(std::int64_t);
  }
};

}  // namespace shoal
