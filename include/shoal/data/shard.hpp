/// The rows that one rank holds in memory.
#pragma once

#include <cstdint>

#include "shoal/core/large_vector.hpp"
#include "shoal/data/block_source.hpp"
#include "shoal/math/placed_digest.hpp"

namespace shoal {

/// A row that is left out (--missing skip) has zeros for values.
template <class Row>
struct Shard final : BlockSource<Row> {
  LargeVector<Row> values;    ///< n_rows x width; packed rows: and RowCoding::spare_bytes
  PlacedDigest digest;        ///< of values and weights
  PlacedDigest noise_digest;  ///< in the data's units; what is shared counts on rank 0

  [[nodiscard]] RowBlock<Row> block(std::int64_t index) const {
    const std::int64_t first = this->partition.rows_of({index, index + 1}).first - this->rows().first;
    return this->block_at(index, values.data() + static_cast<std::size_t>(first) * this->width());
  }
  void visit(std::int64_t index, const std::function<void(const RowBlock<Row>&)>& use) const override {
    use(block(index));
  }
};

/// What every rank knows of all rows.
struct DataSummary {
  std::int64_t n_rows = 0;     ///< rows in the files
  std::int64_t rows_used = 0;  ///< less those left out
  double total_weight = 0;     ///< of the rows used
};

}  // namespace shoal
