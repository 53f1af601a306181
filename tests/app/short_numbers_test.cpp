// Numbers for a person: digits that tell values apart and line up.
#include "app/short_numbers.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace shoal::app {
namespace {

std::vector<std::string> shown(const std::vector<double>& values, const std::vector<double>& deviations = {}) {
  std::vector<std::string> texts;
  for (const double value : values) texts.push_back(number_text(value, style_of(values, deviations)));
  return texts;
}

using Texts = std::vector<std::string>;

TEST(Numbers, HaveFourDigitsOfTheLargest) {
  EXPECT_EQ(shown({5.0056789, 0.25}), (Texts{"5.006", "0.250"}));
  EXPECT_EQ(shown({-1234.5678, 12.3}), (Texts{"-1235", "12"}));
  EXPECT_EQ(shown({0.0012345, 0.001}), (Texts{"0.001234", "0.001000"}));
}

TEST(Numbers, AreToldApart) {
  EXPECT_EQ(shown({1013.21, 1013.25}), (Texts{"1013.210", "1013.250"}));
  EXPECT_EQ(shown({1700000000.5, 1700000003.25}), (Texts{"1700000000.5", "1700000003.2"}));
  EXPECT_EQ(shown({1013.21, 1050.0}, {0.35, 0.4}), (Texts{"1013.21", "1050.00"}));
}

TEST(Numbers, ThatAreWholeHaveNoPoint) {
  EXPECT_EQ(shown({5, 12, 0}), (Texts{"5", "12", "0"}));
  EXPECT_EQ(shown({5, 12}, {0.5, 0.5}), (Texts{"5.00", "12.00"}));
  EXPECT_EQ(shown({0, -0.0}), (Texts{"0", "0"}));
}

TEST(Numbers, OfOtherSizesHaveAPowerOfTen) {
  EXPECT_EQ(shown({1.23456e-7, 2e-7}), (Texts{"1.235e-07", "2.000e-07"}));
  EXPECT_EQ(shown({1.23456e17, 2e10}), (Texts{"1.235e+17", "2.000e+10"}));
}

TEST(Numbers, ThatAreSmallBesideOthersDoNotSeemZero) {
  EXPECT_EQ(shown({5.25, -0.0002, 0}), (Texts{"5.250", "-0.0002", "0.000"}));
  EXPECT_EQ(shown({5000.5, 0.3, 3e-90}), (Texts{"5000", "0.3", "0"}));
  EXPECT_EQ(deviation_text(3e-9, style_of(std::vector{5.25})), "3e-09");
  EXPECT_EQ(deviation_text(0, style_of(std::vector{5.25})), "0.000");
}

TEST(Probabilities, DoNotSeemCertain) {
  EXPECT_EQ(probability_text(0), "0");
  EXPECT_EQ(probability_text(1), "1");
  EXPECT_EQ(probability_text(1e-9), "<0.001");
  EXPECT_EQ(probability_text(1 - 1e-9), ">0.999");
  EXPECT_EQ(probability_text(0.12345), "0.123");
}

TEST(Sizes, AreCutInPiecesOnlyWhereTheyAre) {
  EXPECT_EQ(size_text(50, true), "50");
  EXPECT_EQ(size_text(50, false), "50.0");
  EXPECT_EQ(size_text(1.25, false), "1.25");
  EXPECT_EQ(size_text(123456789.5, false), "123456790");
}

}  // namespace
}  // namespace shoal::app
