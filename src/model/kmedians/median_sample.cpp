#include "model/kmedians/median_sample.hpp"

#include <algorithm>
#include <array>
#include <cmath>
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
std::int64_t stride_for(std::int64_t n_rows, std::size_t n_clusters, std::size_t n_features, std::size_t byte_budget) {
  const auto k = static_cast<std::int64_t>(n_clusters);
  const std::size_t row_bytes = n_clusters * n_features * sizeof(double);
  const auto affordable = static_cast<std::int64_t>(byte_budget / 2 / row_bytes);  // of each cluster
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

/// Every n-th row of all ranks.
template <class T>
struct MedianSample<T>::Rows {
  std::vector<T> values;
  std::vector<std::int64_t> heads;                ///< label and weight of each
  std::vector<std::vector<std::size_t>> members;  ///< of each cluster
  bool weighted = false;                          ///< weights differ

  Rows(const RowPass<T>& pass, std::span<const std::int32_t> labels, const IntegerWeights& weights,
       std::size_t n_clusters, std::int64_t stride)
      : members(n_clusters) {
    const BlockSource<T>& source = pass.source();
    const auto take = [&](const RowBlock<T>& block) {
      const auto beyond = static_cast<std::size_t>(block.first_row % stride);
      for (std::size_t i = beyond == 0 ? 0 : static_cast<std::size_t>(stride) - beyond; i < block.n_rows;
           i += static_cast<std::size_t>(stride)) {
        const std::size_t r = block.first_local + i;
        if (weights[r] == 0 || (!source.used.empty() && source.used[r] == 0)) continue;
        values.insert(values.end(), block.row(i), block.row(i) + block.n_features);
        heads.insert(heads.end(), {labels[r], weights[r]});
      }
    };
    for (std::int64_t b = source.blocks.first; b < source.blocks.last; ++b) source.visit(b, take);
    values = pass.gather(values);
    heads = pass.gather(heads);
    for (std::size_t i = 1; i < heads.size(); i += 2) weighted = weighted || heads[i] != heads[1];
    for (std::size_t i = 0; i < heads.size(); i += 2) members[static_cast<std::size_t>(heads[i])].push_back(i / 2);
  }

  /// The part of the rows that lie within some standard deviations about their clusters' medians.
  [[nodiscard]] double share_within(double deviations) const {
    double inside = 0;
    for (const auto& mine : members) inside += rows_within(deviations, mine.size());
    return heads.empty() ? 1 : inside / static_cast<double>(heads.size() / 2);
  }
};

template <class T>
MedianSample<T>::MedianSample(const RowPass<T>& pass, std::span<const std::int32_t> labels,
                              const IntegerWeights& weights, std::size_t n_clusters, const std::vector<bool>& left_out,
                              std::size_t byte_budget)
    : left_out_(left_out) {
  const std::int64_t stride = stride_for(pass.summary().rows_used, n_clusters, left_out.size(), byte_budget);
  if (stride < 4) return;
  const Rows rows(pass, labels, weights, n_clusters, stride);
  const auto n_wanted = static_cast<double>(std::ranges::count(left_out, false));
  can_list_ = rows.share_within(4) * n_wanted < most_listed;
  const double deviations = can_list_ ? 4 : 2;
  share_inside_ = rows.share_within(deviations);

  const auto rank = static_cast<std::size_t>(pass.comm().rank()),
             n_ranks = static_cast<std::size_t>(pass.comm().size());
  std::vector<T> found;  // each rank sorts some clusters
  for (std::size_t k = rank; k < n_clusters; k += n_ranks) find(rows, k, rows.weighted, deviations, found);
  found = pass.gather(found);
  brackets_ = TriedBrackets<T>(n_clusters * left_out.size());
  auto next = found.begin();
  for (std::size_t from = 0; from < n_ranks; ++from)
    for (std::size_t k = from; k < n_clusters; k += n_ranks)
      for (std::size_t j = 0; j < left_out.size(); ++j, next += 3)
        if (!left_out[j]) brackets_.set(k * left_out.size() + j, next[0], next[2], next[1]);
}

/// Appends low, middle and high of each feature's bracket in a cluster.
template <class T>
void MedianSample<T>::find(const Rows& rows, std::size_t k, bool weighted, double deviations,
                           std::vector<T>& found) const {
  constexpr T infinity = std::numeric_limits<T>::infinity();
  const std::vector<std::size_t>& members = rows.members[k];
  const std::size_t n = members.size(), d = left_out_.size();
  std::vector<T> columns(d * n);
  std::vector<std::int64_t> weight_of;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < d; ++j) columns[j * n + i] = rows.values[members[i] * d + j];
    if (weighted) weight_of.push_back(rows.heads[2 * members[i] + 1]);
  }
  const double margin = rows_within(deviations, n) / static_cast<double>(n) / 2;
  for (std::size_t j = 0; j < d; ++j) {
    std::array<T, 3> bracket = {-infinity, std::numeric_limits<T>::quiet_NaN(), infinity};
    if (n >= least_sorted && !left_out_[j])
      bracket = quantiles(std::span(columns).subspan(j * n, n), weight_of, {0.5 - margin, 0.5, 0.5 + margin});
    found.insert(found.end(), bracket.begin(), bracket.end());
  }
}

template class MedianSample<float>;
template class MedianSample<double>;

}  // namespace shoal
