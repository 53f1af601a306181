// Every kernel against a naive loop, under every instruction set that this machine has.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "shoal/math/cholesky.hpp"
#include "shoal/math/code_kernels.hpp"
#include "shoal/math/distance.hpp"
#include "shoal/math/elementary.hpp"
#include "shoal/math/target.hpp"

namespace shoal {
namespace {

class Kernels : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { use_best_target(target_by_name(GetParam())); }
  void TearDown() override { use_best_target(supported_targets()); }

  std::vector<double> normals(std::size_t n) {
    std::normal_distribution<double> normal;
    std::vector<double> values(n);
    for (double& value : values) value = normal(generator_);
    return values;
  }
  std::mt19937_64 generator_{7};
};

double ulps(double value, double exact) {
  if (value == exact) return 0;
  return std::abs(value - exact) / (std::nextafter(std::abs(exact), INFINITY) - std::abs(exact));
}

TEST_P(Kernels, LogIsWithinFourUlps) {
  std::vector<double> x = {1, 2, 0.5, 1e-300, 1e300, 1e-15, 0.1, std::numeric_limits<double>::min()};
  std::uniform_real_distribution<double> exponent(-300, 300);
  for (int i = 0; i < 10000; ++i) x.push_back(std::pow(10, exponent(generator_)));
  for (int i = 0; i < 10000; ++i) x.push_back(std::exp(exponent(generator_) / 1000));
  std::vector<double> y(x.size());
  log_of(x, y);
  for (std::size_t i = 0; i < x.size(); ++i)
    EXPECT_LE(ulps(y[i], static_cast<double>(std::log(static_cast<long double>(x[i])))), 4) << x[i];
  EXPECT_EQ(log_of(0.0), -INFINITY);
  EXPECT_EQ(log_of(1.0), 0.0);
}

TEST_P(Kernels, ExpIsWithinTwoUlps) {
  std::vector<double> x = {0, 1, -1, 700, -700, -745};
  std::uniform_real_distribution<double> uniform(-700, 700);
  for (int i = 0; i < 10000; ++i) x.push_back(uniform(generator_));
  for (int i = 0; i < 10000; ++i) x.push_back(uniform(generator_) / 1000);
  std::vector<double> y(x.size());
  exp_of(x, y);
  for (std::size_t i = 0; i < x.size(); ++i)
    if (x[i] > -700) {
      EXPECT_LE(ulps(y[i], static_cast<double>(std::exp(static_cast<long double>(x[i])))), 2) << x[i];
    }
  std::vector<double> far = {-INFINITY, -1e10};
  exp_of(far, far);
  EXPECT_EQ(far, (std::vector<double>{0, 0}));
}

TEST_P(Kernels, ResultIgnoresThePlaceInTheArray) {
  const std::vector<double> x(37, 0.3);
  std::vector<double> y(37);
  log_of(x, y);
  for (const double value : y) EXPECT_EQ(value, y[0]);
}

TEST_P(Kernels, LinesAddUpAndBack) {
  std::uniform_int_distribution<int> any(0, 1000);
  for (const std::size_t k : {1U, 3U, 8U, 10U, 13U, 33U})
    for (const std::size_t groups : {1U, 3U, 4U, 9U}) {
      const std::size_t n = 61;
      const std::size_t pitch = 64;
      const std::size_t width = line_width<double>(k);
      std::vector<SymbolField> fields;  // symbols 0 to 6 of three bits, here and there
      for (std::uint32_t g = 0; g < groups; ++g) fields.push_back({g, g % 2 * 3, 7, 7 * g});
      std::vector<std::uint8_t> packed(n * groups + 3);
      for (std::uint8_t& byte : packed) byte = static_cast<std::uint8_t>(any(generator_) % 7 * 9);
      std::vector<double> table(7 * groups * width);
      for (double& value : table) value = any(generator_);
      const std::vector<float> narrow_table(7 * groups * line_width<float>(k), 0.5F);
      std::vector<std::uint16_t> symbols(groups * pitch);
      unpack_symbols(packed.data(), groups, n, fields, symbols.data(), pitch);
      const SymbolTile tile{symbols.data(), pitch, n, fields};
      std::vector<double> sums(n * width, -1.0);
      std::vector<float> narrow(n * line_width<float>(k), -1.0F);
      add_up_lines(tile, table.data(), width, sums.data());
      add_up_lines(tile, narrow_table.data(), line_width<float>(k), narrow.data());
      std::vector<double> joint(k * pitch, -1.0);
      const std::vector<double> constant(k, 0.25);
      to_components(sums.data(), width, n, constant, joint.data(), pitch);
      std::vector<double> rows(n * width, -1.0);
      to_rows(joint.data(), pitch, k, n, rows.data(), width);
      rows[5 * width] = 0;
      for (std::size_t c = 0; c < k; ++c) rows[6 * width + c] = 0;  // a row without weight
      if (k == 13)                                                  // few weights: added one by one
        for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = i % 5 == 0 ? rows[i] : 0;
      std::vector<double> buckets(table.size(), 2.0);
      add_to_lines(tile, rows.data(), width, groups != 9, buckets.data());
      std::vector<double> expected_buckets(table.size(), 2.0);
      for (std::size_t r = 0; r < n; ++r)
        for (std::size_t c = 0; c < width; ++c) {
          double expected = 0;
          for (std::size_t g = 0; g < groups; ++g) {
            const std::size_t line = fields[g].first_line + symbol_of(packed.data() + r * groups, fields[g]);
            expected += table[line * width + c];
            expected_buckets[line * width + c] += rows[r * width + c];
          }
          ASSERT_EQ(sums[r * width + c], expected);
          if (c < k) {
            ASSERT_EQ(joint[c * pitch + r], expected + 0.25);
            ASSERT_EQ(narrow[r * line_width<float>(k) + c], 0.5F * static_cast<float>(groups));
          }
        }
      ASSERT_EQ(buckets, expected_buckets);
    }
}

TEST_P(Kernels, FewWeightsGoToTheBitsThatAreSet) {
  for (const std::size_t bytes : {1U, 3U, 98U}) {
    const std::size_t k = 5;
    const std::size_t n = 61;
    const std::size_t pitch = 64;
    const std::size_t width = 8 * bytes;
    std::vector<std::uint8_t> rows(n * bytes);
    for (std::uint8_t& byte : rows) byte = static_cast<std::uint8_t>(generator_());
    std::vector<double> weights(k * pitch, 0.0);
    std::size_t live = 0;
    for (std::size_t c = 0; c < k; ++c)
      for (std::size_t r = c; r < n; r += 3 + c, ++live) weights[c * pitch + r] = static_cast<double>(1 + r + c);
    std::vector<double> expected(k * width, 2.0);
    std::vector<double> expected_taken(k, 1.0);
    for (std::size_t c = 0; c < k; ++c)
      for (std::size_t r = 0; r < n; ++r) {
        expected_taken[c] += weights[c * pitch + r];
        for (std::size_t d = 0; d < width; ++d)
          if ((rows[r * bytes + d / 8] >> (d % 8) & 1) != 0) expected[c * width + d] += weights[c * pitch + r];
      }
    std::vector<double> ones(k * width, 2.0);
    std::vector<double> taken(k, 1.0);
    ASSERT_FALSE(add_to_bits({rows.data(), bytes, n}, weights.data(), pitch, k, live - 1, ones.data(), taken.data()));
    ASSERT_EQ(ones, std::vector<double>(k * width, 2.0));
    ASSERT_TRUE(add_to_bits({rows.data(), bytes, n}, weights.data(), pitch, k, live, ones.data(), taken.data()));
    ASSERT_EQ(ones, expected);
    ASSERT_EQ(taken, expected_taken);
  }
}

TEST_P(Kernels, FoldTakesAFeatureOffItsSymbols) {
  const std::size_t width = 4;
  std::vector<double> lines;
  for (int i = 0; i < 24; ++i) lines.push_back(i);  // 3 levels x 2 symbols x 4
  std::vector<double> levels(3 * width);
  fold_lines(lines.data(), 3, 2, width, levels.data());
  for (std::size_t k = 0; k < width; ++k) {
    const auto x = static_cast<double>(k);
    for (std::size_t level = 0; level < 3; ++level)
      EXPECT_EQ(levels[level * width + k], 2 * x + 16.0 * static_cast<double>(level) + 4);
    EXPECT_EQ(lines[k], 3 * x + 24);
    EXPECT_EQ(lines[width + k], 3 * x + 36);
    for (std::size_t s = 2; s < 6; ++s) EXPECT_EQ(lines[s * width + k], 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Target, Kernels, testing::ValuesIn(target_names(supported_targets())),
                         [](const auto& target) { return target.param; });

TEST(Cholesky, FactorAndDeterminant) {
  Matrix s(2, 2);
  s.values = {4, 2, 2, 5};
  const auto factor = cholesky(s);
  ASSERT_TRUE(factor);
  EXPECT_DOUBLE_EQ(factor->lower(0, 0), 2);
  EXPECT_DOUBLE_EQ(factor->lower(1, 0), 1);
  EXPECT_DOUBLE_EQ(factor->lower(1, 1), 2);
  EXPECT_NEAR(factor->log_determinant, std::log(16.0), 1e-15);
  const Matrix inverse = inverse_lower(factor->lower);
  EXPECT_DOUBLE_EQ(inverse(0, 0), 0.5);
  EXPECT_DOUBLE_EQ(inverse(1, 0), -0.25);
}

TEST(Cholesky, RefusesWhatIsNotPositiveDefinite) {
  Matrix s(2, 2);
  s.values = {1, 2, 2, 1};
  EXPECT_FALSE(cholesky(s));
  s.values = {1, 0, 0, 0};
  EXPECT_FALSE(cholesky(s));
  s.values = {1, 0, 0, NAN};
  EXPECT_FALSE(cholesky(s));
}

}  // namespace
}  // namespace shoal
