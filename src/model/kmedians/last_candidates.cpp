// The last candidates of each pair, and the medians.
#include <algorithm>
#include <iterator>
#include <limits>
#include <numeric>
#include <utility>

#include "model/kmedians/selection_rounds.hpp"
#include "shoal/math/bracket_count.hpp"

namespace shoal {
namespace {

/// Sorted by pair and key: first by pair, of which there are few values each.
std::vector<WeightOfKey> sorted(const std::vector<WeightOfKey>& found, std::size_t n_pairs) {
  std::vector<std::size_t> first(n_pairs + 1, 0);
  for (const WeightOfKey& one : found) ++first[one.pair + 1];
  std::partial_sum(first.begin(), first.end(), first.begin());
  std::vector<WeightOfKey> all(found.size());
  for (const WeightOfKey& one : found) all[first[one.pair]++] = one;
  for (std::size_t p = 0, begin = 0; p < n_pairs; begin = first[p++])  // each is where the next one begins by now
    std::sort(all.begin() + static_cast<std::ptrdiff_t>(begin), all.begin() + static_cast<std::ptrdiff_t>(first[p]),
              [](const auto& a, const auto& b) { return a.key < b.key; });
  return all;
}

}  // namespace

/// The weights at the keys that are left of each pair's bracket, but for pairs of one key, and at this rank's next one
/// above.
template <class T>
std::vector<WeightOfKey> SelectionRounds<T>::last_few() const {
  std::vector<WeightOfKey> next(states_.size(), {0, std::numeric_limits<std::uint64_t>::max(), 0}), kept;
  candidates_.for_each(labels_, weights_, [&](std::size_t pair, std::uint64_t key, std::int64_t weight) {
    const SelectionState& state = states_[pair];
    if (!state.listed || key < state.low) return;
    if (key > state.high && key <= next[pair].key) next[pair] = {pair, key, weight};
    if (key <= state.high && !state.narrow()) kept.push_back({pair, key, weight});
  });
  std::ranges::copy_if(next, std::back_inserter(kept), [](const WeightOfKey& one) { return one.weight > 0; });
  return sorted(pass_.gather(kept), states_.size());
}

/// The least value above one of each pair, over all rows, for the clusters where one is wanted.
template <class T>
std::vector<T> SelectionRounds<T>::next_values(const std::vector<T>& values, const std::vector<bool>& wanted) const {
  std::vector<std::vector<T>> next(static_cast<std::size_t>(pass_.n_threads()));
  for (auto& mine : next) mine.assign(values.size(), std::numeric_limits<T>::infinity());
  pass_.for_each_block([&](const RowBlock<T>& block, int thread) {
    std::vector<std::int32_t> labels(block.n_rows);
    for (std::size_t r = 0; r < block.n_rows; ++r) {
      const std::size_t local = block.first_local + r;
      labels[r] = labels_[local];
      if (!wanted[static_cast<std::size_t>(labels[r])] || weights_[local] == 0) labels[r] = -1;
    }
    least_above(block.row(0), block.n_rows, n_features_, labels.data(), values.data(),
                next[static_cast<std::size_t>(thread)].data());
  });
  std::vector<std::uint64_t> keys(values.size());
  for (std::size_t p = 0; p < keys.size(); ++p) {
    T least = next[0][p];
    for (std::size_t t = 1; t < next.size(); ++t) least = std::min(least, next[t][p]);
    keys[p] = ordered_key(static_cast<double>(least));
  }
  pass_.comm().minimum(keys);
  std::vector<T> least(keys.size());
  std::ranges::transform(keys, least.begin(), [](std::uint64_t key) { return static_cast<T>(value_of_key(key)); });
  return least;
}

/// Values rise, so the last one with less than half of the weight before it is the lower median, and the last one with
/// no more than half is the upper one.
template <class T>
SelectionRounds<T>::Medians SelectionRounds<T>::gather() const {
  const std::size_t n = states_.size();
  std::vector<std::uint64_t> lower(n), upper(n);
  std::vector<std::int64_t> before(n);
  const auto take = [&](std::size_t p, std::uint64_t key, std::int64_t weight) {
    if (2 * before[p] < total(p)) lower[p] = key;
    if (2 * before[p] <= total(p)) upper[p] = key;
    before[p] += weight;
  };
  for (std::size_t p = 0; p < n; ++p) {
    before[p] = states_[p].below;
    if (total(p) > 0 && states_[p].narrow()) take(p, states_[p].low, states_[p].inside);
  }
  for (const auto& [p, key, weight] : last_few()) take(p, key, weight);
  Medians medians{std::vector<double>(n), std::vector<double>(n)};
  std::vector<T> from(n);
  std::vector<bool> missing(candidates_.clusters.size(), false);  // clusters with a next value that is not listed
  for (std::size_t p = 0; p < n; ++p) {
    medians.lower[p] = value_of_key(lower[p]);
    medians.upper[p] = value_of_key(upper[p]);
    from[p] = static_cast<T>(medians.lower[p]);
    if (2 * before[p] == total(p) && total(p) > 0) missing[p / n_features_] = true;
  }
  if (std::ranges::find(missing, true) == missing.end()) return medians;
  const std::vector<T> next = next_values(from, missing);
  for (std::size_t p = 0; p < n; ++p)
    if (2 * before[p] == total(p)) medians.upper[p] = static_cast<double>(next[p]);
  return medians;
}

template SelectionRounds<float>::Medians SelectionRounds<float>::gather() const;
template SelectionRounds<double>::Medians SelectionRounds<double>::gather() const;

}  // namespace shoal
