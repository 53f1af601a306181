#include <gtest/gtest.h>

#include <array>

#include "shoal/comm/agree.hpp"
#include "shoal/comm/gather_values.hpp"
#include "shoal/core/named_array.hpp"

namespace shoal {
namespace {

Communicator world() { return Communicator::world(); }

TEST(Communicator, MessagesAreSplitAtTheLimit) {
  const Communicator comm = world().with_message_limit(24);
  std::vector<std::int64_t> counts(101, comm.rank() + 1);
  comm.sum(counts);
  std::string text = comm.is_root() ? std::string(1000, 'x') : "";
  comm.broadcast(text);
  // Every rank's own bytes: from a wrong rank they would be others, or of another length.
  const auto bytes_of = [](int rank) {
    return std::vector<std::byte>(static_cast<std::size_t>(100 + rank), static_cast<std::byte>(rank + 1));
  };
  const std::vector<std::byte> gathered = comm.gather(bytes_of(comm.rank()));
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

TEST(Communicator, EachRankHasAPartForEveryRank) {
  const Communicator comm = world();
  const auto all = static_cast<std::size_t>(comm.size()), mine = static_cast<std::size_t>(comm.rank());
  std::vector<int> outgoing_bytes;  // rank r gets r + 1 bytes that say from whom
  for (int rank = 0; rank < comm.size(); ++rank) outgoing_bytes.push_back(rank + 1);
  const std::vector<std::byte> outgoing(all * (all + 1) / 2, static_cast<std::byte>(mine));
  std::vector<std::byte> incoming(all * (mine + 1), std::byte{255}), expected;
  comm.exchange(outgoing, outgoing_bytes, incoming, std::vector<int>(all, comm.rank() + 1));
  for (std::size_t rank = 0; rank < all; ++rank)
    expected.insert(expected.end(), mine + 1, static_cast<std::byte>(rank));
  EXPECT_EQ(incoming, expected);

  std::vector<double> shared(all, -1);
  shared[mine] = static_cast<double>(mine);
  comm.share_parts(shared, std::vector<int>(all, 1));
  for (std::size_t rank = 0; rank < all; ++rank) EXPECT_EQ(shared[rank], static_cast<double>(rank));
}

TEST(Communicator, OthersOfTheSameRanks) {
  const Communicator comm = world(), copy = comm.duplicate(), host = comm.with_message_limit(24).on_this_host();
  EXPECT_EQ(copy.size(), comm.size());
  EXPECT_EQ(copy.rank(), comm.rank());
  EXPECT_LE(host.size(), comm.size());
  EXPECT_EQ(host.message_limit(), 24U);
  EXPECT_EQ(Communicator::self().size(), 1);
  std::array<std::int64_t, 1> ranks = {1};
  copy.sum(ranks);
  copy.barrier();
  EXPECT_EQ(ranks[0], comm.size());
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
