/// Row weights as whole numbers.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

namespace shoal {

/// The power of two that brings `total`, the sum of all ranks' weights, below 2^62.
class WeightUnit {
 public:
  explicit WeightUnit(double total) {
    std::frexp(total, &exponent_);  // total < 2^exponent, so twice the sum of all fits an int64 with a bit to spare
  }
  [[nodiscard]] std::int64_t operator()(double weight) const { return std::llrint(std::ldexp(weight, 61 - exponent_)); }

 private:
  int exponent_ = 0;
};

/// Row weights as integer multiples of one power of two, so that sums and comparisons are exact.
struct IntegerWeights {
  std::vector<std::int64_t> values;  ///< of this rank's rows; empty: all 1
  [[nodiscard]] std::int64_t operator[](std::size_t r) const { return values.empty() ? 1 : values[r]; }
};

/// `weights` (empty: all 1) in the unit of `total`, their sum over all ranks.
inline IntegerWeights integer_weights(std::span<const double> weights, double total) {
  IntegerWeights result;
  const WeightUnit unit(total);
  for (const double w : weights) result.values.push_back(unit(w));
  return result;
}

}  // namespace shoal
