#include "shoal/fit/silhouette.hpp"

#include <algorithm>
#include <limits>

namespace shoal {
namespace {

constexpr std::size_t most_values = 1U << 18U;  ///< distances at once

/// (b - a) / max(a, b) of one row; 0 where it lies on two centres.
double silhouette_of(std::span<const double> distances, const std::vector<double>& counts, double weight) {
  const auto own = static_cast<std::size_t>(std::ranges::min_element(distances) - distances.begin());
  if (counts[own] == weight && weight <= 1) return 0;
  double other = std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < distances.size(); ++k)
    if (k != own) other = std::min(other, distances[k]);
  return other > 0 ? (other - distances[own]) / other : 0;  // the own centre is the nearest
}

}  // namespace

template <class Row>
double simplified_silhouette(const Model<Row>& model, const RowPass<Row>& pass, const std::vector<double>& counts) {
  const std::size_t n = model.n_clusters();
  if (n < 2) return std::numeric_limits<double>::quiet_NaN();
  const std::size_t rows = std::max<std::size_t>(64, most_values / n);
  const Statistics sums = pass.reduce(SumLayout{1, 1}, [&](const RowBlock<Row>& block, Statistics& s) {
    std::vector<double> distances(std::min(rows, block.n_rows) * n);
    for (std::size_t first = 0; first < block.n_rows; first += rows) {
      const RowBlock<Row> part = part_of(block, first, std::min(rows, block.n_rows - first));
      Statistics unused = model.statistics(true);
      RowOutputs outputs;
      outputs.distances = distances.data();
      model.expect(part, unused, outputs);
      for (std::size_t r = 0; r < part.n_rows; ++r)
        if (const double weight = part.weight(r); weight > 0)
          s.sums[0] += weight * silhouette_of(std::span(distances).subspan(r * n, n), counts, weight);
    }
  });
  return sums.sums[0] / pass.summary().total_weight;
}

template double simplified_silhouette(const Model<float>&, const RowPass<float>&, const std::vector<double>&);
template double simplified_silhouette(const Model<double>&, const RowPass<double>&, const std::vector<double>&);
template double simplified_silhouette(const Model<PackedByte>&, const RowPass<PackedByte>&, const std::vector<double>&);

}  // namespace shoal
