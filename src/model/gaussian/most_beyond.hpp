/// Truncation of rows that are known in part (math/truncation.hpp).
#pragma once

#include <algorithm>

#include "shoal/core/matrix.hpp"
#include "shoal/math/elementary.hpp"

namespace shoal {

/// ln of the most that the density of a row may be more than that of a complete one without noise, where features of
/// small variance are missing; and D / 2, as what is not known of a row may add D to its squared distance. Of a D x D
/// covariance, or of 1 x D variances.
inline double most_beyond(const Matrix& covariance) {
  constexpr double ln_two_pi = 1.8378770664093454836;
  double sum = 0;
  for (std::size_t j = 0; j < covariance.columns; ++j)
    sum += 0.5 * std::max(0.0, ln_two_pi + log_of(covariance(covariance.rows == 1 ? 0 : j, j))) + 0.5;
  return sum;
}

}  // namespace shoal
