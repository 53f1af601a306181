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

/// Enough rows that adding up a block's statistics stays cheap beside its own work (D^2 sums, or discrete rows, whose
/// buckets are folded once a block), no more than 16,384, and 64 blocks at least where a block then still fills a tile.
/// K plays no part, so that a model that lost clusters is still scored in the same blocks.
inline Partition partition(std::int64_t n_rows, std::size_t n_features, bool discrete) {
  const auto squares = static_cast<std::int64_t>(n_features * n_features);
  const std::int64_t least = discrete ? 4096 : 512 + squares / 32;
  const std::int64_t wanted = std::max(least, std::min<std::int64_t>(n_rows / 1024, 16384));
  const std::int64_t rows = std::max<std::int64_t>(1, std::min(wanted, (n_rows + 63) / 64));
  const std::int64_t unit = rows >= 256 ? 256 : 64;
  return {n_rows, (rows + unit - 1) / unit * unit};
}

}  // namespace shoal
