#include "shoal/model/family.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/poisson.hpp>
#include <cmath>

#include "model/mixture/mixture-inl.hpp"
#include "shoal/core/error.hpp"
#include "shoal/core/random.hpp"
#include "shoal/math/row_groups.hpp"
#include "shoal/model/parameter_check.hpp"
#include "shoal/model/poisson/poisson_components.hpp"

namespace shoal {
namespace {

template <class T>
std::unique_ptr<Model<T>> make(const ModelOptions& options, const RowLayout& layout) {
  return make_mixture<PoissonComponents<T>>(options, layout.n_features);
}

/// The least count whose distribution function reaches u. Of large rates, of which the exact one takes milliseconds, by
/// the expansion of Cornish & Fisher (1938), which is then right to some thousandths of a count.
double count_at(double rate, double u) {
  namespace policies = boost::math::policies;
  using Policy = policies::policy<policies::discrete_quantile<policies::integer_round_up>>;
  if (rate == 0) return 0;
  if (rate < 1e6) return quantile(boost::math::poisson_distribution<double, Policy>(rate), u);
  const double z = quantile(boost::math::normal_distribution<double>(), u);
  return std::max(0.0, std::ceil(rate + z * std::sqrt(rate) + (z * z - 1) / 6 - 0.5));
}

/// Counts by inversion, of one uniform number each.
class PoissonSampler final : public ComponentSampler {
 public:
  explicit PoissonSampler(Matrix rates) : rates_(std::move(rates)) {}
  void draw(std::size_t k, std::uint64_t seed, std::uint64_t row, std::span<double> values) const override {
    for (std::size_t d = 0; d < values.size(); ++d)
      values[d] =
          count_at(rates_(k, d), random_uniform(seed, Stream::sample_value, static_cast<std::uint32_t>(d), row));
  }

 private:
  Matrix rates_;
};

std::unique_ptr<ComponentSampler> sampler(const ModelOptions& /*options*/, const ModelSize& size,
                                          const NamedArrays& parameters) {
  Matrix rates = require_matrix(parameters, "rates", size.n_clusters, size.n_features, "the model");
  for (const double rate : rates.values)
    if (rate > 0x1p52)
      throw Error(ExitCode::bad_data, fmt::format("/parameters/rates holds {}, beyond which counts have gaps", rate));
  return std::make_unique<PoissonSampler>(std::move(rates));
}

/// What the prior speaks of, where there is one.
void check(const ModelOptions& /*options*/, const ModelSize& size, const std::string& source, NamedArrays& arrays) {
  if (find(arrays, "prior_rates") == nullptr) return;
  for (const double rate : require_array(arrays, "prior_rates", {size.n_features}, source).values)
    if (rate < 0)
      throw Error(ExitCode::bad_data, fmt::format("{}: /parameters/prior_rates holds the negative {}", source, rate));
}

/// The rows of a tile, with missing values also which were observed, three times; rates, and coefficients of scores.
ModelMemory memory(const ModelOptions& options, const ModelSize& size, std::size_t value_bytes) {
  const std::size_t columns = size.n_features * (options.missing == Missing::marginalize ? 2 : 1);
  const std::size_t tile = tile_rows_for(size.n_clusters, columns, value_bytes);
  const double rates = 8 * static_cast<double>(size.n_clusters * size.n_features);
  ModelMemory memory;
  memory.thread = mixture_thread_bytes(size.n_clusters, tile) + static_cast<double>(3 * tile * columns * value_bytes) +
                  256 * static_cast<double>(columns + 4);
  memory.parameters = rates + static_cast<double>(size.n_clusters * columns * value_bytes);
  memory.update = 3 * rates;
  return memory;
}

/// Counts vary by as much as their mean.
Matrix variances(const ModelOptions& /*options*/, const ModelSize& size, const NamedArrays& arrays) {
  Matrix found(size.n_clusters, size.n_features);
  found.values = find(arrays, "rates")->values;
  return found;
}

}  // namespace

const Family& poisson_family() {
  static const Family family = {
      .name = "poisson",
      .rows = {Values::counts,
               "is not a count 0, 1, 2, ..., which poisson needs; use gaussian or kmeans, or round the values"},
      .mixture = true,
      .own = PoissonOptions{},
      .options = {mixing_option(), own_amount("pseudo-count", "A", "A rows of the overall mean added to each component",
                                              &PoissonOptions::pseudo_count)},
      .marginalizes = "poisson",
      .can_marginalize = [](const ModelOptions&) { return true; },
      .parameters = [](const ModelOptions&, const ModelSize& size) -> std::vector<Parameter> {
        return {{"rates", {size.n_clusters, size.n_features}, Domain::not_negative, Units::none, Chart::logarithms}};
      },
      .n_sums =
          [](const ModelOptions& options, const ModelSize& size) {
            return size.n_clusters * size.n_features * (options.missing == Missing::marginalize ? 2 : 1);
          },
      .memory = memory,
      .differences = [](const ModelOptions&) { return Differences::sizes; },
      .seed_metric = [](const ModelOptions&) { return SeedMetric{.scale = SeedMetric::Scale::square_root}; },
      .check = check,
      .variances = variances,
      .sampler = sampler,
      .make_float = make<float>,
      .make_double = make<double>,
  };
  return family;
}

template class Mixture<PoissonComponents<float>>;
template class Mixture<PoissonComponents<double>>;

}  // namespace shoal
