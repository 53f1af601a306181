#include "shoal/model/gaussian/covariance_policy.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "shoal/math/cholesky.hpp"

namespace shoal {
namespace {

double sum_of(std::span<const double> values) { return std::accumulate(values.begin(), values.end(), 0.0); }
double mean_of(std::span<const double> values) { return sum_of(values) / static_cast<double>(values.size()); }

class Full : public CovariancePolicy {
 public:
  CovarianceLayout layout(std::size_t k, std::size_t d) const override { return {k, d, d, packed(d, 0), {k, d, d}}; }
  bool is_positive(const Matrix& covariance) const override { return cholesky(covariance).has_value(); }

 protected:
  Matrix constrained(Scatter&& scatter, const Regularization& regularization) const override {
    Matrix covariance = std::move(scatter.values);
    for (std::size_t i = 0; i < covariance.rows; ++i)
      for (std::size_t j = 0; j < covariance.columns; ++j)
        covariance(i, j) = covariance(i, j) / scatter.weight[0] + (i == j ? regularization.added[i] : 0);
    return covariance;
  }
  void raise(Matrix& covariance, std::span<const double> floor, double multiple) const override {
    for (std::size_t j = 0; j < floor.size(); ++j)
      covariance(j, j) = std::max(covariance(j, j), 0.0) + multiple * floor[j];
  }
};

/// One full matrix for all components.
class Tied final : public Full {
 public:
  CovarianceLayout layout(std::size_t /*k*/, std::size_t d) const override { return {1, d, d, packed(d, 0), {d, d}}; }
};

class Diagonal : public CovariancePolicy {
 public:
  CovarianceLayout layout(std::size_t k, std::size_t d) const override { return {k, 1, d, d, {k, d}}; }
  bool is_positive(const Matrix& covariance) const override {
    return std::ranges::all_of(covariance.values, [](double v) { return v > 0; });
  }

 protected:
  /// A feature of which nothing was observed takes the floor.
  Matrix constrained(Scatter&& scatter, const Regularization& regularization) const override {
    Matrix variances = std::move(scatter.values);
    for (std::size_t j = 0; j < variances.columns; ++j) {
      const double weight = scatter.weight[j];
      variances(0, j) = (weight > 0 ? variances(0, j) / weight : regularization.floor[j]) + regularization.added[j];
    }
    return variances;
  }
  void raise(Matrix& variances, std::span<const double> floor, double multiple) const override {
    for (std::size_t j = 0; j < variances.columns; ++j)
      if (double& variance = variances(0, j); !(variance > 0)) variance = std::max(variance, 0.0) + multiple * floor[j];
  }
};

/// One variance, the mean over features.
class Spherical final : public Diagonal {
 public:
  CovarianceLayout layout(std::size_t k, std::size_t /*d*/) const override { return {k, 1, 1, 1, {k}}; }

 protected:
  Matrix constrained(Scatter&& scatter, const Regularization& regularization) const override {
    Matrix variance(1, 1);
    const double weight = sum_of(scatter.weight);
    variance(0, 0) = (weight > 0 ? sum_of(scatter.values.values) / weight : 0) + mean_of(regularization.added);
    return variance;
  }
  void raise(Matrix& variance, std::span<const double> floor, double multiple) const override {
    const double mean = mean_of(floor);
    Diagonal::raise(variance, {&mean, 1}, multiple);
  }
};

}  // namespace

Regularization regularization_of(const GaussianOptions& options, const ColumnMoments& moments) {
  const std::size_t d = moments.variance.size();
  double sum = 0;
  std::size_t varying = 0;
  for (const double variance : moments.variance)
    if (variance > 0) sum += variance, ++varying;
  const double typical = varying > 0 ? sum / static_cast<double>(varying) : 1.0;
  Regularization result{std::vector<double>(d), std::vector<double>(d)};
  for (std::size_t j = 0; j < d; ++j) {
    const double variance = moments.variance[j] > 0 ? moments.variance[j] : typical;
    result.added[j] = options.regularization * variance + options.regularization_absolute;
    result.floor[j] = result.added[j] > 0 ? result.added[j] : 1e-6 * variance;
  }
  return result;
}

Matrix CovariancePolicy::updated(Scatter scatter, const Regularization& regularization, std::int64_t& collapsed) const {
  Matrix covariance = constrained(std::move(scatter), regularization);
  if (!is_positive(covariance)) {
    ++collapsed;
    for (double multiple = 1; !is_positive(covariance) && multiple < 1e30; multiple *= 10)
      raise(covariance, regularization.floor, multiple);
  }
  return covariance;
}

const CovariancePolicy& covariance_policy(Covariance covariance) {
  static const Full full;
  static const Tied tied;
  static const Diagonal diagonal;
  static const Spherical spherical;
  static const std::array<const CovariancePolicy*, 4> policies = {&full, &tied, &diagonal, &spherical};
  return *policies.at(static_cast<std::size_t>(covariance));
}

}  // namespace shoal
