#include "model/kmedians/median_sample.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <vector>

namespace shoal {
namespace {

constexpr std::int64_t least_rows = 64;  ///< of a cluster, on average

/// Of how many rows one is taken, for some rows of each cluster: 0 where there are too few.
std::int64_t stride_for(std::int64_t n_rows, std::size_t n_clusters, std::size_t n_features) {
  const auto k = static_cast<std::int64_t>(n_clusters);
  const auto affordable = static_cast<std::int64_t>(selection_byte_budget / 4 / sizeof(double) / n_features) / k;
  const std::int64_t wanted = n_features <= 4 ? 4096 : 256;  // so many that brackets can be listed at once, or some
  const std::int64_t rows = std::clamp<std::int64_t>(affordable, 0, wanted);
  return rows < least_rows ? 0 : n_rows / (rows * k);
}

template <class T>
struct Weighted {
  T value;
  std::int64_t weight;
  bool operator<(const Weighted& other) const { return value < other.value; }
};

/// The values below which these rising shares of the weight lie, about.
template <class T>
std::array<T, 3> quantiles(std::vector<Weighted<T>>& column, const std::array<double, 3>& shares, bool weighted) {
  std::array<T, 3> found{};
  const auto n = static_cast<double>(column.size());
  if (!weighted) {
    auto from = column.begin();
    for (std::size_t i = 0; i < 3; ++i) {
      const auto place = column.begin() + static_cast<std::ptrdiff_t>(std::clamp(shares[i] * n, 0.0, n - 1));
      std::nth_element(from, place, column.end());
      found[i] = place->value;
      from = place;
    }
    return found;
  }
  std::ranges::sort(column, std::less<>());
  double total = 0, below = 0;
  for (const Weighted<T>& one : column) total += static_cast<double>(one.weight);
  std::size_t next = 0;
  for (const Weighted<T>& one : column) {
    below += static_cast<double>(one.weight);
    for (; next < 3 && below >= shares[next] * total; ++next) found[next] = one.value;
  }
  for (; next < 3; ++next) found[next] = column.back().value;
  return found;
}

}  // namespace

template <class T>
MedianSample<T>::MedianSample(const RowPass<T>& pass, std::span<const std::int32_t> labels,
                              const IntegerWeights& weights, std::size_t n_clusters, std::size_t n_features) {
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
  std::vector<Weighted<T>> column;
  double inside = 0, all = 0;
  for (std::size_t p = 0; p < n_clusters * n_features; ++p) {
    const std::vector<std::size_t>& mine = rows[p / n_features];
    const auto n = static_cast<double>(mine.size());
    all += n;
    inside += std::min(n, 4 * std::sqrt(n));
    constexpr T infinity = std::numeric_limits<T>::infinity();
    brackets_.set(p, -infinity, infinity, std::numeric_limits<T>::quiet_NaN());
    if (n < 32) continue;
    const double margin = 2 / std::sqrt(n);
    column.clear();
    for (const std::size_t i : mine) column.push_back({values[i * n_features + p % n_features], heads[2 * i + 1]});
    const auto [low, middle, high] = quantiles(column, {0.5 - margin, 0.5, 0.5 + margin}, !weights.values.empty());
    brackets_.set(p, low, high, middle);
  }
  share_inside_ = all > 0 ? inside / all : 1;
}

template class MedianSample<float>;
template class MedianSample<double>;

}  // namespace shoal
