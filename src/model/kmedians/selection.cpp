#include "shoal/model/kmedians/selection.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "model/kmedians/median_rounds.hpp"
#include "model/kmedians/median_sample.hpp"
#include "model/kmedians/median_table.hpp"

namespace shoal {
namespace {

double midpoint(double a, double b) {
  const double sum = a + b;
  const double middle = std::isfinite(sum) ? sum / 2 : a / 2 + b / 2;
  return middle == 0 ? 0.0 : middle;
}

/// Where to look again for medians that were outside their brackets: so many widths further.
template <class T>
TriedBrackets<T> beyond(const MedianRounds<T>& rounds, const TriedBrackets<T>& tried, T widths) {
  TriedBrackets<T> next(tried.low.size());
  for (std::size_t p = 0; p < next.low.size(); ++p) {
    const PairState& state = rounds.state(p);
    const T width = widths * (tried.high[p] - tried.low[p]);
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

template <class T>
std::size_t n_tried(const TriedBrackets<T>& tried) {
  std::size_t n = 0;
  for (std::size_t p = 0; p < tried.low.size(); ++p) n += tried.tries(p) ? 1 : 0;
  return n;
}

/// What of the brackets of the last search is worth to be kept: enough of what is planned, and wider than the last
/// move. Where nearly all are, so is every other one that has the last median within: a pass over the rows for a few
/// pairs costs more than the chance that one has to be looked for again.
template <class T>
TriedBrackets<T> kept_brackets(const TriedBrackets<T>& old, const TriedBrackets<T>& plan, const std::vector<T>& moves) {
  TriedBrackets<T> kept(plan.low.size());
  const auto keep = [&](auto&& is_worth) {
    for (std::size_t p = 0; p < plan.low.size(); ++p) {
      const T low = std::max(plan.low[p], old.low[p]), high = std::min(plan.high[p], old.high[p]);
      if (!old.tries(p) || !is_worth(p, low, high)) continue;
      const bool has_pivot = old.pivot[p] >= low && old.pivot[p] <= high;
      kept.set(p, low, high, has_pivot ? old.pivot[p] : std::numeric_limits<T>::quiet_NaN());
    }
  };
  keep([&](std::size_t p, T low, T high) {
    return high - low > std::max((plan.high[p] - plan.low[p]) / 2, 2 * moves[p]);
  });
  if (8 * n_tried(kept) > 7 * n_tried(plan))
    keep([&](std::size_t p, T low, T high) { return low < plan.pivot[p] && plan.pivot[p] < high; });
  return kept;
}

/// Whether one bracket in five reaches less far than its median just moved, and so may well miss the next one.
template <class T>
bool is_doubtful(const TriedBrackets<T>& plan, const std::vector<T>& moves) {
  std::size_t narrow = 0;
  for (std::size_t p = 0; p < plan.low.size(); ++p)
    narrow += plan.tries(p) && plan.high[p] - plan.low[p] < 2 * moves[p] ? 1 : 0;
  return 5 * narrow > n_tried(plan);
}

/// The mean distance between neighbouring values about the median, in the data's units for a unit of weight.
template <class T>
double spacing_of(const MedianRounds<T>& rounds, std::size_t p) {
  const MedianBook<T>& book = rounds.book();
  const double width = static_cast<double>(book.brackets.high[p]) - static_cast<double>(book.brackets.low[p]);
  return width / static_cast<double>(book.inside[p]);
}

/// Half the width of the next bracket: several times what the median just moved, but some values at least and no more
/// than what all pairs together can list.
template <class T>
double half_width_after_move(const MedianRounds<T>& rounds, std::size_t n_features, std::size_t p, double move) {
  const double spacing = spacing_of(rounds, p);
  const double most = static_cast<double>(rounds.total(p)) / (16.0 * static_cast<double>(n_features)) * spacing;
  const double least = 32 * static_cast<double>(rounds.unit()) * spacing;
  return std::min(std::max(least, 4 * move), std::max(least / 4, most));
}

/// Lists what a sample says of where the medians are. Where that is too much it cuts it, and then lists the cells; and
/// the next values for medians that were outside, as one in twenty is.
template <class T>
void start_from_sample(MedianRounds<T>& rounds, const MedianSample<T>& sample) {
  if (sample.empty()) return;
  if (sample.can_list()) return rounds.list_brackets(sample.brackets());
  rounds.cut_brackets(sample.brackets(), sample.share_inside());
  TriedBrackets<T> next = rounds.remaining(true);
  const TriedBrackets<T> outside = beyond(rounds, sample.brackets(), T(1));
  const double few = static_cast<double>(rounds.few()) * static_cast<double>(rounds.unit());
  for (std::size_t p = 0; p < next.low.size(); ++p)
    if (outside.tries(p))
      next.set(p, outside.low[p], outside.high[p], outside.pivot[p]);
    else if (static_cast<double>(rounds.state(p).inside) > few)
      next.drop(p);  // many ties, or all: to be cut again
  rounds.list_brackets(next);
}

}  // namespace

template <class T>
struct MedianSearch<T>::Memory {
  explicit Memory(MedianTable<T>&& counted) : table(std::move(counted)) {}
  MedianTable<T> table;
  MedianBook<T> book;         ///< of features that are not in the table
  TriedBrackets<T> plan;      ///< for the next search
  std::vector<T> moves;       ///< of the medians in the last one
  bool sample_lists = false;  ///< a sample costs no more than the plan
};

template <class T>
MedianSearch<T>::MedianSearch(std::size_t byte_budget) : byte_budget_(byte_budget) {}
template <class T>
MedianSearch<T>::~MedianSearch() = default;
template <class T>
MedianSearch<T>::MedianSearch(MedianSearch&&) noexcept = default;
template <class T>
MedianSearch<T>& MedianSearch<T>::operator=(MedianSearch&&) noexcept = default;

IntegerWeights integer_weights(std::span<const double> weights, double total) {
  IntegerWeights result;
  if (weights.empty()) return result;
  int exponent = 0;
  std::frexp(total, &exponent);  // total < 2^exponent, so twice the sum of all fits an int64 with a bit to spare
  result.values.reserve(weights.size());
  for (const double w : weights) result.values.push_back(std::llrint(std::ldexp(w, 61 - exponent)));
  return result;
}

/// Lists what the last search says of where the medians are, or a sample where they moved far or nothing is known.
template <class T>
void MedianSearch<T>::start(MedianRounds<T>& rounds, const RowPass<T>& pass, std::span<const std::int32_t> labels,
                            const IntegerWeights& weights, const Matrix& previous) {
  const std::vector<bool>& held = memory_->table.held();
  const auto sample = [&] { return MedianSample<T>(pass, labels, weights, previous.rows, held, byte_budget_); };
  if (memory_->plan.low.empty()) {
    rounds.begin(labels);
    const MedianSample<T> first = sample();
    memory_->sample_lists = first.can_list();
    return start_from_sample(rounds, first);
  }
  const TriedBrackets<T> plan = std::move(memory_->plan);
  const TriedBrackets<T> kept = kept_brackets(memory_->book.brackets, plan, memory_->moves);
  TriedBrackets<T> first = plan;
  if (2 * n_tried(kept) > n_tried(plan)) {
    rounds.follow(std::move(memory_->book), labels, kept);
    first = beyond(rounds, kept, T(16));
    for (std::size_t p = 0; p < plan.low.size(); ++p)
      if (!kept.tries(p)) first.set(p, plan.low[p], plan.high[p], plan.pivot[p]);
  } else {
    rounds.begin(labels);
    if (memory_->sample_lists && is_doubtful(plan, memory_->moves)) return start_from_sample(rounds, sample());
  }
  if (n_tried(first) > 0) rounds.list_brackets(first);
  const TriedBrackets<T> further = beyond(rounds, first, T(16));
  if (4 * n_tried(further) > n_tried(plan)) return start_from_sample(rounds, sample());
  if (n_tried(further) > 0) rounds.list_brackets(further);
}

template <class T>
void MedianSearch<T>::plan_next(const MedianRounds<T>& rounds, const Matrix& medians, const Matrix& previous) {
  TriedBrackets<T> plan(medians.values.size());
  memory_->moves.assign(plan.low.size(), T(0));
  for (std::size_t p = 0; p < plan.low.size(); ++p) {
    if (rounds.total(p) == 0) continue;
    const double median = medians.values[p];
    const double move = std::abs(median - previous.values[p]);
    memory_->moves[p] = static_cast<T>(move);
    const double asked = half_width_after_move(rounds, medians.columns, p, move);
    const double half = asked >= 0 ? asked : 0;
    const auto low = static_cast<T>(median - half), high = static_cast<T>(median + half);
    plan.set(p, std::min(low, high), high, static_cast<T>(median));
  }
  memory_->plan = std::move(plan);
}

template <class T>
void MedianSearch<T>::search(const RowPass<T>& pass, std::span<const std::int32_t> labels,
                             const IntegerWeights& weights, const Matrix& previous, Matrix& medians) {
  MedianRounds<T> rounds(pass, weights, previous.rows, memory_->table.held(), byte_budget_);
  start(rounds, pass, labels, weights, previous);
  const std::int64_t few = rounds.few();
  for (std::int64_t most = few; rounds.has_unlisted(); most = 0) {  // a second time where there is no room
    while (rounds.has_more_than(most, false)) rounds.cut_brackets(rounds.remaining(false));
    rounds.list_brackets(rounds.remaining(most > 0));
  }
  while (rounds.has_more_than(few, true)) rounds.narrow_lists();
  const auto found = rounds.gather();

  for (std::size_t p = 0; p < medians.values.size(); ++p)
    if (rounds.total(p) > 0) medians.values[p] = midpoint(found.lower[p], found.upper[p]);
  plan_next(rounds, medians, previous);
  row_passes_ = rounds.row_passes();
  memory_->book = std::move(rounds).close();
}

template <class T>
Matrix MedianSearch<T>::medians(const RowPass<T>& pass, std::span<const std::int32_t> labels,
                                const IntegerWeights& weights, const Matrix& previous) {
  if (!memory_ || memory_->table.n_clusters() != previous.rows)
    memory_ = std::make_unique<Memory>(MedianTable<T>(pass, previous.rows, byte_budget_));
  Matrix medians = previous;
  memory_->table.follow(pass, labels, weights);
  memory_->table.for_each_median(
      [&](std::size_t k, std::size_t d, double lower, double upper) { medians(k, d) = midpoint(lower, upper); });
  if (!memory_->table.holds_all()) search(pass, labels, weights, previous, medians);
  return medians;
}

template class MedianSearch<float>;
template class MedianSearch<double>;

}  // namespace shoal
