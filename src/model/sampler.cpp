#include "shoal/model/sampler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "shoal/core/error.hpp"
#include "shoal/core/random.hpp"
#include "shoal/math/cholesky.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal {
namespace {

std::vector<Matrix> spreads_of(const ModelOptions& options, std::size_t d, const NamedArrays& parameters,
                               const std::string& source) {
  const std::size_t k = options.n_clusters;
  const bool triangle = options.covariance == Covariance::full || options.covariance == Covariance::tied;
  const NamedArray& stored =
      require_array(parameters, "covariances", covariance_shape(options.covariance, k, d), source);
  std::vector<Matrix> spreads;
  for (std::size_t c = 0; c < k; ++c) {
    Matrix one(triangle ? d : 1, d);
    for (std::size_t i = 0; i < one.values.size(); ++i) {
      const std::size_t index = options.covariance == Covariance::spherical ? c
                                : options.covariance == Covariance::tied    ? i
                                                                            : c * one.values.size() + i;
      one.values[i] = triangle ? stored.values[index] : std::sqrt(stored.values[index]);
    }
    if (triangle) one = cholesky(one).value().lower;  // which check_parameters has seen
    spreads.push_back(std::move(one));
  }
  return spreads;
}

}  // namespace

Sampler::Sampler(const ModelOptions& options, std::size_t n_features, const NamedArrays& parameters,
                 const std::string& source)
    : kind_(options.kind) {
  if (!is_mixture(kind_))
    throw Error(ExitCode::usage,
                fmt::format("{}: a {} model has no density to draw from; sample takes gaussian, bernoulli "
                            "and categorical models",
                            source, to_string(kind_)));
  weights_ = require_weights(parameters, options.n_clusters, source);
  if (kind_ == ModelKind::gaussian) {
    means_ = require_matrix(parameters, "means", options.n_clusters, n_features, source);
    spreads_ = spreads_of(options, n_features, parameters, source);
    return;
  }
  if (kind_ == ModelKind::categorical) {
    const NamedArray& offsets = require_array(parameters, "level_offsets", {n_features + 1}, source);
    offsets_.assign(offsets.values.begin(), offsets.values.end());
  }
  const std::size_t columns = offsets_.empty() ? n_features : static_cast<std::size_t>(offsets_.back());
  probabilities_ = require_matrix(parameters, "probabilities", options.n_clusters, columns, source);
}

std::int32_t Sampler::draw(std::uint64_t seed, std::uint64_t row, std::span<double> values) const {
  const std::size_t k = draw_index(weights_, random_uniform(seed, Stream::sample_component, 0, row));
  if (kind_ == ModelKind::gaussian)
    draw_gaussian(k, seed, row, values);
  else
    draw_discrete(k, seed, row, values);
  return static_cast<std::int32_t>(k);
}

void Sampler::draw_gaussian(std::size_t k, std::uint64_t seed, std::uint64_t row, std::span<double> values) const {
  const std::size_t d = values.size();
  std::vector<double> normal(d + 1);
  for (std::size_t j = 0; j < d; j += 2) {  // Box & Muller 1958
    const auto [u, v] = random_uniforms(seed, Stream::sample_value, static_cast<std::uint32_t>(j), row);
    const double radius = std::sqrt(-2 * std::log(u));
    normal[j] = radius * std::cos(2 * std::numbers::pi * v);
    normal[j + 1] = radius * std::sin(2 * std::numbers::pi * v);
  }
  const Matrix& spread = spreads_[k];
  for (std::size_t i = 0; i < d; ++i) {
    values[i] = means_(k, i);
    if (spread.rows == 1)
      values[i] += spread(0, i) * normal[i];
    else
      for (std::size_t j = 0; j <= i; ++j) values[i] += spread(i, j) * normal[j];
  }
}

void Sampler::draw_discrete(std::size_t k, std::uint64_t seed, std::uint64_t row, std::span<double> values) const {
  for (std::size_t d = 0; d < values.size(); ++d) {
    const double u = random_uniform(seed, Stream::sample_value, static_cast<std::uint32_t>(d), row);
    if (kind_ == ModelKind::bernoulli) {
      values[d] = u < probabilities_(k, d) ? 1 : 0;
    } else {
      const auto first = static_cast<std::size_t>(offsets_[d]);
      const auto n = static_cast<std::size_t>(offsets_[d + 1]) - first;
      values[d] = static_cast<double>(draw_index(probabilities_.row(k).subspan(first, n), u));
    }
  }
}

}  // namespace shoal
