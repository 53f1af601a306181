#include "shoal/pass/row_pass.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "shoal/core/named_array.hpp"
#include "shoal/pass/column_moments.hpp"
#include "support/serial.hpp"

namespace shoal {
namespace {

using test::shard_of;

const Communicator& world() {
  static const Communicator comm = Communicator::world();
  return comm;
}

/// The sum of the first feature, and a number from each rank.
Statistics column_sum(const RowPass<double>& pass) {
  const auto add = [](const RowBlock<double>& block, Statistics& sums) {
    for (std::size_t r = 0; r < block.n_rows; ++r) sums.sums[0] += block.weight(r) * block.row(r)[0];
    sums.sums[1] += static_cast<double>(block.n_rows);
  };
  return pass.reduce(SumLayout{3}, add, [](Statistics& last) { last.sums[2] = 1; });
}

TEST(RowPass, SumsDoNotDependOnRanksAndThreads) {
  const std::vector<double> values = test::normal_rows(1000, 3, 1);
  const auto summary = test::summary_of(values, 3);
  const auto alone = shard_of(Communicator::self(), values, 3);
  const Statistics expected = column_sum(RowPass<double>(alone, Communicator::self(), 1, summary));
  EXPECT_EQ(expected.sums[1], 1000);
  const auto shard = shard_of(world(), values, 3);
  for (const int threads : {1, 2, 5}) {
    const Statistics sums = column_sum(RowPass<double>(shard, world(), threads, summary));
    EXPECT_EQ(sums.sums[0], expected.sums[0]);
    EXPECT_EQ(sums.sums[1], expected.sums[1]);
    EXPECT_EQ(sums.sums[2], world().size());
  }
}

/// Rows that are nowhere but while they are looked at.
class Stream final : public BlockSource<double> {
 public:
  explicit Stream(const Shard<double>& shard) : BlockSource<double>(shard), shard_(shard) {}
  void visit(std::int64_t index, const std::function<void(const RowBlock<double>&)>& use) const override {
    const RowBlock<double> held = shard_.block(index);
    const std::vector<double> copy(held.values, held.values + held.n_rows * held.width);
    use(block_at(index, copy.data()));
  }

 private:
  const Shard<double>& shard_;
};

TEST(RowPass, ASourceNeedNotHoldItsRows) {
  const std::vector<double> values = test::normal_rows(1000, 3, 1);
  std::vector<double> weights;
  for (std::size_t i = 0; i < 1000; ++i) weights.push_back(static_cast<double>(i % 5));
  const auto shard = shard_of(world(), values, 3, weights);
  const Stream stream(shard);
  const auto summary = test::summary_of(values, 3, weights);
  const RowPass<double> held(shard, world(), 2, summary), streamed(stream, world(), 2, summary);
  EXPECT_TRUE(same_bits(column_sum(held).sums, column_sum(streamed).sums));
  const std::vector<std::int64_t> rows = {999, 0, 500, 501, 500, 64, 63};
  EXPECT_TRUE(same_bits(held.fetch(rows), streamed.fetch(rows)));
  EXPECT_EQ(streamed.fetch(rows)[3], values[0]);
  EXPECT_TRUE(same_bits(column_moments(held).variance, column_moments(streamed).variance));
}

TEST(RowPass, AnExceptionInAThreadComesOut) {
  const std::vector<double> values = test::normal_rows(1000, 3, 1);
  const auto shard = shard_of(world(), values, 3);
  const RowPass<double> pass(shard, world(), 2, test::summary_of(values, 3));
  const auto fail = [](const RowBlock<double>&, int) { throw std::runtime_error("no"); };
  if (shard.blocks.size() > 0) {
    EXPECT_THROW(pass.for_each_block(fail), std::runtime_error);
  }
}

TEST(RowPass, LargestBreaksTiesByTheLowerRow) {
  std::vector<double> values(1000, 0.0);  // of two features, the first of which is the score
  values[2 * 77] = values[2 * 400] = values[2 * 3] = values[2 * 5] = 5;
  values[2 * 499] = 9;
  values[2 * 77 + 1] = 1, values[2 * 400 + 1] = 2;  // row 5 is the same as row 3
  const auto shard = shard_of(world(), values, 2);
  const RowPass<double> pass(shard, world(), 2, test::summary_of(values, 2));
  const auto value = [](const RowBlock<double>& block, std::span<double> score) {
    for (std::size_t r = 0; r < block.n_rows; ++r) score[r] = block.row(r)[0] > 0 ? block.row(r)[0] : -INFINITY;
  };
  EXPECT_EQ(pass.largest(3, value), (std::vector<std::int64_t>{499, 3, 77}));
  EXPECT_EQ(pass.largest(10, value), (std::vector<std::int64_t>{499, 3, 77, 400}));
}

TEST(RowPass, FetchGivesRowsInTheOrderAsked) {
  const std::vector<double> values = test::normal_rows(300, 2, 4);
  const auto shard = shard_of(world(), values, 2);
  const RowPass<double> pass(shard, world(), 1, test::summary_of(values, 2));
  const Matrix rows = pass.fetch_matrix({299, 0, 150, 0});
  for (std::size_t j = 0; j < 2; ++j) {
    EXPECT_EQ(rows(0, j), values[299 * 2 + j]);
    EXPECT_EQ(rows(1, j), values[j]);
    EXPECT_EQ(rows(2, j), values[150 * 2 + j]);
    EXPECT_EQ(rows(3, j), values[j]);
  }
  EXPECT_THROW(pass.fetch({300}), std::logic_error);
}

TEST(ColumnMoments, FarFromZeroWithWeightsAndGaps) {
  std::vector<double> values;
  std::vector<double> weights;
  for (int i = 0; i < 400; ++i) {
    values.insert(values.end(), {1e8 + (i % 2 == 0 ? 1 : -1), 3.25, i % 4 == 0 ? double{NAN} : i % 4});
    weights.push_back(i % 3);
  }
  const auto shard = shard_of(world(), values, 3, weights);
  const RowPass<double> pass(shard, world(), 2, test::summary_of(values, 3, weights));
  const ColumnMoments moments = column_moments(pass);
  double even = 0, total = 0, third = 0, third_total = 0, third_squares = 0;
  for (int i = 0; i < 400; ++i) {
    even += i % 2 == 0 ? i % 3 : 0;
    total += i % 3;
    if (i % 4 == 0) continue;
    third += (i % 3) * (i % 4);
    third_squares += (i % 3) * (i % 4) * (i % 4);
    third_total += i % 3;
  }
  const double mean = 2 * even / total - 1;
  EXPECT_NEAR(moments.mean[0], 1e8 + mean, 1e-7);
  EXPECT_NEAR(moments.variance[0], 1 - mean * mean, 1e-9);
  EXPECT_EQ(moments.mean[1], 3.25);
  EXPECT_EQ(moments.variance[1], 0);  // exactly, so that constant features are known as such
  EXPECT_NEAR(moments.mean[2], third / third_total, 1e-13);
  EXPECT_NEAR(moments.variance[2], third_squares / third_total - std::pow(third / third_total, 2), 1e-13);
}

TEST(ColumnMoments, ARowOfWeightZeroIsNoReference) {
  std::vector<double> values(300, 0.1);  // measured from another value, 0.1 would be rounded, and vary
  std::vector<double> weights(300, 1.0);
  values[0] = 7.3e15;
  weights[0] = 0;
  const auto shard = shard_of(world(), values, 1, weights);
  const RowPass<double> pass(shard, world(), 1, test::summary_of(values, 1, weights));
  const ColumnMoments moments = column_moments(pass);
  EXPECT_EQ(moments.mean[0], 0.1);
  EXPECT_EQ(moments.variance[0], 0);
}

}  // namespace
}  // namespace shoal
