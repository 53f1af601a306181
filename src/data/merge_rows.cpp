#include "shoal/data/merge_rows.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

namespace shoal {
namespace {

/// Finds rows that were seen before; open addressing.
class SeenRows {
 public:
  SeenRows(const RowBlock<PackedByte>& block, std::size_t n) : block_(block), slots_(std::bit_ceil(4 * n), empty) {}

  /// The number of the distinct row equal to row r, a new one where there is none.
  std::uint32_t find(std::size_t r) {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t slot = hash(r) & mask;; slot = (slot + 1) & mask) {
      if (slots_[slot] == empty) {
        slots_[slot] = static_cast<std::uint32_t>(first_.size());
        first_.push_back(r);
        return slots_[slot];
      }
      if (std::memcmp(block_.row(first_[slots_[slot]]), block_.row(r), block_.width) == 0) return slots_[slot];
    }
  }

  /// The first row of each kind.
  [[nodiscard]] const std::vector<std::size_t>& first() const { return first_; }

 private:
  [[nodiscard]] std::size_t hash(std::size_t r) const {
    return std::hash<std::string_view>()({reinterpret_cast<const char*>(block_.row(r)), block_.width});
  }

  static constexpr std::uint32_t empty = 0xFFFFFFFF;
  const RowBlock<PackedByte>& block_;
  std::vector<std::uint32_t> slots_;
  std::vector<std::size_t> first_;
};

bool looks_repetitive(const RowBlock<PackedByte>& block) {
  constexpr std::size_t sample = 256;
  const std::size_t n = std::min(sample, block.n_rows);
  SeenRows seen(block, n);
  for (std::size_t r = 0; r < n; ++r) seen.find(r);
  return seen.first().size() * 8 <= n * 7;
}

}  // namespace

RowBlock<PackedByte> MergedRows::block(const RowBlock<PackedByte>& of) const {
  RowBlock<PackedByte> merged = of;
  merged.n_rows = weights.size();
  merged.values = values.data();
  merged.weights = weights.data();
  return merged;
}

std::optional<MergedRows> merge_equal_rows(const RowBlock<PackedByte>& block) {
  if (!looks_repetitive(block)) return std::nullopt;
  SeenRows seen(block, block.n_rows);
  MergedRows merged;
  for (std::size_t r = 0; r < block.n_rows; ++r) {
    const std::uint32_t number = seen.find(r);
    if (number == merged.weights.size()) {
      if (2 * (merged.weights.size() + 1) > block.n_rows) return std::nullopt;
      merged.weights.push_back(0);
      merged.values.insert(merged.values.end(), block.row(r), block.row(r) + block.width);
    }
    merged.copy.push_back(number);
    merged.weights[number] += block.weight(r);
  }
  merged.values.resize(merged.values.size() + RowCoding::spare_bytes);
  return merged;
}

}  // namespace shoal
