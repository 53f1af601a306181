#include "shoal/model/kmedians/geometric_median.hpp"

#include <algorithm>
#include <cmath>

namespace shoal {
namespace {

constexpr double tolerance = 1e-10;
constexpr int most_passes = 100;

/// Sums of one cluster: sum w / d, weight of rows on the point, then D sums of w (x - y) / d.
template <class T>
void add_pulls(const RowBlock<T>& block, std::span<const std::int32_t> labels, const Matrix& points,
               const std::vector<bool>& settled, Statistics& sums) {
  const std::size_t d = points.columns;
  for (std::size_t r = 0; r < block.n_rows; ++r) {
    const double w = block.weight(r);
    const auto k = static_cast<std::size_t>(labels[block.first_local + r]);
    if (w == 0 || settled[k]) continue;
    double squared = 0;
    for (std::size_t j = 0; j < d; ++j) {
      const double difference = static_cast<double>(block.row(r)[j]) - points(k, j);
      squared += difference * difference;
    }
    double* mine = sums.sums.data() + k * (2 + d);
    if (squared == 0) {
      mine[1] += w;
      continue;
    }
    const double pull = w / std::sqrt(squared);
    mine[0] += pull;
    for (std::size_t j = 0; j < d; ++j) mine[2 + j] += pull * (static_cast<double>(block.row(r)[j]) - points(k, j));
  }
}

/// Scaled by a power of two, so that squares of tiny or huge weights stay numbers, and no bit changes otherwise.
double norm(const double* values, std::size_t n) {
  double largest = 0;
  for (std::size_t i = 0; i < n; ++i) largest = std::max(largest, std::abs(values[i]));
  if (largest == 0 || !std::isfinite(largest)) return largest;
  const int exponent = std::clamp(std::ilogb(largest), -1000, 1000);
  double squared = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double value = std::ldexp(values[i], -exponent);
    squared += value * value;
  }
  return std::ldexp(std::sqrt(squared), exponent);
}

/// Moves the point of cluster k by its step; false where that step is too short to matter.
bool move_point(Matrix& points, std::size_t k, const double* sums, double cluster_weight) {
  const double pull = sums[0];
  const double resultant = norm(sums + 2, points.columns);
  if (pull == 0 || resultant <= sums[1]) return false;  // all rows on the point, or it is optimal
  const double keep = sums[1] == 0 ? 1.0 : 1.0 - sums[1] / resultant;
  if (keep * resultant / pull <= tolerance * cluster_weight / pull) return false;
  for (std::size_t j = 0; j < points.columns; ++j) points(k, j) += keep * sums[2 + j] / pull;
  return true;
}

}  // namespace

template <class T>
Matrix geometric_medians(const RowPass<T>& pass, std::span<const std::int32_t> labels,
                         std::span<const double> cluster_weights, const Matrix& start) {
  const std::size_t width = 2 + start.columns;
  Matrix points = start;
  std::vector<bool> settled(start.rows, false);
  for (int i = 0; i < most_passes && std::find(settled.begin(), settled.end(), false) != settled.end(); ++i) {
    const Statistics sums = pass.reduce(SumLayout{start.rows * width}, [&](const RowBlock<T>& block, Statistics& s) {
      add_pulls(block, labels, points, settled, s);
    });
    for (std::size_t k = 0; k < start.rows; ++k)
      if (!settled[k]) settled[k] = !move_point(points, k, sums.sums.data() + k * width, cluster_weights[k]);
  }
  return points;
}

template Matrix geometric_medians<float>(const RowPass<float>&, std::span<const std::int32_t>, std::span<const double>,
                                         const Matrix&);
template Matrix geometric_medians<double>(const RowPass<double>&, std::span<const std::int32_t>,
                                          std::span<const double>, const Matrix&);

}  // namespace shoal
