/// Tile kernels of Gaussian mixtures. A tile is D x 64, feature-major (lanes are rows); the same rows are also given
/// row-major where sums run over features. Products accumulate in T within the 64 rows of a tile and in float64 beyond.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "shoal/core/matrix.hpp"
#include "shoal/math/normalise.hpp"

namespace shoal {

/// A lower-triangular D x D matrix in panels of four rows: for each panel the coefficients of four rows, column by
/// column up to the diagonal, zeros above it.
template <class T>
std::vector<T> pack_triangle(const Matrix& lower);

/// squared[r] = || A (x_r - mean) ||^2 for the packed triangle A. `centred` is scratch of D x 64.
template <class T>
void quadratic_form(const T* tile, const T* mean, const T* triangle, std::size_t n_features, T* centred,
                    double* squared);

/// squared[r] = sum_d (x_rd - mean_d)^2 precision_d + constant_d over the entries that are not NaN.
template <class T>
void diagonal_form(const T* tile, const T* mean, const T* precision, const double* constant, std::size_t n_features,
                   double* squared);

/// Adds over rows r: sum += w_r c, triangle += w_r c c^T (packed lower, row i at i (i + 1) / 2), c = row_r - mean.
/// rows: n x stride, row-major; scratch: 2 x 64 x stride of T, stride a multiple of row_padding<T>.
template <class T>
void add_scatter(const T* rows, std::size_t n_rows, std::size_t stride, const T* mean, const double* weight,
                 std::size_t n_features, T* scratch, double* sum, double* triangle);

/// Adds over rows r: sum += w_r c, square += w_r c^2. With `observed` non-null, NaN entries add nothing and
/// observed_d += w_r for the others.
template <class T>
void add_squares(const T* rows, std::size_t n_rows, std::size_t stride, const T* mean, const double* weight,
                 std::size_t n_features, double* sum, double* square, double* observed);

/// Row-major tiles are padded to this many features.
template <class T>
inline constexpr std::size_t row_padding = 128 / sizeof(T);

}  // namespace shoal
