/// Whether a model's distances between rows are numbers: squares of 1e160 are infinite, those of 1e-160 are zero.
#pragma once

#include <cstdint>
#include <optional>

#include "shoal/model/options.hpp"
#include "shoal/pass/row_pass.hpp"

namespace shoal {

/// A column whose values lie too far apart, or too close together, in itself or times the total weight, and the row of
/// its greatest size.
struct RangeProblem {
  bool too_far = false;
  bool by_weight = false;  ///< the span is fine, its product with the weights is not
  double span = 0;         ///< greatest less least value, infinite where that is no number
  std::int64_t row = 0;
  std::size_t column = 0;
  double value = 0;
};

/// Looks at all rows of positive weight. Squares and their sums over features must be numbers of type T, with some 30
/// binary digits to spare for distances smaller than the largest; sums of absolute values where Differences::sizes; and
/// these times the total weight numbers of float64. One pass. Collective.
template <class T>
std::optional<RangeProblem> range_problem(const ModelOptions& options, const RowPass<T>& pass);

}  // namespace shoal
