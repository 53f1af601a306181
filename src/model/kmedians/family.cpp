#include "shoal/model/family.hpp"

#include "shoal/model/kmedians/kmedians.hpp"

namespace shoal {
namespace {

Center center_of(const ModelOptions& options) { return options.of<KMediansOptions>().center; }

SeedMetric seed_metric(const ModelOptions& options) {
  if (center_of(options) == Center::geometric) return {.rooted = true};
  return {.metric = Metric::manhattan};
}

/// Medians: candidates of 16 bytes, up to three for four rows, on threads and in the list.
ModelMemory memory(const ModelOptions& options, const ModelSize& size, std::size_t value_bytes) {
  ModelMemory memory = hard_memory(options, size, value_bytes);
  if (center_of(options) == Center::median) memory.each_row += 2 * 12;
  return memory;
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
        return {{"medians", {size.n_clusters, size.n_features}, Domain::numbers, Units::places}};
      },
      .n_sums = [](const ModelOptions&, const ModelSize&) { return std::size_t{0}; },
      .memory = memory,
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
