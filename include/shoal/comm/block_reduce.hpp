/// Sums over blocks of rows whose bits depend on the blocks alone, not on how they are spread over ranks and threads.
///
/// Block sums are the leaves of one binary tree over global block numbers; every addition is an inner node of that
/// tree. A rank merges each complete subtree that it owns, and only the O(log blocks) subtrees at the borders of its
/// range travel. After Stelz, Huebner & Stamatakis (Bioinformatics 2026, btag044), with a block's statistics as leaf.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "shoal/comm/communicator.hpp"
#include "shoal/core/statistics.hpp"

namespace shoal {

/// The maximal complete subtrees over a contiguous range of blocks, from left to right.
class BlockForest {
 public:
  /// Adds the next block to the right; blocks arrive in order of their number.
  void push(std::int64_t block, Statistics&& sums);

  /// Adds the forest over the blocks that follow.
  void append(BlockForest&& right);

  /// The sum over blocks 0 .. n-1 once all are here; `zero` where there are none.
  [[nodiscard]] Statistics total(const Statistics& zero) &&;

  struct Node {
    int level;           ///< covers 2^level blocks
    std::int64_t index;  ///< of the first of them, divided by 2^level
    Statistics sums;
  };
  /// Takes the first node away; there must be one.
  Statistics first() &&;

  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }
  void push_node(Node&& node);

 private:
  std::vector<Node> nodes_;
};

/// Collective: the total over all ranks' forests, on every rank, the same bits for any number of ranks. Rank r's forest
/// covers blocks borders[r] .. borders[r + 1] (none where they are equal); `zero` gives the layout.
Statistics reduce_blocks(const Communicator& comm, BlockForest&& mine, std::span<const std::int64_t> borders,
                         const Statistics& zero);

}  // namespace shoal
