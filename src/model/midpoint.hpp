/// Between two medians.
#pragma once

#include <cmath>

namespace shoal {

/// (a + b) / 2 also where the sum overflows; zero is +0.0.
inline double midpoint(double a, double b) {
  const double sum = a + b;
  const double middle = std::isfinite(sum) ? sum / 2 : a / 2 + b / 2;
  return middle == 0 ? 0.0 : middle;
}

}  // namespace shoal
