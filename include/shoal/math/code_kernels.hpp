/// Tile kernels of mixtures over discrete features: a row is a list of codes, a table holds a number for every
/// (feature, level) and component, and scoring a row is adding up its table lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace shoal {

/// A level of a discrete feature, 0-based. missing_code marks an entry that is not observed.
using Code = std::uint16_t;
inline constexpr Code missing_code = 0xFFFF;

/// Rows of a tile.
inline constexpr std::size_t code_tile_rows = 64;

/// Where the levels of each feature begin in a table; D + 1 entries.
using LevelOffsets = std::vector<std::int64_t>;

/// joint[k * 64 + r] = start[k] + sum over observed features d of table[(offset_d + code_rd) * K + k], added in order
/// of the features in T. rows: n <= 64 rows of D codes.
template <class T>
void add_up_table(std::span<const Code> rows, std::size_t n_rows, const LevelOffsets& offsets, const T* table,
                  const T* start, std::size_t n_components, double* joint);

/// sums[(offset_d + code_rd) * K + k] += weight[k * 64 + r] for all rows and their observed features.
void add_to_levels(std::span<const Code> rows, std::size_t n_rows, const LevelOffsets& offsets, const double* weight,
                   std::size_t n_components, double* sums);

}  // namespace shoal
