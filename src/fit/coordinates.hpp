/// Parameters as a vector of free numbers, by their charts.
#pragma once

#include <optional>
#include <vector>

#include "shoal/core/named_array.hpp"
#include "shoal/model/parameter.hpp"

namespace shoal {

/// Means and Cholesky factors are measured in the features' mean standard deviations, so that vectors, but for
/// constants, are the same in any units of the data.
class Coordinates {
 public:
  /// at: parameters that tell the standard deviations.
  Coordinates(std::vector<Parameter> parameters, const NamedArrays& at);

  /// Numbers of the arrays that have a chart, in their order. Not finite where the arrays are no parameters.
  [[nodiscard]] std::vector<double> pack(const NamedArrays& arrays) const;

  /// Parameters at these coordinates; arrays without a chart, and probabilities and rates that are 0, are as in `like`.
  /// Nothing where they are beyond float64, or a matrix is not numerically positive definite.
  [[nodiscard]] std::optional<NamedArrays> unpack(const std::vector<double>& vector, const NamedArrays& like) const;

 private:
  [[nodiscard]] const Parameter* chart_of(const NamedArray& array) const;
  [[nodiscard]] double unit(std::size_t feature) const { return units_.empty() ? 1 : units_[feature]; }
  void pack_values(const NamedArray& array, Units units, std::vector<double>& vector) const;
  void pack_matrices(const NamedArray& array, std::vector<double>& vector) const;
  [[nodiscard]] bool unpack_matrices(const double*& next, NamedArray& array) const;

  std::vector<Parameter> parameters_;
  std::vector<double> units_;  ///< D, or empty: all 1
};

}  // namespace shoal
