#include "shoal/init/seed_space.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "shoal/math/distance.hpp"

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
    const std::size_t n = candidates.size() / n_features_;
    const auto keep = [&](std::size_t r, double d, std::size_t c) {
      if (d >= distance[r]) return;
      distance[r] = d;
      nearest_candidate[r] = first_index + static_cast<std::int32_t>(c);
    };
    std::vector<Row> centres(candidates.size());
    for (std::size_t i = 0; i < centres.size(); ++i) centres[i] = place(candidates[i], i % n_features_);
    std::vector<Row> moved(search_rows * n_features_);
    std::vector<Row> groups(n_groups<Row>(search_rows) * group_stride<Row>(n_features_));
    std::array<Row, search_rows> least{};
    std::array<std::int32_t, search_rows> label{};
    const std::vector<Row> zero(n_features_, Row(0));
    for (std::size_t first = 0; first < block.n_rows; first += search_rows) {
      const std::size_t rows = std::min(search_rows, block.n_rows - first);
      for (std::size_t i = 0; i < rows * n_features_; ++i) moved[i] = place(block.row(first)[i], i % n_features_);
      load_groups(moved.data(), rows, n_features_, zero.data(), groups.data());
      nearest(metric_.metric, groups.data(), rows, centres.data(), n, n_features_,
              {least.data(), nullptr, label.data()});
      for (std::size_t r = 0; r < rows; ++r) {
        const auto apart = static_cast<double>(least[r]);
        keep(first + r, metric_.rooted ? std::sqrt(apart) : apart, static_cast<std::size_t>(label[r]));
      }
    }
  }
}

template class SeedSpace<float>;
template class SeedSpace<double>;
template class SeedSpace<PackedByte>;

}  // namespace shoal
