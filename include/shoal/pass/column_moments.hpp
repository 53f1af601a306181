/// Weighted mean and variance of every column over all rows: the scale of seeding distances and of regularisation.
#pragma once

#include <cstdint>
#include <vector>

#include "shoal/pass/row_pass.hpp"

namespace shoal {

/// Real rows: D entries, over observed values, divisor the weight observed; a column without observed weight has mean
/// and variance 0. Where rows have noise of their own, a value counts by v / (v + its noise), v the variance, so that
/// the noisiest do not drown the others. Discrete rows: one entry per level (see LevelOffsets), the moments of its 0/1
/// indicator.
struct ColumnMoments {
  std::vector<double> mean;
  std::vector<double> variance;
};

/// Collective; two passes for real rows (the mean, then squares about it; with noise these again until v settles), one
/// for discrete ones.
template <class Row>
ColumnMoments column_moments(const RowPass<Row>& pass);

/// Of every n-th real row, by its global number. Collective.
template <class T>
ColumnMoments column_moments_of_every(std::int64_t n, const RowPass<T>& pass);

}  // namespace shoal
