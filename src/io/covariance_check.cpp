#include "io/covariance_check.hpp"

#include <fmt/format.h>

namespace shoal {

std::string CovarianceReader::check_diagonal(std::size_t feature, double value, double stored) const {
  if (stored >= 0 && (std::isfinite(value) || std::isinf(stored))) return "";
  return fmt::format("{} of feature {} is not a {}; {}", stored, columns_[feature],
                     kind_ == NoiseKind::sd ? "standard deviation" : "variance",
                     stored >= 0 ? "its square is beyond float64" : "they are 0 or more");
}

/// Positive semi-definite, but for rounding: the correlations, with that added to their diagonal, have a Cholesky
/// factor. Infinite variances count as missing features.
std::string CovarianceReader::check_matrix() {
  const std::size_t d = columns_.size();
  factor_.assign(values_.size(), 0.0);
  const auto at = [&](std::size_t i, std::size_t j) -> double& { return factor_[i * (i + 1) / 2 + j]; };
  for (std::size_t i = 0; i < d; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      const double entry = values_[i * (i + 1) / 2 + j], scale = std::sqrt(variance(i)) * std::sqrt(variance(j));
      if (std::isinf(scale)) continue;
      if (!std::isfinite(entry) || (scale == 0 && entry != 0))
        return fmt::format("{} of features {} and {} is no covariance", entry, columns_[i], columns_[j]);
      double rest = (scale == 0 ? 0.0 : entry / scale) + (i == j ? tolerance_ : 0);
      for (std::size_t t = 0; t < j; ++t) rest -= at(i, t) * at(j, t);
      if (i == j && scale > 0 && !(rest > 0))
        return fmt::format("is not positive semi-definite (up to feature {})", columns_[i]);
      at(i, j) = i == j ? (scale > 0 ? std::sqrt(rest) : 0) : at(j, j) > 0 ? rest / at(j, j) : 0;
    }
  }
  return "";
}

}  // namespace shoal
