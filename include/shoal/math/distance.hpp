/// Nearest centre of each row of a tile, and the per-cluster sums that follow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace shoal {

/// Rows of a tile; row indices are vector lanes. Kernels read whole tiles, so short ones are padded.
inline constexpr std::size_t tile_rows = 64;

enum class Metric { squared_euclidean, manhattan };

/// tile: D x 64, feature-major; centres: K x D. Writes the least distance and its centre (the lowest on ties) for each
/// of the 64 rows. Each distance is a sum over features in order, so equal centres have equal distances. K <= 2^24.
void nearest(Metric metric, const float* tile, const float* centres, std::size_t n_centres, std::size_t n_features,
             std::span<double> distance, std::span<std::int32_t> label);
void nearest(Metric metric, const double* tile, const double* centres, std::size_t n_centres, std::size_t n_features,
             std::span<double> distance, std::span<std::int32_t> label);

/// sum[d] += weight * (row[d] - origin[d]) for d < D; the difference is taken in the row's precision.
void add_row(const float* row, const float* origin, double weight, std::size_t n_features, double* sum);
void add_row(const double* row, const double* origin, double weight, std::size_t n_features, double* sum);

}  // namespace shoal
