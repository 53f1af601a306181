/// Distances between rows for seeding, in the geometry of the model that is to be started.
#pragma once

#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "shoal/model/family.hpp"
#include "shoal/pass/column_moments.hpp"

namespace shoal {

/// Costs by which k-means|| samples, in the metric of the model's family; codes count one-hot, so two different levels
/// a, b of a feature are 1 / var_a + 1 / var_b apart. Missing entries stand at the feature's mean (real) or add nothing
/// (codes).
template <class Row>
class SeedSpace {
 public:
  SeedSpace(const SeedMetric& metric, const ColumnMoments& moments, const RowLayout& layout);

  /// For each row of the block: where one of the candidates (row-major, as rows are held) is nearer than distance[r],
  /// its distance and its number, first_index onwards. Ties keep what was there, then the lower number.
  void improve(const RowBlock<Row>& block, const std::vector<Row>& candidates, std::int32_t first_index,
               std::span<double> distance, std::span<std::int32_t> nearest) const;

 private:
  void improve_packed(const RowBlock<Row>& block, const std::vector<Row>& candidates, std::int32_t first_index,
                      std::span<double> distance, std::span<std::int32_t> nearest) const;

  using Value = std::conditional_t<std::is_same_v<Row, PackedByte>, double, Row>;
  [[nodiscard]] Value place(Row x, std::size_t d) const;

  SeedMetric metric_;
  std::size_t n_features_;
  std::vector<Value> origin_;  ///< real rows: subtracted first
  std::vector<Value> scale_;   ///< real rows: then multiplied by this
  std::vector<double> apart_;  ///< discrete rows: 1 / variance of each level's indicator, 0 for a constant one
  RowCoding coding_;
};

}  // namespace shoal
