#include "model/kmedians/selection_rounds.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <tuple>

namespace shoal {
namespace {

/// The value of T at a key, or if there is none the nearest one above or below it.
template <class T>
T value_near(std::uint64_t key, bool above) {
  const T near = static_cast<T>(value_of_key(key));
  const std::uint64_t found = ordered_key(static_cast<double>(near));
  if (above ? found >= key : found <= key) return near;
  return std::nextafter(near, (above ? 1 : -1) * std::numeric_limits<T>::infinity());
}

}  // namespace

template <class T>
SelectionRounds<T>::SelectionRounds(const RowPass<T>& pass, const ColumnExtents& extents,
                                    const std::vector<bool>& left_out, const IntegerWeights& weights,
                                    std::span<const std::int32_t> labels, Candidates<T>& candidates,
                                    std::size_t byte_budget)
    : pass_(pass),
      extents_(extents),
      left_out_(left_out),
      weights_(weights),
      labels_(labels),
      candidates_(candidates),
      n_features_(left_out.size()),
      byte_budget_(byte_budget),
      states_(candidates.ties.size()) {}

template <class T>
void SelectionRounds<T>::set_totals() {
  std::int64_t all = 0;
  for (const std::int64_t total : candidates_.clusters) all += total;
  unit_ = std::max<std::int64_t>(1, all / std::max<std::int64_t>(1, pass_.summary().rows_used));
  for (std::size_t p = 0; p < states_.size(); ++p) {
    if (total(p) == 0) continue;
    states_[p].low = ordered_key(extents_.least[p % n_features_]);
    states_[p].high = ordered_key(extents_.greatest[p % n_features_]);
    states_[p].inside = total(p);
  }
}

/// Bits of a key that one round settles: as many as the budget allows, and as brackets of so much weight ask for.
template <class T>
unsigned SelectionRounds<T>::bin_bits(std::int64_t most_inside) const {
  const std::int64_t rows = most_inside / unit_;
  unsigned bits = 1;
  while (bits < 8 && (rows >> bits) > few() / 4 &&
         (std::size_t{2} << bits) * states_.size() * sizeof(std::int64_t) <= byte_budget_)
    ++bits;
  return bits;
}

template <class T>
std::int64_t SelectionRounds<T>::most_inside(bool listed) const {
  std::int64_t most = 0;
  for (const SelectionState& state : states_)
    if (state.listed == listed && !state.narrow()) most = std::max(most, state.inside);
  return most;
}

template <class T>
std::int64_t SelectionRounds<T>::few() const {
  const std::size_t affordable = byte_budget_ / 4 / sizeof(WeightOfKey) / states_.size();
  return static_cast<std::int64_t>(std::clamp<std::size_t>(affordable, 64, 1024));
}

/// How brackets are cut: those that are tried, and of pairs that are listed what is left of them.
template <class T>
std::vector<Bins> SelectionRounds<T>::bins_of(const PairBrackets<T>& tried, unsigned bits) const {
  std::vector<Bins> bins(states_.size());
  for (std::size_t p = 0; p < states_.size(); ++p) {
    const SelectionState& state = states_[p];
    if (tried.has(p))
      bins[p] = Bins(tried.low_key(p), tried.high_key(p), bits, state.cuts % 2 == 0);
    else if (state.listed)
      bins[p] = Bins(state.low, state.high, bits, state.cuts % 2 == 0);
  }
  return bins;
}

template <class T>
void SelectionRounds<T>::bin_candidates(const std::vector<Bins>& bins, Round& round) const {
  candidates_.for_each(labels_, weights_, [&](std::size_t pair, std::uint64_t key, std::int64_t weight) {
    if (bins[pair].holds(key)) round.bins[(pair << round.bits) + bins[pair].place(key)] += weight;
  });
}

template <class T>
void SelectionRounds<T>::follow() {
  const PairBrackets<T>& brackets = candidates_.brackets;
  Round round(candidates_.clusters.size(), states_.size(), bin_bits(*std::ranges::max_element(candidates_.inside)));
  candidates_.collect(round);
  const std::vector<Bins> bins = bins_of(brackets, round.bits);
  bin_candidates(bins, round);
  pass_.sum_counts(round.counts);
  for (std::size_t k = 0; k < candidates_.clusters.size(); ++k) candidates_.clusters[k] += round.clusters[k];
  set_totals();
  for (std::size_t p = 0; p < states_.size(); ++p) {
    round.below[p] = candidates_.below[p] += round.below[p];
    round.inside[p] = candidates_.inside[p] += round.inside[p];
  }
  settle(brackets, round, bins, *round.full == 0, *round.full == 0);
}

/// One pass over the rows: what lies below and inside the brackets, the values inside by bins, and listed.
template <class T>
std::vector<PassTally<T>> SelectionRounds<T>::pass_over_rows(const PairBrackets<T>& tried, bool list,
                                                             const std::vector<Bins>& bins, unsigned bits) {
  const auto threads = static_cast<std::size_t>(pass_.n_threads());
  const std::size_t most = list ? candidates_.most() / threads : 0;
  std::vector<PassTally<T>> all(threads, PassTally<T>(states_.size(), n_features_, most, bins, bits));
  pass_.for_each_block([&](const RowBlock<T>& block, int thread) {
    PassTally<T>& mine = all[static_cast<std::size_t>(thread)];
    const std::int32_t* labels = labels_.data() + block.first_local;
    if (weights_.values.empty())
      mine.add(block, labels, tried);
    else
      mine.add_weighted(block, labels, weights_, tried);
  });
  ++row_passes_;
  for (PassTally<T>& tally : all) tally.finish(tried);
  return all;
}

template <class T>
void SelectionRounds<T>::count(const PairBrackets<T>& tried, bool list) {
  const unsigned bits = list ? 0 : bin_bits(most_inside(false));
  const std::vector<Bins> bins = bins_of(tried, bits);
  Round round(0, states_.size(), bits);
  std::vector<PassTally<T>> all = pass_over_rows(tried, list, bins, bits);
  for (const PassTally<T>& tally : all) {
    round.add(tally);
    for (std::size_t i = 0; i < tally.bins.size(); ++i) round.bins[i] += tally.bins[i];
  }
  pass_.sum_counts(round.counts);
  const bool listed = list && *round.full == 0;
  const std::vector<bool> found = settle(tried, round, bins, !list, listed);
  if (listed) keep_listed(tried, round, all, found);
}

/// The candidates of the pairs whose median is inside these brackets are those that a pass listed.
template <class T>
void SelectionRounds<T>::keep_listed(const PairBrackets<T>& tried, const Round& round,
                                     const std::vector<PassTally<T>>& all, const std::vector<bool>& inside) {
  Candidates<T>& c = candidates_;
  std::erase_if(c.list, [&](const Candidate& one) { return inside[c.pair_of(one, labels_)]; });  // of the last bracket
  for (const PassTally<T>& tally : all)
    std::ranges::copy_if(tally.candidates, std::back_inserter(c.list),
                         [&](const Candidate& one) { return inside[c.pair_of(one, labels_)]; });
  for (std::size_t p = 0; p < states_.size(); ++p) {
    if (!inside[p]) continue;
    c.brackets.set(p, tried.low[p], tried.high[p], tried.pivot[p]);
    c.below[p] = round.below[p], c.inside[p] = round.inside[p], c.ties[p] = 0;
    for (const PassTally<T>& tally : all) c.ties[p] += tally.ties[p];
  }
}

template <class T>
void SelectionRounds<T>::narrow() {
  const unsigned bits = bin_bits(most_inside(true));
  const std::vector<Bins> bins = bins_of(PairBrackets<T>(states_.size()), bits);
  Round round(0, states_.size(), bits);
  bin_candidates(bins, round);
  pass_.sum_counts(round.counts);
  for (std::size_t p = 0; p < states_.size(); ++p)
    if (states_[p].listed && !states_[p].narrow()) keep_bin(p, bins[p], round.bins + (p << bits));
}

/// What a round says of brackets that were tried. Returns the pairs whose median is inside. binned: all that is inside
/// is in the bins. listed: and among the candidates.
template <class T>
std::vector<bool> SelectionRounds<T>::settle(const PairBrackets<T>& tried, const Round& round,
                                             const std::vector<Bins>& bins, bool binned, bool listed) {
  std::vector<bool> inside(states_.size());
  for (std::size_t p = 0; p < states_.size(); ++p) {
    inside[p] = learn(p, tried, round.below[p], round.inside[p]);
    if (!inside[p]) continue;
    if (binned) keep_bin(p, bins[p], round.bins + (p << round.bits));
    states_[p].listed = listed;
  }
  return inside;
}

/// The median is below, above or (true) inside the bracket that was tried.
template <class T>
bool SelectionRounds<T>::learn(std::size_t p, const PairBrackets<T>& tried, std::int64_t below, std::int64_t inside) {
  SelectionState& state = states_[p];
  if (state.listed || total(p) == 0 || !tried.has(p)) return false;
  const std::uint64_t low = tried.low_key(p), high = tried.high_key(p);
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

/// Keeps of a bracket the bin in which the cumulated weight reaches half of the total.
template <class T>
void SelectionRounds<T>::keep_bin(std::size_t p, const Bins& bins, const std::int64_t* counts) {
  SelectionState& state = states_[p];
  std::uint64_t bin = 0;
  while (2 * (state.below + counts[bin]) < total(p)) state.below += counts[bin++];
  state.inside = counts[bin];
  std::tie(state.low, state.high) = bins.keys(bin);
  ++state.cuts;
}

template <class T>
bool SelectionRounds<T>::has_more_than(std::int64_t most, bool listed) const {
  return static_cast<double>(most_inside(listed)) > static_cast<double>(most) * static_cast<double>(unit_);
}

template <class T>
std::size_t SelectionRounds<T>::n_unlisted() const {
  std::size_t n = 0;
  for (std::size_t p = 0; p < states_.size(); ++p) n += !states_[p].listed && total(p) > 0 ? 1 : 0;
  return n;
}

template <class T>
PairBrackets<T> SelectionRounds<T>::remaining(bool wider) const {
  PairBrackets<T> tried(states_.size());
  for (std::size_t p = 0; p < states_.size(); ++p) {
    if (states_[p].listed || total(p) == 0) continue;
    const T low = value_near<T>(states_[p].low, true);
    T high = value_near<T>(states_[p].high, false);
    if (wider && std::isfinite(high + (high - low))) high += high - low;
    tried.set(p, low, high, low);
  }
  return tried;
}

template class SelectionRounds<float>;
template class SelectionRounds<double>;

}  // namespace shoal
