// Packed rows: every level comes back, in the bytes that were promised.
#include "shoal/data/row_coding.hpp"

#include <gtest/gtest.h>

#include <random>

#include "shoal/data/merge_rows.hpp"

namespace shoal {
namespace {

LevelOffsets offsets_of(const std::vector<std::int64_t>& levels) {
  LevelOffsets offsets = {0};
  for (const std::int64_t n : levels) offsets.push_back(offsets.back() + n);
  return offsets;
}

void expect_round_trip(const std::vector<std::int64_t>& levels, bool may_miss, std::size_t n_components) {
  const RowCoding coding(offsets_of(levels), may_miss, n_components);
  const std::size_t d = levels.size();
  std::mt19937 generator(1);
  const std::size_t n = 50;
  std::vector<PackedByte> rows(n * coding.row_bytes());
  std::vector<Code> codes(n * d);
  std::vector<double> expected(static_cast<std::size_t>(coding.offsets().back()), 0.0);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const auto level = static_cast<Code>(generator() % static_cast<std::uint32_t>(levels[i % d] + (may_miss ? 1 : 0)));
    codes[i] = level == levels[i % d] ? missing_code : level;
    if (codes[i] != missing_code) expected[static_cast<std::size_t>(coding.offsets()[i % d]) + level] += 1;
  }
  for (std::size_t r = 0; r < n; ++r) coding.encode(codes.data() + r * d, rows.data() + r * coding.row_bytes());
  std::vector<Code> back(codes.size());
  for (std::size_t r = 0; r < n; ++r) coding.decode(rows.data() + r * coding.row_bytes(), back.data() + r * d);
  EXPECT_EQ(back, codes);

  rows.resize(rows.size() + RowCoding::spare_bytes);
  std::vector<double> counts(coding.n_symbols(), 0.0);
  for (std::size_t r = 0; r < n; ++r)
    for (std::size_t g = 0; g < coding.groups().size(); ++g) {
      const std::uint32_t symbol = symbol_of(rows.data() + r * coding.row_bytes(), coding.fields()[g]);
      ASSERT_LT(symbol, coding.groups()[g].n_symbols);
      counts[coding.fields()[g].first_line + symbol] += 1;
    }
  EXPECT_EQ(coding.level_sums(counts), expected);
}

TEST(RowCoding, EveryLevelComesBack) {
  for (const bool may_miss : {false, true})
    for (const std::size_t k : {1U, 10U, 100000U}) {
      expect_round_trip(std::vector<std::int64_t>(21, 2), may_miss, k);
      expect_round_trip({3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5}, may_miss, k);
      expect_round_trip({2, 255, 256, 257, 2, 2, 65534, 3, 16, 15, 17}, may_miss, k);
      expect_round_trip({65534}, may_miss, k);
      expect_round_trip({1, 1, 1}, may_miss, k);
      expect_round_trip({200, 1}, may_miss, k);
    }
}

TEST(RowCoding, EightBinaryFeaturesTakeAByteForAnyNumberOfComponents) {
  for (const std::size_t d : {1U, 8U, 9U, 784U})
    for (const std::size_t k : {1U, 10U, 4096U}) {
      const RowCoding coding(offsets_of(std::vector<std::int64_t>(d, 2)), false, k);
      EXPECT_EQ(coding.row_bytes(), (d + 7) / 8);
      EXPECT_TRUE(coding.is_bits());
      std::vector<Code> levels(d, 0);
      levels[d - 1] = 1;
      std::vector<PackedByte> row(coding.row_bytes());
      coding.encode(levels.data(), row.data());
      EXPECT_EQ(row.back(), 1U << ((d - 1) % 8));
    }
  EXPECT_FALSE(RowCoding(offsets_of({2, 2}), true, 1).is_bits());
  EXPECT_FALSE(RowCoding(offsets_of({2, 3}), false, 1).is_bits());
}

TEST(RowCoding, TablesOfManyComponentsStaySmall) {
  const LevelOffsets bits = offsets_of(std::vector<std::int64_t>(784, 2));
  EXPECT_EQ(RowCoding(bits, false, 10).groups().size(), 131U);
  EXPECT_EQ(RowCoding(bits, false, 4096).groups().size(), 196U);
}

TEST(MergeEqualRows, TakesCopiesTogether) {
  const std::size_t width = 2;
  const std::vector<PackedByte> values = {1, 2, 3, 4, 1, 2, 1, 2, 3, 4, 0, 2, 3, 4, 1, 2, 0, 0, 0};
  const std::vector<double> weights = {1, 2, 3, 4, 0.5, 6, 7, 8};
  RowBlock<PackedByte> block;
  block.n_rows = 8;
  block.width = width;
  block.values = values.data();
  block.weights = weights.data();
  const auto merged = merge_equal_rows(block);
  ASSERT_TRUE(merged);
  EXPECT_EQ(merged->copy, (std::vector<std::uint32_t>{0, 1, 0, 0, 1, 2, 1, 0}));
  EXPECT_EQ(merged->weights, (std::vector<double>{1 + 3 + 4 + 8, 2 + 0.5 + 7, 6}));
  const RowBlock<PackedByte> distinct = merged->block(block);
  EXPECT_EQ(distinct.n_rows, 3U);
  EXPECT_EQ(distinct.row(2)[0], 0);
  EXPECT_EQ(distinct.weight(2), 6);

  block.n_rows = 3;  // two of three are distinct: not worth it
  EXPECT_FALSE(merge_equal_rows(block));
}

}  // namespace
}  // namespace shoal
