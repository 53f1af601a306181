/// The sufficient statistics of some rows: what a block of rows contributes to an M-step.
#pragma once

#include <cstddef>
#include <vector>

namespace shoal {

/// A model names the places in `sums` by a layout of its own.
struct Statistics {
  std::vector<double> sums;
  std::size_t n_totals = 0;  ///< the first of `sums`, whose addends may cancel: over blocks nothing of them is dropped

  Statistics() = default;
  explicit Statistics(std::size_t n, std::size_t totals = 0) : sums(n, 0.0), n_totals(totals) {}

  [[nodiscard]] std::size_t bytes() const { return sums.size() * sizeof(double); }
};

}  // namespace shoal
