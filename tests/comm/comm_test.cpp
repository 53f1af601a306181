#include <gtest/gtest.h>

#include <array>
#include <random>

#include "shoal/comm/agree.hpp"
#include "shoal/comm/block_reduce.hpp"
#include "shoal/comm/gather_values.hpp"
#include "shoal/core/named_array.hpp"

namespace shoal {
namespace {

Communicator world() { return Communicator::world(); }

Statistics leaf(std::int64_t block, std::size_t size = 3) {
  std::mt19937_64 generator(static_cast<std::uint64_t>(block));
  std::normal_distribution<double> normal;
  Statistics sums(size, 1);
  for (double& value : sums.sums) value = normal(generator) * std::pow(10, generator() % 20);
  sums.counts[0] = block;
  return sums;
}

/// The tree, written down as it is defined: the halves at the largest power of two below n.
Statistics by_definition(std::int64_t first, std::int64_t n, std::size_t size) {
  if (n == 1) return leaf(first, size);
  std::int64_t half = 1;
  while (half * 2 < n) half *= 2;
  Statistics sum = by_definition(first, half, size);
  return sum += by_definition(first + half, n - half, size);
}

std::vector<std::int64_t> borders_of(const Communicator& comm, std::int64_t n) {
  std::vector<std::int64_t> borders;
  for (int rank = 0; rank <= comm.size(); ++rank) borders.push_back(n * rank / comm.size());
  return borders;
}

// Few numbers go up a tree of ranks, many are cut in segments.
TEST(BlockReduce, EqualsTheTreeForAnyNumberOfBlocks) {
  const Communicator comm = world();
  for (const std::size_t size : {3U, 9001U})
    for (const std::int64_t n : {1, 2, 3, 5, 7, 8, 13, 64, 100, 257}) {
      const std::vector<std::int64_t> borders = borders_of(comm, n);
      const auto rank = static_cast<std::size_t>(comm.rank());
      BlockForest forest;
      for (std::int64_t b = borders[rank]; b < borders[rank + 1]; ++b) forest.push(b, leaf(b, size));
      const Statistics total = reduce_blocks(comm, std::move(forest), borders, Statistics(size, 1));
      const Statistics expected = by_definition(0, n, size);
      EXPECT_TRUE(same_bits(total.sums, expected.sums)) << n;
      EXPECT_EQ(total.counts[0], n * (n - 1) / 2);
    }
}

TEST(BlockReduce, UnevenRangesAndRanksWithoutBlocks) {
  const Communicator comm = world();
  for (const std::size_t size : {3U, 9001U}) {
    std::vector<std::int64_t> borders(static_cast<std::size_t>(comm.size()) + 1, 0);
    borders.back() = 11;  // the last rank owns everything
    BlockForest forest;
    if (comm.rank() == comm.size() - 1)
      for (std::int64_t b = 0; b < 11; ++b) forest.push(b, leaf(b, size));
    const Statistics total = reduce_blocks(comm, std::move(forest), borders, Statistics(size, 1));
    EXPECT_TRUE(same_bits(total.sums, by_definition(0, 11, size).sums));
    const std::vector<std::int64_t> none(borders.size(), 0);
    const Statistics nothing = reduce_blocks(comm, BlockForest(), none, Statistics(size, 1));
    EXPECT_EQ(nothing.sums, std::vector<double>(size, 0.0));
  }
}

TEST(BlockReduce, AForestKeepsFewNodes) {
  BlockForest forest;
  for (std::int64_t b = 5; b < 1000; ++b) forest.push(b, leaf(b));
  EXPECT_LE(forest.nodes().size(), 20U);
}

TEST(Communicator, MessagesAreSplitAtTheLimit) {
  const Communicator comm = world().with_message_limit(24);
  BlockForest forest;
  if (comm.rank() == comm.size() - 1) forest.push(0, leaf(3));
  std::vector<std::int64_t> borders(static_cast<std::size_t>(comm.size()) + 1, 0);
  borders.back() = 1;
  const Statistics total = reduce_blocks(comm, std::move(forest), borders, Statistics(3, 1));
  std::vector<std::int64_t> counts(101, comm.rank() + 1);
  comm.sum(counts);
  std::string text = comm.is_root() ? std::string(1000, 'x') : "";
  comm.broadcast(text);
  // Every rank's own bytes: from a wrong rank they would be others, or of another length.
  const auto bytes_of = [](int rank) {
    return std::vector<std::byte>(static_cast<std::size_t>(100 + rank), static_cast<std::byte>(rank + 1));
  };
  const std::vector<std::byte> gathered = comm.gather(bytes_of(comm.rank()));
  EXPECT_TRUE(same_bits(total.sums, leaf(3).sums));
  for (const std::int64_t value : counts) EXPECT_EQ(value, comm.size() * (comm.size() + 1) / 2);
  EXPECT_EQ(text, std::string(1000, 'x'));
  std::vector<std::byte> expected;
  for (int rank = 0; rank < comm.size(); ++rank) std::ranges::copy(bytes_of(rank), std::back_inserter(expected));
  EXPECT_EQ(gathered, expected);
}

TEST(Communicator, GatherKeepsRankOrder) {
  const Communicator comm = world();
  const std::vector<std::int32_t> mine(static_cast<std::size_t>(comm.rank()), comm.rank());
  const std::vector<std::int32_t> all = gather_values(comm, mine);
  std::vector<std::int32_t> expected;
  for (int rank = 0; rank < comm.size(); ++rank) expected.insert(expected.end(), static_cast<std::size_t>(rank), rank);
  EXPECT_EQ(all, expected);
}

TEST(Communicator, ReductionsAreExact) {
  const Communicator comm = world();
  std::array<std::int64_t, 2> values = {(std::int64_t{1} << 55U) + comm.rank(), -comm.rank()};
  comm.sum(values);
  const std::int64_t p = comm.size();
  EXPECT_EQ(values[0], p * (std::int64_t{1} << 55U) + p * (p - 1) / 2);
  std::array<std::uint64_t, 1> least = {~std::uint64_t{0} - static_cast<std::uint64_t>(comm.rank())};
  comm.minimum(least);
  EXPECT_EQ(least[0], ~std::uint64_t{0} - static_cast<std::uint64_t>(p - 1));
  EXPECT_EQ(comm.bitwise_and(comm.rank() == 0 ? 0b1110 : 0b0111), p == 1 ? 0b1110U : 0b0110U);
}

TEST(Agree, TheLowestRowIsTold) {
  const Communicator comm = world();
  try {
    agree(comm,
          [&] { throw Error(ExitCode::bad_data, "row of rank " + std::to_string(comm.rank()), 100 - comm.rank()); });
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), "row of rank " + std::to_string(comm.size() - 1));
    EXPECT_EQ(error.code(), ExitCode::bad_data);
  }
}

TEST(Agree, OneRankAloneFailsForAll) {
  const Communicator comm = world();
  for (int failing = 0; failing < comm.size(); ++failing)
    EXPECT_THROW(agree(comm,
                       [&] {
                         if (comm.rank() == failing) throw std::bad_alloc();
                       }),
                 Error);
  EXPECT_NO_THROW(agree(comm, [] {}));
  EXPECT_THROW(on_root(comm, [] { throw Error(ExitCode::no_input, "missing"); }), Error);
}

TEST(Broadcast, Objects) {
  const Communicator comm = world();
  NamedArrays arrays;
  if (comm.is_root()) arrays = {{"means", {2, 1}, {1.5, -0.0}}, {"offsets", {1}, {3}, true}};
  broadcast_object(comm, arrays);
  ASSERT_EQ(arrays.size(), 2U);
  EXPECT_TRUE(same_bits(arrays[0].values, {1.5, -0.0}));
  EXPECT_TRUE(arrays[1].integral);
}

}  // namespace
}  // namespace shoal
