/// Stored elements in their own type.
#pragma once

#include "shoal/io/slice_reader.hpp"

namespace shoal {

/// Calls f(a value of the type in which such elements are held); booleans are bytes.
template <class F>
decltype(auto) with_type(ElementType type, F&& f) {
  switch (type) {
    case ElementType::float32:
      return f(float());
    case ElementType::float64:
      return f(double());
    case ElementType::int16:
      return f(std::int16_t());
    case ElementType::int32:
      return f(std::int32_t());
    case ElementType::int64:
      return f(std::int64_t());
    case ElementType::uint8:
      return f(std::uint8_t());
    case ElementType::uint16:
      return f(std::uint16_t());
    case ElementType::uint32:
      return f(std::uint32_t());
    case ElementType::uint64:
      return f(std::uint64_t());
    default:
      return f(std::int8_t());
  }
}

/// Calls f(pointer to the slice's elements) with the pointer's type matching the stored one.
template <class F>
void with_elements(const Slice& slice, F&& f) {
  with_type(slice.dataset.type, [&]<class T>(T) { f(reinterpret_cast<const T*>(slice.bytes.data())); });
}

}  // namespace shoal
