/// Sixty-four real rows prepared for the search of centres: shifted by an origin and transposed.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "shoal/core/matrix.hpp"
#include "shoal/data/shard.hpp"
#include "shoal/math/distance.hpp"

namespace shoal {

template <class T>
struct Tile {
  std::size_t n_rows = 0;
  std::size_t n_features = 0;
  std::vector<T> columns;  ///< D x 64, feature-major, padded with zero rows

  explicit Tile(std::size_t features) : n_features(features), columns(features * tile_rows) {}

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
