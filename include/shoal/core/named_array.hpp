/// A model's parameters as arrays with the names and shapes they have in files.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "shoal/core/contract.hpp"

namespace shoal {

/// One array of `/parameters`: row-major values of the given shape.
struct NamedArray {
  std::string name;
  std::vector<std::size_t> shape;
  std::vector<double> values;
  bool integral = false;  ///< stored as int64 (level_offsets)

  [[nodiscard]] std::size_t size() const {
    return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
  }

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& name& shape& values& integral;
  }
};

using NamedArrays = std::vector<NamedArray>;

/// The array called `name`, or null.
inline const NamedArray* find(const NamedArrays& arrays, const std::string& name) {
  for (const NamedArray& array : arrays)
    if (array.name == name) return &array;
  return nullptr;
}

/// All values in one vector, array after array, and back into arrays of the same shapes.
inline std::vector<double> to_vector(const NamedArrays& arrays) {
  std::vector<double> vector;
  for (const NamedArray& array : arrays) vector.insert(vector.end(), array.values.begin(), array.values.end());
  return vector;
}
inline void from_vector(const std::vector<double>& vector, NamedArrays& arrays) {
  auto next = vector.begin();
  for (NamedArray& array : arrays) {
    expects(static_cast<std::size_t>(vector.end() - next) >= array.values.size(), "from_vector: too few values");
    const auto end = next + static_cast<std::ptrdiff_t>(array.values.size());
    array.values.assign(next, end);
    next = end;
  }
}

/// Whether both hold the same bits (so -0.0 differs from 0.0, and equal NaNs are the same).
inline bool same_bits(std::span<const double> a, std::span<const double> b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (std::bit_cast<std::uint64_t>(a[i]) != std::bit_cast<std::uint64_t>(b[i])) return false;
  return true;
}
inline bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return same_bits(std::span(a), std::span(b));
}

}  // namespace shoal
