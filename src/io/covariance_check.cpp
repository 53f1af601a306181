#include "io/covariance_check.hpp"

#include <fmt/format.h>

namespace shoal {

std::string CovarianceReader::check_diagonal(std::size_t feature, double value, double stored) const {
  if (stored >= 0 && (std::isfinite(value) || std::isinf(stored))) return "";
  return fmt::format("{} of feature {} is not a {}; {}", stored, columns_[feature],
                     kind_ == NoiseKind::sd ? "standard deviation" : "variance",
                     stored >= 0 ? "its square is beyond float64" : "they are 0 or more");
}

/// Positive semi-definite, but for rounding; infinite variances count as missing features.
std::string CovarianceReader::check_matrix() {
  const std::size_t d = columns_.size();
  factor_ = values_;
  const auto at = [&](std::size_t i, std::size_t j) -> double& { return factor_[i * (i + 1) / 2 + j]; };
  for (std::size_t i = 0; i < d; ++i) {
    const double own = variance(i);
    for (std::size_t j = 0; j <= i; ++j) {
      const double entry = at(i, j), other = variance(j);
      if (std::isinf(own) || std::isinf(other)) {
        at(i, j) = 0;
        continue;
      }
      if (!std::isfinite(entry))
        return fmt::format("{} of features {} and {} is no covariance", entry, columns_[i], columns_[j]);
      double rest = entry;
      for (std::size_t t = 0; t < j; ++t) rest -= at(i, t) * at(j, t);
      if (j < i) {
        const double root = at(j, j);
        if (root == 0 && std::abs(rest) > std::sqrt(tolerance_) * std::sqrt(own) * std::sqrt(other))
          return fmt::format("is not positive semi-definite (features {} and {})", columns_[i], columns_[j]);
        at(i, j) = root == 0 ? 0 : rest / root;
      } else {
        if (rest < -tolerance_ * own)
          return fmt::format("is not positive semi-definite (up to feature {})", columns_[i]);
        at(i, i) = rest <= tolerance_ * own ? 0 : std::sqrt(rest);
      }
    }
  }
  return "";
}

}  // namespace shoal
