// What one round of the median search concludes from a bracket that missed, to the key: the median may be the very next
// one.
#include <gtest/gtest.h>

#include <cmath>

#include "model/kmedians/selection_rounds.hpp"
#include "support/moves.hpp"
#include "support/serial.hpp"

namespace shoal {
namespace {

const Communicator& world() {
  static const Communicator comm = Communicator::world();
  return comm;
}

/// Five neighbouring numbers, many copies of each.
class Neighbours : public testing::Test {
 protected:
  static constexpr std::size_t copies = 40;
  Neighbours() : shard_(make_shard()), pass_(shard_, world(), 2, {5 * copies, 5 * copies, 5.0 * copies}) {}

  static double value(int i) {
    double x = 3;
    for (int step = 0; step < i; ++step) x = std::nextafter(x, 4);
    return x;
  }
  static std::uint64_t key(int i) { return ordered_key(value(i)); }

  /// The state after a bracket from value `low` to value `high` was tried, by lists or by cells, and what the search
  /// then finds.
  SelectionState after(int low, int high, bool cut) {
    const IntegerWeights ones;
    const std::vector<bool> left_out(1, false);
    Candidates<double> candidates(pass_, 1);
    std::vector<std::int32_t> labels(shard_.n_rows(), -1);
    const std::vector<std::int32_t> all(shard_.n_rows(), 0);
    test::move_rows(pass_, labels, all, [&](const auto& block, std::size_t first, const auto& moves) {
      candidates.move(block, first, moves, ones);
    });
    const ColumnExtents extents = column_extents(pass_);
    SelectionRounds<double> rounds(pass_, extents, left_out, ones, labels, candidates);
    rounds.follow();
    PairBrackets<double> tried(1);
    tried.set(0, value(low), value(high), value(low));
    rounds.count(tried, !cut);
    const SelectionState state = rounds.state(0);
    for (int i = 0; i < 100 && rounds.n_unlisted() > 0; ++i) rounds.count(rounds.remaining(false), true);
    for (int i = 0; i < 100 && rounds.has_more_than(rounds.few(), true); ++i) rounds.narrow();
    EXPECT_FALSE(rounds.n_unlisted() > 0) << "the median is in no bracket any more";
    const auto medians = rounds.gather();
    EXPECT_EQ(medians.lower[0], value(2));
    EXPECT_EQ(medians.upper[0], value(2));
    return state;
  }

 private:
  static Shard<double> make_shard() {
    std::vector<double> values;
    for (std::size_t i = 0; i < 5 * copies; ++i) values.push_back(value(static_cast<int>(i % 5)));
    return test::shard_of(world(), values, 1, {}, 16);
  }
  Shard<double> shard_;
  RowPass<double> pass_;
};

TEST_F(Neighbours, TheMedianIsTheNextKeyAboveABracket) {
  for (const bool cut : {false, true}) {
    const SelectionState state = after(0, 1, cut);
    EXPECT_EQ(state.low, key(2));
    EXPECT_EQ(state.below, 2 * copies);
  }
}

TEST_F(Neighbours, TheMedianIsTheNextKeyBelowABracket) {
  for (const bool cut : {false, true}) EXPECT_EQ(after(3, 4, cut).high, key(2));
}

TEST_F(Neighbours, TheMedianIsEitherEndOfABracket) {
  for (const auto& [low, high] : {std::pair{0, 2}, {2, 4}, {2, 2}})
    for (const bool cut : {false, true}) {
      const SelectionState state = after(low, high, cut);
      EXPECT_LE(state.low, key(2));
      EXPECT_GE(state.high, key(2));
      EXPECT_GE(state.low, key(low));
      EXPECT_LE(state.high, key(high));
    }
}

}  // namespace
}  // namespace shoal
