#include "model/gaussian/sampler.hpp"

#include <cmath>
#include <numbers>

#include "shoal/core/matrix.hpp"
#include "shoal/core/random.hpp"
#include "shoal/math/cholesky.hpp"
#include "shoal/model/gaussian/options.hpp"

namespace shoal {
namespace {

/// Of each component the lower factor (D x D), or standard deviations (1 x D).
std::vector<Matrix> spreads_of(Covariance covariance, const ModelSize& size, const std::vector<double>& stored) {
  const bool triangle = has_matrices(covariance);
  std::vector<Matrix> spreads;
  for (std::size_t k = 0; k < size.n_clusters; ++k) {
    Matrix one(triangle ? size.n_features : 1, size.n_features);
    for (std::size_t i = 0; i < one.values.size(); ++i) {
      const std::size_t index = covariance == Covariance::spherical ? k
                                : covariance == Covariance::tied    ? i
                                                                    : k * one.values.size() + i;
      one.values[i] = triangle ? stored[index] : std::sqrt(stored[index]);
    }
    if (triangle) one = cholesky(one).value().lower;  // which check_parameters has seen
    spreads.push_back(std::move(one));
  }
  return spreads;
}

class GaussianSampler final : public ComponentSampler {
 public:
  GaussianSampler(Covariance covariance, const ModelSize& size, const NamedArrays& parameters)
      : means_(size.n_clusters, size.n_features),
        spreads_(spreads_of(covariance, size, find(parameters, "covariances")->values)) {
    means_.values = find(parameters, "means")->values;
  }

  void draw(std::size_t k, std::uint64_t seed, std::uint64_t row, std::span<double> values) const override {
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

 private:
  Matrix means_;
  std::vector<Matrix> spreads_;
};

}  // namespace

std::unique_ptr<ComponentSampler> gaussian_sampler(const ModelOptions& options, const ModelSize& size,
                                                   const NamedArrays& parameters) {
  return std::make_unique<GaussianSampler>(options.of<GaussianOptions>().covariance, size, parameters);
}

}  // namespace shoal
