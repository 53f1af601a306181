#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "shoal/pass/column_moments.hpp"
#include "shoal/run/scaling.hpp"

namespace shoal {

namespace {

/// What the less spread half of the features that vary carries of it all.
double share_of_smaller_half(std::vector<double> spread) {
  std::erase(spread, 0.0);
  std::ranges::sort(spread);
  const auto half = spread.begin() + static_cast<std::ptrdiff_t>(spread.size() / 2);
  return std::accumulate(spread.begin(), half, 0.0) / std::accumulate(spread.begin(), spread.end(), 0.0);
}

/// Pictures have dark borders; only features of unlike units are further apart.
constexpr double unlike_scales = 1e-3;

}  // namespace

template <class T>
std::string lone_feature(const RowPass<T>& pass, const ModelOptions& model, const ScalingOptions& options,
                         const std::vector<std::string>& names) {
  constexpr std::int64_t most_rows = 65536;
  if (model.family().mixture || options.asked() || pass.source().n_features < 2) return "";
  const std::int64_t every = (pass.summary().n_rows + most_rows - 1) / most_rows;
  std::vector<double> spread = column_moments_of_every(every, pass).variance;
  // Sums of sizes go by deviations, sums of squares by their squares.
  const bool by_size = model.family().seed_metric(model).metric == Metric::manhattan;
  if (by_size)
    for (double& one : spread) one = std::sqrt(one);
  const char* const measure = by_size ? "summed standard deviations" : "summed variances";
  const double share = std::ranges::max(spread) / std::accumulate(spread.begin(), spread.end(), 0.0);
  if (!(share > 0.9)) {
    const double smaller = share_of_smaller_half(spread);
    if (!(smaller < (by_size ? std::sqrt(unlike_scales) : unlike_scales))) return "";
    return fmt::format(
        "the features' scales differ: half of them carry {:.1g} % of the {}, so they hardly count; --standardize sd "
        "gives each feature its share",
        100 * smaller, measure);
  }
  const auto j = static_cast<std::size_t>(std::ranges::max_element(spread) - spread.begin());
  return fmt::format(
      "{} carries {:.{}f} % of the {} of all features, so it decides the clusters nearly alone; --standardize sd gives "
      "each feature its share",
      feature_text(j, names), std::min(100 * share, 99.9), share > 0.995 ? 1 : 0, measure);
}

template std::string lone_feature(const RowPass<float>&, const ModelOptions&, const ScalingOptions&,
                                  const std::vector<std::string>&);
template std::string lone_feature(const RowPass<double>&, const ModelOptions&, const ScalingOptions&,
                                  const std::vector<std::string>&);

}  // namespace shoal
