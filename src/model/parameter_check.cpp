#include "shoal/model/parameter_check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "shoal/core/error.hpp"

namespace shoal {

const NamedArray& require_array(const NamedArrays& arrays, const std::string& name,
                                const std::vector<std::size_t>& shape, const std::string& source) {
  const NamedArray* array = find(arrays, name);
  if (array == nullptr)
    throw Error(ExitCode::bad_data, fmt::format("{}: no array /parameters/{}, which this model needs", source, name));
  if (array->shape != shape)
    throw Error(ExitCode::bad_data,
                fmt::format("{}: /parameters/{} has shape ({}), needed is ({}); check the number of "
                            "clusters, the features and the model's type",
                            source, name, fmt::join(array->shape, ", "), fmt::join(shape, ", ")));
  for (std::size_t i = 0; i < array->values.size(); ++i)
    if (!std::isfinite(array->values[i]))
      throw Error(ExitCode::bad_data, fmt::format("{}: /parameters/{} holds {} at flat index {}; all must be finite",
                                                  source, name, array->values[i], i));
  return *array;
}

Matrix require_matrix(const NamedArrays& arrays, const std::string& name, std::size_t rows, std::size_t columns,
                      const std::string& source) {
  Matrix matrix(rows, columns);
  matrix.values = require_array(arrays, name, {rows, columns}, source).values;
  return matrix;
}

std::vector<double> require_weights(const NamedArrays& arrays, std::size_t n_clusters, const std::string& source) {
  std::vector<double> weights = require_array(arrays, "weights", {n_clusters}, source).values;
  double sum = 0;
  for (const double weight : weights) {
    if (weight < 0)
      throw Error(ExitCode::bad_data, fmt::format("{}: /parameters/weights holds the negative {}", source, weight));
    sum += weight;
  }
  if (std::abs(sum - 1) > 1e-6)
    throw Error(ExitCode::bad_data, fmt::format("{}: /parameters/weights sum to {}, not to 1", source, sum));
  if (std::abs(sum - 1) > 1e-12)
    for (double& weight : weights) weight /= sum;
  return weights;
}

NamedArray as_array(const std::string& name, const Matrix& matrix) {
  return {name, {matrix.rows, matrix.columns}, matrix.values};
}

}  // namespace shoal
