/// Digits of one number at a time: what the vector kernels leave over.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "shoal/math/binned.hpp"

namespace shoal {

/// An entry's digits, the highest first, so far apart.
struct DigitsOf {
  std::int64_t* first;
  std::size_t stride;
  std::int64_t& operator[](std::size_t i) const { return first[i * stride]; }
};

/// The biased exponent; that of zero is the lowest.
inline int exponent_of(double value) { return static_cast<int>(std::bit_cast<std::uint64_t>(std::abs(value)) >> 52U); }

/// The digits of a number below the ceiling.
template <class Take>
void split_digits(double value, int bits, BinCeiling ceiling, Take&& take) {
  const auto next = static_cast<double>(std::int64_t{1} << static_cast<unsigned>(bits));
  double rest = value * std::bit_cast<double>(static_cast<std::uint64_t>(2046 + bits - ceiling) << 52U);
  for (std::size_t i = 0; i < bins_kept; ++i) {
    const double digit = std::trunc(rest);
    rest = (rest - digit) * next;
    take(i, static_cast<std::int64_t>(digit));
  }
}

/// Raises an entry's highest bin.
inline void raise_entry(std::uint8_t wanted, std::uint8_t& bin, DigitsOf digits) {
  if (wanted == bin) return;
  const std::size_t by = wanted == not_finite ? bins_kept : std::min<std::size_t>(bins_kept, wanted - bin);
  for (std::size_t i = bins_kept; i-- > 0;) digits[i] = i >= by ? digits[i - by] : 0;
  bin = wanted;
}

/// Which of NaN, infinity and minus infinity a value is; 3 for a number.
inline std::size_t kind_of(double value) {
  if (std::isfinite(value)) return 3;
  return std::isnan(value) ? 0 : value > 0 ? 1 : 2;
}

inline double not_finite_sum(std::int64_t nans, std::int64_t infinities, std::int64_t negative) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (nans > 0 || (infinities > 0 && negative > 0)) return std::numeric_limits<double>::quiet_NaN();
  return infinities > 0 ? infinity : -infinity;
}

inline void add_digits(double value, int bits, std::uint8_t& bin, DigitsOf digits) {
  const std::size_t kind = kind_of(value);
  if (kind < 3 || bin == not_finite) {
    if (bin != not_finite) raise_entry(not_finite, bin, digits);
    if (kind < 3) ++digits[kind];
    return;
  }
  const int least = least_ceiling(bits);
  const auto begins = static_cast<std::uint8_t>((bin_ceiling(value, bits) - least) / bits);
  if (begins > bin) raise_entry(begins, bin, digits);
  split_digits(value, bits, static_cast<BinCeiling>(least + bin * bits),
               [&](std::size_t i, std::int64_t digit) { digits[i] += digit; });
}

}  // namespace shoal
