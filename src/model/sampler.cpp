#include "shoal/model/sampler.hpp"

#include <fmt/format.h>

#include "shoal/core/error.hpp"
#include "shoal/core/random.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal {

Sampler::Sampler(const ModelOptions& options, const ModelSize& size, const NamedArrays& parameters,
                 const std::string& source) {
  const Family& family = options.family();
  if (family.sampler == nullptr)
    throw Error(ExitCode::usage,
                fmt::format("{}: a {} model has no density to draw from; sample takes {} models", source, family.name,
                            family_names([](const Family& other) { return other.sampler != nullptr; })));
  weights_ = require_weights(parameters, size.n_clusters, source);
  components_ = family.sampler(options, size, parameters);
}

std::int32_t Sampler::draw(std::uint64_t seed, std::uint64_t row, std::span<double> values) const {
  const std::size_t k = draw_index(weights_, random_uniform(seed, Stream::sample_component, 0, row));
  components_->draw(k, seed, row, values);
  return static_cast<std::int32_t>(k);
}

}  // namespace shoal
