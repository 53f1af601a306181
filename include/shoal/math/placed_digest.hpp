/// A digest of many bytes that pieces of them add up to, in any order and cut anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace shoal {

/// Two sums modulo 2^64 over 64-bit words, counted from byte 0 of all: of the words, and of their halves times odd keys
/// of their places (multilinear hashing: Carter & Wegman 1979). Both are linear in the bytes, so a word may come in
/// parts. One byte that changes always shows, other accidents go unseen once in 2^64; it does not hold against malice.
struct PlacedDigest {
  std::uint64_t words = 0;
  std::uint64_t products = 0;

  /// Adds bytes that stand side by side, the first of them at `first` among all.
  void add(std::span<const std::byte> bytes, std::uint64_t first);
  void add(const PlacedDigest& other) { words += other.words, products += other.products; }
};

}  // namespace shoal
