#include "shoal/init/recluster.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "shoal/core/random.hpp"

namespace shoal {
namespace {

std::vector<double> product(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> result(a.size());
  std::ranges::transform(a, b, result.begin(), std::multiplies<>());
  return result;
}

}  // namespace

Error distances_too_large() {
  return {
      ExitCode::bad_data,
      "the distances between rows, times their weights, are too large to be added up: scale the data or the weights, "
      "or start from a file (--init)"};
}

template <class Row>
std::vector<std::size_t> recluster(const SeedSpace<Row>& space, const std::vector<Row>& candidates, std::size_t width,
                                   const std::vector<double>& weights, std::size_t n_clusters, std::uint64_t seed) {
  const std::size_t n = weights.size();
  std::vector<std::size_t> chosen(std::min(n, n_clusters));
  std::iota(chosen.begin(), chosen.end(), std::size_t{0});
  if (n <= n_clusters) return chosen;
  const RowBlock<Row> all{.n_rows = n, .width = width, .values = candidates.data()};
  std::vector<double> distance(n, std::numeric_limits<double>::infinity());
  std::vector<std::int32_t> nearest(n, 0);
  const auto with = [&](std::size_t c) {
    std::vector<double> closer = distance;
    const auto first = candidates.begin() + static_cast<std::ptrdiff_t>(c * width);
    space.improve(all, std::vector<Row>(first, first + static_cast<std::ptrdiff_t>(width)), 0, closer, nearest);
    return closer;
  };
  const std::uint64_t trials = 2 + static_cast<std::uint64_t>(std::bit_width(n_clusters));
  for (std::size_t step = 0; step < chosen.size(); ++step) {
    const std::vector<double> masses = step == 0 ? weights : product(weights, distance);
    const double total = std::accumulate(masses.begin(), masses.end(), 0.0);
    if (!std::isfinite(total)) throw distances_too_large();
    double least = std::numeric_limits<double>::infinity();
    std::vector<double> best;
    for (std::uint64_t trial = 0; trial < (step == 0 ? 1 : trials); ++trial) {
      const std::size_t c =
          draw_index(masses, total * random_uniform(seed, Stream::recluster, static_cast<std::uint32_t>(step), trial));
      std::vector<double> closer = with(c);
      const std::vector<double> costs = product(weights, closer);
      const double cost = std::accumulate(costs.begin(), costs.end(), 0.0);
      if (cost >= least) continue;
      least = cost;
      best = std::move(closer);
      chosen[step] = c;
    }
    if (best.empty()) throw distances_too_large();
    distance = std::move(best);
  }
  return chosen;
}

#define SHOAL_INSTANTIATE(Row)                                                                                  \
  template std::vector<std::size_t> recluster<Row>(const SeedSpace<Row>&, const std::vector<Row>&, std::size_t, \
                                                   const std::vector<double>&, std::size_t, std::uint64_t);
SHOAL_INSTANTIATE(float)
SHOAL_INSTANTIATE(double)
SHOAL_INSTANTIATE(PackedByte)
#undef SHOAL_INSTANTIATE

}  // namespace shoal
