/// A digest of all rows that pieces of them add up to, in any order.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace shoal {

/// Two sums over all values, each mixed with its place: a multilinear hash (Black et al. 1999, the NH of UMAC), made
/// for accidents, not for malice. One value that changes always shows; others go unseen once in 2^64.
struct RowDigest {
  std::uint64_t values = 0;
  std::uint64_t products = 0;

  /// Adds values that stand side by side; `first_place` is the global number of the first.
  template <class T>
  void add(const T* value, std::size_t n, std::uint64_t first_place) {
    constexpr std::uint64_t step = 0x9E3779B97F4A7C15;  // odd, with its bits spread
    std::uint64_t key = (first_place + 1) * step, sum = 0, product = 0;
    for (std::size_t i = 0; i < n; ++i, key += step) {
      const std::uint64_t mixed = widened(value[i]) ^ key;
      sum += mixed;
      product += (mixed & 0xFFFFFFFF) * (mixed >> 32U);
    }
    values += sum;
    products += product;
  }

  void add(const RowDigest& other) { values += other.values, products += other.products; }

 private:
  template <class T>
  static std::uint64_t widened(T value) {
    if constexpr (sizeof(T) == 8) {
      return std::bit_cast<std::uint64_t>(value);
    } else {  // twice, so that both factors of the product know it
      using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint8_t>;
      const std::uint64_t bits = std::bit_cast<Bits>(value);
      return bits | (bits << 32U);
    }
  }
};

}  // namespace shoal
