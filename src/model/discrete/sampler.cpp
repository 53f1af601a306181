#include "model/discrete/sampler.hpp"

#include "shoal/core/matrix.hpp"
#include "shoal/core/random.hpp"

namespace shoal {
namespace {

double uniform_of(std::uint64_t seed, std::size_t feature, std::uint64_t row) {
  return random_uniform(seed, Stream::sample_value, static_cast<std::uint32_t>(feature), row);
}

Matrix probabilities_of(const NamedArrays& parameters) {
  const NamedArray& stored = *find(parameters, "probabilities");
  Matrix matrix(stored.shape[0], stored.shape[1]);
  matrix.values = stored.values;
  return matrix;
}

class BernoulliSampler final : public ComponentSampler {
 public:
  explicit BernoulliSampler(Matrix probabilities) : probabilities_(std::move(probabilities)) {}
  void draw(std::size_t k, std::uint64_t seed, std::uint64_t row, std::span<double> values) const override {
    for (std::size_t d = 0; d < values.size(); ++d) values[d] = uniform_of(seed, d, row) < probabilities_(k, d) ? 1 : 0;
  }

 private:
  Matrix probabilities_;  ///< K x D
};

class CategoricalSampler final : public ComponentSampler {
 public:
  CategoricalSampler(Matrix probabilities, LevelOffsets offsets)
      : probabilities_(std::move(probabilities)), offsets_(std::move(offsets)) {}
  void draw(std::size_t k, std::uint64_t seed, std::uint64_t row, std::span<double> values) const override {
    for (std::size_t d = 0; d < values.size(); ++d) {
      const auto first = static_cast<std::size_t>(offsets_[d]);
      const auto n = static_cast<std::size_t>(offsets_[d + 1]) - first;
      values[d] = static_cast<double>(draw_index(probabilities_.row(k).subspan(first, n), uniform_of(seed, d, row)));
    }
  }

 private:
  Matrix probabilities_;  ///< K x levels
  LevelOffsets offsets_;
};

}  // namespace

std::unique_ptr<ComponentSampler> bernoulli_sampler(const ModelOptions& /*options*/, const ModelSize& /*size*/,
                                                    const NamedArrays& parameters) {
  return std::make_unique<BernoulliSampler>(probabilities_of(parameters));
}

std::unique_ptr<ComponentSampler> categorical_sampler(const ModelOptions& /*options*/, const ModelSize& /*size*/,
                                                      const NamedArrays& parameters) {
  const std::vector<double>& offsets = find(parameters, "level_offsets")->values;
  return std::make_unique<CategoricalSampler>(probabilities_of(parameters),
                                              LevelOffsets(offsets.begin(), offsets.end()));
}

}  // namespace shoal
