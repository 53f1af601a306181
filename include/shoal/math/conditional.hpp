/// Missing entries given the observed ones of a row, under Gaussian components. With P = Sigma^-1, m the missing and o
/// the observed features,
///
///   E[x_m | x_o] = mu_m - P_mm^-1 P_mo (x_o - mu_o),   Cov[x_m | x_o] = P_mm^-1,   |Sigma_oo| = |Sigma| |P_mm|.
///
/// Lanes are components, `side_by_side` of them, so that a pattern of missing entries costs the same whether many rows
/// have it or one: number i of component l stands at [i * side_by_side + l].
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace shoal {

inline constexpr std::size_t side_by_side = 8;

/// Some components as the kernels see them.
struct ConditionalComponents {
  std::size_t n_features;
  const double* precisions;  ///< D x D numbers
  const double* means;       ///< D numbers, less the origin
};

/// covariance: the packed lower triangle of P_mm^-1; log_determinant: ln |P_mm|. missing: rising. scratch: a triangle.
void conditional_covariance(const ConditionalComponents& components, std::span<const std::uint32_t> missing,
                            double* scratch, double* covariance, double* log_determinant);

/// The conditional means of the missing entries of some rows of one pattern, row after row in `values`, less the
/// origin. Row i begins at groups[offsets[i]], in the layout of row_groups.hpp. scratch: D + |m| numbers.
template <class T>
void conditional_means(const ConditionalComponents& components, std::span<const std::uint32_t> missing,
                       const double* covariance, const T* groups, std::span<const std::size_t> offsets, double* scratch,
                       double* values);

}  // namespace shoal
