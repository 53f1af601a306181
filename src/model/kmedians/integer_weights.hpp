/// Row weights as whole numbers.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

namespace shoal {

/// Row weights as integer multiples of one power of two, so that sums and comparisons are exact.
struct IntegerWeights {
  std::vector<std::int64_t> values;  ///< of this rank's rows; empty: all 1
  [[nodiscard]] std::int64_t operator[](std::size_t r) const { return values.empty() ? 1 : values[r]; }
};

/// `weights` (empty: all 1) scaled by the power of two that brings `total`, their sum over all ranks, below 2^62.
inline IntegerWeights integer_weights(std::span<const double> weights, double total) {
  IntegerWeights result;
  int exponent = 0;
  std::frexp(total, &exponent);  // total < 2^exponent, so twice the sum of all fits an int64 with a bit to spare
  for (const double w : weights) result.values.push_back(std::llrint(std::ldexp(w, 61 - exponent)));
  return result;
}

}  // namespace shoal
