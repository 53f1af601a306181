/// Tiles of real rows as the kernels read them: cut into groups of 128 bytes' worth of rows, a group feature-major, so
/// that vector lanes are rows and a group's features lie in a few neighbouring cache lines.
///
///   value of row r, feature d:  groups[(r / G) * stride + d * G + r % G],  G = group_rows<T>
#pragma once

#include <cstddef>

namespace shoal {

template <class T>
inline constexpr std::size_t group_rows = 128 / sizeof(T);

/// Values from one group to the next: an odd number of features, so that the groups do not fall on the same cache sets.
template <class T>
constexpr std::size_t group_stride(std::size_t n_features) {
  return (n_features | 1U) * group_rows<T>;
}

template <class T>
constexpr std::size_t n_groups(std::size_t n_rows) {
  return (n_rows + group_rows<T> - 1) / group_rows<T>;
}

/// Most rows of a tile of any model, and of one whose sums run in the type of the rows.
inline constexpr std::size_t most_tile_rows = 1024;
inline constexpr std::size_t most_summed_rows = 256;

/// Rows of a tile: 256, 128 or 64, so that what the kernels of K components touch stays in a second-level cache. A
/// function of sizes alone, as every border between sums is.
std::size_t tile_rows_for(std::size_t n_components, std::size_t n_features, std::size_t value_bytes);

/// Transposes n rows (row-major, n x D) into groups `stride` values apart, less the origin (D). Rows up to the end of
/// the last group become zeros.
void load_groups(const float* rows, std::size_t n_rows, std::size_t n_features, const float* origin, float* groups,
                 std::size_t stride);
void load_groups(const double* rows, std::size_t n_rows, std::size_t n_features, const double* origin, double* groups,
                 std::size_t stride);
template <class T>
void load_groups(const T* rows, std::size_t n_rows, std::size_t n_features, const T* origin, T* groups) {
  load_groups(rows, n_rows, n_features, origin, groups, group_stride<T>(n_features));
}

}  // namespace shoal
