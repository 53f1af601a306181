#include "model/kmedians/median_rounds.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "model/kmedians/median_tally.hpp"

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

/// Keeps of a bracket the cell in which the cumulated weight reaches half of the total.
void keep_cell(PairState& state, std::int64_t total, const std::int64_t* counts, int bits) {
  const unsigned shift = shift_of(state.low, state.high, bits);
  std::uint64_t cell = 0;
  while (2 * (state.below + counts[cell]) < total) state.below += counts[cell++];
  state.inside = counts[cell];
  state.low += cell << shift;
  state.high = state.low + std::min(state.high - state.low, (std::uint64_t{1} << shift) - 1);  // which may not wrap
}

/// The least value of T whose key is at least `key`, and the greatest whose key is at most that. Keys beyond the
/// infinities are NaNs; the one below zero's is that of -0.0, which counts as zero.
template <class T>
T value_at_or_above(std::uint64_t key) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const T near = static_cast<T>(value_of_key(std::max(key, ordered_key(-infinity))));
  return ordered_key(static_cast<double>(near)) < key ? std::nextafter(near, std::numeric_limits<T>::infinity()) : near;
}
template <class T>
T value_at_or_below(std::uint64_t key) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const T near = static_cast<T>(value_of_key(std::min(key, ordered_key(infinity))));
  return ordered_key(static_cast<double>(near)) > key ? std::nextafter(near, -std::numeric_limits<T>::infinity())
                                                      : near;
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

template <class T>
MedianRounds<T>::MedianRounds(const RowPass<T>& pass, std::span<const std::int32_t> labels,
                              const IntegerWeights& weights, std::size_t n_clusters, std::size_t n_features,
                              std::int64_t stride)
    : pass_(pass),
      labels_(labels),
      weights_(weights),
      n_features_(n_features),
      stride_(stride),
      cluster_(n_clusters, 0),
      states_(n_clusters * n_features) {
  const std::int64_t first = pass.shard().rows().first;
  for (std::size_t r = 0; r < labels.size(); ++r)
    if (counts(first + static_cast<std::int64_t>(r), r)) cluster_[static_cast<std::size_t>(labels[r])] += weights[r];
  pass.sum(cluster_);
  std::int64_t all = 0;
  for (const std::int64_t total : cluster_) all += total;
  unit_ = std::max<std::int64_t>(1, all / std::max<std::int64_t>(1, pass.summary().rows_used / stride));
  for (std::size_t p = 0; p < states_.size(); ++p) {
    states_[p].inside = total(p);
    if (total(p) == 0) states_[p].high = 0;  // nothing to find
  }
}

template <class T>
bool MedianRounds<T>::counts(std::int64_t row, std::size_t local) const {
  const auto& used = pass_.shard().used;
  return row % stride_ == 0 && (used.empty() || used[local] != 0);
}

/// The labels of a block, negative for rows that are left out.
template <class T>
std::vector<std::int32_t> MedianRounds<T>::labels_of(const RowBlock<T>& block) const {
  const auto mine = labels_.subspan(block.first_local, block.n_rows);
  std::vector<std::int32_t> labels(mine.begin(), mine.end());
  for (std::size_t r = 0; r < labels.size(); ++r)
    if (!counts(block.first_row + static_cast<std::int64_t>(r), block.first_local + r)) labels[r] = -1;
  return labels;
}

/// One pass over the rows: what lies below and inside the brackets, the values inside listed or counted by cells.
template <class T>
std::vector<MedianTally<T>> MedianRounds<T>::pass_over_rows(const TriedBrackets<T>& tried, const Cutting<T>* cutting) {
  const auto threads = static_cast<std::size_t>(pass_.n_threads());
  const std::size_t most = std::max<std::size_t>(labels_.size() / 2 / threads, 4 * few * states_.size());
  std::vector<MedianTally<T>> tallies(threads, MedianTally<T>(states_.size(), n_features_, most));
  for (MedianTally<T>& tally : tallies) {
    tally.cutting = cutting;
    if (cutting != nullptr) tally.cells.resize(cutting->n_cells());
  }
  pass_.for_each_block([&](const RowBlock<T>& block, int thread) {
    MedianTally<T>& mine = tallies[static_cast<std::size_t>(thread)];
    const std::vector<std::int32_t> labels = labels_of(block);
    if (weights_.values.empty())
      mine.add(block, labels, tried);
    else
      mine.add_weighted(block, labels, weights_, tried);
  });
  ++row_passes_;
  for (MedianTally<T>& tally : tallies) {
    tally.take_narrow();
    for (std::size_t p = 0; p < states_.size(); ++p)
      if (tally.equal[p] > 0) tally.push(p, ordered_key(static_cast<double>(tried.pivot[p])), tally.equal[p]);
  }
  return tallies;
}

template <class T>
void MedianRounds<T>::list_brackets(const TriedBrackets<T>& tried) {
  const std::size_t n = states_.size();
  std::vector<std::int64_t> found(2 * n + 1, 0);  // below, inside, threads without room
  std::vector<Entry> entries;
  for (const MedianTally<T>& tally : pass_over_rows(tried, nullptr)) {
    for (std::size_t p = 0; p < n; ++p) found[p] += tally.below[p], found[n + p] += tally.inside[p];
    found[2 * n] += tally.full ? 1 : 0;
    entries.insert(entries.end(), tally.entries.begin(), tally.entries.end());
  }
  pass_.sum(found);
  std::vector<bool> now_listed(n);
  for (std::size_t p = 0; p < n; ++p) now_listed[p] = learn(p, tried, found[p], found[n + p]) && found[2 * n] == 0;
  std::erase_if(entries, [&](const Entry& e) { return !now_listed[e.pair]; });
  list_.insert(list_.end(), entries.begin(), entries.end());
  list_ = merged(std::move(list_));
  for (std::size_t p = 0; p < n; ++p) {
    PairState& state = states_[p];
    if (!now_listed[p]) continue;
    state.listed = true;
    state.listed_low = state.low, state.listed_high = state.high, state.listed_inside = state.inside;
  }
}

template <class T>
void MedianRounds<T>::cut_brackets(const TriedBrackets<T>& tried) {
  const std::size_t n = states_.size();
  const Cutting<T> cutting(tried, cell_bits(n));
  std::vector<std::int64_t> found(2 * n + cutting.n_cells(), 0);  // below, inside, cells
  for (const MedianTally<T>& tally : pass_over_rows(tried, &cutting)) {
    for (std::size_t p = 0; p < n; ++p) found[p] += tally.below[p], found[n + p] += tally.inside[p];
    for (std::size_t i = 0; i < tally.cells.size(); ++i) found[2 * n + i] += tally.cells[i];
  }
  pass_.sum(found);
  const std::int64_t* cells = found.data() + 2 * n;
  for (std::size_t p = 0; p < n; ++p)
    if (learn(p, tried, found[p], found[n + p]))
      keep_cell(states_[p], total(p), cells + (p << static_cast<unsigned>(cutting.bits)), cutting.bits);
}

/// What a pass says of a pair: the median is below, above or (true) inside the bracket that was tried.
template <class T>
bool MedianRounds<T>::learn(std::size_t p, const TriedBrackets<T>& tried, std::int64_t below, std::int64_t inside) {
  PairState& state = states_[p];
  if (state.listed || total(p) == 0 || tried.low[p] > tried.high[p]) return false;
  const std::uint64_t low = ordered_key(static_cast<double>(tried.low[p]));
  const std::uint64_t high = ordered_key(static_cast<double>(tried.high[p]));
  if (2 * below >= total(p)) {
    state.high = std::min(state.high, low - 1);
  } else if (2 * (below + inside) < total(p)) {
    state.low = std::max(state.low, high + 1);
    state.below = below + inside;
  } else {
    state = {low, high, below, inside};
    return true;
  }
  return false;
}

template <class T>
bool MedianRounds<T>::has_more_than(std::int64_t most, bool listed) const {
  const double weight = static_cast<double>(most) * static_cast<double>(unit_);  // may pass 2^63
  return std::ranges::any_of(states_, [&](const PairState& s) {
    return s.listed == listed && !s.narrow() && static_cast<double>(s.inside) > weight;
  });
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
void MedianRounds<T>::narrow_lists() {
  const int bits = cell_bits(states_.size());
  const std::size_t cells = std::size_t{1} << static_cast<unsigned>(bits);
  std::vector<std::int64_t> counts(states_.size() * cells, 0);
  for (const Entry& entry : list_) {
    const PairState& state = states_[entry.pair];
    if (!state.narrow() && entry.key >= state.low && entry.key <= state.high)
      counts[entry.pair * cells + ((entry.key - state.low) >> shift_of(state.low, state.high, bits))] += entry.weight;
  }
  pass_.sum(counts);
  for (std::size_t p = 0; p < states_.size(); ++p)
    if (states_[p].listed && !states_[p].narrow()) keep_cell(states_[p], total(p), counts.data() + p * cells, bits);
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
