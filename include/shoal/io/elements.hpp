/// Stored elements in their own type.
#pragma once

#include "shoal/io/slice_reader.hpp"

namespace shoal {

/// Calls f(pointer to the slice's elements) with the pointer's type matching the stored one.
template <class F>
void with_elements(const Slice& slice, F&& f) {
  const std::byte* data = slice.bytes.data();
  switch (slice.dataset.type) {
    case ElementType::float32:
      return f(reinterpret_cast<const float*>(data));
    case ElementType::float64:
      return f(reinterpret_cast<const double*>(data));
    case ElementType::int8:
      return f(reinterpret_cast<const std::int8_t*>(data));
    case ElementType::int16:
      return f(reinterpret_cast<const std::int16_t*>(data));
    case ElementType::int32:
      return f(reinterpret_cast<const std::int32_t*>(data));
    case ElementType::int64:
      return f(reinterpret_cast<const std::int64_t*>(data));
    case ElementType::uint8:
      return f(reinterpret_cast<const std::uint8_t*>(data));
    case ElementType::uint16:
      return f(reinterpret_cast<const std::uint16_t*>(data));
    case ElementType::uint32:
      return f(reinterpret_cast<const std::uint32_t*>(data));
    case ElementType::uint64:
      return f(reinterpret_cast<const std::uint64_t*>(data));
    case ElementType::boolean:
      return f(reinterpret_cast<const std::int8_t*>(data));
  }
}

}  // namespace shoal
