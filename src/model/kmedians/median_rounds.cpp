#include "model/kmedians/median_rounds.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "shoal/math/bracket_count.hpp"

namespace shoal {
namespace {

/// Bits of a key that one round settles.
int cell_bits(std::size_t n_pairs) {
  int bits = 1;
  while (bits < 8 &&
         (std::size_t{2} << static_cast<unsigned>(bits)) * n_pairs * sizeof(std::int64_t) <= selection_byte_budget)
    ++bits;
  return bits;
}

unsigned shift_of(const PairState& state, int bits) {
  return static_cast<unsigned>(std::max(0, static_cast<int>(std::bit_width(state.high - state.low)) - bits));
}

/// The least value of T at or above a key, and the greatest at or below it; NaN keys are beyond the infinities.
template <class T>
T value_at_or_above(std::uint64_t key) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (key <= ordered_key(-infinity)) return -std::numeric_limits<T>::infinity();
  const double value = value_of_key(std::min(key, ordered_key(infinity)));
  const T near = static_cast<T>(value);
  return static_cast<double>(near) < value ? std::nextafter(near, std::numeric_limits<T>::infinity()) : near;
}
template <class T>
T value_at_or_below(std::uint64_t key) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (key >= ordered_key(infinity)) return std::numeric_limits<T>::infinity();
  const double value = value_of_key(std::max(key, ordered_key(-infinity)));
  const T near = static_cast<T>(value);
  return static_cast<double>(near) > value ? std::nextafter(near, -std::numeric_limits<T>::infinity()) : near;
}

}  // namespace

std::vector<Entry> merged(std::vector<Entry> entries) {
  std::ranges::sort(entries,
                    [](const Entry& a, const Entry& b) { return a.pair != b.pair ? a.pair < b.pair : a.key < b.key; });
  std::size_t kept = 0;
  for (const Entry& entry : entries) {
    if (kept > 0 && entries[kept - 1].pair == entry.pair && entries[kept - 1].key == entry.key)
      entries[kept - 1].weight += entry.weight;
    else
      entries[kept++] = entry;
  }
  entries.resize(kept);
  return entries;
}

/// What one thread finds in a pass of try_brackets.
template <class T>
struct MedianRounds<T>::Tally {
  Tally(std::size_t n_pairs, std::size_t n_features, std::size_t most_entries)
      : below(n_pairs),
        inside(n_pairs),
        narrow_below(n_pairs),
        narrow_equal(n_pairs),
        equal(n_pairs),
        hits(4096 + n_features),
        most(most_entries) {}

  void push(std::size_t pair, std::uint64_t key, std::int64_t weight) {
    inside[pair] += weight;
    if (full) return;
    entries.push_back({pair, key, weight});
    if (entries.size() < most) return;
    entries = merged(std::move(entries));
    if (entries.size() > most / 2) full = true, entries = {};
  }

  void add(const RowBlock<T>& block, std::span<const std::int32_t> labels, const TriedBrackets<T>& tried) {
    const std::size_t d = block.n_features;
    for (std::size_t done = 0, n_hits = 0; done < block.n_rows;) {
      const std::size_t first = done;
      done += count_in_brackets<T>(block.row(first), block.n_rows - first, d, labels.data() + first,
                                   {tried.low.data(), tried.high.data(), tried.pivot.data()},
                                   {narrow_below.data(), narrow_equal.data()}, hits.data(), hits.size(), &n_hits);
      for (std::size_t i = 0; i < n_hits; ++i) {
        const std::size_t row = first + hits[i].row;
        push(static_cast<std::size_t>(labels[row]) * d + hits[i].feature,
             ordered_key(static_cast<double>(block.row(row)[hits[i].feature])), 1);
      }
    }
    rows += block.n_rows;
    if (rows > std::size_t{1} << 30U) take_narrow();
  }

  void add_weighted(const RowBlock<T>& block, std::span<const std::int32_t> labels, const IntegerWeights& weights,
                    const TriedBrackets<T>& tried) {
    for (std::size_t r = 0; r < block.n_rows; ++r) {
      const std::int64_t weight = weights[block.first_local + r];
      if (labels[r] < 0 || weight == 0) continue;
      for (std::size_t j = 0; j < block.n_features; ++j) {
        const std::size_t p = static_cast<std::size_t>(labels[r]) * block.n_features + j;
        const T x = block.row(r)[j];
        if (x < tried.low[p])
          below[p] += weight;
        else if (x == tried.pivot[p])
          equal[p] += weight;
        else if (x <= tried.high[p])
          push(p, ordered_key(static_cast<double>(x)), weight);
      }
    }
  }

  /// From the kernel's counters, which float32 rows have in 32 bits.
  void take_narrow() {
    for (std::size_t p = 0; p < below.size(); ++p) {
      below[p] += std::exchange(narrow_below[p], 0);
      equal[p] += std::exchange(narrow_equal[p], 0);
    }
    rows = 0;
  }

  std::vector<std::int64_t> below, inside;
  std::vector<CounterOf<T>> narrow_below, narrow_equal;
  std::vector<std::int64_t> equal;
  std::vector<Hit> hits;
  std::vector<Entry> entries;
  std::size_t most;
  std::size_t rows = 0;
  bool full = false;
};

template <class T>
MedianRounds<T>::MedianRounds(const RowPass<T>& pass, std::span<const std::int32_t> labels,
                              const IntegerWeights& weights, std::size_t n_clusters, std::size_t n_features)
    : pass_(pass),
      labels_(labels),
      weights_(weights),
      n_features_(n_features),
      cluster_(n_clusters, 0),
      states_(n_clusters * n_features) {
  const auto& used = pass.shard().used;
  for (std::size_t r = 0; r < labels.size(); ++r)
    if (used.empty() || used[r] != 0) cluster_[static_cast<std::size_t>(labels[r])] += weights[r];
  pass.sum(cluster_);
  std::int64_t all = 0;
  for (const std::int64_t total : cluster_) all += total;
  unit_ = std::max<std::int64_t>(1, all / std::max<std::int64_t>(1, pass.summary().rows_used));
  for (std::size_t p = 0; p < states_.size(); ++p) {
    states_[p].inside = total(p);
    if (total(p) == 0) states_[p].high = 0;  // nothing to find
  }
}

/// The labels of a block, negative for rows that are left out.
template <class T>
std::vector<std::int32_t> MedianRounds<T>::labels_of(const RowBlock<T>& block) const {
  const auto mine = labels_.subspan(block.first_local, block.n_rows);
  std::vector<std::int32_t> labels(mine.begin(), mine.end());
  const auto& used = pass_.shard().used;
  for (std::size_t r = 0; r < labels.size() && !used.empty(); ++r)
    if (used[block.first_local + r] == 0) labels[r] = -1;
  return labels;
}

template <class T>
void MedianRounds<T>::try_brackets(const TriedBrackets<T>& tried) {
  const std::size_t n = states_.size();
  const auto threads = static_cast<std::size_t>(pass_.n_threads());
  const std::size_t most = std::max<std::size_t>(labels_.size() / 2, 4 * few * n) / threads + 2;
  std::vector<Tally> tallies(threads, Tally(n, n_features_, most));
  pass_.for_each_block([&](const RowBlock<T>& block, int thread) {
    Tally& mine = tallies[static_cast<std::size_t>(thread)];
    const std::vector<std::int32_t> labels = labels_of(block);
    if (weights_.values.empty())
      mine.add(block, labels, tried);
    else
      mine.add_weighted(block, labels, weights_, tried);
  });
  ++row_passes_;
  std::vector<std::int64_t> found(2 * n + 1, 0);  // below, inside, threads without room
  std::vector<Entry> entries;
  for (Tally& tally : tallies) {
    tally.take_narrow();
    for (std::size_t p = 0; p < n; ++p) {
      if (tally.equal[p] > 0) tally.push(p, ordered_key(static_cast<double>(tried.pivot[p])), tally.equal[p]);
      found[p] += tally.below[p];
      found[n + p] += tally.inside[p];
    }
    found[2 * n] += tally.full ? 1 : 0;
    entries.insert(entries.end(), tally.entries.begin(), tally.entries.end());
  }
  pass_.sum(found);
  std::vector<bool> was_listed(n);
  for (std::size_t p = 0; p < n; ++p) was_listed[p] = states_[p].listed;
  for (std::size_t p = 0; p < n; ++p) learn(p, tried, found[p], found[n + p], found[2 * n] == 0);
  std::erase_if(entries, [&](const Entry& e) { return was_listed[e.pair] || !states_[e.pair].listed; });
  list_.insert(list_.end(), entries.begin(), entries.end());
  list_ = merged(std::move(list_));
}

/// What a pass says of a pair: the median is below, above or inside the bracket that was tried.
template <class T>
void MedianRounds<T>::learn(std::size_t p, const TriedBrackets<T>& tried, std::int64_t below, std::int64_t inside,
                            bool listed) {
  PairState& state = states_[p];
  if (state.listed || total(p) == 0 || tried.low[p] > tried.high[p]) return;
  const std::uint64_t low = ordered_key(static_cast<double>(tried.low[p]));
  const std::uint64_t high = ordered_key(static_cast<double>(tried.high[p]));
  if (2 * below >= total(p)) {
    state.high = std::min(state.high, low - 1);
  } else if (2 * (below + inside) < total(p)) {
    state.low = std::max(state.low, high + 1);
    state.below = below + inside;
  } else {
    state = {low, high, below, inside, listed, low, high, inside};
  }
}

template <class T>
bool MedianRounds<T>::has_more_than(std::int64_t most, bool listed) const {
  return std::ranges::any_of(states_,
                             [&](const PairState& s) { return takes_part(s, listed) && s.inside > most * unit_; });
}

template <class T>
bool MedianRounds<T>::has_unlisted() const {
  for (std::size_t p = 0; p < states_.size(); ++p)
    if (!states_[p].listed && total(p) > 0) return true;
  return false;
}

template <class T>
TriedBrackets<T> MedianRounds<T>::remaining() const {
  TriedBrackets<T> tried(states_.size());
  for (std::size_t p = 0; p < states_.size(); ++p) {
    if (states_[p].listed || total(p) == 0) continue;
    const T low = value_at_or_above<T>(states_[p].low);
    tried.set(p, low, value_at_or_below<T>(states_[p].high), low);
  }
  return tried;
}

template <class T>
void MedianRounds<T>::count_rows(std::vector<std::int64_t>& counts, int bits) const {
  const std::size_t cells = std::size_t{1} << static_cast<unsigned>(bits);
  std::vector<std::vector<std::int64_t>> found(static_cast<std::size_t>(pass_.n_threads()));
  pass_.for_each_block([&](const RowBlock<T>& block, int thread) {
    std::vector<std::int64_t>& mine = found[static_cast<std::size_t>(thread)];
    mine.resize(counts.size(), 0);
    const std::vector<std::int32_t> labels = labels_of(block);
    for (std::size_t r = 0; r < block.n_rows; ++r) {
      if (labels[r] < 0) continue;
      for (std::size_t j = 0; j < n_features_; ++j) {
        const std::size_t p = static_cast<std::size_t>(labels[r]) * n_features_ + j;
        const PairState& state = states_[p];
        const std::uint64_t key = ordered_key(static_cast<double>(block.row(r)[j]));
        if (takes_part(state, false) && key >= state.low && key <= state.high)
          mine[p * cells + ((key - state.low) >> shift_of(state, bits))] += weights_[block.first_local + r];
      }
    }
  });
  for (const std::vector<std::int64_t>& mine : found)
    for (std::size_t i = 0; i < mine.size(); ++i) counts[i] += mine[i];
}

template <class T>
void MedianRounds<T>::count_list(std::vector<std::int64_t>& counts, int bits) const {
  const std::size_t cells = std::size_t{1} << static_cast<unsigned>(bits);
  for (const Entry& entry : list_) {
    const PairState& state = states_[entry.pair];
    if (takes_part(state, true) && entry.key >= state.low && entry.key <= state.high)
      counts[entry.pair * cells + ((entry.key - state.low) >> shift_of(state, bits))] += entry.weight;
  }
}

template <class T>
void MedianRounds<T>::narrow(bool listed) {
  const int bits = cell_bits(states_.size());
  const std::size_t cells = std::size_t{1} << static_cast<unsigned>(bits);
  std::vector<std::int64_t> counts(states_.size() * cells, 0);
  if (listed)
    count_list(counts, bits);
  else
    count_rows(counts, bits), ++row_passes_;
  pass_.sum(counts);
  for (std::size_t p = 0; p < states_.size(); ++p) {
    PairState& state = states_[p];
    if (!takes_part(state, listed)) continue;
    const unsigned shift = shift_of(state, bits);
    std::uint64_t cell = 0;
    while (2 * (state.below + counts[p * cells + cell]) < total(p)) state.below += counts[p * cells + cell++];
    state.inside = counts[p * cells + cell];
    state.low += cell << shift;
    state.high = std::min(state.high, state.low + ((std::uint64_t{1} << shift) - 1));
  }
}

/// The entries in each pair's bracket, and the next one above it.
template <class T>
std::vector<Entry> MedianRounds<T>::last_few() const {
  std::vector<Entry> kept;
  for (std::size_t i = 0; i < list_.size(); ++i) {
    const Entry& entry = list_[i];
    const PairState& state = states_[entry.pair];
    if (entry.key < state.low) continue;
    const bool first_above =
        entry.key > state.high && (i == 0 || list_[i - 1].pair != entry.pair || list_[i - 1].key <= state.high);
    if (entry.key <= state.high || first_above) kept.push_back(entry);
  }
  return kept;
}

/// The smallest key above a key of each pair, over all rows.
template <class T>
std::vector<std::uint64_t> MedianRounds<T>::next_keys(const std::vector<std::uint64_t>& keys) const {
  constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();
  std::vector<std::vector<std::uint64_t>> next(static_cast<std::size_t>(pass_.n_threads()));
  for (auto& mine : next) mine.assign(keys.size(), none);
  pass_.for_each_block([&](const RowBlock<T>& block, int thread) {
    std::vector<std::uint64_t>& mine = next[static_cast<std::size_t>(thread)];
    const std::vector<std::int32_t> labels = labels_of(block);
    for (std::size_t r = 0; r < block.n_rows; ++r) {
      if (labels[r] < 0 || weights_[block.first_local + r] == 0) continue;
      for (std::size_t j = 0; j < n_features_; ++j) {
        const std::size_t p = static_cast<std::size_t>(labels[r]) * n_features_ + j;
        const std::uint64_t key = ordered_key(static_cast<double>(block.row(r)[j]));
        if (key > keys[p]) mine[p] = std::min(mine[p], key);
      }
    }
  });
  for (std::size_t t = 1; t < next.size(); ++t)
    std::ranges::transform(next[0], next[t], next[0].begin(), [](auto a, auto b) { return std::min(a, b); });
  pass_.comm().minimum(next[0]);
  return std::move(next[0]);
}

template <class T>
typename MedianRounds<T>::Medians MedianRounds<T>::gather() const {
  const std::vector<Entry> entries = merged(pass_.gather(last_few()));
  const std::size_t n = states_.size();
  std::vector<std::uint64_t> lower(n, 0), upper(n, 0);
  std::vector<std::int64_t> at_or_below(n);
  for (std::size_t p = 0; p < n; ++p) at_or_below[p] = states_[p].below;
  for (const Entry& entry : entries) {
    const std::size_t p = entry.pair;
    if (2 * at_or_below[p] < total(p)) {
      lower[p] = entry.key;
      at_or_below[p] += entry.weight;
      if (2 * at_or_below[p] > total(p)) upper[p] = entry.key;
    } else if (upper[p] == 0) {
      upper[p] = entry.key;
    }
  }
  bool missing = false;  // half of the weight lies at or below a value, and the next one is not listed
  for (std::size_t p = 0; p < n; ++p) missing = missing || (total(p) > 0 && upper[p] == 0);
  if (missing) {
    const std::vector<std::uint64_t> next = next_keys(lower);
    for (std::size_t p = 0; p < n; ++p)
      if (upper[p] == 0) upper[p] = next[p];
  }
  Medians medians;
  for (std::size_t p = 0; p < n; ++p) {
    medians.lower.push_back(value_of_key(lower[p]));
    medians.upper.push_back(value_of_key(upper[p]));
  }
  return medians;
}

template class MedianRounds<float>;
template class MedianRounds<double>;

}  // namespace shoal
