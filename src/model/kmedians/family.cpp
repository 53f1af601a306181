#include "shoal/model/family.hpp"

#include "shoal/model/kmedians/kmedians.hpp"

namespace shoal {
namespace {

Center center_of(const ModelOptions& options) { return options.of<KMediansOptions>().center; }

SeedMetric seed_metric(const ModelOptions& options) {
  if (center_of(options) == Center::geometric) return {.rooted = true};
  return {.metric = Metric::manhattan};
}

}  // namespace

const Family& kmedians_family() {
  static const Family family = {
      .name = "kmedians",
      .own = KMediansOptions{},
      .options = {own_choice("center",
                             "coordinate-wise median and L1 distance, or geometric median and Euclidean distance",
                             &KMediansOptions::center)},
      .parameters = [](const ModelOptions&, const ModelSize& size) -> std::vector<Parameter> {
        return {{"medians", {size.n_clusters, size.n_features}}};
      },
      .n_sums = [](const ModelOptions&, const ModelSize&) { return std::size_t{0}; },
      .differences =
          [](const ModelOptions& options) {
            return center_of(options) == Center::median ? Differences::sizes : Differences::squares;
          },
      .seed_metric = seed_metric,
      .make_float = make_real<KMedians, float>,
      .make_double = make_real<KMedians, double>,
  };
  return family;
}

}  // namespace shoal
