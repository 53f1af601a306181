#include "shoal/model/family.hpp"

#include <boost/math/distributions/poisson.hpp>

#include "model/mixture/mixture-inl.hpp"
#include "shoal/core/random.hpp"
#include "shoal/model/parameter_check.hpp"
#include "shoal/model/poisson/poisson_components.hpp"

namespace shoal {
namespace {

template <class T>
std::unique_ptr<Model<T>> make(const ModelOptions& options, const RowLayout& layout) {
  return make_mixture<PoissonComponents<T>>(options, layout.n_features);
}

/// Counts by inversion: the least x whose distribution function reaches a uniform number.
class PoissonSampler final : public ComponentSampler {
 public:
  explicit PoissonSampler(Matrix rates) : rates_(std::move(rates)) {}
  void draw(std::size_t k, std::uint64_t seed, std::uint64_t row, std::span<double> values) const override {
    using namespace boost::math::policies;
    using Policy = policy<discrete_quantile<integer_round_up>>;
    for (std::size_t d = 0; d < values.size(); ++d) {
      const double u = random_uniform(seed, Stream::sample_value, static_cast<std::uint32_t>(d), row);
      const double rate = rates_(k, d);
      values[d] = rate > 0 ? quantile(boost::math::poisson_distribution<double, Policy>(rate), u) : 0.0;
    }
  }

 private:
  Matrix rates_;
};

std::unique_ptr<ComponentSampler> sampler(const ModelOptions& /*options*/, const ModelSize& size,
                                          const NamedArrays& parameters) {
  return std::make_unique<PoissonSampler>(
      require_matrix(parameters, "rates", size.n_clusters, size.n_features, "the model"));
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
        return {{"rates", {size.n_clusters, size.n_features}, Domain::not_negative}};
      },
      .n_sums =
          [](const ModelOptions& options, const ModelSize& size) {
            return size.n_clusters * size.n_features * (options.missing == Missing::marginalize ? 2 : 1);
          },
      .differences = [](const ModelOptions&) { return Differences::sizes; },
      .seed_metric = [](const ModelOptions&) { return SeedMetric{.scale = SeedMetric::Scale::square_root}; },
      .sampler = sampler,
      .make_float = make<float>,
      .make_double = make<double>,
  };
  return family;
}

template class Mixture<PoissonComponents<float>>;
template class Mixture<PoissonComponents<double>>;

}  // namespace shoal
