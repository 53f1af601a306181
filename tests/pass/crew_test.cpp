// Work dealt over ranks and threads: each task is done once, and all ranks learn what it gave.
#include "shoal/pass/crew.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <string>

#include "shoal/core/error.hpp"

namespace shoal {
namespace {

const Communicator& world() {
  static const Communicator comm = Communicator::world();
  return comm;
}

std::int64_t over_ranks(std::int64_t mine) {
  std::array<std::int64_t, 1> sum = {mine};
  world().sum(sum);
  return sum[0];
}

TEST(Crew, EachTaskIsDoneOnceAndKnownToAll) {
  for (const int threads : {1, 3})
    for (const std::size_t n : {0U, 1U, 2U, 5U, 23U}) {
      SCOPED_TRACE(testing::Message() << n << " tasks, " << threads << " threads");
      std::atomic<std::int64_t> done = 0;
      const std::vector<std::string> found = Crew(world(), threads).each<std::string>(n, [&](std::size_t i) {
        ++done;
        return std::string(i % 7, 'x') + std::to_string(i);
      });
      ASSERT_EQ(found.size(), n);
      for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(found[i], std::string(i % 7, 'x') + std::to_string(i));
      EXPECT_EQ(over_ranks(done), static_cast<std::int64_t>(n));
    }
}

TEST(Crew, AnErrorOfOneTaskIsThrownOnEveryRank) {
  for (const std::size_t bad : {0U, 4U, 10U}) {
    const auto work = [&](std::size_t i) {
      if (i == bad) throw Error(ExitCode::bad_data, "task " + std::to_string(i));
      return static_cast<int>(i);
    };
    try {
      static_cast<void>(Crew(world(), 2).each<int>(11, work));
      ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::bad_data);
      EXPECT_NE(std::string(error.what()).find("task " + std::to_string(bad)), std::string::npos) << error.what();
    }
  }
}

TEST(Crew, UntilEndsWithTheFirstThatWillDo) {
  constexpr std::size_t n = 40;
  for (const int threads : {1, 3})
    for (const std::size_t first : {0U, 1U, 9U, 39U, 99U}) {
      SCOPED_TRACE(testing::Message() << first << ", " << threads << " threads");
      const Crew crew(world(), threads);
      std::atomic<std::int64_t> done = 0;
      const std::function<bool(const std::size_t&)> will_do = [&](const std::size_t& i) { return i >= first; };
      const std::vector<std::size_t> found = crew.until<std::size_t>(will_do, n, [&](std::size_t i) {
        ++done;
        return i;
      });
      ASSERT_EQ(found.size(), std::min(n, first + 1));
      for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i], i);
      EXPECT_LT(over_ranks(done), static_cast<std::int64_t>(found.size() + crew.size()));
    }
}

}  // namespace
}  // namespace shoal
