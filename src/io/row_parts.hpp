/// Rows of several data sets taken as one.
#pragma once

#include <algorithm>
#include <vector>

#include "shoal/data/partition.hpp"
#include "shoal/io/dataset.hpp"

namespace shoal {

/// Rows of one data set, counted in it; its row 0 is global row `start`.
struct RowPart {
  const DatasetInfo* info;
  std::int64_t start;
  Range rows;
};

/// The parts that make up global rows, in order; those without rows are left out.
inline std::vector<RowPart> row_parts(const std::vector<DatasetInfo>& datasets, const Range& rows) {
  std::vector<RowPart> parts;
  std::int64_t start = 0;
  for (const DatasetInfo& info : datasets) {
    const Range part{std::clamp(rows.first - start, std::int64_t{0}, info.n_rows),
                     std::clamp(rows.last - start, std::int64_t{0}, info.n_rows)};
    if (part.size() > 0) parts.push_back({&info, start, part});
    start += info.n_rows;
  }
  return parts;
}

/// Calls use(rows) with the pieces of `rows` between multiples of `height`, in order.
template <class Use>
void each_slice(const Range& rows, std::int64_t height, Use&& use) {
  for (std::int64_t first = rows.first; first < rows.last;) {
    const std::int64_t last = std::min(rows.last, (first / height + 1) * height);
    use(Range{first, last});
    first = last;
  }
}

}  // namespace shoal
