#include "shoal/model/hard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "shoal/core/error.hpp"

namespace shoal {
namespace {

/// A distance that rounding alone can put between a row and the mean of copies of it.
template <class T>
double rounding_of(const RowBlock<T>& block, std::size_t r, bool squared) {
  double norm = 0;
  for (std::size_t d = 0; d < block.n_features; ++d) norm += std::abs(static_cast<double>(block.row(r)[d]));
  const double distance = 64 * static_cast<double>(std::numeric_limits<T>::epsilon()) * norm;
  return squared ? distance * distance : distance;
}

}  // namespace

template <class T>
void assign_rows(const RowBlock<T>& block, Metric metric, bool root, std::span<const T> origin,
                 std::span<const T> centres, std::size_t n_centres,
                 const std::function<void(std::size_t, std::int32_t, double)>& visit) {
  Tile<T> tile(block.n_features);
  std::array<double, tile_rows> distance{};
  std::array<std::int32_t, tile_rows> label{};
  for (std::size_t first = 0; first < block.n_rows; first += tile_rows) {
    tile.load(block, first, std::min(tile_rows, block.n_rows - first), origin);
    nearest(metric, tile.columns.data(), centres.data(), n_centres, block.n_features, distance, label);
    for (std::size_t r = 0; r < tile.n_rows; ++r)
      visit(first + r, label[r], root ? std::sqrt(distance[r]) : distance[r]);
  }
}

std::vector<std::size_t> empty_clusters(std::span<const double> weights, double threshold, EmptyCluster policy) {
  std::vector<std::size_t> empty;
  for (std::size_t k = 0; k < weights.size(); ++k)
    if (weights[k] <= threshold) empty.push_back(k);
  if (!empty.empty() && policy == EmptyCluster::error)
    throw Error(ExitCode::bad_data,
                fmt::format("cluster {} became empty; use fewer clusters (-k), another --seed, or --empty-cluster "
                            "reseed or drop",
                            empty.front()));
  if (policy == EmptyCluster::drop && empty.size() == weights.size())
    throw Error(ExitCode::bad_data, "every cluster became empty; are all row weights zero?");
  return empty;
}

template <class T>
std::size_t reseed(Matrix& centres, const std::vector<std::size_t>& empty, bool squared, const Model<T>& model,
                   const RowPass<T>& pass) {
  const auto rows = pass.largest(empty.size(), [&](const RowBlock<T>& block, std::span<double> score) {
    Statistics unused = model.statistics(true);
    RowOutputs outputs;
    outputs.log_density = score.data();
    model.expect(block, unused, outputs);
    for (std::size_t r = 0; r < block.n_rows; ++r) {
      const bool apart = -score[r] > rounding_of(block, r, squared);
      score[r] = block.weight(r) > 0 && apart ? -score[r] : -std::numeric_limits<double>::infinity();
    }
  });
  const Matrix values = pass.fetch_matrix(rows);
  for (std::size_t i = 0; i < rows.size(); ++i) std::ranges::copy(values.row(i), centres.row(empty[i]).begin());
  return rows.size();
}

Matrix without_rows(const Matrix& matrix, const std::vector<std::size_t>& dropped) {
  Matrix kept(matrix.rows - dropped.size(), matrix.columns);
  std::size_t next = 0;
  for (std::size_t i = 0; i < matrix.rows; ++i)
    if (!std::binary_search(dropped.begin(), dropped.end(), i))
      std::ranges::copy(matrix.row(i), kept.row(next++).begin());
  return kept;
}

#define SHOAL_INSTANTIATE(T)                                                                                          \
  template void assign_rows<T>(const RowBlock<T>&, Metric, bool, std::span<const T>, std::span<const T>, std::size_t, \
                               const std::function<void(std::size_t, std::int32_t, double)>&);                        \
  template std::size_t reseed<T>(Matrix&, const std::vector<std::size_t>&, bool, const Model<T>&, const RowPass<T>&);
SHOAL_INSTANTIATE(float)
SHOAL_INSTANTIATE(double)
#undef SHOAL_INSTANTIATE

}  // namespace shoal
