#include "io/numbers.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "shoal/core/error.hpp"

namespace shoal {
namespace {

static_assert(std::endian::native == std::endian::little, "shoal reads on little-endian machines");

std::uint16_t swapped(std::uint16_t x) { return __builtin_bswap16(x); }
std::uint32_t swapped(std::uint32_t x) { return __builtin_bswap32(x); }
std::uint64_t swapped(std::uint64_t x) { return __builtin_bswap64(x); }

template <class Word, class F>
void each_word(const std::byte* in, std::size_t n, std::byte* out, F&& f) {
  for (std::size_t i = 0; i < n; ++i) {
    Word word;
    std::memcpy(&word, in + i * sizeof(Word), sizeof(Word));
    const auto result = f(word);
    std::memcpy(out + i * sizeof result, &result, sizeof result);
  }
}

void swap_bytes(std::uint32_t size, const std::byte* in, std::size_t n, std::byte* out) {
  const auto swap = [](auto word) { return swapped(word); };
  if (size == 2) return each_word<std::uint16_t>(in, n, out, swap);
  if (size == 4) return each_word<std::uint32_t>(in, n, out, swap);
  return each_word<std::uint64_t>(in, n, out, swap);
}

/// Exact, subnormal numbers and NaN included: the exponent is moved by a product with 2^112.
float from_half(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000U) << 16U;
  const std::uint32_t magnitude = half & 0x7FFFU;
  const float scaled = std::bit_cast<float>(magnitude << 13U) * 0x1p112F;
  const std::uint32_t finite = std::bit_cast<std::uint32_t>(scaled);
  const std::uint32_t special = 0x7F800000U | (magnitude << 13U);
  return std::bit_cast<float>(sign | (magnitude >= 0x7C00U ? special : finite));
}

/// Any width, order, offset and precision.
std::uint64_t integer_at(const StoredNumber& stored, const std::byte* in) {
  std::uint64_t bits = 0;
  for (std::uint32_t b = 0; b < stored.size; ++b) {
    const std::uint32_t place = stored.big_endian ? stored.size - 1 - b : b;
    bits |= std::to_integer<std::uint64_t>(in[place]) << (8 * b);
  }
  const std::uint32_t unused = 64 - stored.precision;
  bits = (bits >> stored.bit_offset) << unused;  // the highest bit is the value's own
  if (stored.is_signed) return static_cast<std::uint64_t>(static_cast<std::int64_t>(bits) >> unused);
  return bits >> unused;
}

}  // namespace

bool stored_as_element(const StoredNumber& stored, ElementType element) {
  return stored.size == size_of(element) && stored.precision == 8 * stored.size && element != ElementType::boolean &&
         (!stored.big_endian || stored.size == 1);
}

void decode_numbers(const StoredNumber& stored, ElementType element, const std::byte* in, std::size_t n,
                    std::byte* out) {
  const std::size_t size = size_of(element);
  if (stored_as_element(stored, element)) {
    std::memcpy(out, in, n * size);
  } else if (stored.is_float && stored.size == 2) {
    each_word<std::uint16_t>(in, n, out,
                             [&](std::uint16_t half) { return from_half(stored.big_endian ? swapped(half) : half); });
  } else if (stored.precision == 8 * stored.size && stored.size == size && element != ElementType::boolean) {
    swap_bytes(stored.size, in, n, out);
  } else {
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint64_t value = integer_at(stored, in + i * stored.size);
      if (element == ElementType::boolean && value > 1) throw Error(ExitCode::bad_data, "a boolean is neither 0 nor 1");
      std::memcpy(out + i * size, &value, size);
    }
  }
}

long double rounded_to(const StoredNumber& stored, long double value) {
  if (!stored.is_float) return std::nearbyint(value);
  if (stored.size == 4) return static_cast<float>(value);
  if (stored.size == 8) return static_cast<double>(value);
  if (value == 0) return value;
  const int last = std::max(std::ilogb(value), -14) - 10;  // 11 binary digits, 10 less the lower the exponent
  return std::ldexp(std::nearbyint(std::ldexp(value, -last)), last);
}

}  // namespace shoal
