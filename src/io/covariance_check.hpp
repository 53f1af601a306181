/// From the numbers of one S, of any kind, to variances or a packed covariance of the features that are used.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "shoal/io/row_options.hpp"

namespace shoal {

class CovarianceReader {
 public:
  CovarianceReader(NoiseKind kind, std::int64_t n_stored, const std::vector<std::int64_t>& columns, bool of_float32)
      : kind_(kind),
        n_stored_(static_cast<std::size_t>(n_stored)),
        columns_(columns),
        tolerance_(of_float32 ? 1e-5 : 1e-10) {}

  /// Fills values(), with 0 for what is said of missing features (D flags, or empty: none); infinite variances of
  /// others stay. Returns what is wrong, or nothing.
  template <class T>
  std::string read(const T* stored, const std::vector<bool>& missing);

  /// D variances, or the packed lower triangle.
  [[nodiscard]] const std::vector<double>& values() const { return values_; }
  [[nodiscard]] double variance(std::size_t feature) const {
    return values_[diagonal() ? feature : feature * (feature + 3) / 2];
  }

 private:
  [[nodiscard]] bool diagonal() const { return kind_ == NoiseKind::sd || kind_ == NoiseKind::variance; }
  [[nodiscard]] std::string check_diagonal(std::size_t feature, double value, double stored) const;
  [[nodiscard]] std::string check_matrix();

  NoiseKind kind_;
  std::size_t n_stored_;
  const std::vector<std::int64_t>& columns_;
  double tolerance_;  ///< of symmetry and of pivots, by what the stored type rounds
  std::vector<double> values_;
  std::vector<double> factor_;
};

template <class T>
std::string CovarianceReader::read(const T* stored, const std::vector<bool>& missing) {
  values_.clear();
  const auto absent = [&](std::size_t j) { return !missing.empty() && missing[j]; };
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto a = static_cast<std::size_t>(columns_[i]);
    if (diagonal()) {
      const auto number = static_cast<double>(stored[a]);
      const double value = absent(i) ? 0 : kind_ == NoiseKind::sd ? number * number : number;
      if (std::string wrong = absent(i) ? "" : check_diagonal(i, value, number); !wrong.empty()) return wrong;
      values_.push_back(value);
      continue;
    }
    for (std::size_t j = 0; j <= i; ++j) {
      const auto b = static_cast<std::size_t>(columns_[j]);
      const std::size_t lower = std::max(a, b), upper = std::min(a, b);
      double value = 0;
      if (kind_ == NoiseKind::packed) {
        value = static_cast<double>(stored[lower * (lower + 1) / 2 + upper]);
      } else {
        const auto one = static_cast<double>(stored[a * n_stored_ + b]),
                   other = static_cast<double>(stored[b * n_stored_ + a]);
        value = one == other ? one : one / 2 + other / 2;
        const double scale = std::sqrt(std::abs(static_cast<double>(stored[a * n_stored_ + a]))) *
                             std::sqrt(std::abs(static_cast<double>(stored[b * n_stored_ + b])));
        if (!absent(i) && !absent(j) && std::abs(one - other) > tolerance_ * scale)
          return "is not symmetric: " + std::to_string(one) + " and " + std::to_string(other) + " of features " +
                 std::to_string(a) + " and " + std::to_string(b);
      }
      values_.push_back(absent(i) || absent(j) ? 0 : value);
      if (i == j && !absent(i))
        if (std::string wrong = check_diagonal(i, value, value); !wrong.empty()) return wrong;
    }
  }
  return diagonal() ? "" : check_matrix();
}

}  // namespace shoal
