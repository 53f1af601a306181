// The last values of each pair, and the medians.
#include <algorithm>
#include <iterator>
#include <limits>
#include <numeric>
#include <utility>

#include "model/kmedians/median_rounds.hpp"
#include "shoal/math/bracket_count.hpp"

namespace shoal {
namespace {

/// Sorted by pair and key, equal ones in one. First by pair, of which there are few values each.
std::vector<WeightOfKey> merged(const std::vector<WeightOfKey>& found, std::size_t n_pairs) {
  std::vector<std::size_t> first(n_pairs + 1, 0);
  for (const WeightOfKey& one : found) ++first[one.pair + 1];
  std::partial_sum(first.begin(), first.end(), first.begin());
  std::vector<WeightOfKey> all(found.size());
  for (const WeightOfKey& one : found) all[first[one.pair]++] = one;
  for (std::size_t p = 0, begin = 0; p < n_pairs; begin = first[p++])  // each is where the next one begins by now
    std::sort(all.begin() + static_cast<std::ptrdiff_t>(begin), all.begin() + static_cast<std::ptrdiff_t>(first[p]),
              [](const auto& a, const auto& b) { return a.key < b.key; });
  std::size_t kept = 0;
  for (const WeightOfKey& one : all) {
    if (kept > 0 && all[kept - 1].pair == one.pair && all[kept - 1].key == one.key)
      all[kept - 1].weight += one.weight;
    else
      all[kept++] = one;
  }
  all.resize(kept);
  return all;
}

}  // namespace

/// The weights at the keys of each pair's bracket, and at this rank's next one above it.
template <class T>
std::vector<WeightOfKey> MedianRounds<T>::last_few() const {
  std::vector<WeightOfKey> next(states_.size(), {0, std::numeric_limits<std::uint64_t>::max(), 0}), kept;
  for_each_listed([&](std::size_t pair, std::uint64_t key, std::int64_t weight) {
    const PairState& state = states_[pair];
    if (!state.listed || key < state.low) return;
    if (key <= state.high)
      kept.push_back({pair, key, weight});
    else if (key < next[pair].key)
      next[pair] = {pair, key, weight};
    else if (key == next[pair].key)
      next[pair].weight += weight;
  });
  std::ranges::copy_if(next, std::back_inserter(kept), [](const WeightOfKey& one) { return one.weight > 0; });
  return merged(kept, states_.size());
}

/// The least value above one of each pair, over all rows, for the clusters where one is wanted.
template <class T>
std::vector<T> MedianRounds<T>::next_values(const std::vector<T>& values, const std::vector<bool>& wanted) const {
  std::vector<std::vector<T>> next(static_cast<std::size_t>(pass_.n_threads()));
  for (auto& mine : next) mine.assign(values.size(), std::numeric_limits<T>::infinity());
  pass_.for_each_block([&](const RowBlock<T>& block, int thread) {
    std::vector<std::int32_t> labels(block.n_rows);
    for (std::size_t r = 0; r < block.n_rows; ++r) {
      const std::size_t local = block.first_local + r;
      labels[r] = book_.labels[local];
      if (!wanted[static_cast<std::size_t>(labels[r])] || weights_[local] == 0 || !counts(local)) labels[r] = -1;
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

template <class T>
typename MedianRounds<T>::Medians MedianRounds<T>::gather() const {
  const std::vector<WeightOfKey> all = merged(pass_.gather(last_few()), states_.size());
  const std::size_t n = states_.size();
  std::vector<std::uint64_t> lower(n, 0), upper(n, 0);
  std::vector<std::int64_t> at_or_below(n);
  for (std::size_t p = 0; p < n; ++p) at_or_below[p] = states_[p].below;
  for (const auto& [p, key, weight] : all) {
    if (2 * at_or_below[p] < total(p)) {
      lower[p] = key;
      at_or_below[p] += weight;
      if (2 * at_or_below[p] > total(p)) upper[p] = key;
    } else if (upper[p] == 0) {
      upper[p] = key;
    }
  }
  Medians medians;
  std::vector<T> from(n);
  std::vector<bool> missing(book_.clusters.size(), false);  // half lies at or below a value, and the next is not listed
  for (std::size_t p = 0; p < n; ++p) {
    medians.lower.push_back(value_of_key(lower[p]));
    medians.upper.push_back(value_of_key(upper[p]));
    from[p] = static_cast<T>(medians.lower[p]);
    if (total(p) > 0 && upper[p] == 0) missing[p / n_features_] = true;
  }
  if (std::ranges::find(missing, true) == missing.end()) return medians;
  const std::vector<T> next = next_values(from, missing);
  for (std::size_t p = 0; p < n; ++p)
    if (upper[p] == 0) medians.upper[p] = static_cast<double>(next[p]);
  return medians;
}

template MedianRounds<float>::Medians MedianRounds<float>::gather() const;
template MedianRounds<double>::Medians MedianRounds<double>::gather() const;

}  // namespace shoal
