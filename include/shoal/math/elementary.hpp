/// exp and log by the instruction set in use, not by the C library, whose results differ between processors.
/// Errors: exp at most 1 unit in the last place, log at most 4 (Highway's polynomials), checked in tests/math.
#pragma once

#include <span>

namespace shoal {

/// output_i = ln(values_i), values >= 0; ln 0 = -infinity. The spans have the same length and may be the same.
void log_of(std::span<const double> values, std::span<double> output);

/// output_i = exp(values_i), values <= 700; exp(-infinity) = 0.
void exp_of(std::span<const double> values, std::span<double> output);

double log_of(double value);

}  // namespace shoal
