/// The rows that one rank holds.
#pragma once

#include <cstdint>
#include <vector>

#include "shoal/core/large_vector.hpp"
#include "shoal/data/partition.hpp"
#include "shoal/data/row_coding.hpp"
#include "shoal/math/placed_digest.hpp"

namespace shoal {

/// Rows of one block, row-major. Row is float, double (NaN: missing) or PackedByte (row_coding.hpp).
template <class Row>
struct RowBlock {
  std::int64_t index = 0;       ///< global number of the block
  std::int64_t first_row = 0;   ///< global number of its first row
  std::size_t first_local = 0;  ///< the same row, counted from this rank's first
  std::size_t n_rows = 0;
  std::size_t n_features = 0;
  std::size_t width = 0;  ///< values of a row: D, or bytes
  const Row* values = nullptr;
  const double* weights = nullptr;  ///< null: all 1

  [[nodiscard]] const Row* row(std::size_t r) const { return values + r * width; }
  [[nodiscard]] double weight(std::size_t r) const { return weights == nullptr ? 1.0 : weights[r]; }
};

/// This rank's contiguous whole blocks. A row that is left out (--missing skip) has zeros for values, weight 0 and
/// used 0; it keeps its number.
template <class Row>
struct Shard {
  Partition partition;
  Range blocks;
  std::size_t n_features = 0;
  LargeVector<Row> values;         ///< n_rows x width; packed rows: and RowCoding::spare_bytes
  std::vector<double> weights;     ///< empty: all 1
  std::vector<std::uint8_t> used;  ///< empty: all used
  RowCoding coding;                ///< packed rows only
  PlacedDigest digest;             ///< of values and weights

  /// Values of a row: D, or bytes where a coding is set.
  [[nodiscard]] std::size_t width() const { return coding.n_features() > 0 ? coding.row_bytes() : n_features; }
  [[nodiscard]] Range rows() const { return partition.rows_of(blocks); }
  [[nodiscard]] std::size_t n_rows() const { return static_cast<std::size_t>(rows().size()); }

  /// Block number `index` of `blocks`.
  [[nodiscard]] RowBlock<Row> block(std::int64_t index) const {
    const Range range = partition.rows_of({index, index + 1});
    const auto local = static_cast<std::size_t>(range.first - rows().first);
    return {index,
            range.first,
            local,
            static_cast<std::size_t>(range.size()),
            n_features,
            width(),
            values.data() + local * width(),
            weights.empty() ? nullptr : weights.data() + local};
  }
};

/// What every rank knows of all rows.
struct DataSummary {
  std::int64_t n_rows = 0;     ///< rows in the files
  std::int64_t rows_used = 0;  ///< less those left out
  double total_weight = 0;     ///< of the rows used
};

}  // namespace shoal
