/// ln x! of counts.
#pragma once

#include <array>
#include <cstddef>

namespace shoal {

inline constexpr std::size_t n_log_factorials = 1024;
extern const std::array<double, n_log_factorials> log_factorials;

/// By Stirling's series, of a whole number x >= 256.
double large_log_factorial(double x);

/// ln Gamma(x + 1) of a whole number x >= 0, to a relative error of about 1e-15: by table, and beyond it by Stirling's
/// series.
inline double log_factorial(double x) {
  return x < static_cast<double>(n_log_factorials) ? log_factorials[static_cast<std::size_t>(x)]
                                                   : large_log_factorial(x);
}

}  // namespace shoal
