#include "shoal/core/random.hpp"

#include <Random123/philox.h>

namespace shoal {

std::array<std::uint32_t, 4> random_words(std::uint64_t seed, Stream stream, std::uint32_t step, std::uint64_t row) {
  const r123::Philox4x32::key_type key = {{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32U)}};
  const r123::Philox4x32::ctr_type counter = {{static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(row >> 32U),
                                               step, static_cast<std::uint32_t>(stream)}};
  const auto words = r123::Philox4x32()(counter, key);
  return {words[0], words[1], words[2], words[3]};
}

std::array<double, 2> random_uniforms(std::uint64_t seed, Stream stream, std::uint32_t step, std::uint64_t row) {
  const auto words = random_words(seed, stream, step, row);
  const auto uniform = [](std::uint32_t high, std::uint32_t low) {
    const auto bits =
        (static_cast<std::uint64_t>(high) << 20U) | (low >> 12U);  // 52 bits, then the middle of each cell
    return (static_cast<double>(bits) + 0.5) * 0x1p-52;
  };
  return {uniform(words[0], words[1]), uniform(words[2], words[3])};
}

double random_uniform(std::uint64_t seed, Stream stream, std::uint32_t step, std::uint64_t row) {
  return random_uniforms(seed, stream, step, row)[0];
}

std::size_t draw_index(std::span<const double> masses, double mass) {
  std::size_t last = 0;
  for (std::size_t i = 0; i < masses.size(); ++i) {
    if (masses[i] <= 0) continue;
    last = i;
    mass -= masses[i];
    if (mass < 0) break;
  }
  return last;
}

}  // namespace shoal
