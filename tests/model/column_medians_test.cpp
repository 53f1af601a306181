// Medians of columns by counting against sorting, to the last bit.
#include "shoal/model/column_medians.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "shoal/core/named_array.hpp"
#include "support/serial.hpp"

namespace shoal {
namespace {

const Communicator& world() {
  static const Communicator comm = Communicator::world();
  return comm;
}

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Midpoint of the least x with 2 W(<= x) >= W and the least with 2 W(<= x) > W, by sorting; weights are whole.
double weighted_median(std::vector<std::pair<double, double>> values) {
  std::erase_if(values, [](const auto& one) { return std::isnan(one.first) || one.second == 0; });
  if (values.empty()) return 0;
  for (auto& [value, weight] : values) value = value == 0 ? 0.0 : value;
  std::sort(values.begin(), values.end());
  double total = 0, up_to = 0, lower = nan, upper = nan;
  for (const auto& [value, weight] : values) total += weight;
  for (const auto& [value, weight] : values) {
    up_to += weight;
    if (std::isnan(lower) && 2 * up_to >= total) lower = value;
    if (std::isnan(upper) && 2 * up_to > total) upper = value;
  }
  const double sum = lower + upper;
  const double middle = std::isfinite(sum) ? sum / 2 : lower / 2 + upper / 2;
  return middle == 0 ? 0.0 : middle;
}

template <class T>
std::vector<double> by_sorting(const std::vector<T>& values, std::size_t d, const std::vector<double>& weights,
                               const std::vector<double>& about) {
  std::vector<double> medians;
  for (std::size_t j = 0; j < d; ++j) {
    std::vector<std::pair<double, double>> column;
    for (std::size_t i = j; i < values.size(); i += d) {
      const auto x = static_cast<double>(values[i]);
      column.emplace_back(about.empty() ? x : std::abs(x - about[j]), weights.empty() ? 1.0 : weights[i / d]);
    }
    medians.push_back(weighted_median(column));
  }
  return medians;
}

/// Values, and then how far they are from their medians, with few bins and many.
template <class T>
void expect_medians(const std::vector<T>& values, std::size_t d, const std::vector<double>& weights = {}) {
  const Shard<T> shard = test::shard_of(world(), values, d, weights);
  for (const int threads : {1, 3}) {
    const RowPass<T> pass(shard, world(), threads, test::summary_of(values, d, weights));
    for (const std::size_t budget : {std::size_t{64}, column_medians_budget}) {
      const std::vector<double> medians = column_medians(pass, {}, budget),
                                expected = by_sorting(values, d, weights, {});
      EXPECT_TRUE(same_bits(medians, expected)) << medians[0] << " is not " << expected[0];
      EXPECT_TRUE(same_bits(column_medians(pass, medians, budget), by_sorting(values, d, weights, medians)));
    }
  }
}

/// n rows of columns of every kind: normal, ties, constant, huge and tiny, zeros of both signs.
std::vector<double> rows_of_all_kinds(std::size_t n, unsigned seed) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> normal;
  std::vector<double> values;
  for (std::size_t i = 0; i < n; ++i) {
    const double x = normal(generator);
    const std::uint64_t k = generator();
    values.insert(values.end(), {x, std::floor(2 * x), 7.25, std::ldexp(x, static_cast<int>(k % 1900) - 1000),
                                 k % 2 == 0 ? 0.0 : -0.0, k % 3 == 0 ? 1.5e308 : -1.5e308});
  }
  return values;
}

TEST(ColumnMedians, AreThoseOfSorting) {
  for (const std::size_t n : {1UL, 2UL, 3UL, 100UL, 5001UL}) {
    SCOPED_TRACE(n);
    expect_medians(rows_of_all_kinds(n, 3), 6);
  }
}

TEST(ColumnMedians, GoByWeight) {
  for (const std::size_t n : {2UL, 5UL, 4000UL}) {
    std::vector<double> weights;
    for (std::size_t i = 0; i < n; ++i) weights.push_back(static_cast<double>((i * i + 1) % 5));
    expect_medians(rows_of_all_kinds(n, 4), 6, weights);
  }
}

TEST(ColumnMedians, LeaveMissingEntriesAside) {
  std::vector<double> values = rows_of_all_kinds(3000, 5);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (i % 6 == 2 || i * i % 7 == 1) values[i] = nan;
  expect_medians(values, 6);
  std::vector<double> weights;
  for (std::size_t i = 0; i < 3000; ++i) weights.push_back(static_cast<double>(i % 4));
  expect_medians(values, 6, weights);
}

TEST(ColumnMedians, OfFloat32AreComputedInFloat64) {
  std::vector<float> values;
  for (const double value : test::normal_rows(4000, 3, 6)) values.push_back(static_cast<float>(value) + 1e5F);
  expect_medians(values, 3);
}

TEST(ColumnMedians, HalfOfTheWeightMayEndWithABracket) {
  std::vector<double> values, weights;  // 0 and 1 in halves, and 2000 values below and above a gap
  for (std::size_t i = 0; i < 4000; ++i) {
    const auto x = static_cast<double>(i);
    values.insert(values.end(), {i % 2 == 0 ? 0.0 : 1.0, i < 2000 ? x : x * 1e6});
  }
  expect_medians(values, 2);
}

}  // namespace
}  // namespace shoal
