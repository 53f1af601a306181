#include "shoal/data/row_coding.hpp"

#include <algorithm>
#include <bit>

namespace shoal {

RowCoding::RowCoding(LevelOffsets offsets, bool may_miss, std::size_t n_components)
    : offsets_(std::move(offsets)), may_miss_(may_miss) {
  const auto table_bytes = [&] { return n_symbols() * n_components * sizeof(double); };
  add_groups(256);
  if (table_bytes() > std::size_t{256} << 10U) add_groups(64);
  if (table_bytes() > std::size_t{8} << 20U) add_groups(16);
}

std::size_t RowCoding::n_symbols() const {
  std::size_t sum = 0;
  for (const Group& group : groups_) sum += group.n_symbols;
  return sum;
}

void RowCoding::add_groups(std::size_t most_symbols) {
  groups_.clear();
  fields_.clear();
  std::size_t bit = 0;
  std::size_t line = 0;
  for (std::size_t d = 0; d < n_features();) {
    Group group{d, 0, 1};
    while (d < n_features() && (group.n_features == 0 || group.n_symbols * digits(d) <= most_symbols)) {
      group.n_symbols *= digits(d++);
      ++group.n_features;
    }
    const auto width = static_cast<std::uint32_t>(std::bit_width(group.n_symbols - 1));
    fields_.push_back({static_cast<std::uint32_t>(bit / 8), static_cast<std::uint32_t>(bit % 8), (1U << width) - 1,
                       static_cast<std::uint32_t>(line)});
    groups_.push_back(group);
    bit += width;
    line += group.n_symbols;
  }
  row_bytes_ = std::max<std::size_t>(1, (bit + 7) / 8);  // features of one level take no bit
}

bool RowCoding::is_bits() const {
  if (may_miss_) return false;
  for (std::size_t d = 0; d < n_features(); ++d)
    if (levels(d) != 2) return false;
  return true;
}

void RowCoding::encode(const Code* levels, PackedByte* row) const {
  std::fill(row, row + row_bytes_, PackedByte(0));
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    std::size_t symbol = 0;
    for (std::size_t d = groups_[g].first_feature + groups_[g].n_features; d-- > groups_[g].first_feature;)
      symbol = symbol * digits(d) + (levels[d] == missing_code ? digits(d) - 1 : levels[d]);
    symbol <<= fields_[g].shift;
    for (std::size_t byte = fields_[g].byte; symbol != 0; symbol >>= 8U, ++byte)
      row[byte] = static_cast<PackedByte>(row[byte] | (symbol & 0xFFU));
  }
}

void RowCoding::decode(const PackedByte* row, Code* levels) const {
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    std::size_t symbol = 0;
    for (std::size_t i = std::min(fields_[g].byte + sizeof(std::uint32_t), row_bytes_); i-- > fields_[g].byte;)
      symbol = symbol << 8U | row[i];
    symbol = (symbol >> fields_[g].shift) & fields_[g].mask;
    for (std::size_t d = groups_[g].first_feature; d < groups_[g].first_feature + groups_[g].n_features; ++d) {
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

}  // namespace shoal
