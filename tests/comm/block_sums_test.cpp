#include "shoal/comm/block_sums.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <numeric>
#include <random>
#include <thread>

#include "shoal/core/named_array.hpp"
#include "shoal/math/binned.hpp"

namespace shoal {
namespace {

using Integer = boost::multiprecision::cpp_int;
constexpr std::size_t n_totals = 2;

Communicator world() { return Communicator::world(); }

/// Numbers of very different sizes, of either sign, in sums of `size` entries after the totals; some are zero, some the
/// opposite of the block's before.
std::vector<double> block_sums(std::int64_t block, std::size_t size, int most_exponent) {
  std::mt19937_64 generator(static_cast<std::uint64_t>(block / 2));
  std::normal_distribution<double> normal;
  std::vector<double> sums;
  for (std::size_t i = 0; i < n_totals + size; ++i) {
    const int exponent = static_cast<int>(generator() % 7) * most_exponent / 6 * (i % 3 == 0 ? -1 : 1);
    const double value = generator() % 5 == 0 ? 0.0 : std::ldexp(normal(generator), exponent);
    sums.push_back(i % 4 == 1 && block % 2 == 1 ? -value * (1 + 1e-15) : value);
  }
  return sums;
}

std::vector<double> added_up(const Communicator& comm, std::span<const std::int64_t> mine, std::int64_t n_blocks,
                             std::size_t size, int most_exponent, std::size_t threads) {
  BlockSums sums(SumLayout{n_totals + size, n_totals}, n_blocks);
  std::vector<std::thread> team;
  for (std::size_t t = 0; t < threads; ++t)
    team.emplace_back([&, t] {
      for (std::size_t i = t; i < mine.size(); i += threads) sums.add(block_sums(mine[i], size, most_exponent), t);
    });
  for (std::thread& one : team) one.join();
  return std::move(sums).total(comm).sums;
}

/// The whole numbers 0 .. n - 1 in an order of this seed, which every rank knows.
std::vector<std::int64_t> shuffled(std::int64_t n, unsigned seed) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), 0);
  std::shuffle(all.begin(), all.end(), std::mt19937(seed));
  return all;
}

TEST(BlockSums, AnyDealingOfBlocksToRanksAndThreadsGivesTheSameBits) {
  const Communicator comm = world();
  for (const std::size_t size : {0U, 3U, 64U, 9001U})
    for (const std::int64_t n : {1, 2, 7, 100}) {
      const std::vector<double> expected =
          added_up(Communicator::self(), shuffled(n, 0), n, size, 1000, 1);  // each rank for itself
      for (unsigned seed = 1; seed < 6; ++seed) {
        std::mt19937 deal(seed);
        std::vector<std::int64_t> mine;
        for (const std::int64_t block : shuffled(n, seed))
          if (static_cast<int>(deal() % static_cast<unsigned>(comm.size())) == comm.rank()) mine.push_back(block);
        EXPECT_TRUE(same_bits(added_up(comm, mine, n, size, 1000, seed % 3 + 1), expected)) << size << " " << n;
      }
    }
}

/// x 2^1200, whole for every double.
Integer scaled(double x) {
  int exponent = 0;
  const double mantissa = std::frexp(x, &exponent);
  const Integer number = static_cast<std::int64_t>(std::ldexp(mantissa, 53));
  const int shift = exponent - 53 + 1200;
  if (shift < 0) return number >> static_cast<unsigned>(-shift);
  return number << static_cast<unsigned>(shift);
}

TEST(BlockSums, ErrorsStayWithinTheBoundByRationalArithmetic) {
  constexpr std::size_t size = 500;
  for (const int most_exponent : {0, 60, 300, 1000})
    for (const std::int64_t n : {1, 2, 63, 1000}) {
      const std::vector<double> sums = added_up(
          world(), world().is_root() ? shuffled(n, 3) : std::vector<std::int64_t>(), n, size, most_exponent, 1);
      std::vector<Integer> exact(n_totals + size), largest(n_totals + size);
      for (std::int64_t block = 0; block < n; ++block) {
        const std::vector<double> mine = block_sums(block, size, most_exponent);
        for (std::size_t i = 0; i < mine.size(); ++i) {
          const Integer value = scaled(mine[i]);
          exact[i] += value;
          largest[i] = std::max<Integer>(largest[i], abs(value));
        }
      }
      for (std::size_t i = 0; i < sums.size(); ++i) {
        const Integer error = abs(scaled(sums[i]) - exact[i]), rounding = abs(exact[i]);
        if (i < n_totals)  // half a unit in the last place, or of the least number
          EXPECT_LE(error, std::max<Integer>(rounding >> 53U, Integer(1) << 125U)) << i;
        else
          EXPECT_LE(error, (rounding >> 51U) + ((n * largest[i]) >> static_cast<unsigned>(2 * bin_bits(n))) +
                               (Integer(1) << 126U))
              << i << " of " << n;
      }
    }
}

TEST(BlockSums, WholeNumbersAreExact) {
  const Communicator comm = world();
  BlockSums sums(SumLayout{100}, 64);
  for (int block = comm.rank(); block < 64; block += comm.size())
    sums.add(std::vector<double>(100, std::ldexp(1.0, 46) + (block % 2 == 0 ? 1 : -2)));
  for (const double sum : std::move(sums).total(comm).sums) EXPECT_EQ(sum, std::ldexp(1.0, 52) - 32);
}

TEST(BlockSums, TotalsKeepWhatCancels) {
  const Communicator comm = world();
  BlockSums sums(SumLayout{2, 1}, 3);
  const std::array<double, 3> addends = {1e150, -1e150, 1};
  for (std::size_t block = 0; block < 3; ++block)
    if (static_cast<int>(block) % comm.size() == comm.rank())
      sums.add(std::vector<double>{addends[block], addends[block]});
  const std::vector<double> total = std::move(sums).total(comm).sums;
  EXPECT_EQ(total[0], 1);
  EXPECT_EQ(total[1], 0);  // no number of bins is enough for all
}

TEST(BlockSums, TotalsAreRoundedOnce) {
  const Communicator comm = world();
  BlockSums sums(SumLayout{1, 1}, 3);
  const std::array<double, 3> addends = {1, 0x1p-53, 0x1p-200};  // beyond the half of a unit by its last bit
  for (std::size_t block = 0; block < 3; ++block)
    if (static_cast<int>(block) % comm.size() == comm.rank()) sums.add(std::vector<double>{addends[block]});
  EXPECT_EQ(std::move(sums).total(comm).sums[0], 1 + 0x1p-52);
}

TEST(BlockSums, WhatIsNoNumberReachesEveryRank) {
  const Communicator comm = world();
  for (const std::size_t place : {0U, 1U, 70U})  // a total, and two entries
    for (int owner = 0; owner < comm.size(); ++owner) {
      constexpr double infinity = std::numeric_limits<double>::infinity();
      const auto of = [&](std::initializer_list<double> addends) {
        BlockSums sums(SumLayout{80, 1}, 4);
        for (const double x : addends) {
          std::vector<double> block(80, 1.0);
          block[place] = x;
          if (comm.rank() == owner) sums.add(block);
        }
        if (comm.rank() != owner) sums.add(std::vector<double>(80, -3e200));
        const std::vector<double> total = std::move(sums).total(comm).sums;
        EXPECT_TRUE(std::isfinite(total[2]));
        return total[place];
      };
      EXPECT_TRUE(std::isnan(of({1, NAN, 2})));
      EXPECT_TRUE(std::isnan(of({infinity, 2, -infinity})));
      EXPECT_EQ(of({3, infinity, 1e308}), infinity);
      EXPECT_EQ(of({-infinity, 5, 7}), -infinity);
      if (comm.size() == 1) {
        EXPECT_EQ(of({1.7e308, 1.7e308}), infinity);
        EXPECT_EQ(of({1.7e308, 1.7e308, -1.7e308}), 1.7e308);
        EXPECT_EQ(of({5e-324, 5e-324, 0}), 1e-323);
      }
    }
}

TEST(BlockSums, TravelInPiecesWithinTheLimit) {
  const std::vector<double> expected = added_up(Communicator::self(), shuffled(40, 0), 40, 1000, 100, 1);
  std::vector<std::int64_t> mine;
  for (std::int64_t block = world().rank(); block < 40; block += world().size()) mine.push_back(block);
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{5000}, std::size_t{1} << 20U})
    EXPECT_TRUE(same_bits(added_up(world().with_message_limit(bytes), mine, 40, 1000, 100, 1), expected)) << bytes;
}

}  // namespace
}  // namespace shoal
