#include "shoal/fit/separation.hpp"

#include <algorithm>
#include <cmath>

#include "shoal/math/elementary.hpp"

namespace shoal {
namespace {

constexpr std::size_t most_components = 256;    ///< whose overlaps are looked at
constexpr std::size_t most_values = 1U << 18U;  ///< responsibilities at once
constexpr double least_share = 1e-6;            ///< of a row, to count for overlaps

/// Sums: entropy, ambiguous weight, then products of responsibilities, row by row of the lower triangle.
class RowTally {
 public:
  RowTally(std::size_t n_clusters, bool overlaps) : n_(n_clusters), overlaps_(overlaps), logs_(n_clusters) {}

  void add(std::span<const double> share, double weight, std::vector<double>& sums) {
    log_of(share, logs_);
    double entropy = 0;
    for (std::size_t k = 0; k < n_; ++k)
      if (share[k] > 0) entropy -= share[k] * logs_[k];
    sums[0] += weight * entropy;
    if (std::ranges::max(share) < clear_responsibility) sums[1] += weight;
    if (!overlaps_) return;
    some_.clear();
    for (std::size_t k = 0; k < n_; ++k)
      if (share[k] >= least_share) some_.push_back(k);
    for (std::size_t a = 0; a < some_.size(); ++a)
      for (std::size_t b = 0; b <= a; ++b)
        sums[2 + some_[a] * (some_[a] + 1) / 2 + some_[b]] += weight * share[some_[a]] * share[some_[b]];
  }

 private:
  std::size_t n_;
  bool overlaps_;
  std::vector<double> logs_;
  std::vector<std::size_t> some_;
};

Matrix cosines(std::span<const double> products, std::size_t n) {
  const auto product = [&](std::size_t i, std::size_t j) { return products[i * (i + 1) / 2 + j]; };
  Matrix overlap(n, n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      const double both = std::sqrt(product(i, i)) * std::sqrt(product(j, j));
      overlap(i, j) = overlap(j, i) = both > 0 ? product(i, j) / both : 0;
    }
  return overlap;
}

}  // namespace

double Separation::entropy_r2(double total_weight, std::size_t n_clusters) const {
  if (n_clusters < 2) return 1;
  return 1 - entropy / (total_weight * log_of(static_cast<double>(n_clusters)));
}

template <class Row>
Separation separation_of(const Model<Row>& model, const RowPass<Row>& pass) {
  const std::size_t n = model.n_clusters();
  const bool overlaps = n <= most_components;
  const std::size_t rows = std::max<std::size_t>(64, most_values / n);
  const SumLayout layout{2 + (overlaps ? n * (n + 1) / 2 : 0)};
  const Statistics sums = pass.reduce(layout, [&](const RowBlock<Row>& block, Statistics& s) {
    std::vector<double> shares(std::min(rows, block.n_rows) * n);
    RowTally tally(n, overlaps);
    for (std::size_t first = 0; first < block.n_rows; first += rows) {
      const RowBlock<Row> part = part_of(block, first, std::min(rows, block.n_rows - first));
      Statistics unused = model.statistics(true);
      RowOutputs outputs;
      outputs.responsibilities = shares.data();
      model.expect(part, unused, outputs);
      for (std::size_t r = 0; r < part.n_rows; ++r)
        if (part.weight(r) > 0) tally.add(std::span(shares).subspan(r * n, n), part.weight(r), s.sums);
    }
  });
  Separation found{sums.sums[0], sums.sums[1] / pass.summary().total_weight, {}};
  if (overlaps) found.overlap = cosines(std::span(sums.sums).subspan(2), n);
  return found;
}

template Separation separation_of(const Model<float>&, const RowPass<float>&);
template Separation separation_of(const Model<double>&, const RowPass<double>&);
template Separation separation_of(const Model<PackedByte>&, const RowPass<PackedByte>&);

}  // namespace shoal
