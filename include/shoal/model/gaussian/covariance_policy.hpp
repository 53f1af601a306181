/// The kinds of covariance: how each is stored, follows from scatter, and is kept positive definite.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "shoal/core/matrix.hpp"
#include "shoal/model/gaussian/covariance_update.hpp"
#include "shoal/model/gaussian/options.hpp"
#include "shoal/pass/column_moments.hpp"

namespace shoal {

/// The covariances of K components are `count` matrices of rows x columns, one after another in
/// /parameters/covariances.
struct CovarianceLayout {
  std::size_t count;               ///< K; tied: 1
  std::size_t rows;                ///< of one: D; diag, spherical: 1
  std::size_t columns;             ///< D; spherical: 1
  std::size_t n_free;              ///< free parameters of one
  std::vector<std::size_t> shape;  ///< of the array
};

/// What the diagonal of a covariance takes, D numbers each.
struct Regularization {
  std::vector<double> added;  ///< always
  std::vector<double> floor;  ///< where it collapsed
};

/// As options say, in shares of the variances of all rows; a constant feature takes the mean of the others', or 1.
Regularization regularization_of(const GaussianOptions& options, const ColumnMoments& moments);

class CovariancePolicy {
 public:
  virtual ~CovariancePolicy() = default;

  [[nodiscard]] virtual CovarianceLayout layout(std::size_t n_clusters, std::size_t n_features) const = 0;
  /// Whether one matrix is positive definite.
  [[nodiscard]] virtual bool is_positive(const Matrix& covariance) const = 0;
  /// Scatter over weight, constrained and regularised; where that is not positive definite, with the floor added in
  /// growing multiples, and counted in `collapsed`.
  [[nodiscard]] Matrix updated(Scatter scatter, const Regularization& regularization, std::int64_t& collapsed) const;

 protected:
  [[nodiscard]] virtual Matrix constrained(Scatter&& scatter, const Regularization& regularization) const = 0;
  /// Adds a multiple of the floor to the diagonal; diag, spherical: to the variances that are not positive.
  virtual void raise(Matrix& covariance, std::span<const double> floor, double multiple) const = 0;
};

/// The one policy of each kind; it has no state.
const CovariancePolicy& covariance_policy(Covariance covariance);

}  // namespace shoal
