/// Sums of doubles that do not depend on the order of the addends.
///
/// One grid of exponents cuts every number into whole multiples of 2^(b W), each below 2^W: its digits in the bins b.
/// Digits depend on the number alone and add up as integers, exactly; nothing is carried before the end. An entry keeps
/// the three highest bins that any of its addends reached, and what it drops would have been dropped in any order:
/// |error| <= n 2^(-2 W) of the largest of n addends. After Demmel & Nguyen (IEEE Trans. Comput. 64, 2015, the indexed
/// type of ReproBLAS), with truncation for rounding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace shoal {

/// W: the sum of n digits of W bits cannot overflow an int64. Even, so that no bin begins beyond the exponents of
/// doubles.
int bin_bits(std::int64_t n_addends);

inline constexpr std::size_t bins_kept = 3;

/// Where an entry's highest bin ends: 2^(ceiling - 1023) is above all addends so far.
using BinCeiling = std::int16_t;
BinCeiling least_ceiling(int bits);
/// Of the bin in which a finite number begins.
BinCeiling bin_ceiling(double value, int bits);
/// Digits from the bin below a ceiling to the one with the bit 2^last_bit, or the last bit of all doubles.
std::size_t digits_down_to(int last_bit, BinCeiling ceiling, int bits);

/// Entries stand in groups, so that some groups are one message: the numbers of the highest bins of all entries (bytes,
/// 0 for the lowest), their digits there, and those of the two bins below. All zero: nothing was added.
inline constexpr std::size_t bin_group = 64;
inline constexpr std::size_t words_of_group = bin_group / 8 + bins_kept * bin_group;

/// The number of the highest bin of an entry with addends that are no numbers; its digits count NaNs, infinities, and
/// negative infinities.
inline constexpr std::uint8_t not_finite = 128;

/// Adds one number to each of n entries in groups; entries beyond n within the last group stay.
void add_binned(const double* values, std::size_t n, int bits, std::int64_t* groups);

/// Adds other groups, which are used up.
void merge_binned(std::int64_t* groups, std::int64_t* others, std::size_t n_groups);

/// The sums of groups: exact where a double holds them, else to within two units in the last place.
void round_binned(const std::int64_t* groups, std::size_t n_groups, int bits, double* sums);

/// A sum over the whole range of doubles, which drops nothing: for an objective, whose addends may cancel.
class WideSum {
 public:
  explicit WideSum(int bits) : bits_(bits) {}
  [[nodiscard]] static std::size_t size(int bits);  ///< digits that it has; they may be added up elsewhere

  void add(double value, std::int64_t* digits) const;
  /// The nearest double of the sum.
  [[nodiscard]] double round(std::span<const std::int64_t> digits) const;

 private:
  int bits_;
};

/// More digits than any double has, from the largest to the least.
inline constexpr std::size_t most_digits = 128;

/// The number with these digits (most_digits at most), the highest first, in units of the last one: mantissa 2^exponent
/// is the nearest double, apart from its range.
struct Rounded {
  double mantissa = 0;
  int exponent = 0;
};
Rounded round_digits(std::span<const std::int64_t> digits, int bits);

}  // namespace shoal
