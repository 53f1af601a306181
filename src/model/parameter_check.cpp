#include "shoal/model/parameter_check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "shoal/core/error.hpp"
#include "shoal/math/cholesky.hpp"

namespace shoal {
namespace {

NamedArray& array_of(NamedArrays& arrays, const std::string& name) {
  return *std::ranges::find(arrays, name, &NamedArray::name);
}

void check_probabilities(const NamedArray& array, const std::string& source) {
  for (std::size_t i = 0; i < array.values.size(); ++i)
    if (!(array.values[i] >= 0 && array.values[i] <= 1))
      throw Error(ExitCode::bad_data, fmt::format("{}: /parameters/probabilities holds {} at ({}, {}), outside 0 to 1",
                                                  source, array.values[i], i / array.shape[1], i % array.shape[1]));
}

/// The probabilities of a feature's levels sum to one.
void check_levels(const ModelOptions& options, std::size_t d, const NamedArrays& arrays, const std::string& source) {
  const std::vector<double>& offsets = require_array(arrays, "level_offsets", {d + 1}, source).values;
  for (std::size_t j = 0; j < d; ++j) {
    const double levels = offsets[j + 1] - offsets[j];
    if (offsets[0] != 0 || !(levels >= 1 && levels <= 65534) || levels != std::floor(levels))
      throw Error(
          ExitCode::bad_data,
          fmt::format("{}: /parameters/level_offsets holds {} at {}; it must begin with 0 and rise by 1 to 65534",
                      source, offsets[j + 1], j + 1));
  }
  const std::size_t k = options.n_clusters;
  const NamedArray& p = require_array(arrays, "probabilities", {k, static_cast<std::size_t>(offsets.back())}, source);
  check_probabilities(p, source);
  for (std::size_t c = 0; c < k; ++c)
    for (std::size_t j = 0; j < d; ++j) {
      double sum = 0;
      for (auto l = static_cast<std::size_t>(offsets[j]); l < static_cast<std::size_t>(offsets[j + 1]); ++l)
        sum += p.values[c * p.shape[1] + l];
      if (!(std::abs(sum - 1) <= 1e-6))
        throw Error(ExitCode::bad_data,
                    fmt::format("{}: /parameters/probabilities of cluster {}, feature {} sum to {}, not to 1", source,
                                c, j, sum));
    }
}

/// One symmetric matrix: what rounding left is put right, what is more is an error.
void make_symmetric(Matrix& matrix, std::size_t number, const std::string& source) {
  for (std::size_t i = 0; i < matrix.rows; ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const double lower = matrix(i, j), upper = matrix(j, i);
      const double scale = std::sqrt(std::abs(matrix(i, i))) * std::sqrt(std::abs(matrix(j, j)));
      if (!(std::abs(lower - upper) <= 1e-8 * scale))
        throw Error(
            ExitCode::bad_data,
            fmt::format("{}: /parameters/covariances number {} is not symmetric: {} at ({}, {}), {} at ({}, {})",
                        source, number, lower, i, j, upper, j, i));
      if (lower != upper) matrix(i, j) = matrix(j, i) = lower / 2 + upper / 2;
    }
}

void check_covariances(const ModelOptions& options, std::size_t d, NamedArrays& arrays, const std::string& source) {
  require_array(arrays, "covariances", covariance_shape(options.covariance, options.n_clusters, d), source);
  NamedArray& stored = array_of(arrays, "covariances");
  const bool matrices = options.covariance == Covariance::full || options.covariance == Covariance::tied;
  if (!matrices)
    for (std::size_t i = 0; i < stored.values.size(); ++i)
      if (!(stored.values[i] > 0))
        throw Error(ExitCode::bad_data,
                    fmt::format("{}: /parameters/covariances holds {} at flat index {}; variances are "
                                "positive",
                                source, stored.values[i], i));
  if (!matrices) return;
  Matrix one(d, d);
  for (std::size_t number = 0; number * d * d < stored.values.size(); ++number) {
    const auto first = stored.values.begin() + static_cast<std::ptrdiff_t>(number * d * d);
    std::copy_n(first, d * d, one.values.begin());
    make_symmetric(one, number, source);
    if (!cholesky(one))
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: /parameters/covariances: number {} is not positive definite", source, number));
    std::ranges::copy(one.values, first);
  }
}

}  // namespace

std::vector<std::size_t> covariance_shape(Covariance covariance, std::size_t n_clusters, std::size_t n_features) {
  switch (covariance) {
    case Covariance::full:
      return {n_clusters, n_features, n_features};
    case Covariance::tied:
      return {n_features, n_features};
    case Covariance::diag:
      return {n_clusters, n_features};
    case Covariance::spherical:
      break;
  }
  return {n_clusters};
}

void check_parameters(const ModelOptions& options, std::size_t n_features, Completeness completeness,
                      const std::string& source, NamedArrays& arrays) {
  const std::size_t k = options.n_clusters;
  const std::vector<std::size_t> centres = {k, n_features};
  if (is_mixture(options.kind) && (completeness == Completeness::model || find(arrays, "weights") != nullptr)) {
    std::vector<double> weights = require_weights(arrays, k, source);
    array_of(arrays, "weights").values = std::move(weights);
  }
  if (completeness == Completeness::model)
    for (const double count : require_array(arrays, "counts", {k}, source).values)
      if (count < 0)
        throw Error(ExitCode::bad_data, fmt::format("{}: /parameters/counts holds the negative {}", source, count));
  switch (options.kind) {
    case ModelKind::kmeans:
      require_array(arrays, "means", centres, source);
      break;
    case ModelKind::kmedians:
      require_array(arrays, "medians", centres, source);
      break;
    case ModelKind::bernoulli:
      check_probabilities(require_array(arrays, "probabilities", centres, source), source);
      break;
    case ModelKind::categorical:
      check_levels(options, n_features, arrays, source);
      break;
    case ModelKind::gaussian:
      require_array(arrays, "means", centres, source);
      check_covariances(options, n_features, arrays, source);
      break;
  }
}

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

NamedArray as_array(const std::string& name, const Matrix& matrix) {
  return {name, {matrix.rows, matrix.columns}, matrix.values};
}

}  // namespace shoal
