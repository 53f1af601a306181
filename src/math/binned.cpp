#include "shoal/math/binned.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "math/digits.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/binned.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "math/digits-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

std::uint8_t* bins_of(std::int64_t* group) { return reinterpret_cast<std::uint8_t*>(group); }
const std::uint8_t* bins_of(const std::int64_t* group) { return reinterpret_cast<const std::uint8_t*>(group); }
template <class Word>
Word* digits_of(Word* group) {
  return group + bin_group / 8;
}

/// The ceilings of highest bins; that of entries which are not finite is below all exponents.
template <class D>
HWY_INLINE hn::Vec<hn::RebindToSigned<D>> ceilings_of_bins(D /*d*/, int bits, const std::uint8_t* bins) {
  const hn::RebindToSigned<D> whole;
  const hn::Rebind<std::int32_t, D> half;
  const hn::Rebind<std::int8_t, D> eighth;
  const auto bin = hn::PromoteTo(half, hn::LoadU(eighth, reinterpret_cast<const std::int8_t*>(bins)));
  return hn::PromoteTo(whole, hn::Add(hn::Mul(bin, hn::Set(half, bits)), hn::Set(half, least_ceiling(bits))));
}

/// Adds a number to each of the entries that a vector holds; false where some of them have to be raised first.
template <class D>
HWY_INLINE bool add_lanes(D d, hn::Vec<D> x, int bits, const std::uint8_t* bins, std::int64_t* digits) {
  const hn::RebindToSigned<D> whole;
  const auto ceiling = ceilings_of_bins(d, bits, bins);
  const auto exponent = hn::ShiftRight<52>(hn::BitCast(whole, hn::Abs(x)));
  const auto fits = hn::And(hn::Lt(exponent, ceiling), hn::Lt(exponent, hn::Set(whole, 2047)));  // and is a number
  if (!hn::AllTrue(whole, fits)) return false;
  auto rest = hn::Mul(x, units_per_digit(d, bits, ceiling));
  const auto next = hn::Set(d, static_cast<double>(std::int64_t{1} << static_cast<unsigned>(bits)));
  for (size_t i = 0; i < bins_kept; ++i) {
    std::int64_t* const at = digits + i * bin_group;
    hn::StoreU(hn::Add(hn::LoadU(whole, at), take_digit(d, rest, next)), whole, at);
  }
  return true;
}

void AddBinned(const double* values, size_t n, int bits, std::int64_t* groups) {
  const hn::ScalableTag<double> d;
  const size_t lanes = hn::Lanes(d);
  for (size_t first = 0; first < n; first += lanes) {
    std::int64_t* const group = groups + first / bin_group * words_of_group;
    std::uint8_t* const bins = bins_of(group) + first % bin_group;
    std::int64_t* const digits = digits_of(group) + first % bin_group;
    if (first + lanes <= n) {
      const auto x = hn::LoadU(d, values + first);
      if (hn::AllTrue(d, hn::Eq(x, hn::Zero(d))) || add_lanes(d, x, bits, bins, digits)) continue;
    }
    for (size_t i = 0; i < std::min(lanes, n - first); ++i)
      add_digits(values[first + i], bits, bins[i], {digits + i, bin_group});
  }
}

/// Takes what a digit has beyond half a unit of the next higher one, with its sign; returns that, in the higher unit.
template <class V>
HWY_INLINE V take_carry(V& digit, int bits) {
  const hn::DFromV<V> whole;
  const auto half = hn::Set(whole, std::int64_t{1} << static_cast<unsigned>(bits - 1));
  const V carry = hn::ShiftRightSame(hn::Add(digit, half), bits);
  digit = hn::Sub(digit, hn::ShiftLeftSame(carry, bits));
  return carry;
}

/// Digits balanced about zero, so that each outweighs all below it together, then added up from the lowest.
void RoundBinned(const std::int64_t* groups, size_t n_groups, int bits, double* sums) {
  const hn::ScalableTag<double> d;
  const hn::RebindToSigned<decltype(d)> whole;
  const auto unit = hn::Set(d, std::ldexp(1.0, bits)), down = hn::Set(d, std::ldexp(1.0, -bits));
  for (size_t i = 0; i < n_groups * bin_group; i += hn::Lanes(d)) {
    const std::int64_t* const group = groups + i / bin_group * words_of_group;
    const std::int64_t* const at = digits_of(group) + i % bin_group;
    auto high = hn::LoadU(whole, at), middle = hn::LoadU(whole, at + bin_group),
         low = hn::LoadU(whole, at + 2 * bin_group);
    middle = hn::Add(middle, take_carry(low, bits));
    high = hn::Add(high, take_carry(middle, bits));
    const auto top = take_carry(high, bits);
    auto sum = hn::Add(hn::Mul(to_double(d, low), down), to_double(d, middle));
    sum = hn::Add(hn::Mul(sum, down), to_double(d, high));
    sum = hn::Add(sum, hn::Mul(to_double(d, top), unit));
    const auto ceiling = ceilings_of_bins(d, bits, bins_of(group) + i % bin_group);
    hn::StoreU(hn::Mul(sum, power(d, hn::Sub(ceiling, hn::Set(whole, bits)))), d, sums + i);
  }
}

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(AddBinned);
HWY_EXPORT(RoundBinned);

int bin_bits(std::int64_t n_addends) {
  const auto count_bits =
      static_cast<int>(std::bit_width(static_cast<std::uint64_t>(std::max<std::int64_t>(1, n_addends))));
  return std::min(50, 63 - count_bits) / 2 * 2;
}

BinCeiling least_ceiling(int bits) { return static_cast<BinCeiling>(1023 + bits - 1022 / bits * bits); }

BinCeiling bin_ceiling(double value, int bits) {
  const int least = least_ceiling(bits), above = std::max(0, exponent_of(value) - least + bits);
  return static_cast<BinCeiling>(least + above / bits * bits);
}

std::size_t digits_down_to(int last_bit, BinCeiling ceiling, int bits) {
  const int width = ceiling - 1023 - std::max(last_bit, -1074);
  return static_cast<std::size_t>((width + bits - 1) / bits);
}

void add_binned(const double* values, std::size_t n, int bits, std::int64_t* groups) {
  HWY_DYNAMIC_DISPATCH(AddBinned)(values, n, bits, groups);
}

void merge_binned(std::int64_t* groups, std::int64_t* others, std::size_t n_groups) {
  constexpr std::size_t head = bin_group / 8;
  for (std::size_t g = 0; g < n_groups; ++g, groups += words_of_group, others += words_of_group) {
    auto* const bins = reinterpret_cast<std::uint8_t*>(groups);
    auto* const other_bins = reinterpret_cast<std::uint8_t*>(others);
    for (std::size_t i = 0; !std::equal(bins, bins + bin_group, other_bins) && i < bin_group; ++i) {
      const std::uint8_t higher = std::max(bins[i], other_bins[i]);
      raise_entry(higher, bins[i], {groups + head + i, bin_group});
      raise_entry(higher, other_bins[i], {others + head + i, bin_group});
    }
    for (std::size_t i = head; i < words_of_group; ++i) groups[i] += others[i];
  }
}

void round_binned(const std::int64_t* groups, std::size_t n_groups, int bits, double* sums) {
  HWY_DYNAMIC_DISPATCH(RoundBinned)(groups, n_groups, bits, sums);
  for (std::size_t i = 0; i < n_groups * bin_group; ++i) {
    const std::int64_t* const group = groups + i / bin_group * words_of_group;
    if (reinterpret_cast<const std::uint8_t*>(group)[i % bin_group] != not_finite) continue;
    const std::int64_t* const counts = group + bin_group / 8 + i % bin_group;
    sums[i] = not_finite_sum(counts[0], counts[bin_group], counts[2 * bin_group]);
  }
}

}  // namespace shoal
#endif
