#include "shoal/model/kmedians/selection.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "model/kmedians/median_rounds.hpp"

namespace shoal {
namespace {

double midpoint(double a, double b) {
  const double sum = a + b;
  const double middle = std::isfinite(sum) ? sum / 2 : a / 2 + b / 2;
  return middle == 0 ? 0.0 : middle;
}

/// Where to look again for medians that were outside their brackets: sixteen widths further.
template <class T>
TriedBrackets<T> beyond(const MedianRounds<T>& rounds, const TriedBrackets<T>& tried, bool& any) {
  TriedBrackets<T> next(tried.low.size());
  for (std::size_t p = 0; p < next.low.size(); ++p) {
    const PairState& state = rounds.state(p);
    const T width = T(16) * (tried.high[p] - tried.low[p]);
    if (state.listed || rounds.total(p) == 0 || !(width > 0)) continue;
    constexpr T infinity = std::numeric_limits<T>::infinity();
    if (state.high < ordered_key(static_cast<double>(tried.low[p]))) {
      const T high = std::nextafter(tried.low[p], -infinity);
      next.set(p, high - width, high, high);
    } else if (state.low > ordered_key(static_cast<double>(tried.high[p]))) {
      const T low = std::nextafter(tried.high[p], infinity);
      next.set(p, low, low + width, low);
    } else {
      continue;  // inside, but with too many values
    }
    any = true;
  }
  return next;
}

/// The mean distance between neighbouring values about the median, in the data's units for a unit of weight.
double spacing_of(const PairState& state) {
  const double width = value_of_key(state.listed_high) - value_of_key(state.listed_low);
  return width / static_cast<double>(state.listed_inside);
}

/// Half the width of the next bracket: as far as the median just moved, but some dozens of values and no more than a
/// thirty-second of the cluster's.
template <class T>
double half_width_after_move(const MedianRounds<T>& rounds, std::size_t p, double move) {
  const double spacing = spacing_of(rounds.state(p));
  const double least = 32 * static_cast<double>(rounds.unit()) * spacing;
  return std::max(least, std::min(1.25 * move, static_cast<double>(rounds.total(p)) / 64 * spacing));
}

/// Four standard deviations of the median of so many rows.
template <class T>
double half_width_of_sample(const MedianRounds<T>& rounds, std::size_t p) {
  const auto unit = static_cast<double>(rounds.unit());
  return 2 * std::sqrt(static_cast<double>(rounds.total(p)) / unit) * unit * spacing_of(rounds.state(p));
}

}  // namespace

IntegerWeights integer_weights(std::span<const double> weights, double total) {
  IntegerWeights result;
  if (weights.empty()) return result;
  int exponent = 0;
  std::frexp(total, &exponent);  // total < 2^exponent, so twice the sum of all fits an int64 with a bit to spare
  result.values.reserve(weights.size());
  for (const double w : weights) result.values.push_back(std::llrint(std::ldexp(w, 61 - exponent)));
  return result;
}

std::uint64_t ordered_key(double value) {
  constexpr std::uint64_t sign = std::uint64_t{1} << 63U;
  const auto bits = std::bit_cast<std::uint64_t>(value == 0 ? 0.0 : value);
  return (bits & sign) != 0 ? ~bits : bits | sign;
}

double value_of_key(std::uint64_t key) {
  constexpr std::uint64_t sign = std::uint64_t{1} << 63U;
  return std::bit_cast<double>((key & sign) != 0 ? key & ~sign : ~key);
}

/// Medians of the rows that take part, from the brackets there are; `half_width` of the next brackets is asked with the
/// number of a pair and the distance that its median moved.
template <class T>
template <class F>
Matrix MedianSearch<T>::search(MedianRounds<T>& rounds, const Matrix& previous, F&& half_width) {
  const std::size_t n = previous.values.size();
  constexpr std::int64_t few = MedianRounds<T>::few;
  if (low_.size() == n) {
    TriedBrackets<T> expected(n);
    expected.low = low_, expected.high = high_, expected.pivot = pivot_;
    if (wide_)
      rounds.cut_brackets(expected);
    else
      rounds.list_brackets(expected);
    bool any = false;
    const TriedBrackets<T> wider = beyond(rounds, expected, any);
    if (any) rounds.list_brackets(wider);
  }
  for (std::int64_t most = few; rounds.has_unlisted(); most = 0) {  // a second time where weights are very unlike
    while (rounds.has_more_than(most, false)) rounds.cut_brackets(rounds.remaining());
    rounds.list_brackets(rounds.remaining());
  }
  while (rounds.has_more_than(few, true)) rounds.narrow_lists();
  const auto found = rounds.gather();

  Matrix medians = previous;
  TriedBrackets<T> next(n);
  for (std::size_t p = 0; p < n; ++p) {
    if (rounds.total(p) == 0) continue;
    const double median = midpoint(found.lower[p], found.upper[p]);
    const double asked = half_width(p, std::abs(median - previous.values[p]));
    const double half = asked >= 0 ? asked : 0;
    next.set(p, static_cast<T>(std::min(median - half, found.lower[p])),
             static_cast<T>(std::max(median + half, found.upper[p])), static_cast<T>(found.lower[p]));
    medians.values[p] = median;
  }
  low_ = std::move(next.low), high_ = std::move(next.high), pivot_ = std::move(next.pivot);
  return medians;
}

template <class T>
Matrix MedianSearch<T>::medians(const RowPass<T>& pass, std::span<const std::int32_t> labels,
                                const IntegerWeights& weights, const Matrix& previous) {
  constexpr std::int64_t sample_stride = 16;
  constexpr std::int64_t least_sample = 64;  // rows a cluster
  const auto k = static_cast<std::int64_t>(previous.rows);
  if (low_.size() != previous.values.size() && pass.summary().rows_used >= k * sample_stride * least_sample) {
    low_.clear();
    MedianRounds<T> sample(pass, labels, weights, previous.rows, previous.columns, sample_stride);
    search(sample, previous, [&](std::size_t p, double) { return half_width_of_sample(sample, p); });
    wide_ = true;
  }
  MedianRounds<T> rounds(pass, labels, weights, previous.rows, previous.columns, 1);
  Matrix medians =
      search(rounds, previous, [&](std::size_t p, double move) { return half_width_after_move(rounds, p, move); });
  wide_ = false;
  row_passes_ = rounds.row_passes();
  return medians;
}

template class MedianSearch<float>;
template class MedianSearch<double>;

}  // namespace shoal
