/// Sixty-four real rows prepared for the kernels: shifted by an origin and transposed.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "shoal/core/matrix.hpp"
#include "shoal/data/shard.hpp"
#include "shoal/math/gaussian_kernels.hpp"

namespace shoal {

template <class T>
struct Tile {
  std::size_t n_rows = 0;
  std::size_t n_features = 0;
  std::size_t stride = 0;
  std::vector<T> columns;  ///< D x 64, feature-major, padded with zero rows
  std::vector<T> rows;     ///< 64 x stride, row-major, padded with zero features

  explicit Tile(std::size_t features)
      : n_features(features),
        stride((features + row_padding<T> - 1) / row_padding<T> * row_padding<T>),
        columns(features * tile_rows),
        rows(tile_rows * stride) {}

  /// Rows first .. first + n of the block, less the origin (D values).
  void load(const RowBlock<T>& block, std::size_t first, std::size_t n, std::span<const T> origin);
};

/// A point near all centres, few bits long: x - origin is then exact or nearly so where data lie far from zero. It is a
/// function of the centres alone, so predict and score repeat the bits of fit; zero where float32 cannot hold it.
template <class T>
std::vector<T> origin_of(const Matrix& centres);

/// Each centre less the origin, rounded to T.
template <class T>
std::vector<T> shifted(const Matrix& centres, std::span<const T> origin);

}  // namespace shoal
