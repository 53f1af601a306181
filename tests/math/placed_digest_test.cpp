// Pieces of bytes add up to the digest of the whole, on every instruction set, and no single change goes unseen.
#include "shoal/math/placed_digest.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "shoal/math/target.hpp"

namespace shoal {
namespace {

std::vector<std::byte> random_bytes(std::size_t n, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<std::byte> bytes(n);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(generator());
  return bytes;
}

PlacedDigest digest_of(std::span<const std::byte> bytes, std::uint64_t first = 0) {
  PlacedDigest digest;
  digest.add(bytes, first);
  return digest;
}

bool same(const PlacedDigest& a, const PlacedDigest& b) { return a.words == b.words && a.products == b.products; }

/// The definition, word by word.
PlacedDigest naive(std::span<const std::byte> bytes, std::uint64_t first) {
  PlacedDigest digest;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::uint64_t at = first + i, place = (at / 8 + 1) * 0x9E3779B97F4A7C15;
    const std::uint64_t key = (place ^ (place >> 31U)) | 0x0000000100000001;
    const std::uint64_t value = static_cast<std::uint64_t>(bytes[i]);
    digest.words += value << (8 * (at % 8));
    digest.products += (value << (8 * (at % 4))) * (at % 8 < 4 ? key & 0xFFFFFFFF : key >> 32U);
  }
  return digest;
}

TEST(PlacedDigest, IsItsDefinitionOnEveryInstructionSet) {
  const std::vector<std::byte> bytes = random_bytes(3000, 1);
  const std::uint64_t all = supported_targets();
  for (const std::string& name : target_names(all)) {
    use_best_target(target_by_name(name));
    for (const std::uint64_t first : {0ULL, 1ULL, 7ULL, 8ULL, 12345678901ULL, 1ULL << 63U})
      for (const std::size_t n : {0U, 1U, 3U, 8U, 9U, 63U, 64U, 65U, 1000U, 3000U}) {
        const std::span piece(bytes.data(), n);
        EXPECT_TRUE(same(digest_of(piece, first), naive(piece, first))) << name << " " << first << " " << n;
      }
  }
  use_best_target(all);
}

TEST(PlacedDigest, PiecesAddUp) {
  const std::vector<std::byte> bytes = random_bytes(5000, 2);
  const PlacedDigest whole = digest_of(bytes);
  std::mt19937 generator(3);
  for (int trial = 0; trial < 100; ++trial) {
    PlacedDigest sum;
    std::size_t end = bytes.size();
    while (end > 0) {  // from the back: any order will do
      const std::size_t n = 1 + generator() % end;
      sum.add(digest_of(std::span(bytes).subspan(end - n, n), end - n));
      end -= n;
    }
    EXPECT_TRUE(same(sum, whole));
  }
}

TEST(PlacedDigest, ChangesShow) {
  std::vector<std::byte> bytes = random_bytes(4096, 4);
  const PlacedDigest whole = digest_of(bytes);
  std::mt19937 generator(5);
  for (int trial = 0; trial < 20000; ++trial) {
    std::vector<std::byte> other = bytes;
    const std::size_t i = generator() % 4096, j = generator() % 4096;
    switch (trial % 4) {
      case 0:  // a bit
        other[i] ^= static_cast<std::byte>(1U << generator() % 8);
        break;
      case 1:  // two bytes change places
        std::swap(other[i], other[j]);
        break;
      case 2:  // two rows of 32 bytes do
        std::swap_ranges(&other[i / 32 * 32], &other[i / 32 * 32] + 32, &other[j / 32 * 32]);
        break;
      default: {  // one double grows as much as another falls
        std::int64_t a = 0, b = 0;
        std::memcpy(&a, &other[i / 8 * 8], 8), std::memcpy(&b, &other[j / 8 * 8], 8);
        a = static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + 1);
        b = static_cast<std::int64_t>(static_cast<std::uint64_t>(b) - 1);
        std::memcpy(&other[i / 8 * 8], &a, 8);
        if (i / 8 != j / 8) std::memcpy(&other[j / 8 * 8], &b, 8);
      }
    }
    EXPECT_EQ(same(digest_of(other), whole), other == bytes) << trial << " " << i << " " << j;
  }
}

}  // namespace
}  // namespace shoal
