#include "model/poisson/log_factorial.hpp"

#include <array>
#include <cmath>
#include <cstddef>

namespace shoal {
namespace {

constexpr std::size_t table_size = 1024;

/// Products of logarithms in extended precision, so that each entry is rounded once.
std::array<double, table_size> make_table() {
  std::array<double, table_size> table{};
  long double sum = 0;
  for (std::size_t x = 1; x < table_size; ++x)
    table[x] = static_cast<double>(sum += std::log(static_cast<long double>(x)));
  return table;
}

}  // namespace

double log_factorial(double x) {
  static const std::array<double, table_size> table = make_table();
  if (x < static_cast<double>(table_size)) return table[static_cast<std::size_t>(x)];
  constexpr double half_log_two_pi = 0.91893853320467274178;
  const double inverse = 1 / x, square = inverse * inverse;
  return (x + 0.5) * std::log(x) - x + half_log_two_pi + inverse * (1.0 / 12 - square * (1.0 / 360 - square / 1260));
}

}  // namespace shoal
