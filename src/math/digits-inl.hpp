// Digits of sums in vectors, compiled once for each instruction set (so the guard is Highway's, not a pragma).
#if defined(SHOAL_MATH_DIGITS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef SHOAL_MATH_DIGITS_INL_HPP
#undef SHOAL_MATH_DIGITS_INL_HPP
#else
#define SHOAL_MATH_DIGITS_INL_HPP
#endif

#include <hwy/highway.h>

#include "shoal/math/binned.hpp"

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE hn::Vec<hn::RebindToSigned<D>> load_ceilings(D /*d*/, const BinCeiling* ceilings) {
  const hn::RebindToSigned<D> whole;
  const hn::Rebind<std::int32_t, D> half;
  const hn::Rebind<std::int16_t, D> quarter;
  return hn::PromoteTo(whole, hn::PromoteTo(half, hn::LoadU(quarter, ceilings)));
}

/// 2^(exponent - 1023), for exponents of normal numbers.
template <class D>
HWY_INLINE hn::Vec<D> power(D d, hn::Vec<hn::RebindToSigned<D>> biased_exponent) {
  return hn::BitCast(d, hn::ShiftLeft<52>(biased_exponent));
}

/// Times this a number is in units of its first digit.
template <class D>
HWY_INLINE hn::Vec<D> units_per_digit(D d, int bits, hn::Vec<hn::RebindToSigned<D>> ceilings) {
  return power(d, hn::Sub(hn::Set(hn::RebindToSigned<D>(), 2046 + bits), ceilings));
}

/// Added to a whole number below 2^51 it leaves that number in the low bits.
inline constexpr double whole_offset = 0x1.8p52;

/// Takes the whole part, without rounding up, and leaves the rest in units of the next lower digit: `next` of them are
/// one of the higher. All of it is exact.
template <class D>
HWY_INLINE hn::Vec<hn::RebindToSigned<D>> take_digit(D d, hn::Vec<D>& rest, hn::Vec<D> next) {
  const hn::RebindToSigned<D> whole;
  const auto offset = hn::Set(d, whole_offset);
  const auto digit = hn::Trunc(rest);
  rest = hn::Mul(hn::Sub(rest, digit), next);
  return hn::Sub(hn::BitCast(whole, hn::Add(digit, offset)), hn::BitCast(whole, offset));
}

/// Whole numbers below 2^51 in size.
template <class D>
HWY_INLINE hn::Vec<D> to_double(D d, hn::Vec<hn::RebindToSigned<D>> number) {
  const hn::RebindToSigned<D> whole;
  const auto offset = hn::Set(d, whole_offset);
  return hn::Sub(hn::BitCast(d, hn::Add(number, hn::BitCast(whole, offset))), offset);
}

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
