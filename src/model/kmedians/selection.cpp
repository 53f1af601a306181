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

/// Half the width of the next bracket: as far as the median just moved, but some dozens of values and no more than a
/// thirty-second of the cluster's.
double next_half_width(const PairState& state, std::int64_t total, std::int64_t unit, double move) {
  const double width = value_of_key(state.listed_high) - value_of_key(state.listed_low);
  const double spacing = width / static_cast<double>(state.listed_inside);
  const double least = 32 * static_cast<double>(unit) * spacing;
  const double most = static_cast<double>(total) / 64 * spacing;
  const double half = std::max(least, std::min(1.25 * move, most));
  return half >= 0 ? half : 0;
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

template <class T>
Matrix MedianSearch<T>::medians(const RowPass<T>& pass, std::span<const std::int32_t> labels,
                                const IntegerWeights& weights, const Matrix& previous) {
  const std::size_t n = previous.values.size();
  constexpr std::int64_t few = MedianRounds<T>::few;
  MedianRounds<T> rounds(pass, labels, weights, previous.rows, previous.columns);
  TriedBrackets<T> expected(n);
  if (low_.size() == n) {
    expected.low = std::move(low_), expected.high = std::move(high_), expected.pivot = std::move(pivot_);
    rounds.try_brackets(expected);
    bool any = false;
    const TriedBrackets<T> wider = beyond(rounds, expected, any);
    if (any) rounds.try_brackets(wider);
  }
  for (std::int64_t most = few; rounds.has_unlisted(); most = 0) {  // a second time where weights are very unlike
    while (rounds.has_more_than(most, false)) rounds.narrow(false);
    rounds.try_brackets(rounds.remaining());
  }
  while (rounds.has_more_than(few, true)) rounds.narrow(true);
  const auto found = rounds.gather();
  row_passes_ = rounds.row_passes();

  Matrix medians = previous;
  TriedBrackets<T> next(n);
  for (std::size_t p = 0; p < n; ++p) {
    if (rounds.total(p) == 0) continue;
    const double median = midpoint(found.lower[p], found.upper[p]);
    const double half =
        next_half_width(rounds.state(p), rounds.total(p), rounds.unit(), std::abs(median - previous.values[p]));
    next.set(p, static_cast<T>(std::min(median - half, found.lower[p])),
             static_cast<T>(std::max(median + half, found.upper[p])), static_cast<T>(found.lower[p]));
    medians.values[p] = median;
  }
  low_ = std::move(next.low), high_ = std::move(next.high), pivot_ = std::move(next.pivot);
  return medians;
}

template class MedianSearch<float>;
template class MedianSearch<double>;

}  // namespace shoal
