#include "search/breathing.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "search/nearest_two.hpp"
#include "shoal/core/random.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal {
namespace {

constexpr std::size_t first_breath = 5;  ///< centres added at once; fewer later
constexpr int most_failures = 2;         ///< of so many
constexpr std::uint32_t most_cycles = 60;
constexpr double least_gain = 1e-4;    ///< of the objective, of a success
constexpr ShortFit inner{6, 1e-4};     ///< Lloyd after each change
constexpr double apart = 0.01;         ///< of a feature's mean deviation: how far a new centre lies from an old one
constexpr double neighbourhood = 1.1;  ///< of the mean distance of centres: one that goes keeps those nearer

Matrix centres_of(const NamedArrays& arrays) {
  const NamedArray& array = arrays.front();
  Matrix centres(array.shape.front(), array.shape.back());
  centres.values = array.values;
  return centres;
}

NamedArrays arrays_of(const Matrix& centres, const NamedArrays& like) { return {as_array(like.front().name, centres)}; }

std::vector<std::size_t> in_rising_order(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return values[i]; });
  return order;
}

double distance_between(std::span<const double> a, std::span<const double> b, Metric metric) {
  double sum = 0;
  for (std::size_t d = 0; d < a.size(); ++d)
    sum += metric == Metric::manhattan ? std::abs(a[d] - b[d]) : (a[d] - b[d]) * (a[d] - b[d]);
  return metric == Metric::manhattan ? sum : std::sqrt(sum);
}

/// How far rows lie from their centre along one feature, about.
double deviation(double objective, double weight, std::size_t n_features, const SeedMetric& metric) {
  const double each = objective / weight, d = static_cast<double>(n_features);
  if (metric.metric == Metric::manhattan) return each / d;
  return metric.rooted ? each / std::sqrt(d) : std::sqrt(each / d);
}

/// With `more` centres beside those of largest error.
Matrix breathed_in(const Matrix& centres, const ClusterWorth& worth, std::size_t more, double far, std::uint64_t seed,
                   std::uint32_t cycle) {
  Matrix grown(centres.rows + more, centres.columns);
  std::ranges::copy(centres.values, grown.values.begin());
  const std::vector<std::size_t> order = in_rising_order(worth.error);
  for (std::size_t i = 0; i < more; ++i) {
    const std::size_t parent = order[order.size() - 1 - i];
    for (std::size_t d = 0; d < centres.columns; ++d) {
      const double u = random_uniform(seed, Stream::search, cycle, i * centres.columns + d);
      grown(centres.rows + i, d) = centres(parent, d) + far * std::sqrt(3.0) * (2 * u - 1);
    }
  }
  return grown;
}

/// Mean distance from a centre to the nearest other one.
double mean_gap(const Matrix& centres, Metric metric) {
  double sum = 0;
  for (std::size_t k = 0; k < centres.rows; ++k) {
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t j = 0; j < centres.rows; ++j)
      if (j != k) least = std::min(least, distance_between(centres.row(k), centres.row(j), metric));
    sum += least;
  }
  return sum / static_cast<double>(centres.rows);
}

/// Without `fewer` centres of least utility, of which neighbours do not go together where others are left.
Matrix breathed_out(const Matrix& centres, const ClusterWorth& worth, std::size_t fewer, Metric metric) {
  const double near = neighbourhood * mean_gap(centres, metric);
  std::vector<char> goes(centres.rows, 0), stays(centres.rows, 0);
  std::size_t n_going = 0, n_staying = 0;
  const std::vector<std::size_t> order = in_rising_order(worth.utility);
  for (const std::size_t k : order) {
    if (n_going == fewer) break;
    if (stays[k] != 0 && centres.rows - n_staying > fewer) continue;
    goes[k] = 1, ++n_going;
    for (std::size_t j = 0; j < centres.rows; ++j)
      if (j != k && stays[j] == 0 && distance_between(centres.row(k), centres.row(j), metric) < near)
        stays[j] = 1, ++n_staying;
  }
  for (const std::size_t k : order)
    if (n_going < fewer && goes[k] == 0) goes[k] = 1, ++n_going;
  Matrix left(centres.rows - fewer, centres.columns);
  std::size_t row = 0;
  for (std::size_t k = 0; k < centres.rows; ++k)
    if (goes[k] == 0) std::ranges::copy(centres.row(k), left.row(row++).begin());
  return left;
}

}  // namespace

template <class T>
Candidate breathe(const SampleFits<T>& fits, const Sample<T>& sample, std::uint64_t seed) {
  const SeedMetric metric = fits.family().seed_metric(fits.options());
  Candidate best = fits.from_draw(sample, seed, inner);
  std::size_t m = std::min(first_breath, fits.options().n_clusters);
  int failures = 0;
  for (std::uint32_t cycle = 0; best.exists() && m > 0 && cycle < most_cycles; ++cycle) {
    const Matrix centres = centres_of(best.parameters);
    const double far = apart * deviation(best.objective, sample.summary().total_weight, centres.columns, metric);
    const ClusterWorth worth = worth_of(centres, metric, sample);
    const Candidate grown = fits.from_parameters(
        sample, arrays_of(breathed_in(centres, worth, m, far, seed, cycle), best.parameters), inner);
    if (!grown.exists()) break;
    const Matrix more = centres_of(grown.parameters);
    const Matrix left = breathed_out(more, worth_of(more, metric, sample), m, metric.metric);
    Candidate found = fits.from_parameters(sample, arrays_of(left, best.parameters), inner);
    const double passes = best.passes + grown.passes + found.passes + 2;
    if (better(found, best, true, least_gain * best.objective)) {
      best = std::move(found);
      failures = 0;
    } else if (++failures == most_failures) {
      failures = 0;
      --m;
    }
    best.passes = passes;
  }
  return best;
}

template Candidate breathe(const SampleFits<float>&, const Sample<float>&, std::uint64_t);
template Candidate breathe(const SampleFits<double>&, const Sample<double>&, std::uint64_t);

}  // namespace shoal
