/// What is known of the noise with which rows were measured: z = x + e, e ~ N(0, S).
#pragma once

#include <cstddef>
#include <vector>

namespace shoal {

/// The form of S: none; D variances, of features whose noise is independent; or covariances, the packed lower triangle
/// of D x D, row i at i (i + 1) / 2.
struct NoiseLayout {
  enum class Form { none, variances, covariances };
  Form form = Form::none;
  std::vector<double> shared{};  ///< one S for all rows; empty: each row has its own

  [[nodiscard]] bool none() const { return form == Form::none; }
  [[nodiscard]] bool of_each_row() const { return !none() && shared.empty(); }
  /// Numbers of one S.
  [[nodiscard]] std::size_t width(std::size_t n_features) const {
    if (none()) return 0;
    return form == Form::variances ? n_features : n_features * (n_features + 1) / 2;
  }
};

}  // namespace shoal
