/// How discrete rows are held: the levels of a few neighbouring features together are one symbol of up to 16 bits, the
/// symbols lie bit by bit side by side, and a score is one table line a symbol. Binary features are one bit each.
///
/// The symbol of features with levels l_0, l_1, ... of L_0, L_1, ... is l_0 + L_0 (l_1 + L_1 (...)). Where entries may
/// be missing, that is one level more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "shoal/math/code_kernels.hpp"

namespace shoal {

/// Where the levels of each feature begin in a list of all; D + 1 entries.
using LevelOffsets = std::vector<std::int64_t>;

/// A byte of a held row.
using PackedByte = std::uint8_t;

class RowCoding {
 public:
  struct Group {
    std::size_t first_feature;
    std::size_t n_features;
    std::size_t n_symbols;
  };

  RowCoding() = default;

  /// Symbols have 8 bits where the tables of K components then fit a second-level cache (256 KiB), else 6, and 4 where
  /// they would take over 8 MiB; a feature of more levels has a symbol of its own. Scores are rounded a symbol at a
  /// time, so their last bits are those of a coding.
  RowCoding(LevelOffsets offsets, bool may_miss, std::size_t n_components);

  [[nodiscard]] std::size_t n_features() const { return offsets_.empty() ? 0 : offsets_.size() - 1; }
  [[nodiscard]] const LevelOffsets& offsets() const { return offsets_; }
  [[nodiscard]] std::int64_t levels(std::size_t feature) const { return offsets_[feature + 1] - offsets_[feature]; }
  [[nodiscard]] bool may_miss() const { return may_miss_; }
  [[nodiscard]] std::size_t row_bytes() const { return row_bytes_; }
  [[nodiscard]] const std::vector<Group>& groups() const { return groups_; }
  [[nodiscard]] const std::vector<SymbolField>& fields() const { return fields_; }  ///< one per group
  [[nodiscard]] std::size_t n_symbols() const;                                      ///< of all groups

  /// Whether a row is its features' bits, eight to a byte, the first one lowest.
  [[nodiscard]] bool is_bits() const;

  /// Levels of a feature as its symbol counts them.
  [[nodiscard]] std::size_t digits(std::size_t feature) const {
    return static_cast<std::size_t>(levels(feature)) + (may_miss_ ? 1 : 0);
  }

  /// D levels to a row and back; missing_code only where entries may be missing.
  void encode(const Code* levels, PackedByte* row) const;
  void decode(const PackedByte* row, Code* levels) const;

  /// Kernels read a little beyond a row: this many bytes follow the last one of an array.
  static constexpr std::size_t spare_bytes = 4;

  /// What each level of each feature has of sums over the symbols of every group.
  [[nodiscard]] std::vector<double> level_sums(std::span<const double> symbol_sums) const;

 private:
  void add_groups(std::size_t most_symbols);

  LevelOffsets offsets_;
  bool may_miss_ = false;
  std::size_t row_bytes_ = 0;
  std::vector<Group> groups_;
  std::vector<SymbolField> fields_;
};

}  // namespace shoal
