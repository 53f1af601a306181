/// Random draws that are a function of (seed, purpose, step, row) and of nothing else: no state, so neither ranks nor
/// threads nor restarts can change them. Philox4x32-10 of Salmon, Moraes, Dror & Shaw (SC 2011), from Random123.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace shoal {

/// What a draw is for; draws of different streams are independent.
enum class Stream : std::uint32_t {
  first_seed = 1,
  oversample,
  recluster,
  random_rows,
  sample_component,
  sample_value,
  sample,  ///< of the rows, for searches
  search,
  split
};

/// Four independent 32-bit words. `step` is a round or a feature, `row` a global row or a counter.
std::array<std::uint32_t, 4> random_words(std::uint64_t seed, Stream stream, std::uint32_t step, std::uint64_t row);

/// Two independent uniform doubles in the open interval (0, 1), each with 52 random bits.
std::array<double, 2> random_uniforms(std::uint64_t seed, Stream stream, std::uint32_t step, std::uint64_t row);

/// The first of random_uniforms.
double random_uniform(std::uint64_t seed, Stream stream, std::uint32_t step, std::uint64_t row);

/// The first index at which the running sum of the masses passes `mass`, which lies between 0 and their sum; on
/// rounding the last of positive mass.
std::size_t draw_index(std::span<const double> masses, double mass);

}  // namespace shoal
