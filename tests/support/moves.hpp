// Rows that change clusters, told as a pass tells of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "shoal/math/fixed_point.hpp"
#include "shoal/pass/row_pass.hpp"

namespace shoal::test {

/// Calls `tell` with a block, the first row of a tile of it, and the rows of the tile whose label changes; in several
/// threads. labels: of this rank's rows, brought up to date.
template <class T, class F>
void move_rows(const RowPass<T>& pass, std::vector<std::int32_t>& labels, std::span<const std::int32_t> next,
               F&& tell) {
  pass.for_each_block([&](const RowBlock<T>& block, int) {
    constexpr std::size_t tile_rows = 24;
    for (std::size_t first = 0; first < block.n_rows; first += tile_rows) {
      std::vector<RowMove> moves;
      for (std::size_t r = first; r < std::min(first + tile_rows, block.n_rows); ++r) {
        const std::size_t local = block.first_local + r;
        if (labels[local] != next[local])
          moves.push_back({static_cast<std::uint32_t>(r - first), labels[local], next[local]});
        labels[local] = next[local];
      }
      if (!moves.empty()) tell(block, first, moves);
    }
  });
}

}  // namespace shoal::test
