/// Forms and sums of Gaussian components that look at one feature at a time: diagonal and spherical covariances, and
/// tied ones after whitening. Rows as in row_groups.hpp.
#pragma once

#include <cstddef>

#include "shoal/math/row_groups.hpp"
#include "shoal/math/scatter.hpp"

namespace shoal {

/// K components as the kernels see them.
template <class T>
struct DiagonalComponents {
  std::size_t n = 0;
  const T* means = nullptr;           ///< K x D, less the origin
  const T* precisions = nullptr;      ///< K x D; null: 1
  const double* scales = nullptr;     ///< K, factors of the whole form; null: 1
  const double* constants = nullptr;  ///< K: ln pi_k + ln of the density at the mean
};

/// q = sum_d precision_kd (x_rd - mean_kd)^2; joint[k * pitch + r] = constant_k - scale_k q / 2, and squared, if not
/// null, = q, for the n rows and the padding of their last group.
template <class T>
void diagonal_score(const T* groups, std::size_t n_rows, std::size_t n_features,
                    const DiagonalComponents<T>& components, double* joint, double* squared, std::size_t pitch);

/// One component where entries may be missing (NaN): joint[r] = constant - sum over the observed entries of
/// (precision_d (x_rd - mean_d)^2 + log_norm_d) / 2.
template <class T>
void observed_score(const T* groups, std::size_t n_rows, std::size_t n_features, const T* mean, const T* precision,
                    const double* log_norm, double constant, double* joint);

/// Adds over rows r: sum += w_r c, square += w_r c^2, c = x_r - mean. With `observed` not null, NaN entries add nothing
/// and observed_d += w_r for the others. weight as in add_scatter.
template <class T>
void add_squares(const T* groups, std::size_t n_rows, std::size_t n_features, const T* mean, const double* weight,
                 ScatterScratch<T>& scratch, double* sum, double* square, double* observed);

/// The sum over r of weight_r value_r.
double weighted_sum(const double* weight, const double* value, std::size_t n);

}  // namespace shoal
