/// Scores and sums of Gaussian components by the moments of a row about one origin that all components share: both
/// steps are then products of the same tile with small matrices, two multiply-adds a moment, row and component, and
/// nothing is centred. Rows as in row_groups.hpp, with moments for features.
#pragma once

#include <cstddef>

#include "shoal/math/row_groups.hpp"

namespace shoal {

/// Beside the D features x_j: x_i x_j for j <= i (packed), x_j^2, or sum_j x_j^2.
enum class Moments { products, squares, square_sum };

constexpr std::size_t n_moments(Moments kind, std::size_t n_features) {
  if (kind == Moments::products) return n_features + n_features * (n_features + 1) / 2;
  return kind == Moments::squares ? 2 * n_features : n_features + 1;
}

/// Fills in what follows the features in groups of n_moments columns.
template <class T>
void complete_moments(Moments kind, std::size_t n_rows, std::size_t n_features, T* groups);

/// A linear function of the moments for each of n components.
template <class T>
struct LinearScores {
  std::size_t n;
  const T* coefficients;    ///< n x n_moments
  const double* constants;  ///< n
};

/// joint[k * pitch + r] = constant_k + sum over moments, in order, of coefficient x moment, for the n rows and the
/// padding of their last group.
template <class T>
void linear_score(const T* moments, std::size_t n_rows, std::size_t n_moments, const LinearScores<T>& scores,
                  double* joint, std::size_t pitch);

}  // namespace shoal
