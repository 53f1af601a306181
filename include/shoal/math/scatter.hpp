/// Weighted sums and scatter of the rows of a tile; rows as in row_groups.hpp. Products accumulate in T within the tile
/// and in float64 beyond it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "shoal/core/large_vector.hpp"
#include "shoal/math/row_groups.hpp"

namespace shoal {

/// What the kernels need beside the rows of a tile; made once for many tiles.
template <class T>
struct ScatterScratch {
  /// Up to this many features, weighted rows are kept beside the centred ones, where they fit the nearest cache; beyond
  /// it a row is scaled by the root of its weight and stands for both.
  static constexpr std::size_t few_features = 4;

  /// n_columns: for add_weighted_rows, if more than n_features.
  ScatterScratch(std::size_t most_rows, std::size_t n_features, std::size_t n_columns = 0)
      : rows(n_groups<T>(most_rows) * group_rows<T> * ((n_features + 3) / 4 * 4), T(0)),
        weighted(n_features <= few_features ? rows.size() : 0, T(0)),
        gathered(n_groups<T>(most_rows) * group_stride<T>(n_features), T(0)),
        weights(n_groups<T>(most_rows) * group_rows<T>, T(0)),
        offsets(weights.size()),
        lanes(4 * (std::max(n_features, n_columns) + 4) * 64 / sizeof(T), T(0)) {}
  // Large ones, for where they begin: a vector that lies in two cache lines takes twice the time.
  LargeVector<T> rows;  ///< four features at a time
  LargeVector<T> weighted;
  LargeVector<T> gathered;           ///< those that count, as groups
  LargeVector<T> weights;            ///< or their square roots
  std::vector<std::size_t> offsets;  ///< of the rows that count
  LargeVector<T> lanes;              ///< vectors to be added up
};

/// Adds over rows r: sum += w_r c, triangle += w_r c c^T (packed lower, row i at i (i + 1) / 2), c = x_r - mean.
/// weight: n_rows and zeros to the end of the last group. Rows of weight zero cost nothing where they are most.
template <class T>
void add_scatter(const T* groups, std::size_t n_rows, std::size_t n_features, const T* mean, const double* weight,
                 ScatterScratch<T>& scratch, double* sum, double* triangle);

/// Adds over rows r, for each component k: sums[k * pitch + d] += weight[k * weight_pitch + r] x_rd. Components without
/// weight in the tile cost a look.
template <class T>
void add_weighted_rows(const T* groups, std::size_t n_rows, std::size_t n_features, const double* weight,
                       std::size_t weight_pitch, std::size_t n_components, ScatterScratch<T>& scratch, double* sums,
                       std::size_t pitch);

}  // namespace shoal
