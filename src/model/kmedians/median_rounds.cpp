#include "model/kmedians/median_rounds.hpp"

#include <algorithm>
#include <cmath>
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

}  // namespace

template <class T>
MedianRounds<T>::MedianRounds(const RowPass<T>& pass, const IntegerWeights& weights, std::size_t n_clusters,
                              const std::vector<bool>& left_out, std::size_t byte_budget)
    : pass_(pass),
      weights_(weights),
      left_out_(left_out),
      n_features_(left_out.size()),
      byte_budget_(byte_budget),
      states_(n_clusters * left_out.size()) {
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
  const std::size_t k = book_.clusters.size();
  std::vector<std::int64_t> copies(4 * k, 0);  // lest each row wait for the one before it
  if (weights_.values.empty() && pass_.source().used.empty()) {
    for (std::size_t r = 0; r < labels.size(); ++r) ++copies[r % 4 * k + static_cast<std::size_t>(labels[r])];
  } else {
    for (std::size_t r = 0; r < labels.size(); ++r)
      if (counts(r)) copies[r % 4 * k + static_cast<std::size_t>(labels[r])] += weights_[r];
  }
  for (std::size_t i = 0; i < copies.size(); ++i) book_.clusters[i % k] += copies[i];
  pass_.sum_counts(book_.clusters);
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
bool MedianRounds<T>::counts(std::size_t local) const {
  const auto& used = pass_.source().used;
  return used.empty() || used[local] != 0;
}

/// The labels of a block, negative for rows that are left out.
template <class T>
const std::int32_t* MedianRounds<T>::labels_of(const RowBlock<T>& block, std::vector<std::int32_t>& room) const {
  const std::int32_t* mine = book_.labels.data() + block.first_local;
  if (pass_.source().used.empty()) return mine;
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
         (std::size_t{2} << static_cast<unsigned>(bits)) * states_.size() * sizeof(std::int64_t) <= byte_budget_)
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
  const std::size_t affordable = byte_budget_ / 4 / sizeof(WeightOfKey) / states_.size();
  return static_cast<std::int64_t>(std::clamp<std::size_t>(affordable, 64, 1024));
}

/// Three entries for four rows of this rank, and some.
template <class T>
std::size_t MedianRounds<T>::most_entries() const {
  const auto threads = static_cast<std::size_t>(pass_.n_threads());
  return std::max<std::size_t>(book_.labels.size() / 4 * 3, 256 * states_.size() * threads);
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
  pass_.sum_counts(found);
  std::vector<bool> now_listed(n);
  for (std::size_t p = 0; p < n; ++p) {
    now_listed[p] = learn(p, tried, found[p], found[n + p]) && found[2 * n] == 0;
    if (!now_listed[p]) continue;
    states_[p].listed = true;
    book_.brackets.set(p, tried.low[p], tried.high[p], tried.pivot[p]);
    book_.below[p] = found[p], book_.inside[p] = found[n + p], book_.equal[p] = 0;
  }
  std::erase_if(book_.list, [&](const Entry& e) { return now_listed[pair_of(e)]; });  // of a bracket that was missed
  if (book_.list.empty() && all.size() == 1 && std::ranges::find(now_listed, false) == now_listed.end())
    book_.list = std::move(all.front().entries);  // the first of all lists is the longest
  for (const MedianTally<T>& tally : all) {
    std::ranges::copy_if(tally.entries, std::back_inserter(book_.list),
                         [&](const Entry& e) { return now_listed[pair_of(e)]; });
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
  pass_.sum_counts(found);
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
    if (high < state.low) return false;  // known already
    state.low = high + 1;
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

template class MedianRounds<float>;
template class MedianRounds<double>;

}  // namespace shoal
