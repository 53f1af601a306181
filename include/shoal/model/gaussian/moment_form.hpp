/// The log density of Gaussian components as a linear function of a row's moments about a shared origin:
///
///   -(x - m)^T P (x - m) / 2 = (P m)^T x - sum_i P_ii x_i^2 / 2 - sum_{j < i} P_ij x_i x_j - m^T P m / 2
///
/// The terms cancel where a mean lies far from the origin, or features are nearly dependent. With S = P^-1 they add up
/// to at most (sum_i sqrt(P_ii (S_ii + m_i^2)))^2 for a row one deviation from the mean, at most D times
/// sum_i P_ii (S_ii + m_i^2), which is D for independent features about their mean. The form is used while that sum is
/// at most 64 D for every component (float32 rows: 4 D), so that six (two) bits are lost; the variances about the mean,
/// taken from the same moments, lose no more.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "shoal/core/matrix.hpp"
#include "shoal/math/moments.hpp"

namespace shoal {

template <class T>
struct MomentForm {
  Moments kind;
  std::size_t n_features;
  std::vector<T> coefficients;    ///< K x n_moments
  std::vector<double> constants;  ///< K, - m^T P m / 2

  [[nodiscard]] std::size_t columns() const { return n_moments(kind, n_features); }
};

/// Of K components with means (K x D, less the origin), or nothing where digits would be lost. precisions and
/// covariances: D x D (products), 1 x D (squares) or 1 x 1 (square_sum) each.
template <class T>
std::optional<MomentForm<T>> moment_form(Moments kind, std::span<const T> means, const std::vector<Matrix>& precisions,
                                         const std::vector<Matrix>& covariances);

}  // namespace shoal
