#include "model/kmedians/median_rounds.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <tuple>
#include <utility>

#include "model/kmedians/median_tally.hpp"

namespace shoal {
namespace {

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

bool same_labels(const std::int32_t* a, const std::int32_t* b, std::size_t n) {
  return std::memcmp(a, b, n * sizeof(std::int32_t)) == 0;
}

/// Sorted by pair and key, equal ones in one.
std::vector<WeightOfKey> merged(std::vector<WeightOfKey> all) {
  std::ranges::sort(all,
                    [](const auto& a, const auto& b) { return a.pair != b.pair ? a.pair < b.pair : a.key < b.key; });
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

template <class T>
MedianRounds<T>::MedianRounds(const RowPass<T>& pass, const IntegerWeights& weights, std::size_t n_clusters,
                              std::size_t n_features)
    : pass_(pass), weights_(weights), n_features_(n_features), states_(n_clusters * n_features) {
  const std::size_t n = states_.size();
  book_.clusters.assign(n_clusters, 0);
  book_.brackets = TriedBrackets<T>(n);
  book_.below.assign(n, 0);
  book_.inside.assign(n, 0);
  book_.equal.assign(n, 0);
}

template <class T>
void MedianRounds<T>::begin(std::span<const std::int32_t> labels) {
  book_.labels.assign(labels.begin(), labels.end());
  for (std::size_t r = 0; r < labels.size(); ++r)
    if (counts(r)) book_.clusters[static_cast<std::size_t>(labels[r])] += weights_[r];
  pass_.sum(book_.clusters);
  set_totals();
}

template <class T>
void MedianRounds<T>::set_totals() {
  std::int64_t all = 0;
  for (const std::int64_t total : book_.clusters) all += total;
  unit_ = std::max<std::int64_t>(1, all / std::max<std::int64_t>(1, pass_.summary().rows_used));
  for (std::size_t p = 0; p < states_.size(); ++p) {
    states_[p].inside = total(p);
    if (total(p) == 0) states_[p].high = 0;  // nothing to find
  }
}

template <class T>
void MedianRounds<T>::follow(MedianBook<T>&& book, std::span<const std::int32_t> labels) {
  book_ = std::move(book);
  const std::size_t n = states_.size(), k = book_.clusters.size();
  std::vector<MedianTally<T>> changes = tallies();
  std::vector<std::vector<std::int64_t>> clusters(changes.size(), std::vector<std::int64_t>(k, 0));
  pass_.for_each_block([&](const RowBlock<T>& block, int thread) {
    MedianTally<T>& mine = changes[static_cast<std::size_t>(thread)];
    std::vector<std::int64_t>& weight_of = clusters[static_cast<std::size_t>(thread)];
    for (std::size_t r = 0; r < block.n_rows; ++r) {
      const std::size_t local = block.first_local + r;
      if (r % 64 == 0 && r + 64 <= block.n_rows &&
          same_labels(labels.data() + local, book_.labels.data() + local, 64)) {
        r += 63;
        continue;
      }
      const std::int32_t from = std::exchange(book_.labels[local], labels[local]), to = labels[local];
      const std::int64_t weight = weights_[local];
      if (from == to || weight == 0 || !counts(local)) continue;
      weight_of[static_cast<std::size_t>(from)] -= weight;
      weight_of[static_cast<std::size_t>(to)] += weight;
      mine.take_row(block.row(r), n_features_, from, weight, book_.brackets);
      mine.add_row(block, r, to, weight, book_.brackets);
    }
  });
  std::erase_if(book_.list,
                [&](const Entry& e) { return static_cast<std::uint64_t>(labels[e.row]) != e.pair / n_features_; });
  const int bits = cell_bits(*std::ranges::max_element(book_.inside));
  const std::size_t n_cells = n << static_cast<unsigned>(bits);
  std::vector<std::int64_t> found(k + 2 * n + 1 + n_cells, 0);  // clusters, below, inside, ranks without room, cells
  std::int64_t *below = found.data() + k, *inside = below + n, *full = inside + n;
  for (std::size_t t = 0; t < changes.size(); ++t) {
    MedianTally<T>& change = changes[t];
    *full = *full != 0 || change.full || book_.list.size() + change.entries.size() > most_entries() ? 1 : 0;
    if (*full == 0) book_.list.insert(book_.list.end(), change.entries.begin(), change.entries.end());
    change.finish(book_.brackets);
    for (std::size_t i = 0; i < k; ++i) found[i] += clusters[t][i];
    for (std::size_t p = 0; p < n; ++p) {
      below[p] += change.below[p], inside[p] += change.inside[p];
      book_.equal[p] += change.equal[p];
    }
  }
  const std::vector<Cells> cells = cells_of_lists(bits);
  count_lists(cells, bits, std::span(found).subspan(k + 2 * n + 1));
  pass_.sum(found);

  for (std::size_t i = 0; i < k; ++i) book_.clusters[i] += found[i];
  set_totals();
  const bool room = *full == 0;
  if (!room) book_.list = {};
  for (std::size_t p = 0; p < n; ++p) {
    book_.below[p] += below[p], book_.inside[p] += inside[p];
    if (!book_.brackets.tries(p) || !learn(p, book_.brackets, book_.below[p], book_.inside[p]) || !room) continue;
    states_[p].listed = true;
    keep_cell(p, cells[p], full + 1 + (p << static_cast<unsigned>(bits)));
  }
}

template <class T>
bool MedianRounds<T>::counts(std::size_t local) const {
  const auto& used = pass_.shard().used;
  return used.empty() || used[local] != 0;
}

/// The labels of a block, negative for rows that are left out.
template <class T>
const std::int32_t* MedianRounds<T>::labels_of(const RowBlock<T>& block, std::vector<std::int32_t>& room) const {
  const std::int32_t* mine = book_.labels.data() + block.first_local;
  if (pass_.shard().used.empty()) return mine;
  room.assign(mine, mine + block.n_rows);
  for (std::size_t r = 0; r < room.size(); ++r)
    if (!counts(block.first_local + r)) room[r] = -1;
  return room.data();
}

/// Bits of a key that one round settles: as many as the budget allows, and as brackets of so much weight ask for.
template <class T>
int MedianRounds<T>::cell_bits(std::int64_t most_inside) const {
  const std::int64_t rows = most_inside / unit_;
  int bits = 1;
  while (bits < 8 && (rows >> static_cast<unsigned>(bits)) > few() / 4 &&
         (std::size_t{2} << static_cast<unsigned>(bits)) * states_.size() * sizeof(std::int64_t) <=
             selection_byte_budget)
    ++bits;
  return bits;
}

template <class T>
std::int64_t MedianRounds<T>::most_inside(bool listed) const {
  std::int64_t most = 0;
  for (const PairState& state : states_)
    if (state.listed == listed && !state.narrow()) most = std::max(most, state.inside);
  return most;
}

template <class T>
std::int64_t MedianRounds<T>::few() const {
  const std::size_t affordable = selection_byte_budget / 4 / sizeof(Entry) / states_.size();
  return static_cast<std::int64_t>(std::clamp<std::size_t>(affordable, 64, 1024));
}

/// Half an entry a row of this rank, and some.
template <class T>
std::size_t MedianRounds<T>::most_entries() const {
  const auto threads = static_cast<std::size_t>(pass_.n_threads());
  return std::max<std::size_t>(book_.labels.size() / 2, 256 * states_.size() * threads);
}

template <class T>
std::vector<MedianTally<T>> MedianRounds<T>::tallies() const {
  const auto threads = static_cast<std::size_t>(pass_.n_threads());
  return std::vector<MedianTally<T>>(threads, MedianTally<T>(states_.size(), n_features_, most_entries() / threads));
}

/// One pass over the rows: what lies below and inside the brackets, the values inside listed or counted by cells.
template <class T>
std::vector<MedianTally<T>> MedianRounds<T>::pass_over_rows(const TriedBrackets<T>& tried,
                                                            const std::vector<Cells>* cutting, int bits) {
  std::vector<MedianTally<T>> all = tallies();
  for (MedianTally<T>& tally : all) {
    if (cutting == nullptr) continue;
    tally.cutting = cutting->data();
    tally.bits = static_cast<unsigned>(bits);
    tally.cells.resize(states_.size() << tally.bits);
  }
  pass_.for_each_block([&](const RowBlock<T>& block, int thread) {
    MedianTally<T>& mine = all[static_cast<std::size_t>(thread)];
    std::vector<std::int32_t> room;
    const std::int32_t* labels = labels_of(block, room);
    if (weights_.values.empty())
      mine.add(block, labels, tried);
    else
      mine.add_weighted(block, labels, weights_, tried);
  });
  ++row_passes_;
  for (MedianTally<T>& tally : all) tally.finish(tried);
  return all;
}

template <class T>
void MedianRounds<T>::list_brackets(const TriedBrackets<T>& tried) {
  const std::size_t n = states_.size();
  std::vector<std::int64_t> found(2 * n + 1, 0);  // below, inside, threads without room
  std::vector<MedianTally<T>> all = pass_over_rows(tried, nullptr, 0);
  for (const MedianTally<T>& tally : all) {
    for (std::size_t p = 0; p < n; ++p) found[p] += tally.below[p], found[n + p] += tally.inside[p];
    found[2 * n] += tally.full ? 1 : 0;
  }
  pass_.sum(found);
  std::vector<bool> now_listed(n);
  for (std::size_t p = 0; p < n; ++p) {
    now_listed[p] = learn(p, tried, found[p], found[n + p]) && found[2 * n] == 0;
    if (!now_listed[p]) continue;
    states_[p].listed = true;
    book_.brackets.set(p, tried.low[p], tried.high[p], tried.pivot[p]);
    book_.below[p] = found[p], book_.inside[p] = found[n + p], book_.equal[p] = 0;
  }
  std::erase_if(book_.list, [&](const Entry& e) { return now_listed[e.pair]; });  // of a bracket that was missed
  for (const MedianTally<T>& tally : all) {
    std::ranges::copy_if(tally.entries, std::back_inserter(book_.list),
                         [&](const Entry& e) { return now_listed[e.pair]; });
    for (std::size_t p = 0; p < n; ++p)
      if (now_listed[p]) book_.equal[p] += tally.equal[p];
  }
}

template <class T>
void MedianRounds<T>::cut_brackets(const TriedBrackets<T>& tried, double share) {
  const std::size_t n = states_.size();
  const auto bits =
      static_cast<unsigned>(cell_bits(static_cast<std::int64_t>(share * static_cast<double>(most_inside(false)))));
  std::vector<Cells> cutting(n);
  for (std::size_t p = 0; p < n; ++p)
    if (tried.tries(p))
      cutting[p] =
          Cells(ordered_key(static_cast<double>(tried.low[p])), ordered_key(static_cast<double>(tried.high[p])),
                static_cast<int>(bits), states_[p].cuts % 2 == 0);
  std::vector<std::int64_t> found(2 * n + (n << bits), 0);  // below, inside, cells
  for (const MedianTally<T>& tally : pass_over_rows(tried, &cutting, static_cast<int>(bits))) {
    for (std::size_t p = 0; p < n; ++p) found[p] += tally.below[p], found[n + p] += tally.inside[p];
    for (std::size_t i = 0; i < tally.cells.size(); ++i) found[2 * n + i] += tally.cells[i];
  }
  pass_.sum(found);
  for (std::size_t p = 0; p < n; ++p)
    if (learn(p, tried, found[p], found[n + p])) keep_cell(p, cutting[p], found.data() + 2 * n + (p << bits));
}

/// What a pass says of a pair: the median is below, above or (true) inside the bracket that was tried.
template <class T>
bool MedianRounds<T>::learn(std::size_t p, const TriedBrackets<T>& tried, std::int64_t below, std::int64_t inside) {
  PairState& state = states_[p];
  if (state.listed || total(p) == 0 || !tried.tries(p)) return false;
  const std::uint64_t low = ordered_key(static_cast<double>(tried.low[p]));
  const std::uint64_t high = ordered_key(static_cast<double>(tried.high[p]));
  if (2 * below >= total(p)) {
    state.high = std::min(state.high, low - 1);
  } else if (2 * (below + inside) < total(p)) {
    state.low = std::max(state.low, high + 1);
    state.below = below + inside;
  } else {
    state.low = low, state.high = high, state.below = below, state.inside = inside;
    return true;
  }
  return false;
}

/// Keeps of a bracket the cell in which the cumulated weight reaches half of the total.
template <class T>
void MedianRounds<T>::keep_cell(std::size_t p, const Cells& cells, const std::int64_t* counts) {
  PairState& state = states_[p];
  std::uint64_t cell = 0;
  while (2 * (state.below + counts[cell]) < total(p)) state.below += counts[cell++];
  state.inside = counts[cell];
  std::tie(state.low, state.high) = cells.keys(cell);
  ++state.cuts;
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
TriedBrackets<T> MedianRounds<T>::remaining(bool wider) const {
  TriedBrackets<T> tried(states_.size());
  for (std::size_t p = 0; p < states_.size(); ++p) {
    if (states_[p].listed || total(p) == 0) continue;
    const T low = value_at_or_above<T>(states_[p].low);
    T high = value_at_or_below<T>(states_[p].high);
    if (wider && std::isfinite(high + (high - low))) high += high - low;
    tried.set(p, low, high, low);
  }
  return tried;
}

/// How the lists are cut next.
template <class T>
std::vector<Cells> MedianRounds<T>::cells_of_lists(int bits) const {
  std::vector<Cells> cells(states_.size());
  for (std::size_t p = 0; p < states_.size(); ++p) {
    const PairState& state = states_[p];
    const bool fresh = !state.listed && book_.brackets.tries(p);
    const std::uint64_t low = fresh ? ordered_key(static_cast<double>(book_.brackets.low[p])) : state.low;
    const std::uint64_t high = fresh ? ordered_key(static_cast<double>(book_.brackets.high[p])) : state.high;
    if (low <= high) cells[p] = Cells(low, high, bits, state.cuts % 2 == 0);
  }
  return cells;
}

/// Calls `take` with pair, key and weight of what this rank has listed.
template <class T>
template <class F>
void MedianRounds<T>::for_each_listed(F&& take) const {
  for (const Entry& entry : book_.list) take(entry.pair, entry.key, weights_[entry.row]);
  for (std::size_t p = 0; p < states_.size(); ++p)
    if (book_.equal[p] != 0) take(p, ordered_key(static_cast<double>(book_.brackets.pivot[p])), book_.equal[p]);
}

/// Counts what is listed as `cells` have it.
template <class T>
void MedianRounds<T>::count_lists(const std::vector<Cells>& cells, int bits, std::span<std::int64_t> counts) const {
  for_each_listed([&](std::size_t pair, std::uint64_t key, std::int64_t weight) {
    if (cells[pair].holds(key)) counts[(pair << static_cast<unsigned>(bits)) + cells[pair].place(key)] += weight;
  });
}

template <class T>
void MedianRounds<T>::narrow_lists() {
  const auto bits = static_cast<unsigned>(cell_bits(most_inside(true)));
  const std::vector<Cells> cells = cells_of_lists(static_cast<int>(bits));
  std::vector<std::int64_t> counts(states_.size() << bits, 0);
  count_lists(cells, static_cast<int>(bits), counts);
  pass_.sum(counts);
  for (std::size_t p = 0; p < states_.size(); ++p)
    if (states_[p].listed && !states_[p].narrow()) keep_cell(p, cells[p], counts.data() + (p << bits));
}

/// The weights at the keys of each pair's bracket, and at this rank's next one above it.
template <class T>
std::vector<WeightOfKey> MedianRounds<T>::last_few() const {
  std::vector<std::uint64_t> next(states_.size(), std::numeric_limits<std::uint64_t>::max());
  const auto wanted = [&](std::size_t pair, std::uint64_t key) {
    return states_[pair].listed && key >= states_[pair].low;
  };
  for_each_listed([&](std::size_t pair, std::uint64_t key, std::int64_t) {
    if (wanted(pair, key) && key > states_[pair].high) next[pair] = std::min(next[pair], key);
  });
  std::vector<WeightOfKey> kept;
  for_each_listed([&](std::size_t pair, std::uint64_t key, std::int64_t weight) {
    if (wanted(pair, key) && (key <= states_[pair].high || key == next[pair])) kept.push_back({pair, key, weight});
  });
  return merged(std::move(kept));
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
  const std::vector<WeightOfKey> all = merged(pass_.gather(last_few()));
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

template class MedianRounds<float>;
template class MedianRounds<double>;

}  // namespace shoal
