#include "shoal/model/hard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "shoal/core/error.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal {
namespace {

/// Whether a row differs from its centre by more than rounding can put between a row and the mean of copies of it.
template <class T>
bool is_apart(const T* row, std::span<const double> centre) {
  constexpr double rounding = 16 * std::numeric_limits<double>::epsilon();
  for (std::size_t d = 0; d < centre.size(); ++d) {
    const auto x = static_cast<double>(row[d]);
    if (std::abs(x - centre[d]) > rounding * std::max(std::abs(x), std::abs(centre[d]))) return true;
  }
  return false;
}

}  // namespace

template <class T>
HardModel<T>::HardModel(const ModelOptions& options, std::size_t n_features, std::string centres_name,
                        Distance distance)
    : centres_name_(std::move(centres_name)),
      distance_(distance),
      empty_cluster_(options.empty_cluster),
      centres_(options.n_clusters, n_features) {}

template <class T>
void HardModel<T>::start(const std::vector<T>& seeds, std::span<const std::int32_t> /*labels*/,
                         const RowPass<T>& /*pass*/) {
  Matrix centres(n_clusters(), n_features());
  std::ranges::copy(seeds, centres.values.begin());
  set_centres(std::move(centres));
}

template <class T>
void HardModel<T>::set_centres(Matrix centres) {
  centres_ = std::move(centres);
  origin_ = choose_origin(centres_);
  kernel_centres_ = shifted<T>(centres_, origin_);
}

template <class T>
NamedArrays HardModel<T>::parameters() const {
  return {as_array(centres_name_, centres_)};
}

template <class T>
void HardModel<T>::set_parameters(const NamedArrays& arrays, const std::string& source) {
  set_centres(require_matrix(arrays, centres_name_, n_clusters(), n_features(), source));
}

template <class T>
std::vector<double> HardModel<T>::counts(const Statistics& sums) const {
  return {sums.sums.begin() + 1, sums.sums.begin() + 1 + static_cast<std::ptrdiff_t>(n_clusters())};
}

template <class T>
std::int64_t HardModel<T>::n_parameters() const {
  return static_cast<std::int64_t>(n_clusters() * n_features());
}

template <class T>
void HardModel<T>::assign(const RowBlock<T>& block, Statistics& sums, const RowOutputs& outputs,
                          const std::function<void(std::size_t, std::size_t)>& visit) const {
  const Metric metric = distance_ == Distance::manhattan ? Metric::manhattan : Metric::squared_euclidean;
  Tile<T> tile(block.n_features);
  std::array<double, tile_rows> distance{};
  std::array<std::int32_t, tile_rows> label{};
  for (std::size_t first = 0; first < block.n_rows; first += tile_rows) {
    tile.load(block, first, std::min(tile_rows, block.n_rows - first), origin_);
    nearest(metric, tile.columns.data(), kernel_centres_.data(), n_clusters(), block.n_features, distance, label);
    for (std::size_t r = 0; r < tile.n_rows; ++r) {
      const std::size_t row = first + r;
      const double apart = distance_ == Distance::euclidean ? std::sqrt(distance[r]) : distance[r];
      if (outputs.label != nullptr) outputs.label[row] = label[r];
      if (outputs.log_density != nullptr) outputs.log_density[row] = -apart;
      const double weight = block.weight(row);
      if (weight == 0) continue;
      const auto k = static_cast<std::size_t>(label[r]);
      sums.sums[0] += weight * apart;
      sums.sums[1 + k] += weight;
      visit(row, k);
    }
  }
}

template <class T>
bool HardModel<T>::maximise(const Statistics& sums, const RowPass<T>& pass) {
  const std::vector<std::size_t> empty = empty_clusters(counts(sums), 0.0, empty_cluster_);
  Matrix moved = moved_centres(sums, pass);
  if (empty_cluster_ == EmptyCluster::drop) {
    moved = without_rows(moved, empty);
    this->repairs_.dropped += static_cast<std::int64_t>(empty.size());
  } else if (!empty.empty()) {
    this->repairs_.reseeded += static_cast<std::int64_t>(reseed(moved, empty, pass));
  }
  const bool changed = !same_bits(moved.values, centres_.values);
  set_centres(std::move(moved));
  return changed;
}

/// Moves each cluster of `empty` to a row far from its centre: the farthest ones of positive weight, the lowest on
/// ties, each row once. Rows that coincide with their centre but for rounding are passed over. Returns how many moved.
template <class T>
std::size_t HardModel<T>::reseed(Matrix& centres, const std::vector<std::size_t>& empty, const RowPass<T>& pass) const {
  const auto rows = pass.largest(empty.size(), [&](const RowBlock<T>& block, std::span<double> score) {
    Statistics unused = this->statistics(true);
    std::vector<std::int32_t> label(block.n_rows);
    this->expect(block, unused, {label.data(), score.data(), nullptr});
    for (std::size_t r = 0; r < block.n_rows; ++r) {
      const bool apart = is_apart(block.row(r), centres_.row(static_cast<std::size_t>(label[r])));
      score[r] = block.weight(r) > 0 && apart ? -score[r] : -std::numeric_limits<double>::infinity();
    }
  });
  const Matrix values = pass.fetch_matrix(rows);
  for (std::size_t i = 0; i < rows.size(); ++i) std::ranges::copy(values.row(i), centres.row(empty[i]).begin());
  return rows.size();
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

Matrix without_rows(const Matrix& matrix, const std::vector<std::size_t>& dropped) {
  Matrix kept(matrix.rows - dropped.size(), matrix.columns);
  std::size_t next = 0;
  for (std::size_t i = 0; i < matrix.rows; ++i)
    if (!std::binary_search(dropped.begin(), dropped.end(), i))
      std::ranges::copy(matrix.row(i), kept.row(next++).begin());
  return kept;
}

template class HardModel<float>;
template class HardModel<double>;

}  // namespace shoal
