#include "shoal/pass/column_extents.hpp"

#include <limits>

#include "shoal/core/ordered_key.hpp"

namespace shoal {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// NaN compares false, so it is passed over.
template <class T>
void take(const T* values, std::size_t n, T* least, T* greatest) {
  for (std::size_t i = 0; i < n; ++i) {
    least[i] = values[i] < least[i] ? values[i] : least[i];
    greatest[i] = values[i] > greatest[i] ? values[i] : greatest[i];
  }
}

template <class T>
void take_block(const RowBlock<T>& block, ColumnExtents& extents) {
  const std::size_t d = block.n_features;
  const std::size_t at_once = block.weights != nullptr ? d : (31 / d + 1) * d;  // whole rows, as vectors take them
  constexpr T most = std::numeric_limits<T>::infinity();
  std::vector<T> least(at_once, most), greatest(at_once, -most);
  const std::size_t n_values = block.n_rows * d;
  for (std::size_t first = 0; first < n_values; first += at_once)
    if (block.weight(first / d) > 0)
      take(block.values + first, std::min(at_once, n_values - first), least.data(), greatest.data());
  for (std::size_t i = 0; i < at_once; ++i) {
    extents.least[i % d] = std::min(extents.least[i % d], static_cast<double>(least[i]));
    extents.greatest[i % d] = std::max(extents.greatest[i % d], static_cast<double>(greatest[i]));
  }
}

}  // namespace

template <class T>
ColumnExtents column_extents(const RowPass<T>& pass) {
  const std::size_t d = pass.source().n_features;
  const ColumnExtents nothing{std::vector<double>(d, infinity), std::vector<double>(d, -infinity)};
  std::vector<ColumnExtents> all(static_cast<std::size_t>(pass.n_threads()), nothing);
  pass.for_each_block(
      [&](const RowBlock<T>& block, int thread) { take_block(block, all[static_cast<std::size_t>(thread)]); });
  std::vector<std::uint64_t> keys;
  for (std::size_t j = 0; j < d; ++j) {
    double least = infinity, greatest = -infinity;
    for (const ColumnExtents& mine : all)
      least = std::min(least, mine.least[j]), greatest = std::max(greatest, mine.greatest[j]);
    keys.insert(keys.end(), {ordered_key(least), ~ordered_key(greatest)});
  }
  pass.comm().minimum(keys);
  ColumnExtents extents = nothing;
  for (std::size_t j = 0; j < d; ++j) {
    extents.least[j] = value_of_key(keys[2 * j]);
    extents.greatest[j] = value_of_key(~keys[2 * j + 1]);
  }
  return extents;
}

template ColumnExtents column_extents<float>(const RowPass<float>&);
template ColumnExtents column_extents<double>(const RowPass<double>&);

}  // namespace shoal
