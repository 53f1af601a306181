/// Integer conversion that cannot lose a value silently.
#pragma once

#include <stdexcept>
#include <utility>

namespace shoal {

/// `value` as To. Throws std::range_error (a bug of ours) where it does not fit.
template <class To, class From>
constexpr To checked_cast(From value) {
  if (!std::in_range<To>(value)) throw std::range_error("an integer does not fit its new type");
  return static_cast<To>(value);
}

}  // namespace shoal
