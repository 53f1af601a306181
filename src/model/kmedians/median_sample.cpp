#include "model/kmedians/median_sample.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace shoal {
namespace {

constexpr std::int64_t least_rows = 64;  ///< of a cluster, on average

/// Of how many rows one is taken: 0 where there are too few.
std::int64_t stride_for(std::int64_t n_rows, std::size_t n_clusters, std::size_t n_features) {
  const auto k = static_cast<std::int64_t>(n_clusters);
  const auto affordable = static_cast<std::int64_t>(selection_byte_budget / 4 / sizeof(double) / n_features) / k;
  const std::int64_t rows = std::clamp<std::int64_t>(affordable, 0, 4096);  // of each cluster
  return rows < least_rows ? 0 : n_rows / (rows * k);
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
  std::vector<std::pair<T, std::int64_t>> sorted;
  double inside = 0, all = 0;
  for (std::size_t p = 0; p < n_clusters * n_features; ++p) {
    const std::vector<std::size_t>& mine = rows[p / n_features];
    const auto n = static_cast<double>(mine.size());
    all += n;
    inside += std::min(n, 4 * std::sqrt(n));
    constexpr T infinity = std::numeric_limits<T>::infinity();
    brackets_.set(p, -infinity, infinity, std::numeric_limits<T>::quiet_NaN());
    if (n < 32) continue;
    sorted.clear();
    double total = 0;
    for (const std::size_t i : mine) {
      sorted.emplace_back(values[i * n_features + p % n_features], heads[2 * i + 1]);
      total += static_cast<double>(heads[2 * i + 1]);
    }
    std::ranges::sort(sorted);
    double below = 0;
    const double margin = 2 / std::sqrt(n) * total;
    T* const ends[] = {&brackets_.low[p], &brackets_.pivot[p], &brackets_.high[p]};
    const double shares[] = {total / 2 - margin, total / 2, total / 2 + margin};
    std::size_t next = 0;
    for (const auto& [value, weight] : sorted) {
      below += static_cast<double>(weight);
      for (; next < 3 && below >= shares[next]; ++next) *ends[next] = value;
    }
  }
  share_inside_ = all > 0 ? inside / all : 1;
}

template class MedianSample<float>;
template class MedianSample<double>;

}  // namespace shoal
