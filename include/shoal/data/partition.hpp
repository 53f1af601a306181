/// How global rows are cut into blocks, and blocks spread over ranks.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace shoal {

/// A half-open range of global rows or blocks.
struct Range {
  std::int64_t first = 0;
  std::int64_t last = 0;
  [[nodiscard]] std::int64_t size() const { return last - first; }
};

/// Blocks are the leaves of every sum, so their borders depend on the data and the model's size, never on ranks or
/// threads. Blocks differ by one row at most.
struct Partition {
  std::int64_t n_rows = 0;
  std::int64_t n_blocks = 1;

  [[nodiscard]] Range blocks_of(int rank, int n_ranks) const {
    return {n_blocks * rank / n_ranks, n_blocks * (rank + 1) / n_ranks};
  }
  /// First block of each rank, and the end.
  [[nodiscard]] std::vector<std::int64_t> borders(int n_ranks) const {
    std::vector<std::int64_t> all = {0};
    for (int rank = 0; rank < n_ranks; ++rank) all.push_back(blocks_of(rank, n_ranks).last);
    return all;
  }
  [[nodiscard]] Range rows_of(const Range& blocks) const {
    return {n_rows / n_blocks * blocks.first + n_rows % n_blocks * blocks.first / n_blocks,
            n_rows / n_blocks * blocks.last + n_rows % n_blocks * blocks.last / n_blocks};
  }
  /// The block of a row.
  [[nodiscard]] std::int64_t block_of(std::int64_t row) const {
    std::int64_t block = std::min(n_blocks - 1, row / std::max<std::int64_t>(1, n_rows / n_blocks));
    while (rows_of({block, block + 1}).first > row) --block;
    while (rows_of({block, block + 1}).last <= row) ++block;
    return block;
  }
  [[nodiscard]] Range rows_of_rank(int rank, int n_ranks) const { return rows_of(blocks_of(rank, n_ranks)); }
};

/// A power of two of blocks, so that 2^n ranks have equally many. Enough rows that adding up a block's statistics stays
/// cheap beside its own work (D^2 sums, or discrete rows, whose buckets are folded once a block), about 16,384 at most,
/// but some 64 blocks where a block then still has 64 rows. K plays no part, so that a model that lost clusters is
/// still scored in the same blocks.
inline Partition partition(std::int64_t n_rows, std::size_t n_features, bool discrete) {
  const auto squares = static_cast<std::int64_t>(n_features * n_features);
  const std::int64_t least = discrete ? 4096 : 512 + squares / 32;
  const std::int64_t wanted = std::max(least, std::min<std::int64_t>(n_rows / 1024, 16384));
  const std::int64_t rows = std::max<std::int64_t>(64, std::min(wanted, n_rows / 64));
  const auto blocks = static_cast<std::uint64_t>(n_rows * 7 / 5 / rows);  // 0.7 to 1.4 times the rows wanted
  return {n_rows, static_cast<std::int64_t>(std::bit_floor(std::max<std::uint64_t>(1, blocks)))};
}

}  // namespace shoal
