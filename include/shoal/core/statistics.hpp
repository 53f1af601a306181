/// The sufficient statistics of some rows: what a block of rows contributes to an M-step.
#pragma once

#include <cstddef>
#include <vector>

namespace shoal {

/// Numbers of sums. The addends of the first n_totals may cancel: over blocks nothing of them is dropped.
struct SumLayout {
  std::size_t n_sums = 0, n_totals = 0;
};

/// A model names the places in `sums` by a layout of its own.
struct Statistics {
  std::vector<double> sums;

  Statistics() = default;
  Statistics(const SumLayout& layout) : sums(layout.n_sums, 0.0) {}  // NOLINT: zeros in that layout
};

}  // namespace shoal
