/// How a bracket of keys is cut into bins of a histogram.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <utility>

#include "shoal/core/ordered_key.hpp"

namespace shoal {

/// How much of the weight of one pair of cluster and feature, or of a column, is at a key.
struct WeightOfKey {
  std::uint64_t pair;
  std::uint64_t key;
  std::int64_t weight;
};

/// A bracket of keys in at most 2^bits bins: of equal width in value, or of 2^shift keys. Values split a cloud of rows
/// evenly where it crosses zero, about which half of all keys lie; keys settle `bits` bits of the answer whatever the
/// values are.
class Bins {
 public:
  Bins() = default;
  Bins(std::uint64_t low, std::uint64_t high, unsigned bits, bool by_value)
      : low_(low),
        high_(high),
        n_(std::uint64_t{1} << bits),
        shift_(
            static_cast<unsigned>(std::max(0, static_cast<int>(std::bit_width(high - low)) - static_cast<int>(bits)))) {
    if (!by_value) return;
    first_ = value_of_key(low);
    scale_ = static_cast<double>(n_) / (value_of_key(high) - first_);
    by_value_ = std::isfinite(first_) && std::isfinite(scale_) && scale_ > 0;
  }

  [[nodiscard]] bool holds(std::uint64_t key) const { return key >= low_ && key <= high_; }

  /// The bin of a key of the bracket; never falls as the key rises.
  [[nodiscard]] std::uint64_t place(std::uint64_t key) const {
    if (!by_value_) return (key - low_) >> shift_;
    return std::min(n_ - 1, static_cast<std::uint64_t>((value_of_key(key) - first_) * scale_));
  }

  /// The keys of a bin that is not empty, first and last.
  [[nodiscard]] std::pair<std::uint64_t, std::uint64_t> keys(std::uint64_t bin) const {
    const std::uint64_t first = first_at_or_beyond(bin);
    return {first, place(high_) == bin ? high_ : first_at_or_beyond(bin + 1) - 1};
  }

 private:
  /// The lowest key whose bin is at least `bin`, which is not beyond the last one's.
  [[nodiscard]] std::uint64_t first_at_or_beyond(std::uint64_t bin) const {
    std::uint64_t below = low_, there = high_;
    if (place(low_) >= bin) return low_;
    while (there - below > 1) {
      const std::uint64_t middle = below + (there - below) / 2;
      (place(middle) >= bin ? there : below) = middle;
    }
    return there;
  }

  std::uint64_t low_ = 1, high_ = 0, n_ = 1;  // holds nothing
  unsigned shift_ = 0;
  bool by_value_ = false;
  double first_ = 0, scale_ = 0;
};

}  // namespace shoal
