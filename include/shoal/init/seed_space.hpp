/// Distances between rows for seeding, in the geometry of the model that is to be started.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "shoal/core/matrix.hpp"
#include "shoal/math/distance.hpp"
#include "shoal/model/family.hpp"
#include "shoal/pass/column_moments.hpp"

namespace shoal {

/// Costs by which k-means|| samples, in the metric of the model's family; codes count one-hot, so two different levels
/// a, b of a feature are 1 / var_a + 1 / var_b apart. Missing entries stand at the feature's mean (real) or add nothing
/// (codes). Of rows with noise of their own, what a feature is apart from its mean counts by v / (v + noise), v its
/// variance.
template <class Row>
class SeedSpace {
 public:
  SeedSpace(const SeedMetric& metric, const ColumnMoments& moments, const RowLayout& layout);

  /// For each row of the block: where one of the candidates (row-major, as rows are held) is nearer than distance[r],
  /// its distance and its number, first_index onwards. Ties keep what was there, then the lower number.
  void improve(const RowBlock<Row>& block, const std::vector<Row>& candidates, std::int32_t first_index,
               std::span<double> distance, std::span<std::int32_t> nearest) const;

  /// Numbers of a row here: D, or an indicator of each level.
  [[nodiscard]] std::size_t n_coordinates() const;

  /// Adds each row's weight, and its coordinates times it, to the line of its label in `sums` (K x 1 + n_coordinates).
  void add(const RowBlock<Row>& block, std::span<const std::int32_t> labels, std::span<double> sums) const;

  /// The nearest of some centres (in coordinates), of a tie the lowest, as the label of each row.
  void assign(const RowBlock<Row>& block, const Matrix& centres, std::int32_t* labels) const;

 private:
  void improve_packed(const RowBlock<Row>& block, const std::vector<Row>& candidates, std::int32_t first_index,
                      std::span<double> distance, std::span<std::int32_t> nearest) const;

  [[nodiscard]] std::vector<double> lines_of(const Matrix& shares) const;

  /// Real rows: use(row, distance, centre) with the nearest of centres that are placed.
  template <class Use>
  void for_each_nearest(const RowBlock<Row>& block, const std::vector<Row>& centres, Use&& use) const;

  using Value = std::conditional_t<std::is_same_v<Row, PackedByte>, double, Row>;
  [[nodiscard]] Value place(Row x, std::size_t d) const;
  /// Of row r of a block.
  [[nodiscard]] Value place_of(const RowBlock<Row>& block, std::size_t r, std::size_t d) const {
    const Value placed = place(block.row(r)[d], d);
    if (block.noise == nullptr) return placed;
    const double noise = block.noise_variance(r, d) * static_cast<double>(scale_[d]) * static_cast<double>(scale_[d]);
    return static_cast<Value>(static_cast<double>(placed) / (1 + noise));
  }

  SeedMetric metric_;
  std::size_t n_features_;
  std::vector<Value> origin_;  ///< real rows: subtracted first
  std::vector<Value> scale_;   ///< real rows: then multiplied by this
  std::vector<double> apart_;  ///< discrete rows: 1 / variance of each level's indicator, 0 for a constant one
  RowCoding coding_;
};

template <class Row>
template <class Use>
void SeedSpace<Row>::for_each_nearest(const RowBlock<Row>& block, const std::vector<Row>& centres, Use&& use) const {
  std::vector<Row> moved(search_rows * n_features_);
  std::vector<Row> groups(n_groups<Row>(search_rows) * group_stride<Row>(n_features_));
  std::array<Row, search_rows> least{};
  std::array<std::int32_t, search_rows> label{};
  const std::vector<Row> zero(n_features_, Row(0));
  for (std::size_t first = 0; first < block.n_rows; first += search_rows) {
    const std::size_t rows = std::min(search_rows, block.n_rows - first);
    for (std::size_t i = 0; i < rows * n_features_; ++i)
      moved[i] = place_of(block, first + i / n_features_, i % n_features_);
    load_groups(moved.data(), rows, n_features_, zero.data(), groups.data());
    nearest(metric_.metric, groups.data(), rows, centres.data(), centres.size() / n_features_, n_features_,
            {least.data(), nullptr, label.data()});
    for (std::size_t r = 0; r < rows; ++r) use(first + r, least[r], label[r]);
  }
}

/// The labels after some passes of Lloyd (1982) from those of seeds: means of the rows of each label, then the
/// nearest mean of each row. A cluster that has no row stays without. Collective.
template <class Row>
void refine_labels(const RowPass<Row>& pass, const SeedSpace<Row>& space, std::size_t n_clusters, int n_passes,
                   std::vector<std::int32_t>& labels);

}  // namespace shoal
