// The search for centres against naive loops, and its kernels against each other, under every instruction set.
#include "shoal/math/distance.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "shoal/math/target.hpp"

namespace shoal {
namespace {

class Distances : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { use_best_target(target_by_name(GetParam())); }
  void TearDown() override { use_best_target(supported_targets()); }

  template <class T>
  std::vector<T> normals(std::size_t n) {
    std::normal_distribution<double> normal;
    std::vector<T> values(n);
    for (T& value : values) value = static_cast<T>(normal(generator_));
    return values;
  }
  std::mt19937_64 generator_{7};
};

struct Sizes {
  std::size_t n, d, k;
};
std::vector<Sizes> all_sizes() {
  std::vector<Sizes> sizes;
  for (const std::size_t d : {1U, 2U, 3U, 7U, 8U, 9U, 15U, 16U, 33U, 64U, 131U})
    for (const std::size_t k : {1U, 2U, 4U, 7U, 16U}) sizes.push_back({53, d, k});
  return sizes;
}

/// Rows, centres of which the last repeats the first, an origin, and what the kernels find.
template <class T>
struct Search {
  template <class Normals>
  Search(const Sizes& size, Metric metric_in, Normals&& normals)
      : s(size), metric(metric_in), rows(normals(s.n * s.d)), centres(normals(s.k * s.d)), origin(normals(s.d)) {
    if (s.k > 2) std::copy_n(centres.begin(), s.d, centres.end() - static_cast<std::ptrdiff_t>(s.d));
    find();
  }
  void find() {
    std::vector<T> groups(n_groups<T>(s.n) * group_stride<T>(s.d));
    const std::size_t room = n_groups<T>(s.n) * group_rows<T>;
    least.resize(room), second.resize(room), label.resize(room);
    load_groups(rows.data(), s.n, s.d, origin.data(), groups.data());
    nearest(metric, groups.data(), s.n, centres.data(), s.k, s.d, {least.data(), second.data(), label.data()});
  }
  [[nodiscard]] double naive(std::size_t r, std::size_t c) const {
    double sum = 0;
    for (std::size_t j = 0; j < s.d; ++j) {
      const double difference =
          static_cast<double>(rows[r * s.d + j] - origin[j]) - static_cast<double>(centres[c * s.d + j]);
      sum += metric == Metric::manhattan ? std::abs(difference) : difference * difference;
    }
    return sum;
  }
  Sizes s;
  Metric metric;
  std::vector<T> rows, centres, origin, least, second;
  std::vector<std::int32_t> label;
};

template <class T>
void expect_nearest(const Search<T>& search) {
  const double tolerance = 40 * std::numeric_limits<T>::epsilon();
  for (std::size_t r = 0; r < search.s.n; ++r) {
    double least = INFINITY, second = INFINITY;
    std::int32_t where = -1;
    for (std::size_t c = 0; c < search.s.k; ++c) {
      const double apart = search.naive(r, c);
      if (apart < least)
        second = least, least = apart, where = static_cast<std::int32_t>(c);
      else
        second = std::min(second, apart);
    }
    ASSERT_EQ(search.label[r], where) << search.s.d << " features, " << search.s.k << " centres";
    ASSERT_NEAR(search.least[r], least, tolerance * least);
    const auto bound = static_cast<double>(search.second[r]);
    if (search.s.k > 1) {
      ASSERT_LE(bound, second * (1 + tolerance));
      ASSERT_GE(bound, std::min(second, search.s.d < 64 ? second : 2 * least) * (1 - tolerance));
    } else
      ASSERT_EQ(bound, INFINITY);
  }
}

/// Rows in their centres' order, near them: most of the search leaves centres half-way.
TEST_P(Distances, FarCentresThatAreLeftHalfWayChangeNothing) {
  for (const std::size_t d : {64U, 71U, 256U})
    for (const Metric metric : {Metric::manhattan, Metric::squared_euclidean}) {
      Search<double> search({256, d, 16}, metric, [&](std::size_t n) { return normals<double>(n); });
      std::size_t bounds = 0;
      for (std::size_t r = 0; r < search.s.n; ++r)
        for (std::size_t j = 0; j < d; ++j)
          search.rows[r * d + j] = search.origin[j] + search.centres[r / 16 * d + j] + 0.1 * search.rows[r * d + j];
      search.find();
      expect_nearest(search);
      for (std::size_t r = 0; r < search.s.n; ++r) {
        double second = INFINITY;
        for (std::size_t c = 0; c < search.s.k; ++c)
          if (search.label[r] != static_cast<std::int32_t>(c)) second = std::min(second, search.naive(r, c));
        bounds += static_cast<double>(search.second[r]) < 0.9 * second ? 1 : 0;
      }
      EXPECT_GT(bounds, search.s.n / 4);
    }
}

template <class T>
void expect_own(const Search<T>& search) {
  std::vector<T> own(search.s.n), least(search.least);
  distance_to_own(search.metric, search.rows.data(), search.s.n, search.s.d, search.origin.data(),
                  search.centres.data(), search.label.data(), own.data());
  least.resize(search.s.n);
  ASSERT_EQ(own, least) << search.s.d << " features";
}

TEST_P(Distances, NearestIsTheLowestOfTheLeast) {
  for (const Sizes& size : all_sizes())
    for (const Metric metric : {Metric::manhattan, Metric::squared_euclidean}) {
      expect_nearest(Search<double>(size, metric, [&](std::size_t n) { return normals<double>(n); }));
      expect_nearest(Search<float>(size, metric, [&](std::size_t n) { return normals<float>(n); }));
    }
}

TEST_P(Distances, DistanceToTheOwnCentreHasTheBitsOfTheSearch) {
  for (const Sizes& size : all_sizes())
    for (const Metric metric : {Metric::manhattan, Metric::squared_euclidean}) {
      expect_own(Search<double>(size, metric, [&](std::size_t n) { return normals<double>(n); }));
      expect_own(Search<float>(size, metric, [&](std::size_t n) { return normals<float>(n); }));
    }
}

TEST_P(Distances, OverflowIsFarAndNotNearest) {
  const std::vector<double> row(9, 1e200), zero(9, 0.0);
  std::vector<double> centres(18, -1e200);
  std::fill_n(centres.begin() + 9, 9, 9e199);
  std::vector<double> groups(group_stride<double>(9)), least(group_rows<double>), second(least);
  std::vector<std::int32_t> label(least.size());
  load_groups(row.data(), 1, 9, zero.data(), groups.data());
  nearest(Metric::manhattan, groups.data(), 1, centres.data(), 2, 9, {least.data(), second.data(), label.data()});
  EXPECT_EQ(label[0], 1);
  nearest(Metric::squared_euclidean, groups.data(), 1, centres.data(), 2, 9,
          {least.data(), second.data(), label.data()});
  EXPECT_EQ(least[0], INFINITY);
  EXPECT_EQ(label[0], 0);
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, Distances, testing::ValuesIn(target_names(supported_targets())),
                         [](const auto& set) { return set.param; });

}  // namespace
}  // namespace shoal
