#include "shoal/model/parameter_check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "shoal/core/error.hpp"

namespace shoal {
namespace {

void check_domain(const NamedArray& array, Domain domain, const std::string& source) {
  if (domain == Domain::numbers) return;
  for (std::size_t i = 0; i < array.values.size(); ++i) {
    const double value = array.values[i];
    if (value >= 0 && (value <= 1 || domain == Domain::not_negative)) continue;
    throw Error(
        ExitCode::bad_data,
        fmt::format("{}: /parameters/{} holds {} at ({}, {}), {}", source, array.name, value, i / array.shape[1],
                    i % array.shape[1], domain == Domain::probabilities ? "outside 0 to 1" : "which is less than 0"));
  }
}

}  // namespace

std::size_t level_count(const Family& family, std::size_t n_features, const NamedArrays& arrays,
                        const std::string& source) {
  if (family.rows.values == Values::bits) return 2 * n_features;
  if (family.rows.values != Values::codes) return 0;
  const std::vector<double>& offsets = require_array(arrays, "level_offsets", {n_features + 1}, source).values;
  for (std::size_t j = 0; j < n_features; ++j) {
    const double levels = offsets[j + 1] - offsets[j];
    if (offsets[0] != 0 || !(levels >= 1 && levels <= 65534) || levels != std::floor(levels))
      throw Error(
          ExitCode::bad_data,
          fmt::format("{}: /parameters/level_offsets holds {} at {}; it must begin with 0 and rise by 1 to 65534",
                      source, offsets[j + 1], j + 1));
  }
  return static_cast<std::size_t>(offsets.back());
}

void check_parameters(const ModelOptions& options, std::size_t n_features, Completeness completeness,
                      const std::string& source, NamedArrays& arrays) {
  const std::size_t k = options.n_clusters;
  const Family& family = options.family();
  if (family.mixture && (completeness == Completeness::model || find(arrays, "weights") != nullptr)) {
    std::vector<double> weights = require_weights(arrays, k, source);
    std::ranges::find(arrays, "weights", &NamedArray::name)->values = std::move(weights);
  }
  if (completeness == Completeness::model)
    for (const double count : require_array(arrays, "counts", {k}, source).values)
      if (count < 0)
        throw Error(ExitCode::bad_data, fmt::format("{}: /parameters/counts holds the negative {}", source, count));
  const ModelSize size{k, n_features, level_count(family, n_features, arrays, source)};
  for (const Parameter& parameter : family.parameters(options, size)) {
    if (completeness == Completeness::part && find(arrays, parameter.name) == nullptr) continue;
    check_domain(require_array(arrays, parameter.name, parameter.shape, source), parameter.domain, source);
  }
  const std::string last = family.parameters(options, size).back().name;  // which check looks at
  if (completeness != Completeness::part || find(arrays, last) != nullptr) family.check(options, size, source, arrays);
}

const NamedArray& require_array(const NamedArrays& arrays, const std::string& name,
                                const std::vector<std::size_t>& shape, const std::string& source) {
  const NamedArray* array = find(arrays, name);
  if (array == nullptr)
    throw Error(ExitCode::bad_data, fmt::format("{}: no array /parameters/{}, which this model needs", source, name));
  if (array->shape != shape)
    throw Error(ExitCode::bad_data, fmt::format("{}: /parameters/{} has shape ({}), and ({}) is needed; check the "
                                                "number of clusters, the features and the model's type",
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
  for (std::size_t k = 0; k < n_clusters; ++k) {
    if (weights[k] < 0)
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: /parameters/weights holds the negative {} at {}", source, weights[k], k));
    sum += weights[k];
  }
  if (std::abs(sum - 1) > 1e-6)
    throw Error(ExitCode::bad_data, fmt::format("{}: /parameters/weights sum to {}, not to 1", source, sum));
  if (std::abs(sum - 1) > 1e-12)
    for (double& weight : weights) weight /= sum;
  return weights;
}

std::size_t n_clusters_of(const NamedArrays& arrays) {
  const NamedArray* weights = find(arrays, "weights");
  return (weights != nullptr ? *weights : arrays.front()).shape.front();
}

NamedArray as_array(const std::string& name, const Matrix& matrix) {
  return {name, {matrix.rows, matrix.columns}, matrix.values};
}

}  // namespace shoal
