#include "shoal/pass/column_moments.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

namespace shoal {
namespace {

/// Weight observed, and weighted sums of f(x - about), for each column, over every n-th row; `variance`: by which noisy
/// values count less.
template <class T, class F>
Statistics column_sums(const RowPass<T>& pass, std::int64_t n, const std::vector<double>& about,
                       const std::vector<double>& variance, F&& f) {
  const std::size_t d = about.size();
  return pass.reduce(SumLayout{2 * d}, [&](const RowBlock<T>& block, Statistics& sums) {
    const auto step = static_cast<std::size_t>(n);
    for (auto r = static_cast<std::size_t>((n - block.first_row % n) % n); r < block.n_rows; r += step) {
      if (block.weight(r) == 0) continue;
      for (std::size_t j = 0; j < d; ++j) {
        const double x = static_cast<double>(block.row(r)[j]) - about[j];
        if (std::isnan(x)) continue;
        double w = block.weight(r);
        if (!variance.empty() && variance[j] > 0) w *= variance[j] / (variance[j] + block.noise_variance(r, j));
        sums.sums[j] += w;
        sums.sums[d + j] += w * f(x);
      }
    }
  });
}

/// A value of each column to measure from: the first used row's, so that a constant column has variance exactly zero.
template <class T>
std::vector<double> first_values(const RowPass<T>& pass) {
  const std::int64_t none = pass.summary().n_rows;
  std::vector<std::int64_t> found(static_cast<std::size_t>(pass.n_threads()), none);
  pass.for_each_block([&](const RowBlock<T>& block, int thread) {
    std::size_t r = 0;
    while (r < block.n_rows && block.weight(r) == 0) ++r;
    std::int64_t& mine = found[static_cast<std::size_t>(thread)];
    if (r < block.n_rows) mine = std::min(mine, block.first_row + static_cast<std::int64_t>(r));
  });
  std::vector<std::int64_t> first = {*std::ranges::min_element(found)};
  pass.comm().minimum(first);
  std::vector<double> values(pass.source().n_features, 0.0);
  if (first[0] == none) return values;
  const Matrix row = pass.fetch_matrix(first);
  for (std::size_t j = 0; j < values.size(); ++j)
    if (!std::isnan(row.values[j])) values[j] = row.values[j];
  return values;
}

/// About `from`, a value of each column.
template <class T>
ColumnMoments moments_about(const RowPass<T>& pass, std::int64_t n, const std::vector<double>& from,
                            const std::vector<double>& variance) {
  const std::size_t d = from.size();
  ColumnMoments moments{from, std::vector<double>(d, 0.0)};
  const Statistics first = column_sums(pass, n, from, variance, [](double x) { return x; });
  for (std::size_t j = 0; j < d; ++j)
    if (first.sums[j] > 0) moments.mean[j] += first.sums[d + j] / first.sums[j];
  const Statistics second = column_sums(pass, n, moments.mean, variance, [](double x) { return x * x; });
  for (std::size_t j = 0; j < d; ++j)
    if (second.sums[j] > 0) moments.variance[j] = second.sums[d + j] / second.sums[j];
  return moments;
}

template <class T>
ColumnMoments real_moments(const RowPass<T>& pass, std::int64_t n) {
  constexpr int most_rounds = 20;
  const std::vector<double> from = first_values(pass);
  ColumnMoments moments = moments_about(pass, n, from, {});
  bool settled = !pass.source().noise_layout.of_each_row();
  for (int i = 0; i < most_rounds && !settled; ++i) {
    const std::vector<double> before = moments.variance;
    moments = moments_about(pass, n, from, before);
    settled = true;
    for (std::size_t j = 0; j < before.size(); ++j) settled = settled && moments.variance[j] >= 0.9 * before[j];
  }
  return moments;
}

/// Counts symbols, and reads the levels off them at the end.
ColumnMoments level_moments(const RowPass<PackedByte>& pass) {
  const RowCoding& coding = pass.source().coding;
  const LevelOffsets& offsets = coding.offsets();
  const auto levels = static_cast<std::size_t>(offsets.back());
  const auto count = [&](const RowBlock<PackedByte>& block, Statistics& s) {
    for (std::size_t r = 0; r < block.n_rows; ++r)
      for (const SymbolField& field : coding.fields())
        s.sums[field.first_line + symbol_of(block.row(r), field)] += block.weight(r);
  };
  const Statistics symbols = pass.reduce(SumLayout{coding.n_symbols()}, count);
  const std::vector<double> sums = coding.level_sums(symbols.sums);
  ColumnMoments moments{std::vector<double>(levels, 0.0), std::vector<double>(levels, 0.0)};
  for (std::size_t j = 0; j + 1 < offsets.size(); ++j) {
    double total = 0;
    for (auto l = static_cast<std::size_t>(offsets[j]); l < static_cast<std::size_t>(offsets[j + 1]); ++l)
      total += sums[l];
    if (total == 0) continue;
    for (auto l = static_cast<std::size_t>(offsets[j]); l < static_cast<std::size_t>(offsets[j + 1]); ++l) {
      moments.mean[l] = sums[l] / total;
      moments.variance[l] = moments.mean[l] * (1 - moments.mean[l]);
    }
  }
  return moments;
}

}  // namespace

template <class Row>
ColumnMoments column_moments(const RowPass<Row>& pass) {
  if constexpr (std::is_same_v<Row, PackedByte>)
    return level_moments(pass);
  else
    return real_moments(pass, 1);
}

template <class T>
ColumnMoments column_moments_of_every(std::int64_t n, const RowPass<T>& pass) {
  return real_moments(pass, n);
}

template ColumnMoments column_moments_of_every(std::int64_t, const RowPass<float>&);
template ColumnMoments column_moments_of_every(std::int64_t, const RowPass<double>&);
template ColumnMoments column_moments<float>(const RowPass<float>&);
template ColumnMoments column_moments<double>(const RowPass<double>&);
template ColumnMoments column_moments<PackedByte>(const RowPass<PackedByte>&);

}  // namespace shoal
