/// The rows of one rank as passes see them: whole blocks, wherever they lie.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "shoal/core/large_vector.hpp"
#include "shoal/data/noise.hpp"
#include "shoal/data/partition.hpp"
#include "shoal/data/row_coding.hpp"

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
  const Row* noise = nullptr;       ///< of each row; null: none, or shared
  std::size_t noise_width = 0;      ///< numbers of a row's noise

  [[nodiscard]] const Row* row(std::size_t r) const { return values + r * width; }
  [[nodiscard]] double weight(std::size_t r) const { return weights == nullptr ? 1.0 : weights[r]; }
  /// Of feature j as it was measured in row r, beyond that of its true values; 0 without noise of each row.
  [[nodiscard]] double noise_variance(std::size_t r, std::size_t j) const {
    if (noise == nullptr) return 0;
    return static_cast<double>(noise[r * noise_width + (noise_width == n_features ? j : j * (j + 3) / 2)]);
  }
};

/// Rows first .. first + n of a block, as a block.
template <class Row>
RowBlock<Row> part_of(const RowBlock<Row>& block, std::size_t first, std::size_t n) {
  RowBlock<Row> part = block;
  part.first_row += static_cast<std::int64_t>(first);
  part.first_local += first;
  part.n_rows = n;
  part.values = block.row(first);
  if (block.noise != nullptr) part.noise = block.noise + first * block.noise_width;
  if (block.weights != nullptr) part.weights = block.weights + first;
  return part;
}

/// What each row has beside its values; in memory whatever the source, one entry per row of this rank.
struct SideArrays {
  std::vector<double> weights;     ///< empty: all 1
  std::vector<std::uint8_t> used;  ///< empty: all; else 0: the row is left out, has weight 0, and keeps its number
};

/// This rank's contiguous whole blocks of all ranks' rows.
template <class Row>
class BlockSource : public SideArrays {
 public:
  virtual ~BlockSource() = default;

  Partition partition;
  Range blocks;
  std::size_t n_features = 0;
  RowCoding coding;  ///< packed rows only
  NoiseLayout noise_layout;
  LargeVector<Row> noise;  ///< in memory whatever the source: n_rows x width, where each row has its own

  /// Calls use(block) with block number `index` of `blocks`, whose values may be gone afterwards. Several threads may.
  virtual void visit(std::int64_t index, const std::function<void(const RowBlock<Row>&)>& use) const = 0;

  /// Values of a row: D, or bytes where a coding is set.
  [[nodiscard]] std::size_t width() const { return coding.n_features() > 0 ? coding.row_bytes() : n_features; }
  /// Bytes that a row takes, with noise of its own.
  [[nodiscard]] std::size_t row_bytes() const {
    return (width() + (noise_layout.of_each_row() ? noise_layout.width(n_features) : 0)) * sizeof(Row);
  }
  [[nodiscard]] Range rows() const { return partition.rows_of(blocks); }
  [[nodiscard]] std::size_t n_rows() const { return static_cast<std::size_t>(rows().size()); }

 protected:
  BlockSource() = default;
  BlockSource(const BlockSource&) = default;
  BlockSource(BlockSource&&) noexcept = default;
  BlockSource& operator=(const BlockSource&) = default;
  BlockSource& operator=(BlockSource&&) noexcept = default;

  /// Block number `index`, whose values begin at `values`.
  [[nodiscard]] RowBlock<Row> block_at(std::int64_t index, const Row* values) const {
    const Range range = partition.rows_of({index, index + 1});
    const auto local = static_cast<std::size_t>(range.first - rows().first);
    RowBlock<Row> block{index,      range.first, local,  static_cast<std::size_t>(range.size()),
                        n_features, width(),     values, weights.empty() ? nullptr : weights.data() + local};
    if (noise_layout.of_each_row()) {
      block.noise_width = noise_layout.width(n_features);
      block.noise = noise.data() + local * block.noise_width;
    }
    return block;
  }
};

}  // namespace shoal
