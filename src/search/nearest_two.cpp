#include "search/nearest_two.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "shoal/math/distance.hpp"

namespace shoal {
namespace {

/// The two least distances of each row of a tile, exact, which the search for the nearest alone may leave undone.
template <class T>
struct Tile {
  std::vector<T> values;  ///< feature after feature, search_rows each
  std::array<T, search_rows> first{}, second{}, sum{};
  std::array<std::size_t, search_rows> label{};

  void load(const RowBlock<T>& block, std::size_t begin, std::size_t n) {
    values.assign(block.n_features * search_rows, T(0));
    for (std::size_t r = 0; r < n; ++r)
      for (std::size_t d = 0; d < block.n_features; ++d) values[d * search_rows + r] = block.row(begin + r)[d];
    first.fill(std::numeric_limits<T>::infinity());
    second.fill(std::numeric_limits<T>::infinity());
  }

  void meet(std::size_t k, const T* centre, std::size_t n_features, Metric metric) {
    sum.fill(T(0));
    for (std::size_t d = 0; d < n_features; ++d) {
      const T* const column = values.data() + d * search_rows;
      if (metric == Metric::manhattan)
        for (std::size_t r = 0; r < search_rows; ++r) sum[r] += std::abs(column[r] - centre[d]);
      else
        for (std::size_t r = 0; r < search_rows; ++r) sum[r] += (column[r] - centre[d]) * (column[r] - centre[d]);
    }
    for (std::size_t r = 0; r < search_rows; ++r) {
      second[r] = std::min(second[r], std::max(first[r], sum[r]));
      if (sum[r] < first[r]) label[r] = k;
      first[r] = std::min(first[r], sum[r]);
    }
  }
};

}  // namespace

template <class T>
ClusterWorth worth_of(const Matrix& centres, const SeedMetric& metric, const Sample<T>& sample) {
  const std::size_t k = centres.rows, d = centres.columns;
  const std::vector<T> places(centres.values.begin(), centres.values.end());
  const auto distance = [&](T found) {
    return metric.rooted ? std::sqrt(static_cast<double>(found)) : static_cast<double>(found);
  };
  std::vector<std::vector<std::pair<std::int64_t, double>>> rows(k);
  const Statistics sums = sample.pass().reduce(SumLayout{2 * k}, [&](const RowBlock<T>& block, Statistics& s) {
    Tile<T> tile;
    for (std::size_t begin = 0; begin < block.n_rows; begin += search_rows) {
      const std::size_t n = std::min(search_rows, block.n_rows - begin);
      tile.load(block, begin, n);
      for (std::size_t c = 0; c < k; ++c) tile.meet(c, places.data() + c * d, d, metric.metric);
      for (std::size_t r = 0; r < n; ++r) {
        const double weight = block.weight(begin + r), nearest = distance(tile.first[r]);
        s.sums[tile.label[r]] += weight * nearest;
        rows[tile.label[r]].emplace_back(block.first_row + static_cast<std::int64_t>(begin + r), weight);
        s.sums[k + tile.label[r]] += weight * (distance(tile.second[r]) - nearest);
      }
    }
  });
  const auto half = sums.sums.begin() + static_cast<std::ptrdiff_t>(k);
  return {{sums.sums.begin(), half}, {half, sums.sums.end()}, std::move(rows)};
}

template ClusterWorth worth_of(const Matrix&, const SeedMetric&, const Sample<float>&);
template ClusterWorth worth_of(const Matrix&, const SeedMetric&, const Sample<double>&);

}  // namespace shoal
