#include "model/poisson/log_factorial.hpp"

#include <cmath>

#include "shoal/math/elementary.hpp"

namespace shoal {

/// Sums of logarithms in extended precision, so that each entry is rounded once.
const std::array<double, n_log_factorials> log_factorials = [] {
  std::array<double, n_log_factorials> table{};
  long double sum = 0;
  for (std::size_t x = 1; x < table.size(); ++x)
    table[x] = static_cast<double>(sum += std::log(static_cast<long double>(x)));
  return table;
}();

double large_log_factorial(double x) {
  constexpr double half_log_two_pi = 0.91893853320467274178;
  const double inverse = 1 / x, square = inverse * inverse;
  return (x + 0.5) * log_of(x) - x + half_log_two_pi + inverse * (1.0 / 12 - square * (1.0 / 360 - square / 1260));
}

}  // namespace shoal
