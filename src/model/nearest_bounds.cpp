#include "shoal/model/nearest_bounds.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace shoal {
namespace {

double distance(Metric metric, std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t d = 0; d < a.size(); ++d) {
    const double difference = a[d] - b[d];
    sum += metric == Metric::manhattan ? std::abs(difference) : difference * difference;
  }
  return metric == Metric::manhattan ? sum : std::sqrt(sum);
}

template <class T>
double largest_norm(Metric metric, std::size_t n_features, std::span<const T> centres) {
  const std::vector<double> origin(n_features, 0.0);
  double largest = 0;
  for (std::size_t at = 0; at < centres.size(); at += n_features) {
    const auto values = centres.subspan(at, n_features);
    const std::vector<double> centre(values.begin(), values.end());
    largest = std::max(largest, distance(metric, centre, origin));
  }
  return largest;
}

/// A float that is not above a number.
float rounded_down(double x) {
  constexpr double largest = std::numeric_limits<float>::max();
  const double lower = x - std::abs(x) * 1e-7 - double{std::numeric_limits<float>::min()};
  return static_cast<float>(std::min(lower, largest));
}

}  // namespace

template <class T>
void NearestBounds<T>::begin(std::size_t n_rows, bool bounded) {
  labels_.assign(n_rows, -1);
  second_.assign(bounded ? n_rows : 0, 0.0F);
}

template <class T>
void NearestBounds<T>::end() {
  labels_ = {};
  second_ = {};
}

template <class T>
void NearestBounds<T>::forget() {
  std::ranges::fill(labels_, -1);
}

/// A kernel sees x - o and c - o rounded, and adds up with rounding. So its distance is that of x and c to within
/// absolute + relative * distance: each feature errs by at most eps (|x - o| + |c - o|), and |x - o| is at most the
/// distance of x from its centre plus that centre's norm. Squares of little more than `least` may underflow.
template <class T>
NearestBounds<T>::Rounding::Rounding(double epsilon, double least, std::size_t n_features, double largest_norm)
    : relative((static_cast<double>(n_features) / 8 + 16) * epsilon),
      absolute(4 * epsilon * largest_norm + std::sqrt(static_cast<double>(n_features) * least)) {}

template <class T>
void NearestBounds<T>::find_half_ways(Metric metric, std::size_t n_features, std::span<const T> kernel_centres) {
  const std::size_t k = kernel_centres.size() / n_features;
  std::vector<T> groups(n_groups<T>(k) * group_stride<T>(n_features));
  std::vector<T> least(n_groups<T>(k) * group_rows<T>), second(least.size());
  std::vector<std::int32_t> label(least.size());
  const std::vector<T> zero(n_features, T(0));
  load_groups(kernel_centres.data(), k, n_features, zero.data(), groups.data());
  nearest(metric, groups.data(), k, kernel_centres.data(), k, n_features, {least.data(), second.data(), label.data()});
  half_way_.resize(k);
  for (std::size_t i = 0; i < k; ++i) {
    const auto measure = static_cast<double>(second[i]);
    const double apart = squared_ ? std::sqrt(measure) : measure;
    const double half = std::max(0.0, 0.5 * (apart * (1 - 8 * rounding_.relative) - 8 * rounding_.absolute));
    half_way_[i] = squared_ ? half * half * below_one : half;
  }
}

template <class T>
void NearestBounds<T>::move(Metric metric, const Matrix& before, const Matrix& after,
                            std::span<const T> kernel_centres) {
  if (!bounded()) return;
  squared_ = metric == Metric::squared_euclidean;
  const double largest = largest_norm(metric, after.columns, kernel_centres);
  using Narrow = std::numeric_limits<float>;
  rounding_ = {std::numeric_limits<T>::epsilon(), std::numeric_limits<T>::min(), after.columns, largest};
  narrow_rounding_ = {Narrow::epsilon(), Narrow::min(), after.columns, largest};
  find_half_ways(metric, after.columns, kernel_centres);
  shrink_ = 1 - 4 * rounding_.relative;
  slack_ = 4 * rounding_.absolute;
  if (before.rows != after.rows || moved_.size() != after.rows) {
    moved_.assign(after.rows, 0.0);
    return forget();
  }
  double first = 0, next = 0;  // the longest ways
  std::size_t farthest = 0;
  for (std::size_t k = 0; k < after.rows; ++k) {
    const double way = distance(metric, before.row(k), after.row(k));
    if (way > first)
      next = std::exchange(first, way), farthest = k;
    else
      next = std::max(next, way);
  }
  const double rounding = 1 + static_cast<double>(after.columns + 8) * 1e-15;
  double most = 0;
  for (std::size_t k = 0; k < moved_.size(); ++k) {
    moved_[k] += (k == farthest ? next : first) * rounding;
    most = std::max(most, moved_[k]);
  }
  slack_ += 1e-14 * most;
}

template <class T>
template <class U>
void NearestBounds<T>::found(std::size_t row, std::int32_t label, U second) {
  const Rounding& rounding = sizeof(U) == sizeof(float) ? narrow_rounding_ : rounding_;
  if (sizeof(U) < sizeof(T) && !std::isfinite(second)) second = 0;  // the row may be beyond floats
  const auto measure = static_cast<double>(std::min(second, std::numeric_limits<U>::max()));
  const double apart = squared_ ? std::sqrt(measure) : measure;
  second_[row] = rounded_down(apart * (1 - 2 * rounding.relative) - 2 * rounding.absolute +
                              moved_[static_cast<std::size_t>(label)]);
}

template class NearestBounds<float>;
template class NearestBounds<double>;
template void NearestBounds<float>::found(std::size_t, std::int32_t, float);
template void NearestBounds<double>::found(std::size_t, std::int32_t, float);
template void NearestBounds<double>::found(std::size_t, std::int32_t, double);

}  // namespace shoal
