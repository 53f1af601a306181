#include "shoal/data/row_coding.hpp"

#include <algorithm>

namespace shoal {

RowCoding::RowCoding(LevelOffsets offsets, bool may_miss, std::size_t n_components)
    : offsets_(std::move(offsets)), may_miss_(may_miss) {
  constexpr std::size_t most_table_bytes = std::size_t{16} << 20U;
  add_groups(256);
  if (n_symbols() * n_components * sizeof(double) > most_table_bytes) add_groups(16);
}

std::size_t RowCoding::n_symbols() const {
  std::size_t sum = 0;
  for (const Group& group : groups_) sum += group.n_symbols;
  return sum;
}

void RowCoding::add_groups(std::size_t most_symbols) {
  groups_.clear();
  row_bytes_ = 0;
  bool half_free = false;  // the upper half of the last byte
  for (std::size_t d = 0; d < n_features();) {
    Group group{d, 0, 1, row_bytes_, 0, 0};
    while (d < n_features() && (group.n_features == 0 || group.n_symbols * digits(d) <= most_symbols)) {
      group.n_symbols *= digits(d++);
      ++group.n_features;
    }
    group.bits = group.n_symbols <= 16 && most_symbols <= 16 ? 4 : group.n_symbols <= 256 ? 8 : 16;
    if (group.bits == 4 && half_free) {
      group.byte = row_bytes_ - 1;
      group.shift = 4;
    } else {
      row_bytes_ += group.bits == 16 ? 2 : 1;
    }
    half_free = group.bits == 4 && group.shift == 0;
    groups_.push_back(group);
  }
}

bool RowCoding::is_bits() const {
  if (may_miss_ || row_bytes_ != (n_features() + 7) / 8) return false;
  for (std::size_t d = 0; d < n_features(); ++d)
    if (levels(d) != 2) return false;
  return true;
}

void RowCoding::encode(const Code* levels, PackedByte* row) const {
  std::fill(row, row + row_bytes_, PackedByte(0));
  for (const Group& group : groups_) {
    std::size_t symbol = 0;
    for (std::size_t d = group.first_feature + group.n_features; d-- > group.first_feature;) {
      const std::size_t level = levels[d] == missing_code ? digits(d) - 1 : levels[d];
      symbol = symbol * digits(d) + level;
    }
    row[group.byte] = static_cast<PackedByte>(row[group.byte] | ((symbol << group.shift) & 0xFFU));
    if (group.bits == 16) row[group.byte + 1] = static_cast<PackedByte>(symbol >> 8U);
  }
}

void RowCoding::decode(const PackedByte* row, Code* levels) const {
  for (const Group& group : groups_) {
    std::size_t symbol = row[group.byte] >> group.shift;
    if (group.bits == 4) symbol &= 15U;
    if (group.bits == 16) symbol |= static_cast<std::size_t>(row[group.byte + 1]) << 8U;
    for (std::size_t i = 0; i < group.n_features; ++i) {
      const std::size_t d = group.first_feature + i;
      const std::size_t level = symbol % digits(d);
      levels[d] = may_miss_ && level + 1 == digits(d) ? missing_code : static_cast<Code>(level);
      symbol /= digits(d);
    }
  }
}

std::vector<double> RowCoding::level_sums(std::span<const double> symbol_sums) const {
  std::vector<double> sums(static_cast<std::size_t>(offsets_.back()), 0.0);
  std::size_t first = 0;
  for (const Group& group : groups_) {
    for (std::size_t symbol = 0; symbol < group.n_symbols; ++symbol) {
      std::size_t left = symbol;
      for (std::size_t d = group.first_feature; d < group.first_feature + group.n_features; ++d) {
        const std::size_t level = left % digits(d);
        left /= digits(d);
        if (!may_miss_ || level + 1 < digits(d))
          sums[static_cast<std::size_t>(offsets_[d]) + level] += symbol_sums[first + symbol];
      }
    }
    first += group.n_symbols;
  }
  return sums;
}

void RowCoding::unpack(const PackedByte* rows, std::size_t n, std::uint16_t* symbols, std::size_t pitch) const {
  for (const Group& group : groups_) {
    const PackedByte* byte = rows + group.byte;
    if (group.bits == 8)
      for (std::size_t r = 0; r < n; ++r) symbols[r] = byte[r * row_bytes_];
    else if (group.bits == 4)
      for (std::size_t r = 0; r < n; ++r)
        symbols[r] = static_cast<std::uint16_t>((byte[r * row_bytes_] >> group.shift) & 15U);
    else
      for (std::size_t r = 0; r < n; ++r)
        symbols[r] = static_cast<std::uint16_t>(byte[r * row_bytes_] | (byte[r * row_bytes_ + 1] << 8U));
    symbols += pitch;
  }
}

}  // namespace shoal
