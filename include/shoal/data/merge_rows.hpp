/// Equal rows of a block taken together: with few discrete features most rows repeat.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "shoal/data/shard.hpp"

namespace shoal {

/// The distinct rows of a block, in order of their first appearance, each with the weight of all its copies.
struct MergedRows {
  std::vector<PackedByte> values;   ///< n_distinct rows, and RowCoding::spare_bytes
  std::vector<double> weights;      ///< n_distinct
  std::vector<std::uint32_t> copy;  ///< of each row of the block, the number of its distinct row

  [[nodiscard]] RowBlock<PackedByte> block(const RowBlock<PackedByte>& of) const;
};

/// The merged rows where they are worth it, that is at most half of the block's, judged by the first 256 rows first. A
/// function of the block alone, since sums over merged rows round differently.
std::optional<MergedRows> merge_equal_rows(const RowBlock<PackedByte>& block);

}  // namespace shoal
