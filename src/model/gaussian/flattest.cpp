#include "model/gaussian/flattest.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "shoal/math/eigenpair.hpp"
#include "shoal/model/gaussian/covariance_policy.hpp"

namespace shoal {
namespace {

/// What is common to all components: which features vary, and the least share of their variance that regularisation
/// adds.
struct Scale {
  std::vector<std::size_t> varying;
  std::vector<double> variance;  ///< of these
  double added = 0;

  Scale(const GaussianOptions& options, const ColumnMoments& moments) {
    const Regularization regularization = regularization_of(options, moments);
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t j = 0; j < moments.variance.size(); ++j) {
      if (!(moments.variance[j] > 0)) continue;
      varying.push_back(j);
      variance.push_back(moments.variance[j]);
      least = std::min(least, regularization.added[j] / moments.variance[j]);
    }
    if (!varying.empty()) added = least;
  }

  /// A variance that is regularisation alone, but for rounding.
  [[nodiscard]] bool at_floor(double spread) const { return spread <= added * (1 + 1e-6); }
};

/// A direction among the varying features as one among all.
std::vector<double> among_all(const Scale& scale, const std::vector<double>& direction, std::size_t n_features) {
  std::vector<double> all(n_features, 0.0);
  for (std::size_t i = 0; i < direction.size(); ++i) all[scale.varying[i]] = direction[i];
  return all;
}

Flattest of_matrix(const Scale& scale, const double* covariance, std::size_t d) {
  const std::size_t n = scale.varying.size();
  Matrix scaled(n, n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      scaled(i, j) = covariance[scale.varying[i] * d + scale.varying[j]] /
                     (std::sqrt(scale.variance[i]) * std::sqrt(scale.variance[j]));
  const Eigenpair pair = least_eigenpair(scaled);
  return {pair.value, among_all(scale, pair.vector, d), scale.at_floor(pair.value)};
}

Flattest of_variances(const Scale& scale, const double* variances, std::size_t d) {
  std::size_t least = 0;
  const auto share = [&](std::size_t i) { return variances[scale.varying[i]] / scale.variance[i]; };
  for (std::size_t i = 1; i < scale.varying.size(); ++i)
    if (share(i) < share(least)) least = i;
  std::vector<double> direction(scale.varying.size(), 0.0);
  direction[least] = 1;
  return {share(least), among_all(scale, direction, d), scale.at_floor(share(least))};
}

/// One variance for all features: beside the mean of theirs.
Flattest of_variance(const Scale& scale, double variance, std::size_t d) {
  const double mean = std::accumulate(scale.variance.begin(), scale.variance.end(), 0.0) / static_cast<double>(d);
  const double spread = variance / mean;
  const double part = 1 / std::sqrt(static_cast<double>(scale.varying.size()));
  return {spread, among_all(scale, std::vector<double>(scale.varying.size(), part), d), scale.at_floor(spread)};
}

}  // namespace

std::vector<Flattest> flattest_directions(const ModelOptions& options, const ModelSize& size,
                                          const NamedArrays& parameters, const ColumnMoments& moments) {
  const GaussianOptions& own = options.of<GaussianOptions>();
  const Scale scale(own, moments);
  if (scale.varying.empty()) return {};
  const NamedArray& stored = *std::ranges::find(parameters, "covariances", &NamedArray::name);
  const CovarianceLayout layout = covariance_policy(own.covariance).layout(size.n_clusters, size.n_features);
  std::vector<Flattest> found;
  for (std::size_t k = 0; k < layout.count; ++k) {
    const double* const one = stored.values.data() + k * layout.rows * layout.columns;
    if (has_matrices(own.covariance))
      found.push_back(of_matrix(scale, one, size.n_features));
    else if (own.covariance == Covariance::diag)
      found.push_back(of_variances(scale, one, size.n_features));
    else
      found.push_back(of_variance(scale, *one, size.n_features));
  }
  return found;
}

}  // namespace shoal
