#include "shoal/model/family.hpp"

#include "shoal/model/kmeans/kmeans.hpp"

namespace shoal {

const Family& kmeans_family() {
  static const Family family = {
      .name = "kmeans",
      .parameters = [](const ModelOptions&, const ModelSize& size) -> std::vector<Parameter> {
        return {{"means", {size.n_clusters, size.n_features}, Domain::numbers, Units::places}};
      },
      .n_sums = [](const ModelOptions&,
                   const ModelSize& size) { return bins_kept * size.n_clusters * size.n_features; },
      .differences = [](const ModelOptions&) { return Differences::squares; },
      .seed_metric = [](const ModelOptions&) { return SeedMetric{}; },
      .make_float = make_real<KMeans, float>,
      .make_double = make_real<KMeans, double>,
  };
  return family;
}

}  // namespace shoal
