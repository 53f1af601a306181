#include "model/kmedians/value_histogram.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

namespace shoal {
namespace {

constexpr double most_values = 256;

/// For each feature how many of all ranks' threads have met a value that is not whole.
template <class T>
std::vector<std::int64_t> find_fractions(const RowPass<T>& pass) {
  const std::size_t d = pass.source().n_features;
  std::vector<std::vector<std::int64_t>> found(static_cast<std::size_t>(pass.n_threads()),
                                               std::vector<std::int64_t>(d));
  pass.for_each_block([&](const RowBlock<T>& block, int thread) {
    std::vector<std::int64_t>& mine = found[static_cast<std::size_t>(thread)];
    std::vector<std::size_t> left;
    for (std::size_t j = 0; j < d; ++j)
      if (mine[j] == 0) left.push_back(j);
    for (std::size_t r = 0; r < block.n_rows && !left.empty(); ++r) {
      for (const std::size_t j : left) mine[j] = block.row(r)[j] == std::trunc(block.row(r)[j]) ? 0 : 1;
      std::erase_if(left, [&](std::size_t j) { return mine[j] != 0; });
    }
  });
  std::vector<std::int64_t> all(d);
  for (const auto& mine : found)
    for (std::size_t j = 0; j < d; ++j) all[j] += mine[j];
  pass.sum(all);
  return all;
}

}  // namespace

template <class T>
ValueHistogram<T>::ValueHistogram(const RowPass<T>& pass, const ColumnExtents& extents, std::size_t n_clusters,
                                  std::size_t byte_budget)
    : held_(pass.source().n_features) {
  const std::vector<std::int64_t> fractions = find_fractions(pass);
  for (std::size_t j = 0; j < held_.size(); ++j) {
    const double range = extents.greatest[j] - extents.least[j];
    if (fractions[j] != 0 || !(range >= 0 && range < most_values)) continue;
    const std::size_t n = static_cast<std::size_t>(range) + 1;
    if ((n_values_ + n) * n_clusters * sizeof(std::int64_t) > byte_budget) break;
    columns_.push_back({j, extents.least[j], n, n_values_});
    held_[j] = true;
    n_values_ += n;
  }
  forget(n_clusters);
}

template <class T>
void ValueHistogram<T>::forget(std::size_t n_clusters) {
  counts_.assign(n_clusters * n_values_, 0);
  moved_.clear();
}

template <class T>
void ValueHistogram<T>::add_row(const T* row, std::int32_t label, std::int64_t weight, Counts& counts) const {
  std::int64_t* const mine = counts.data() + static_cast<std::size_t>(label) * n_values_;
  for (const Column& column : columns_) {
    const double place = static_cast<double>(row[column.feature]) - column.least;
    mine[column.first_place + static_cast<std::size_t>(static_cast<std::int32_t>(place))] += weight;
  }
}

template <class T>
void ValueHistogram<T>::move(const RowBlock<T>& block, std::size_t first, std::span<const RowMove> moves,
                             const IntegerWeights& weights) {
  if (empty()) return;
  const auto counts = moved_.borrow([&] { return std::make_unique<Counts>(counts_.size(), 0); });
  for (const auto& [r, from, to] : moves) {
    const std::int64_t weight = weights[block.first_local + first + r];
    if (weight == 0) continue;  // perhaps a value of no column
    if (from >= 0) add_row(block.row(first + r), from, -weight, *counts);
    add_row(block.row(first + r), to, weight, *counts);
  }
}

template <class T>
void ValueHistogram<T>::add_up(const RowPass<T>& pass) {
  if (empty()) return;
  Counts all(counts_.size(), 0);
  moved_.for_each([&](Counts& counts) {
    for (std::size_t i = 0; i < all.size(); ++i) all[i] += counts[i];
    std::ranges::fill(counts, 0);
  });
  pass.sum_counts(all);
  for (std::size_t i = 0; i < all.size(); ++i) counts_[i] += all[i];
}

template class ValueHistogram<float>;
template class ValueHistogram<double>;

}  // namespace shoal
