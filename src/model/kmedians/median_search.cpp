#include "model/kmedians/median_search.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "model/kmedians/sample_brackets.hpp"
#include "model/midpoint.hpp"

namespace shoal {
namespace {

/// Where to look again for medians that were outside their brackets: sixteen widths further.
template <class T>
PairBrackets<T> beyond(const SelectionRounds<T>& rounds, const PairBrackets<T>& tried) {
  PairBrackets<T> next(tried.low.size());
  for (std::size_t p = 0; p < next.low.size(); ++p) {
    const SelectionState& state = rounds.state(p);
    const T width = 16 * (tried.high[p] - tried.low[p]);
    if (state.listed || rounds.total(p) == 0 || !(width > 0)) continue;
    constexpr T infinity = std::numeric_limits<T>::infinity();
    if (state.high < ordered_key(static_cast<double>(tried.low[p]))) {
      const T high = std::nextafter(tried.low[p], -infinity);
      next.set(p, high - width, high, high);
    } else if (state.low > ordered_key(static_cast<double>(tried.high[p]))) {
      const T low = std::nextafter(tried.high[p], infinity);
      next.set(p, low, low + width, low);
    }  // else inside, but with too many values
  }
  return next;
}

/// What of the brackets of the last search is worth to be kept: enough of what is planned, and wider than the last
/// move. Where nearly all are, so is every other one that has the last median within: a pass over the rows for a few
/// pairs costs more than the chance that one has to be looked for again.
template <class T>
PairBrackets<T> kept_brackets(const PairBrackets<T>& old, const PairBrackets<T>& plan, const std::vector<T>& moves) {
  PairBrackets<T> kept(plan.low.size());
  const auto keep = [&](auto&& is_worth) {
    for (std::size_t p = 0; p < plan.low.size(); ++p) {
      const T low = std::max(plan.low[p], old.low[p]), high = std::min(plan.high[p], old.high[p]);
      if (!old.has(p) || !is_worth(p, low, high)) continue;
      const bool has_pivot = old.pivot[p] >= low && old.pivot[p] <= high;
      kept.set(p, low, high, has_pivot ? old.pivot[p] : std::numeric_limits<T>::quiet_NaN());
    }
  };
  keep([&](std::size_t p, T low, T high) {
    return high - low > std::max((plan.high[p] - plan.low[p]) / 2, 2 * moves[p]);
  });
  if (8 * kept.count() > 7 * plan.count())
    keep([&](std::size_t p, T low, T high) { return low < plan.pivot[p] && plan.pivot[p] < high; });
  return kept;
}

/// The mean distance between neighbouring values about the median, in the data's units for a unit of weight.
template <class T>
double spacing_of(const SelectionRounds<T>& rounds, std::size_t p) {
  const Candidates<T>& known = rounds.candidates();
  const double width = static_cast<double>(known.brackets.high[p]) - static_cast<double>(known.brackets.low[p]);
  return width / static_cast<double>(known.inside[p]);
}

/// Half the width of the next bracket: several times what the median just moved, but some values at least and no more
/// than what all pairs together can list.
template <class T>
double half_width_after_move(const SelectionRounds<T>& rounds, std::size_t n_features, std::size_t p, double move) {
  const double spacing = spacing_of(rounds, p);
  const double most = static_cast<double>(rounds.total(p)) / (16.0 * static_cast<double>(n_features)) * spacing;
  const double least = 32 * static_cast<double>(rounds.unit()) * spacing;
  return std::min(std::max(least, 4 * move), std::max(least / 4, most));
}

}  // namespace

template <class T>
MedianSearch<T>::MedianSearch(const RowPass<T>& pass, std::size_t n_clusters, std::size_t byte_budget)
    : byte_budget_(byte_budget),
      weights_(integer_weights(pass.source().weights, pass.summary().total_weight)),
      extents_(column_extents(pass)),
      histogram_(pass, extents_, n_clusters, byte_budget),
      candidates_(pass, n_clusters) {}

template <class T>
void MedianSearch<T>::forget(std::size_t n_clusters) {
  histogram_.forget(n_clusters);
  candidates_.forget(n_clusters);
  plan_ = PairBrackets<T>();
}

template <class T>
void MedianSearch<T>::move(const RowBlock<T>& block, std::size_t first, std::span<const RowMove> moves) {
  histogram_.move(block, first, moves, weights_);
  if (!histogram_.holds_all()) candidates_.move(block, first, moves, weights_);
}

/// Finds what the last search says of where the medians are. A second time it looks for those few that were beyond.
template <class T>
void MedianSearch<T>::follow_plan(SelectionRounds<T>& rounds) {
  const PairBrackets<T> plan = std::move(plan_), kept = candidates_.brackets;
  rounds.follow();
  if (plan.low.empty()) return;
  PairBrackets<T> tried = beyond(rounds, kept);
  for (std::size_t p = 0; p < plan.low.size(); ++p)
    if (!kept.has(p)) tried.set(p, plan.low[p], plan.high[p], plan.pivot[p]);
  if (tried.count() > 0) rounds.count(tried, true);
  tried = beyond(rounds, tried);
  if (tried.count() > 0 && 4 * tried.count() < plan.count()) rounds.count(tried, true);
}

/// Where the next search begins, and what is kept for it.
template <class T>
void MedianSearch<T>::plan_next(const SelectionRounds<T>& rounds, std::span<const std::int32_t> labels,
                                const Matrix& medians, const Matrix& previous) {
  PairBrackets<T> plan(medians.values.size());
  std::vector<T> moves(plan.low.size(), T(0));
  for (std::size_t p = 0; p < plan.low.size(); ++p) {
    if (rounds.total(p) == 0) continue;
    const double median = medians.values[p];
    const double move = std::abs(median - previous.values[p]);
    moves[p] = static_cast<T>(move);
    const double asked = half_width_after_move(rounds, medians.columns, p, move);
    const double half = asked >= 0 ? asked : 0;
    const auto low = static_cast<T>(median - half), high = static_cast<T>(median + half);
    plan.set(p, std::min(low, high), high, static_cast<T>(median));
  }
  PairBrackets<T> kept = kept_brackets(candidates_.brackets, plan, moves);
  if (2 * kept.count() <= plan.count()) kept = PairBrackets<T>(plan.low.size());
  candidates_.keep(kept, labels, weights_);
  plan_ = std::move(plan);
}

template <class T>
void MedianSearch<T>::search(const RowPass<T>& pass, std::span<const std::int32_t> labels, const Matrix& previous,
                             Matrix& medians) {
  SelectionRounds<T> rounds(pass, extents_, histogram_.held(), weights_, labels, candidates_, byte_budget_);
  follow_plan(rounds);
  if (4 * rounds.n_unlisted() > rounds.n_pairs()) {
    const PairBrackets<T> tried = sample_brackets(pass, labels, previous.rows, histogram_.held(), byte_budget_);
    if (tried.count() > 0) rounds.count(tried, false);
  }
  for (std::int64_t most = rounds.few(); rounds.n_unlisted() > 0; most = 0) {  // a second time where there is no room
    while (rounds.has_more_than(most, false)) rounds.count(rounds.remaining(false), false);
    rounds.count(rounds.remaining(most > 0), true);
  }
  while (rounds.has_more_than(rounds.few(), true)) rounds.narrow();
  const auto found = rounds.gather();

  for (std::size_t p = 0; p < medians.values.size(); ++p)
    if (rounds.total(p) > 0) medians.values[p] = midpoint(found.lower[p], found.upper[p]);
  plan_next(rounds, labels, medians, previous);
  row_passes_ = rounds.row_passes();
}

template <class T>
Matrix MedianSearch<T>::medians(const RowPass<T>& pass, std::span<const std::int32_t> labels, const Matrix& previous) {
  Matrix medians = previous;
  histogram_.add_up(pass);
  histogram_.for_each_median(
      [&](std::size_t k, std::size_t d, double lower, double upper) { medians(k, d) = midpoint(lower, upper); });
  if (!histogram_.holds_all()) search(pass, labels, previous, medians);
  return medians;
}

template class MedianSearch<float>;
template class MedianSearch<double>;

}  // namespace shoal
