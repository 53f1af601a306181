// bernoulli and categorical: the same mixture, of two levels a feature, or of as many as the data have.
#include <fmt/format.h>

#include <cmath>

#include "model/discrete/sampler.hpp"
#include "model/mixture/mixture-inl.hpp"
#include "shoal/core/error.hpp"
#include "shoal/model/discrete/discrete_components.hpp"
#include "shoal/model/family.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal {
namespace {

std::unique_ptr<Model<PackedByte>> make(const ModelOptions& options, const RowLayout& layout) {
  if (options.float32_tables) return make_mixture<DiscreteComponents<float>>(options, layout.coding);
  return make_mixture<DiscreteComponents<double>>(options, layout.coding);
}

/// Tables have a line of K numbers for each symbol: RowCoding makes up to 16 symbols of a level, or 6 where that would
/// be too large. A thread adds up such lines.
ModelMemory memory(const ModelOptions& /*options*/, const ModelSize& size, std::size_t value_bytes) {
  constexpr std::size_t tile = 256;
  const auto lines = [&](double bytes, double a_level) {
    return bytes * a_level * static_cast<double>(size.n_levels * size.n_clusters);
  };
  const double a_level = lines(8, 16) <= (256 << 10) ? 16 : 6;
  ModelMemory memory;
  memory.thread = 2 * mixture_thread_bytes(size.n_clusters, tile) + lines(8, a_level) + 2 * 256.0 * 256;
  memory.parameters = lines(static_cast<double>(value_bytes), a_level) + lines(8, 2);
  memory.update = lines(8, 3);
  return memory;
}

/// Of indicators.
Matrix variances(const ModelOptions& /*options*/, const ModelSize& size, const NamedArrays& arrays) {
  const std::vector<double>& p = find(arrays, "probabilities")->values;
  Matrix found(size.n_clusters, p.size() / size.n_clusters);
  for (std::size_t i = 0; i < p.size(); ++i) found.values[i] = p[i] * (1 - p[i]);
  return found;
}

/// What both share.
Family discrete_family(std::string_view name, const RowKind& rows) {
  return {
      .name = name,
      .rows = rows,
      .mixture = true,
      .own = DiscreteOptions{},
      .options = {mixing_option(),
                  own_amount("pseudo-count", "A", "A counts added to every level, the prior Beta or Dirichlet(1 + A)",
                             &DiscreteOptions::pseudo_count)},
      .marginalizes = name,
      .can_marginalize = [](const ModelOptions&) { return true; },
      .parameters = nullptr,
      .n_sums = [](const ModelOptions&, const ModelSize& size) { return size.n_clusters * size.n_levels; },
      .memory = memory,
      .differences = [](const ModelOptions&) { return Differences::sizes; },
      .seed_metric = [](const ModelOptions&) { return SeedMetric{}; },
      .variances = variances,
      .make_packed = make,
  };
}

/// The probabilities of a feature's levels sum to one.
void check_levels(const ModelOptions& /*options*/, const ModelSize& size, const std::string& source,
                  NamedArrays& arrays) {
  const std::vector<double>& offsets = find(arrays, "level_offsets")->values;
  const NamedArray& p = *find(arrays, "probabilities");
  for (std::size_t k = 0; k < size.n_clusters; ++k)
    for (std::size_t d = 0; d < size.n_features; ++d) {
      double sum = 0;
      for (auto l = static_cast<std::size_t>(offsets[d]); l < static_cast<std::size_t>(offsets[d + 1]); ++l)
        sum += p.values[k * p.shape[1] + l];
      if (!(std::abs(sum - 1) <= 1e-6))
        throw Error(ExitCode::bad_data,
                    fmt::format("{}: /parameters/probabilities of cluster {}, feature {} sum to {}, not to 1", source,
                                k, d, sum));
    }
}

}  // namespace

const Family& bernoulli_family() {
  static const Family family = [] {
    Family made = discrete_family("bernoulli", {Values::bits,
                                                "is not 0 or 1, which bernoulli needs; use categorical or gaussian, or "
                                                "`shoal convert --threshold`"});
    made.parameters = [](const ModelOptions&, const ModelSize& size) -> std::vector<Parameter> {
      return {{"probabilities",
               {size.n_clusters, size.n_features},
               Domain::probabilities,
               Units::none,
               Chart::probabilities}};
    };
    made.sampler = bernoulli_sampler;
    return made;
  }();
  return family;
}

const Family& categorical_family() {
  static const Family family = [] {
    Family made =
        discrete_family("categorical", {Values::codes, "is not a code 0, 1, 2, ..., which categorical needs"});
    made.parameters = [](const ModelOptions&, const ModelSize& size) -> std::vector<Parameter> {
      return {{"probabilities",
               {size.n_clusters, size.n_levels},
               Domain::probabilities,
               Units::none,
               Chart::level_probabilities},
              {"level_offsets", {size.n_features + 1}}};
    };
    made.check = check_levels;
    made.sampler = categorical_sampler;
    return made;
  }();
  return family;
}

template class Mixture<DiscreteComponents<float>>;
template class Mixture<DiscreteComponents<double>>;

}  // namespace shoal
