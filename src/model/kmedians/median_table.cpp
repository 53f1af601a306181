#include "model/kmedians/median_table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace shoal {
namespace {

constexpr double most_values = 256;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// The range of a feature's values while they are whole and close together, and -inf .. inf from then on.
struct WholeRange {
  double least = infinity, greatest = -infinity;

  [[nodiscard]] bool holds() const { return least > -infinity; }
  [[nodiscard]] bool seen() const { return least <= greatest; }
  void take(double low, double high) {
    least = std::min(least, low);
    greatest = std::max(greatest, high);
    if (!(greatest - least < most_values)) least = -infinity, greatest = infinity;
  }
  void take(double x) { x == std::trunc(x) ? take(x, x) : take(-infinity, infinity); }
};

/// The ranges of all features over the rows of this rank.
template <class T>
std::vector<WholeRange> local_ranges(const RowPass<T>& pass) {
  const BlockSource<T>& source = pass.source();
  const std::size_t d = source.n_features;
  std::vector<std::vector<WholeRange>> all(static_cast<std::size_t>(pass.n_threads()), std::vector<WholeRange>(d));
  pass.for_each_block([&](const RowBlock<T>& block, int thread) {
    std::vector<WholeRange>& mine = all[static_cast<std::size_t>(thread)];
    std::vector<std::size_t> left;
    for (std::size_t j = 0; j < d; ++j)
      if (mine[j].holds()) left.push_back(j);
    for (std::size_t r = 0; r < block.n_rows && !left.empty(); ++r) {
      if (!source.used.empty() && source.used[block.first_local + r] == 0) continue;
      for (const std::size_t j : left) mine[j].take(static_cast<double>(block.row(r)[j]));
      std::erase_if(left, [&](std::size_t j) { return !mine[j].holds(); });
    }
  });
  for (const auto& other : all)
    for (std::size_t j = 0; j < d; ++j)
      if (other[j].seen()) all[0][j].take(other[j].least, other[j].greatest);
  return all[0];
}

/// The same over the rows of all ranks.
template <class T>
std::vector<WholeRange> global_ranges(const RowPass<T>& pass) {
  std::vector<WholeRange> ranges = local_ranges(pass);
  std::vector<std::uint64_t> keys;
  for (const WholeRange& range : ranges)
    keys.insert(keys.end(), {ordered_key(range.least), ~ordered_key(range.greatest)});
  pass.comm().minimum(keys);
  for (std::size_t j = 0; j < ranges.size(); ++j) {
    ranges[j] = {};
    const double least = value_of_key(keys[2 * j]), greatest = value_of_key(~keys[2 * j + 1]);
    if (least <= greatest) ranges[j].take(least, greatest);
  }
  return ranges;
}

}  // namespace

template <class T>
MedianTable<T>::MedianTable(const RowPass<T>& pass, std::size_t n_clusters, std::size_t byte_budget)
    : n_clusters_(n_clusters), held_(pass.source().n_features) {
  const std::vector<WholeRange> ranges = global_ranges(pass);
  for (std::size_t j = 0; j < ranges.size(); ++j) {
    if (!ranges[j].holds() || !ranges[j].seen()) continue;
    const std::size_t n = static_cast<std::size_t>(ranges[j].greatest - ranges[j].least) + 1;
    if ((n_values_ + n) * n_clusters * sizeof(std::int64_t) > byte_budget) break;
    columns_.push_back({j, ranges[j].least, n, n_values_});
    held_[j] = true;
    n_values_ += n;
  }
  if (empty()) return;
  counts_.assign(n_clusters * n_values_, 0);
  labels_.assign(pass.source().n_rows(), -1);
}

template <class T>
void MedianTable<T>::add_row(const T* row, std::int32_t label, std::int64_t weight,
                             std::vector<std::int64_t>& counts) const {
  std::int64_t* const mine = counts.data() + static_cast<std::size_t>(label) * n_values_;
  for (const Column& column : columns_) {
    const double place = static_cast<double>(row[column.feature]) - column.least;
    mine[column.first_place + static_cast<std::size_t>(static_cast<std::int32_t>(place))] += weight;
  }
}

template <class T>
void MedianTable<T>::follow(const RowPass<T>& pass, std::span<const std::int32_t> labels,
                            const IntegerWeights& weights) {
  if (empty()) return;
  const auto& used = pass.source().used;
  std::vector<std::vector<std::int64_t>> changes(static_cast<std::size_t>(pass.n_threads()));
  pass.for_each_block([&](const RowBlock<T>& block, int thread) {
    std::vector<std::int64_t>& mine = changes[static_cast<std::size_t>(thread)];
    for (std::size_t r = 0; r < block.n_rows; ++r) {
      const std::size_t local = block.first_local + r;
      if (labels[local] == labels_[local] || (!used.empty() && used[local] == 0)) continue;
      if (mine.empty()) mine.assign(counts_.size(), 0);
      if (labels_[local] >= 0) add_row(block.row(r), labels_[local], -weights[local], mine);
      add_row(block.row(r), labels[local], weights[local], mine);
      labels_[local] = labels[local];
    }
  });
  std::vector<std::int64_t> all(counts_.size(), 0);
  for (const std::vector<std::int64_t>& mine : changes)
    for (std::size_t i = 0; i < mine.size(); ++i) all[i] += mine[i];
  pass.sum_counts(all);
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += all[i];
}

template class MedianTable<float>;
template class MedianTable<double>;

}  // namespace shoal
