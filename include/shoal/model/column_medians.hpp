/// Exact weighted medians of all columns, of their values or of how far these are from a point.
#pragma once

#include <cstddef>
#include <vector>

#include "shoal/pass/row_pass.hpp"

namespace shoal {

/// For the counts of one round, on each thread of a rank.
inline constexpr std::size_t column_medians_budget = std::size_t{16} << 20U;

/// The midpoint of the lower and the upper median of each column, as k-medians has them: the smallest x with
/// W(<= x) >= W / 2 and the smallest with W(<= x) > W / 2, over rows of positive weight and values that are not
/// missing. So with equal weights numpy.median of the column in float64. Of |x - about|, computed in double, where
/// `about` (D entries) is not empty. 0 for a column without values.
///
/// Brackets of all columns are cut into bins at once, by value and by key in turn, a pass and one integer reduction a
/// round, until few values are left in each; these are gathered in one pass more. Collective; the same bits for any
/// number of ranks and threads.
template <class T>
std::vector<double> column_medians(const RowPass<T>& pass, const std::vector<double>& about = {},
                                   std::size_t byte_budget = column_medians_budget);

/// Memory that it takes on a rank, about.
double column_medians_bytes(std::size_t n_features, int threads);

}  // namespace shoal
