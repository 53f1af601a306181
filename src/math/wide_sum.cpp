#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "math/digits.hpp"
#include "shoal/math/binned.hpp"

namespace shoal {
namespace {

__extension__ using Int128 = __int128;

/// Carries, so that all digits but the first are in 0 .. 2^bits - 1.
void carry(std::span<std::int64_t> digits, int bits) {
  for (std::size_t i = digits.size(); i-- > 1;) {
    const std::int64_t up = digits[i] >> static_cast<unsigned>(bits);
    digits[i] -= up * (std::int64_t{1} << static_cast<unsigned>(bits));
    digits[i - 1] += up;
  }
}

std::size_t n_bins(int bits) {
  return bins_kept + static_cast<std::size_t>((2046 - least_ceiling(bits) + bits) / bits);
}

}  // namespace

Rounded round_digits(std::span<const std::int64_t> digits, int bits) {
  std::array<std::int64_t, most_digits> room;
  const std::span<std::int64_t> size = std::span(room).first(digits.size());
  std::ranges::copy(digits, size.begin());
  carry(size, bits);
  const bool negative = size[0] < 0;
  if (negative) {
    for (std::int64_t& digit : size) digit = -digit;
    carry(size, bits);
  }
  std::size_t i = 0;
  while (i < size.size() && size[i] == 0) ++i;
  Int128 leading = 0;  // 64 bits or more, so that the bit below stands for all others
  for (; i < size.size() && leading < Int128{1} << 64; ++i) leading = (leading << bits) + size[i];
  const bool more = std::ranges::any_of(size.subspan(i), [](std::int64_t digit) { return digit != 0; });
  const auto mantissa = static_cast<double>((leading << 1) + (more ? 1 : 0));
  return {negative ? -mantissa : mantissa, static_cast<int>(size.size() - i) * bits - 1};
}

std::size_t WideSum::size(int bits) { return n_bins(bits) + 3; }

/// Behind the digits, the highest first, stand counts of what is no number.
void WideSum::add(double value, std::int64_t* digits) const {
  const std::size_t n = n_bins(bits_), kind = kind_of(value);
  if (kind < 3) {
    ++digits[n + kind];
    return;
  }
  const BinCeiling ceiling = bin_ceiling(value, bits_);
  const std::size_t first = n - bins_kept - static_cast<std::size_t>((ceiling - least_ceiling(bits_)) / bits_);
  split_digits(value, bits_, ceiling, [&](std::size_t i, std::int64_t digit) { digits[first + i] += digit; });
}

double WideSum::round(std::span<const std::int64_t> digits) const {
  const std::size_t n = n_bins(bits_);
  if (digits[n] > 0 || digits[n + 1] > 0 || digits[n + 2] > 0)
    return not_finite_sum(digits[n], digits[n + 1], digits[n + 2]);
  const Rounded sum = round_digits(digits.first(n), bits_);
  return std::ldexp(sum.mantissa, sum.exponent + least_ceiling(bits_) - 1023 - static_cast<int>(bins_kept) * bits_);
}

}  // namespace shoal
