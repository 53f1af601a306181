#include "shoal/core/random.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "shoal/core/checked_cast.hpp"

namespace shoal {
namespace {

TEST(Random, KnownAnswerOfPhilox) {
  // From the known-answer file of Random123: Philox4x32-10, counter and key all zero. Row, step and stream form the
  // counter; a stream of zero is not used by the program.
  const auto words = random_words(0, Stream{0}, 0, 0);
  EXPECT_EQ(words[0], 0x6627e8d5U);
  EXPECT_EQ(words[1], 0xe169c58dU);
  EXPECT_EQ(words[2], 0xbc57ac4cU);
  EXPECT_EQ(words[3], 0x9b00dbd8U);
}

TEST(Random, UniformsAreInTheOpenUnitIntervalAndUniform) {
  constexpr int n = 100000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < n; ++i) {
    const double u = random_uniform(42, Stream::oversample, 3, static_cast<std::uint64_t>(i));
    ASSERT_GT(u, 0);
    ASSERT_LT(u, 1);
    sum += u;
    squares += u * u;
  }
  EXPECT_NEAR(sum / n, 0.5, 5 / std::sqrt(12.0 * n));
  EXPECT_NEAR(squares / n, 1.0 / 3, 0.01);
}

TEST(Random, EveryCoordinateMatters) {
  std::set<double> seen;
  for (const std::uint64_t seed : {0ULL, 1ULL, 1ULL << 40U})
    for (const Stream stream : {Stream::first_seed, Stream::recluster})
      for (const std::uint32_t step : {0U, 1U})
        for (const std::uint64_t row : {0ULL, 1ULL, 1ULL << 40U}) seen.insert(random_uniform(seed, stream, step, row));
  EXPECT_EQ(seen.size(), 3U * 2 * 2 * 3);
}

TEST(CheckedCast, RefusesWhatDoesNotFit) {
  EXPECT_EQ(checked_cast<int>(std::int64_t{7}), 7);
  EXPECT_THROW(checked_cast<int>(std::int64_t{1} << 31U), std::range_error);
  EXPECT_THROW(checked_cast<unsigned>(-1), std::range_error);
}

}  // namespace
}  // namespace shoal
