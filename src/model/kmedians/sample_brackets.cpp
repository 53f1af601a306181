#include "model/kmedians/sample_brackets.hpp"

#include <algorithm>
#include <cmath>

#include "shoal/math/sort.hpp"

namespace shoal {
namespace {

constexpr std::int64_t least_rows = 64;  ///< of a cluster, on average
constexpr std::size_t least_sorted = 32;

/// Of how many rows one is taken: 0 where there are too few. A larger sample takes longer to sort, a smaller one leaves
/// wider brackets; on the machines tried their sum is least about (2/3 of the rows of a cluster)^(2/3).
std::int64_t stride_for(std::int64_t n_rows, std::size_t n_clusters, std::size_t n_features, std::size_t byte_budget) {
  const auto k = static_cast<std::int64_t>(n_clusters);
  const std::size_t row_bytes = n_clusters * n_features * sizeof(double);
  const auto affordable = static_cast<std::int64_t>(byte_budget / 2 / row_bytes);  // of each cluster
  const double best = std::pow(static_cast<double>(n_rows) / (1.5 * static_cast<double>(k)), 2.0 / 3.0);
  const std::int64_t rows = std::min(affordable, static_cast<std::int64_t>(best));
  return rows < least_rows ? 0 : n_rows / (rows * k);
}

/// About the median of these values, which it sorts.
template <class T>
void set_bracket(PairBrackets<T>& brackets, std::size_t p, std::span<T> values) {
  sort_values(values);
  const std::size_t half = values.size() / 2;
  const auto margin = static_cast<std::size_t>(1.5 * std::sqrt(values.size()));  // a deviation: sqrt(n) / 2 rows
  brackets.set(p, values[half - std::min(half, margin)], values[std::min(half + margin, values.size() - 1)],
               values[half]);
}

}  // namespace

template <class T>
PairBrackets<T> sample_brackets(const RowPass<T>& pass, std::span<const std::int32_t> labels, std::size_t n_clusters,
                                const std::vector<bool>& left_out, std::size_t byte_budget) {
  const BlockSource<T>& source = pass.source();
  const DataSummary& summary = pass.summary();
  const std::size_t d = left_out.size();
  const std::int64_t stride = stride_for(summary.rows_used, n_clusters, d, byte_budget);
  const double step = summary.total_weight / static_cast<double>(summary.rows_used) * static_cast<double>(stride);
  if (stride < 4 || !(step > 0)) return PairBrackets<T>();
  const std::size_t skip = source.weights.empty() ? static_cast<std::size_t>(stride) : 1;
  double due = 0;  // weight since the last row; a heavy row is taken more than once
  std::vector<T> values;
  std::vector<std::int32_t> clusters;
  for (std::int64_t b = source.blocks.first; b < source.blocks.last; ++b)
    source.visit(b, [&](const RowBlock<T>& block) {
      for (std::size_t r = 0; r < block.n_rows; r += skip)
        for (due += static_cast<double>(skip) * block.weight(r); due >= step; due -= step) {
          values.insert(values.end(), block.row(r), block.row(r) + d);
          clusters.push_back(labels[block.first_local + r]);
        }
    });
  values = pass.gather(values);
  clusters = pass.gather(clusters);
  std::vector<std::vector<std::size_t>> members(n_clusters);
  for (std::size_t i = 0; i < clusters.size(); ++i) members[static_cast<std::size_t>(clusters[i])].push_back(i);

  PairBrackets<T> brackets(n_clusters * d);
  std::vector<T> column;
  for (std::size_t p = 0; p < brackets.low.size(); ++p) {
    const std::vector<std::size_t>& mine = members[p / d];
    if (left_out[p % d] || mine.size() < least_sorted) continue;
    column.clear();
    for (const std::size_t i : mine) column.push_back(values[i * d + p % d]);
    set_bracket(brackets, p, std::span(column));
  }
  return brackets;
}

template PairBrackets<float> sample_brackets<float>(const RowPass<float>&, std::span<const std::int32_t>, std::size_t,
                                                    const std::vector<bool>&, std::size_t);
template PairBrackets<double> sample_brackets<double>(const RowPass<double>&, std::span<const std::int32_t>,
                                                      std::size_t, const std::vector<bool>&, std::size_t);

}  // namespace shoal
