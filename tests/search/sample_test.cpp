// Which rows a sample holds: as many of each as their weights say, whoever holds them.
#include "shoal/search/sample.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "support/serial.hpp"

namespace shoal {
namespace {

const Communicator& world() {
  static const Communicator comm = Communicator::world();
  return comm;
}

constexpr std::size_t n_rows = 3000;

/// Every row is its own number.
std::vector<double> numbers() {
  std::vector<double> values(n_rows);
  for (std::size_t i = 0; i < n_rows; ++i) values[i] = static_cast<double>(i);
  return values;
}

/// 0, 1, 2 or 5.
std::vector<double> some_weights() {
  std::vector<double> weights(n_rows);
  for (std::size_t i = 0; i < n_rows; ++i) weights[i] = std::vector<double>{0, 1, 2, 5}[i % 4];
  return weights;
}

Sample<double> drawn(const std::vector<double>& weights, std::int64_t wanted, std::uint64_t seed,
                     const Communicator& comm = world()) {
  const std::vector<double> values = numbers();
  const auto shard = test::shard_of(comm, values, 1, weights);
  return draw_sample(RowPass<double>(shard, comm, 2, test::summary_of(values, 1, weights)), wanted, seed);
}

std::vector<double> values_of(const Sample<double>& sample) {
  return {sample.rows().values.begin(), sample.rows().values.end()};
}

TEST(Sample, HoldsRowsInProportionToTheirWeights) {
  constexpr int n_seeds = 40;
  std::vector<double> found(4);
  for (std::uint64_t seed = 0; seed < n_seeds; ++seed)
    for (const double row : values_of(drawn(some_weights(), 400, seed))) ++found[static_cast<std::size_t>(row) % 4];
  EXPECT_EQ(found[0], 0) << "rows of weight 0";
  for (const std::size_t group : {1U, 2U, 3U}) {
    const double chance = std::vector<double>{0, 1, 2, 5}[group] * 400 / (8.0 * n_rows / 4);
    const double draws = n_seeds * n_rows / 4.0;
    EXPECT_NEAR(found[group], draws * chance, 4 * std::sqrt(draws * chance * (1 - chance))) << "group " << group;
  }
}

TEST(Sample, ARowThatStandsForMoreThanOneDrawIsThereOnceAndWeighsThem) {
  std::vector<double> weights(n_rows, 1.0);
  weights[1234] = 1e6;
  const Sample<double> sample = drawn(weights, 500, 3);
  const std::vector<double> values = values_of(sample);
  ASSERT_EQ(sample.rows().weights.size(), values.size());
  std::size_t times = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] != 1234) continue;
    ++times;
    EXPECT_NEAR(sample.rows().weights[i], 500 * 1e6 / (1e6 + n_rows - 1), 1e-9);
  }
  EXPECT_EQ(times, 1U);
  EXPECT_NEAR(sample.summary().total_weight, 500, 10);
}

TEST(Sample, AFactorOfAllWeightsChangesNothing) {
  std::vector<double> fourfold = some_weights();
  for (double& weight : fourfold) weight *= 4;
  const Sample<double> once = drawn(some_weights(), 700, 5), again = drawn(fourfold, 700, 5);
  EXPECT_EQ(values_of(once), values_of(again));
  EXPECT_EQ(once.rows().weights, again.rows().weights);
  EXPECT_EQ(once.summary().total_weight, again.summary().total_weight);
}

TEST(Sample, IsTheSameOnAnyRanks) {
  for (const std::int64_t wanted : {50, 900, 5000}) {
    const Sample<double> spread = drawn(some_weights(), wanted, 9),
                         alone = drawn(some_weights(), wanted, 9, Communicator::self());
    EXPECT_EQ(values_of(spread), values_of(alone));
    EXPECT_EQ(spread.rows().weights, alone.rows().weights);
  }
}

TEST(Sample, DiffersBySeed) { EXPECT_NE(values_of(drawn({}, 300, 0)), values_of(drawn({}, 300, 1))); }

TEST(Sample, OfAllRowsHasThemWithTheirOwnWeights) {
  const Sample<double> all = drawn(some_weights(), n_rows, 1);
  const std::vector<double> values = values_of(all);
  ASSERT_EQ(values.size(), n_rows / 4 * 3);
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_EQ(all.rows().weights[i], some_weights()[static_cast<std::size_t>(values[i])]);
  EXPECT_TRUE(drawn({}, n_rows, 1).rows().weights.empty());
}

TEST(Sample, OfCodesHoldsTheirBytes) {
  std::vector<Code> codes;
  for (std::size_t i = 0; i < 600; ++i) codes.insert(codes.end(), {Code(i % 3), Code(i / 3 % 2)});
  const auto shard = test::packed_shard_of(world(), codes, {0, 3, 5});
  const Sample<PackedByte> sample = draw_sample(RowPass<PackedByte>(shard, world(), 1, {600, 600, 600}), 600, 0);
  const RowBlock<PackedByte> block = sample.rows().block(0);
  ASSERT_GE(block.n_rows, 6U);
  for (std::size_t r = 0; r < 6; ++r) {
    std::vector<Code> row(2);
    sample.rows().coding.decode(block.row(r), row.data());
    EXPECT_EQ(row, (std::vector<Code>{codes[2 * r], codes[2 * r + 1]}));
  }
}

TEST(Sample, APartHasTheRowsAndWeightsAskedFor) {
  const Sample<double> part = drawn({}, n_rows, 1).part({{7, 0.5}, {2999, 0.25}, {0, 1}});
  EXPECT_EQ(values_of(part), (std::vector<double>{7, 2999, 0}));
  EXPECT_EQ(part.rows().weights, (std::vector<double>{0.5, 0.25, 1}));
  EXPECT_EQ(part.summary().total_weight, 1.75);
}

}  // namespace
}  // namespace shoal
