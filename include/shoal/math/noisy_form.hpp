/// Gaussian components of rows that were measured with known noise of their own (Bovy, Hogg & Roweis 2011). With
/// T = Sigma + S_r and c = z_r - mean,
///
///   ln p(z_r) = -(D ln 2 pi + ln |T| + c^T T^-1 c) / 2,
///
/// and of the row's true values x, with u = T^-1 c,
///
///   E[x] = mean + Sigma u,   Cov[x] = Sigma - Sigma T^-1 Sigma,
///
/// so that an M-step needs no more than the sums of r u and of r (u u^T - T^-1): its scatter about the mean is
/// n Sigma + Sigma (sum of r (u u^T - T^-1)) Sigma.
///
/// Lanes are rows, all in double. A row and component takes D^3 / 6 multiply-adds to score, D^3 / 2 more to add.
#pragma once

#include <cstddef>
#include <cstdint>

#include "shoal/math/row_groups.hpp"

namespace shoal {

/// Rows of a tile, in groups as in row_groups.hpp.
struct NoisyRows {
  const double* values;  ///< less the origin; NaN: missing
  const double* noise;   ///< variances (D), or the packed lower triangle of covariances
  bool diagonal;         ///< variances
  bool gaps;             ///< entries may be missing; what the noise says of these is not looked at
  std::size_t n_rows;
  std::size_t n_features;
  [[nodiscard]] std::size_t noise_width() const { return diagonal ? n_features : n_features * (n_features + 1) / 2; }
};

/// One component as the kernels see it.
struct NoisyComponent {
  const double* mean;        ///< D, less the origin
  const double* covariance;  ///< packed lower triangle; of the diagonal kernels the D variances
  const double* shift;       ///< D, Sigma^-1 (mean - centre): what u is more when sums are taken about a centre
  double constant;           ///< ln pi_k - D ln 2 pi / 2
};

/// Doubles that the kernels work in.
std::size_t noisy_scratch(std::size_t n_features);

/// joint[r] = constant + ln p(z_r), without -D ln 2 pi / 2, for the rows and the padding of their last group.
void noisy_score(const NoisyRows& rows, const NoisyComponent& component, double* scratch, double* joint);

/// Adds over rows sum += w_r u and triangle (packed) += w_r (u u^T - T^-1). Missing entries add nothing.
void noisy_add(const NoisyRows& rows, const NoisyComponent& component, const double* weight, double* scratch,
               double* sum, double* triangle);

/// Of each row the means (less the origin) and variances of its true values, D numbers per row.
void noisy_posterior(const NoisyRows& rows, const NoisyComponent& component, double* scratch, double* means,
                     double* variances);
void noisy_diagonal_posterior(const NoisyRows& rows, const NoisyComponent& component, double* means, double* variances);

/// noisy_score and noisy_add of diagonal covariances and noise: squares += w_r (u^2 - 1 / t), D numbers.
void noisy_diagonal_score(const NoisyRows& rows, const NoisyComponent& component, double* joint);
void noisy_diagonal_add(const NoisyRows& rows, const NoisyComponent& component, const double* weight, double* sum,
                        double* squares);

}  // namespace shoal
