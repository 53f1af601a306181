/// Numbers as integers in the same order.
#pragma once

#include <bit>
#include <cstdint>

namespace shoal {

/// The order-preserving integer of a double: x < y exactly where key(x) < key(y); -0.0 counts as +0.0.
inline std::uint64_t ordered_key(double value) {
  constexpr std::uint64_t sign = std::uint64_t{1} << 63U;
  const auto bits = std::bit_cast<std::uint64_t>(value == 0 ? 0.0 : value);
  return (bits & sign) != 0 ? ~bits : bits | sign;
}

inline double value_of_key(std::uint64_t key) {
  constexpr std::uint64_t sign = std::uint64_t{1} << 63U;
  return std::bit_cast<double>((key & sign) != 0 ? key & ~sign : ~key);
}

}  // namespace shoal
