/// Sums in fixed point: exact, so the same in any order, and rows can be taken out of them again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "shoal/math/binned.hpp"

namespace shoal {

/// Which digits (math/binned.hpp) a feature's values have, times a row's weight: n_digits each, from the highest bin of
/// the largest to that of the last bit of the least, so that none is dropped.
struct FixedPoint {
  int bits = 0;
  std::size_t n_digits = 0;
  std::vector<BinCeiling> ceilings;  ///< D
  double weight_scale = 1;           ///< a power of two, so that weights are below 2
  bool long_products = false;        ///< a weight times a value is no double, but the sum of two
};

/// A row of a tile that leaves cluster `from`, or comes from none (-1), and joins `to`.
struct RowMove {
  std::uint32_t row;
  std::int32_t from, to;
};

/// Takes each row's values, times its weight (null: 1), out of the sums of one cluster and adds them to those of the
/// other. sums: K x n_digits x D.
void move_between_sums(const float* rows, const double* weights, std::span<const RowMove> moves,
                       const FixedPoint& format, std::int64_t* sums);
void move_between_sums(const double* rows, const double* weights, std::span<const RowMove> moves,
                       const FixedPoint& format, std::int64_t* sums);

/// A cluster's sum of one feature over a number, from its digits: rounded once to a double, and once by the division.
double fixed_point_ratio(const std::int64_t* cluster, std::size_t feature, const FixedPoint& format, double divisor);

}  // namespace shoal
