/// How global rows are cut into blocks, and blocks spread over ranks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace shoal {

/// A half-open range of global rows or blocks.
struct Range {
  std::int64_t first = 0;
  std::int64_t last = 0;
  [[nodiscard]] std::int64_t size() const { return last - first; }
};

/// Blocks are the leaves of every sum, so their borders depend on the data and the model's size, never on ranks or
/// threads. The last block may be short.
struct Partition {
  std::int64_t n_rows = 0;
  std::int64_t block_rows = 1;

  [[nodiscard]] std::int64_t n_blocks() const { return (n_rows + block_rows - 1) / block_rows; }
  [[nodiscard]] Range blocks_of(int rank, int n_ranks) const {
    return {n_blocks() * rank / n_ranks, n_blocks() * (rank + 1) / n_ranks};
  }
  [[nodiscard]] Range rows_of(const Range& blocks) const {
    return {std::min(blocks.first * block_rows, n_rows), std::min(blocks.last * block_rows, n_rows)};
  }
  [[nodiscard]] Range rows_of_rank(int rank, int n_ranks) const { return rows_of(blocks_of(rank, n_ranks)); }
};

/// About a thousand blocks, fewer where D^2 sums make a block's statistics large (adding them up must stay cheap), each
/// a multiple of a tile. K plays no part, so that a model that lost clusters is still scored in the same blocks.
inline Partition partition(std::int64_t n_rows, std::size_t n_features) {
  constexpr std::int64_t tile = 64;
  const auto large = static_cast<std::int64_t>(n_features * n_features / 8192);
  const std::int64_t wanted = std::max<std::int64_t>(64, 1024 / (1 + large));
  const std::int64_t rows = (n_rows + wanted - 1) / wanted;
  return {n_rows, std::max<std::int64_t>(1, (rows + tile - 1) / tile) * tile};
}

}  // namespace shoal
