/// Triangular products of Gaussian components: the quadratic form of full covariances, and whitening for tied ones.
/// D (D + 1) / 2 multiply-adds a row; rows as in row_groups.hpp.
#pragma once

#include <cstddef>
#include <vector>

#include "shoal/core/matrix.hpp"
#include "shoal/math/row_groups.hpp"

namespace shoal {

/// The lower triangle of a D x D matrix in the order in which the kernels of the instruction set in use read it.
template <class T>
std::vector<T> pack_triangle(const Matrix& lower);

/// One component as the kernel sees it.
template <class T>
struct TriangularComponent {
  const T* mean;                   ///< D, less the origin
  const T* triangle;               ///< packed A = L^-1
  double constant;                 ///< ln pi_k + ln of the density at the mean
  double log_threshold;            ///< ln tau_k (truncation.hpp); -infinity: no truncation
  const double* adjust = nullptr;  ///< of each row, what the constant is more than that; null: nothing
};

/// joint[r] = constant - || A (x_r - mean) ||^2 / 2 for the n rows and the padding of their last group; -infinity where
/// the truncation rule holds already for a part of the form. best[r], the largest joint of the components so far, is
/// kept up. scratch: D x 32.
template <class T>
void triangular_score(const T* groups, std::size_t n_rows, std::size_t n_features,
                      const TriangularComponent<T>& component, T* scratch, double* best, double* joint);

/// whitened = A x, in the layout of the rows.
template <class T>
void whiten(const T* groups, std::size_t n_rows, std::size_t n_features, const T* triangle, T* whitened);

}  // namespace shoal
