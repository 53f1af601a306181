/// Distances between rows and centres. All kernels add the features of a distance in one order, so they agree to the
/// last bit: up to eight features one after the other, more in eight partial sums (feature d in number d mod 8), which
/// are added by halves.
#pragma once

#include <cstddef>
#include <cstdint>

#include "shoal/math/row_groups.hpp"

namespace shoal {

enum class Metric { squared_euclidean, manhattan };

/// Rows of a tile for small searches: whole groups.
inline constexpr std::size_t search_rows = 64;

/// Of each row: the least distance, its centre (the lowest on ties), and the second least, which a tie equals. Centres
/// whose partial sums say that they are beyond twice the least one may be left there: the second is then a bound, at
/// least twice the least and at most the true second, unless the row is a centre. Arrays have room for whole groups of
/// rows.
template <class T>
struct Nearest {
  T* distance;
  T* second;  ///< null: not wanted
  std::int32_t* label;
};

/// groups: n rows as load_groups leaves them; centres: K x D, K <= 2^24. Fills whole groups.
void nearest(Metric metric, const float* groups, std::size_t n_rows, const float* centres, std::size_t n_centres,
             std::size_t n_features, const Nearest<float>& found);
void nearest(Metric metric, const double* groups, std::size_t n_rows, const double* centres, std::size_t n_centres,
             std::size_t n_features, const Nearest<double>& found);

/// distance[r]: of row r (row-major, less the origin) from the centre labels[r].
void distance_to_own(Metric metric, const float* rows, std::size_t n_rows, std::size_t n_features, const float* origin,
                     const float* centres, const std::int32_t* labels, float* distance);
void distance_to_own(Metric metric, const double* rows, std::size_t n_rows, std::size_t n_features,
                     const double* origin, const double* centres, const std::int32_t* labels, double* distance);

}  // namespace shoal
