/// Cholesky factors of covariances (Eigen), in one fixed order of operations.
#pragma once

#include <optional>

#include "shoal/core/matrix.hpp"

namespace shoal {

/// L with S = L L^T.
struct Cholesky {
  Matrix lower;
  double log_determinant = 0;  ///< ln det S
};

/// The factor of a symmetric D x D matrix (its lower triangle is read), or nothing where it is not numerically
/// positive definite or not finite.
std::optional<Cholesky> cholesky(const Matrix& symmetric);

/// L^-1 of a lower triangle.
Matrix inverse_lower(const Matrix& lower);

/// A^T A, summed in order: of L^-1 the inverse of L L^T.
Matrix gram(const Matrix& a);

}  // namespace shoal
