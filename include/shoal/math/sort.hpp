/// Sorting of plain numbers, by vector instructions.
#pragma once

#include <span>

namespace shoal {

/// Ascending. No NaN.
void sort_values(std::span<float> values);
void sort_values(std::span<double> values);

}  // namespace shoal
