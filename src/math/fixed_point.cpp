#include "shoal/math/fixed_point.hpp"

#include <array>
#include <bit>
#include <cmath>

#include "math/digits.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/fixed_point.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "math/digits-inl.hpp"

#ifndef SHOAL_MATH_FIXED_POINT_ONCE
#define SHOAL_MATH_FIXED_POINT_ONCE
namespace shoal {

/// So many digits can be scaled to the highest at once: 2^1000 times less would be zero.
inline constexpr std::size_t most_digits_in_vectors = 8;

/// A move, in sums.
struct SumMove {
  double weight;
  std::int64_t* from;  ///< null: none
  std::int64_t* to;
};

/// Some digits of a number, at their place.
inline void move_number(double value, std::size_t feature, const FixedPoint& format, const SumMove& move) {
  const BinCeiling ceiling = bin_ceiling(value, format.bits);
  const auto first = static_cast<std::size_t>((format.ceilings[feature] - ceiling) / format.bits);
  split_digits(value, format.bits, ceiling, [&](std::size_t i, std::int64_t digit) {
    if (digit == 0) return;  // beyond the last digit all are
    const std::size_t at = (first + i) * format.ceilings.size() + feature;
    move.to[at] += digit;
    if (move.from != nullptr) move.from[at] -= digit;
  });
}

/// What no vector kernel takes.
template <class T>
void move_features(const T* row, std::size_t first_feature, const FixedPoint& format, const SumMove& move) {
  for (std::size_t j = first_feature; j < format.ceilings.size(); ++j) {
    const auto x = static_cast<double>(row[j]);
    const double product = move.weight * x;
    move_number(product, j, format, move);
    if (format.long_products) move_number(std::fma(move.weight, x, -product), j, format, move);
  }
}

}  // namespace shoal
#endif

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Adds the digits of some features' numbers, in units of the highest; from, to: the clusters' sums at these features.
template <class D>
HWY_INLINE void move_digits(D d, hn::Vec<D> rest, const FixedPoint& format, std::int64_t* from, std::int64_t* to) {
  const hn::RebindToSigned<D> whole;
  const auto next = hn::Set(d, static_cast<double>(std::int64_t{1} << static_cast<unsigned>(format.bits)));
  for (size_t i = 0, at = 0; i < format.n_digits; ++i, at += format.ceilings.size()) {
    const auto digit = take_digit(d, rest, next);
    hn::StoreU(hn::Add(hn::LoadU(whole, to + at), digit), whole, to + at);
    if (from != nullptr) hn::StoreU(hn::Sub(hn::LoadU(whole, from + at), digit), whole, from + at);
  }
}

/// Some features of a row.
template <class D, class T>
HWY_INLINE void move_lanes(D d, const T* row, size_t j, const FixedPoint& format, const SumMove& move) {
  const hn::Rebind<T, D> narrow;
  hn::Vec<D> x;
  if constexpr (sizeof(T) == 8)
    x = hn::LoadU(d, row + j);
  else
    x = hn::PromoteTo(d, hn::LoadU(narrow, row + j));
  const auto weight = hn::Set(d, move.weight), product = hn::Mul(weight, x);
  const auto scale = units_per_digit(d, format.bits, load_ceilings(d, format.ceilings.data() + j));
  std::int64_t* const from = move.from == nullptr ? nullptr : move.from + j;
  move_digits(d, hn::Mul(product, scale), format, from, move.to + j);
  if (format.long_products) move_digits(d, hn::Mul(hn::MulSub(weight, x, product), scale), format, from, move.to + j);
}

template <class T>
void Move(const T* rows, const double* weights, const RowMove* moves, size_t n, const FixedPoint& format,
          std::int64_t* sums) {
  const hn::ScalableTag<double> full;
  const hn::CappedTag<double, 2> two;
  const hn::CappedTag<double, 1> one;
  const size_t d = format.ceilings.size(), stride = format.n_digits * d;
  const bool in_vectors = format.n_digits <= most_digits_in_vectors && (HWY_NATIVE_FMA || !format.long_products);
  for (size_t i = 0; i < n; ++i) {
    const T* const row = rows + moves[i].row * d;
    const double weight = (weights == nullptr ? 1 : weights[moves[i].row]) * format.weight_scale;
    const SumMove move{weight, moves[i].from < 0 ? nullptr : sums + static_cast<size_t>(moves[i].from) * stride,
                       sums + static_cast<size_t>(moves[i].to) * stride};
    if (weight == 0) continue;
    size_t j = 0;
    const auto take = [&](auto lanes) HWY_ATTR {
      for (; j + hn::Lanes(lanes) <= d; j += hn::Lanes(lanes)) move_lanes(lanes, row, j, format, move);
    };
    if (in_vectors) take(full), take(two), take(one);
    move_features(row, j, format, move);
  }
}

void MoveF32(const float* rows, const double* weights, const RowMove* moves, size_t n, const FixedPoint& format,
             std::int64_t* sums) {
  Move(rows, weights, moves, n, format, sums);
}
void MoveF64(const double* rows, const double* weights, const RowMove* moves, size_t n, const FixedPoint& format,
             std::int64_t* sums) {
  Move(rows, weights, moves, n, format, sums);
}

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(MoveF32);
HWY_EXPORT(MoveF64);

void move_between_sums(const float* rows, const double* weights, std::span<const RowMove> moves,
                       const FixedPoint& format, std::int64_t* sums) {
  HWY_DYNAMIC_DISPATCH(MoveF32)(rows, weights, moves.data(), moves.size(), format, sums);
}
void move_between_sums(const double* rows, const double* weights, std::span<const RowMove> moves,
                       const FixedPoint& format, std::int64_t* sums) {
  HWY_DYNAMIC_DISPATCH(MoveF64)(rows, weights, moves.data(), moves.size(), format, sums);
}

double fixed_point_ratio(const std::int64_t* cluster, std::size_t feature, const FixedPoint& format, double divisor) {
  std::array<std::int64_t, most_digits> digits;
  for (std::size_t i = 0; i < format.n_digits; ++i) digits[i] = cluster[i * format.ceilings.size() + feature];
  const Rounded sum = round_digits(std::span(digits).first(format.n_digits), format.bits);
  const int last_unit = format.ceilings[feature] - 1023 - static_cast<int>(format.n_digits) * format.bits;
  return std::ldexp(sum.mantissa / (divisor * format.weight_scale), sum.exponent + last_unit);
}

}  // namespace shoal
#endif
