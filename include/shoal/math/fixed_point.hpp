/// Sums in fixed point: exact, so the same in any order, and rows can be taken out of them again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace shoal {

/// A number x is the integer x 2^(n_limbs limb_bits - exponent), |x| < 2^exponent, in limbs of limb_bits with signs,
/// the highest first.
inline constexpr std::size_t n_limbs = 3;

/// What turns a feature's values into limbs.
struct FixedPoint {
  const double* scale;  ///< D: 2^(limb_bits - exponent)
  double limb;          ///< 2^limb_bits <= 2^32
};

/// A row of a tile that leaves cluster `from`, or comes from none (-1), and joins `to`.
struct RowMove {
  std::uint32_t row;
  std::int32_t from, to;
};

/// Takes each row's values out of the sums of one cluster and adds them to those of the other. sums: K x n_limbs x D.
void move_between_sums(const float* rows, std::span<const RowMove> moves, std::size_t n_features,
                       const FixedPoint& format, std::int64_t* sums);
void move_between_sums(const double* rows, std::span<const RowMove> moves, std::size_t n_features,
                       const FixedPoint& format, std::int64_t* sums);

}  // namespace shoal
