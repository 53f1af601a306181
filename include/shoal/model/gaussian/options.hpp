/// What a person chooses about Gaussian components.
#pragma once

#include "shoal/core/enum_names.hpp"

namespace shoal {

enum class Covariance { full, tied, diag, spherical };
template <>
inline constexpr auto names_of<Covariance> = names("full", "tied", "diag", "spherical");

struct GaussianOptions {
  Covariance covariance = Covariance::full;
  double regularization = 1e-6;        ///< added to variances: share of a feature's global one
  double regularization_absolute = 0;  ///< the same in squared data units
};

/// Whether covariances are matrices, not variances.
constexpr bool has_matrices(Covariance covariance) {
  return covariance == Covariance::full || covariance == Covariance::tied;
}

}  // namespace shoal
