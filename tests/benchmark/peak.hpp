/// The machine's limits, to which benchmarks compare kernels.
#pragma once

#include <cstddef>

namespace shoal {

/// Runs `rounds` of independent float64 multiply-adds in registers, with the instruction set in use, and returns how
/// many operations that were (two a multiply-add).
double multiply_adds(std::size_t rounds);

/// The same of what an L1 distance takes: subtraction, absolute value, addition (three operations).
double absolute_differences(std::size_t rounds);

}  // namespace shoal
