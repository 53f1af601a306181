#include "shoal/math/placed_digest.hpp"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/placed_digest.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::uint64_t step = 0x9E3779B97F4A7C15;  // odd, its bits well spread
constexpr std::uint64_t odd = 0x0000000100000001;   // in both halves

#if HWY_TARGET == HWY_SCALAR
size_t add_vectors(const std::byte* /*bytes*/, size_t /*n*/, std::uint64_t /*first*/, std::uint64_t* /*sums*/) {
  return 0;
}
#else
/// As many words as fill whole vectors; how many these were.
size_t add_vectors(const std::byte* bytes, size_t n, std::uint64_t first, std::uint64_t* sums) {
  const hn::ScalableTag<std::uint64_t> d;
  const hn::Repartition<std::uint32_t, decltype(d)> half;
  const size_t lanes = hn::Lanes(d);
  HWY_ALIGN std::uint64_t starts[HWY_MAX_BYTES / 8];
  for (size_t i = 0; i < lanes; ++i) starts[i] = (first + i + 1) * step;
  auto place = hn::Load(d, starts);
  const auto forward = hn::Set(d, lanes * step), ones = hn::Set(d, odd);
  auto words = hn::Zero(d), products = hn::Zero(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes, place = hn::Add(place, forward)) {
    const auto word = hn::LoadU(d, reinterpret_cast<const std::uint64_t*>(bytes + 8 * i));
    const auto key = hn::Or(hn::Xor(place, hn::ShiftRight<31>(place)), ones);
    const auto low = hn::MulEven(hn::BitCast(half, word), hn::BitCast(half, key));
    const auto high =
        hn::MulEven(hn::BitCast(half, hn::ShiftRight<32>(word)), hn::BitCast(half, hn::ShiftRight<32>(key)));
    words = hn::Add(words, word);
    products = hn::Add(products, hn::Add(low, high));
  }
  sums[0] += hn::GetLane(hn::SumOfLanes(d, words));
  sums[1] += hn::GetLane(hn::SumOfLanes(d, products));
  return i;
}
#endif

/// Whole words, the first of them number `first`.
void AddWords(const std::byte* bytes, size_t n, std::uint64_t first, std::uint64_t* sums) {
  for (size_t i = add_vectors(bytes, n, first, sums); i < n; ++i) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes + 8 * i, 8);
    const std::uint64_t place = (first + i + 1) * step, key = (place ^ (place >> 31U)) | odd;
    sums[0] += word;
    sums[1] += (word & 0xFFFFFFFF) * (key & 0xFFFFFFFF) + (word >> 32U) * (key >> 32U);
  }
}

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(AddWords);

void PlacedDigest::add(std::span<const std::byte> bytes, std::uint64_t first) {
  std::uint64_t sums[2] = {0, 0};
  // A part of a word, the rest of it zeros, which add nothing.
  const auto add_part = [&](std::size_t n) {
    std::byte word[8] = {};
    std::memcpy(word + first % 8, bytes.data(), n);
    HWY_DYNAMIC_DISPATCH(AddWords)(word, 1, first / 8, sums);
    bytes = bytes.subspan(n);
    first += n;
  };
  if (first % 8 != 0) add_part(std::min<std::size_t>(8 - first % 8, bytes.size()));
  HWY_DYNAMIC_DISPATCH(AddWords)(bytes.data(), bytes.size() / 8, first / 8, sums);
  first += bytes.size() / 8 * 8;
  bytes = bytes.subspan(bytes.size() / 8 * 8);
  if (!bytes.empty()) add_part(bytes.size());
  words += sums[0];
  products += sums[1];
}

}  // namespace shoal
#endif  // HWY_ONCE
