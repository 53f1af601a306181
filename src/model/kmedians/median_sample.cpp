#include "model/kmedians/median_sample.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <vector>

#include "shoal/math/sort.hpp"

namespace shoal {
namespace {

constexpr std::int64_t least_rows = 64;  ///< of a cluster, on average
constexpr std::size_t least_sorted = 32;
constexpr double most_listed = 0.65;  ///< values of a row

/// Of n sorted rows: how many lie within some standard deviations, of sqrt(n) / 2 rows each, about the median.
double rows_within(double deviations, std::size_t n) {
  const auto rows = static_cast<double>(n);
  return n < least_sorted ? rows : deviations * std::sqrt(rows);
}

/// Of how many rows one is taken: 0 where there are too few. A larger sample takes longer to sort, a smaller one leaves
/// wider brackets; on the machines tried their sum is least about (2/3 of the rows of a cluster)^(2/3).
std::int64_t stride_for(std::int64_t n_rows, std::size_t n_clusters, std::size_t n_features) {
  const auto k = static_cast<std::int64_t>(n_clusters);
  const std::size_t row_bytes = n_clusters * n_features * sizeof(double);
  const auto affordable = static_cast<std::int64_t>(selection_byte_budget / 2 / row_bytes);  // of each cluster
  const double best = std::pow(static_cast<double>(n_rows) / (1.5 * static_cast<double>(k)), 2.0 / 3.0);
  const std::int64_t rows = std::min(affordable, static_cast<std::int64_t>(best));
  return rows < least_rows ? 0 : n_rows / (rows * k);
}

/// The values below which these rising shares of the weight lie, about. weights: empty where all are equal. Sorts
/// the values.
template <class T>
std::array<T, 3> quantiles(std::span<T> values, std::span<const std::int64_t> weights,
                           const std::array<double, 3>& shares) {
  std::array<T, 3> found{};
  const auto n = static_cast<double>(values.size());
  if (weights.empty()) {
    sort_values(values);
    for (std::size_t i = 0; i < 3; ++i)
      found[i] = values[static_cast<std::size_t>(std::clamp(shares[i] * n, 0.0, n - 1))];
    return found;
  }
  std::vector<std::pair<T, std::int64_t>> sorted;
  double total = 0, below = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sorted.emplace_back(values[i], weights[i]);
    total += static_cast<double>(weights[i]);
  }
  std::ranges::sort(sorted);
  std::size_t next = 0;
  for (const auto& [value, weight] : sorted) {
    below += static_cast<double>(weight);
    for (; next < 3 && below >= shares[next] * total; ++next) found[next] = value;
  }
  for (; next < 3; ++next) found[next] = sorted.back().first;
  return found;
}

}  // namespace

template <class T>
MedianSample<T>::MedianSample(const RowPass<T>& pass, std::span<const std::int32_t> labels,
                              const IntegerWeights& weights, std::size_t n_clusters,
                              const std::vector<bool>& left_out) {
  const std::size_t n_features = left_out.size();
  const std::int64_t stride = stride_for(pass.summary().rows_used, n_clusters, n_features);
  if (stride < 4) return;
  const Shard<T>& shard = pass.shard();
  std::vector<T> values;
  std::vector<std::int64_t> heads;  // label and weight
  for (std::int64_t row = (shard.rows().first + stride - 1) / stride * stride; row < shard.rows().last; row += stride) {
    const auto r = static_cast<std::size_t>(row - shard.rows().first);
    if (weights[r] == 0 || (!shard.used.empty() && shard.used[r] == 0)) continue;
    const auto at = shard.values.begin() + static_cast<std::ptrdiff_t>(r * n_features);
    values.insert(values.end(), at, at + static_cast<std::ptrdiff_t>(n_features));
    heads.insert(heads.end(), {labels[r], weights[r]});
  }
  values = pass.gather(values);
  heads = pass.gather(heads);

  std::vector<std::vector<std::size_t>> rows(n_clusters);
  for (std::size_t i = 0; i < heads.size(); i += 2) rows[static_cast<std::size_t>(heads[i])].push_back(i / 2);
  brackets_ = TriedBrackets<T>(n_clusters * n_features);
  const auto share_within = [&](double deviations) {
    double inside = 0;
    for (const auto& mine : rows) inside += rows_within(deviations, mine.size());
    return heads.empty() ? 1 : inside / static_cast<double>(heads.size() / 2);
  };
  const auto n_wanted = static_cast<double>(std::ranges::count(left_out, false));
  can_list_ = share_within(4) * n_wanted < most_listed;
  const double deviations = can_list_ ? 4 : 2;
  share_inside_ = share_within(deviations);
  for (std::size_t k = 0; k < n_clusters; ++k) {
    const std::size_t n = rows[k].size();
    std::vector<T> columns(n_features * n);
    std::vector<std::int64_t> weight_of;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n_features; ++j) columns[j * n + i] = values[rows[k][i] * n_features + j];
      if (!weights.values.empty()) weight_of.push_back(heads[2 * rows[k][i] + 1]);
    }
    const double margin = rows_within(deviations, n) / static_cast<double>(n) / 2;
    for (std::size_t j = 0; j < n_features; ++j) {
      if (left_out[j]) continue;
      constexpr T infinity = std::numeric_limits<T>::infinity();
      brackets_.set(k * n_features + j, -infinity, infinity, std::numeric_limits<T>::quiet_NaN());
      if (n < least_sorted) continue;
      const auto [low, middle, high] =
          quantiles(std::span(columns).subspan(j * n, n), weight_of, {0.5 - margin, 0.5, 0.5 + margin});
      brackets_.set(k * n_features + j, low, high, middle);
    }
  }
}

template class MedianSample<float>;
template class MedianSample<double>;

}  // namespace shoal
