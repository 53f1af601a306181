#include "shoal/init/seed_space.hpp"

#include <cmath>

namespace shoal {
namespace {

double reciprocal(double value) { return value > 0 ? 1 / value : 0; }

}  // namespace

template <class Row>
SeedSpace<Row>::SeedSpace(const SeedMetric& metric, const ColumnMoments& moments, const RowLayout& layout)
    : metric_(metric),
      n_features_(layout.n_features),
      origin_(n_features_, Value(0)),
      scale_(n_features_, Value(1)),
      coding_(layout.coding) {
  if constexpr (std::is_same_v<Row, PackedByte>) {
    for (const double variance : moments.variance) apart_.push_back(reciprocal(variance));
  } else {
    for (std::size_t d = 0; d < n_features_ && metric.scale != SeedMetric::Scale::none; ++d) {
      const bool rooted = metric.scale == SeedMetric::Scale::square_root;
      origin_[d] = static_cast<Value>(rooted ? std::sqrt(moments.mean[d]) : moments.mean[d]);
      if (!rooted) scale_[d] = static_cast<Value>(std::sqrt(reciprocal(moments.variance[d])));
    }
  }
}

/// A value on the scale of the metric; a missing one stands at the mean.
template <class Row>
typename SeedSpace<Row>::Value SeedSpace<Row>::place(Row x, std::size_t d) const {
  const auto value = static_cast<Value>(x);
  const Value scaled = metric_.scale == SeedMetric::Scale::square_root ? std::sqrt(value) : value;
  const Value moved = (scaled - origin_[d]) * scale_[d];
  return std::isnan(moved) ? Value(0) : moved;
}

/// Discrete rows: the levels of a row are compared with those of all candidates.
template <class Row>
void SeedSpace<Row>::improve_packed(const RowBlock<Row>& block, const std::vector<Row>& candidates,
                                    std::int32_t first_index, std::span<double> distance,
                                    std::span<std::int32_t> nearest) const {
  if constexpr (std::is_same_v<Row, PackedByte>) {
    const std::size_t n = candidates.size() / block.width;
    std::vector<Code> levels(n * n_features_);
    for (std::size_t c = 0; c < n; ++c)
      coding_.decode(candidates.data() + c * block.width, levels.data() + c * n_features_);
    std::vector<Code> row(n_features_);
    for (std::size_t r = 0; r < block.n_rows; ++r) {
      coding_.decode(block.row(r), row.data());
      for (std::size_t c = 0; c < n; ++c) {
        double sum = 0;
        for (std::size_t d = 0; d < n_features_; ++d) {
          const Code a = row[d];
          const Code b = levels[c * n_features_ + d];
          if (a == b || a == missing_code || b == missing_code) continue;
          const auto first = static_cast<std::size_t>(coding_.offsets()[d]);
          sum += apart_[first + a] + apart_[first + b];
        }
        if (sum >= distance[r]) continue;
        distance[r] = sum;
        nearest[r] = first_index + static_cast<std::int32_t>(c);
      }
    }
  }
}

template <class Row>
void SeedSpace<Row>::improve(const RowBlock<Row>& block, const std::vector<Row>& candidates, std::int32_t first_index,
                             std::span<double> distance, std::span<std::int32_t> nearest_candidate) const {
  if constexpr (std::is_same_v<Row, PackedByte>) {
    improve_packed(block, candidates, first_index, distance, nearest_candidate);
  } else {
    std::vector<Row> centres(candidates.size());
    for (std::size_t i = 0; i < centres.size(); ++i) centres[i] = place(candidates[i], i % n_features_);
    for_each_nearest(block, centres, [&](std::size_t r, Row apart, std::int32_t c) {
      const auto found = static_cast<double>(apart);
      const double d = metric_.rooted ? std::sqrt(found) : found;
      if (d >= distance[r]) return;
      distance[r] = d;
      nearest_candidate[r] = first_index + c;
    });
  }
}

template class SeedSpace<float>;
template class SeedSpace<double>;
template class SeedSpace<PackedByte>;

}  // namespace shoal
