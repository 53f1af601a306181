// log-sum-exp, its exponential and the rule of truncation, under every instruction set of this machine.
#include "shoal/math/normalise.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "shoal/math/target.hpp"

namespace shoal {
namespace {

constexpr std::size_t pitch = 64;

class Normalise : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { use_best_target(target_by_name(GetParam())); }
  void TearDown() override { use_best_target(supported_targets()); }

  struct Result {
    std::vector<double> joint;
    std::vector<double> log_density = std::vector<double>(pitch);
    std::vector<std::int32_t> label = std::vector<std::int32_t>(pitch);
    std::vector<double> totals;
    double log_likelihood = 10;
  };
  static Result run(const std::vector<double>& joint, std::size_t k, const std::vector<double>& weight,
                    const Truncation& truncation = {}) {
    Result result;
    result.joint = joint;
    result.totals.assign(k, 1.0);
    normalise({result.joint.data(), pitch, k, pitch}, truncation,
              {weight.data(), result.log_density.data(), result.label.data()}, &result.log_likelihood,
              result.totals.data());
    return result;
  }
  std::mt19937_64 generator_{3};
};

TEST_P(Normalise, IsSoftmaxAndLogSumExp) {
  std::normal_distribution<double> normal(0, 300);
  std::vector<double> weight(pitch);
  for (std::size_t r = 0; r < pitch; ++r) weight[r] = r == 7 ? 0 : 0.5 + static_cast<double>(r);
  for (const std::size_t k : {1U, 2U, 5U, 17U}) {
    std::vector<double> joint(k * pitch);
    for (double& value : joint) value = normal(generator_);
    for (std::size_t c = 0; c < k; ++c) joint[c * pitch + 7] = -INFINITY;  // impossible under all, of weight 0
    if (k > 1) joint[pitch + 2] = joint[2] = 1e3;                          // a tie between 0 and 1
    const Result result = run(joint, k, weight);
    long double likelihood = 10;
    std::vector<long double> totals(k, 1.0L);
    for (std::size_t r = 0; r < pitch; ++r) {
      long double largest = -INFINITY;
      for (std::size_t c = 0; c < k; ++c) largest = std::max<long double>(largest, joint[c * pitch + r]);
      if (r == 7) {
        EXPECT_EQ(result.log_density[r], -INFINITY);
        EXPECT_EQ(result.joint[r], 0);
        continue;
      }
      long double sum = 0;
      for (std::size_t c = 0; c < k; ++c) sum += std::exp(joint[c * pitch + r] - largest);
      const long double density = largest + std::log(sum);
      likelihood += weight[r] * density;
      EXPECT_NEAR(result.log_density[r], static_cast<double>(density),
                  1e-12 * static_cast<double>(std::abs(density)) + 1e-14);
      for (std::size_t c = 0; c < k; ++c) {
        const long double share = weight[r] * std::exp(joint[c * pitch + r] - largest) / sum;
        totals[c] += share;
        EXPECT_NEAR(result.joint[c * pitch + r], static_cast<double>(share), 1e-14 * weight[r]);
      }
      EXPECT_EQ(joint[static_cast<std::size_t>(result.label[r]) * pitch + r], static_cast<double>(largest));
    }
    EXPECT_NEAR(result.log_likelihood, static_cast<double>(likelihood), 1e-6);
    for (std::size_t c = 0; c < k; ++c) EXPECT_NEAR(result.totals[c], static_cast<double>(totals[c]), 1e-10);
    if (k > 1) {
      EXPECT_EQ(result.label[2], 0);
    }
  }
}

// Two components, the first the larger by x: the second's share is e^-x / (1 + e^-x).
TEST_P(Normalise, ExponentialIsWithinTwoUlps) {
  std::uniform_real_distribution<double> uniform(0, 700);
  const std::vector<double> weight(pitch, 1.0);
  for (int round = 0; round < 500; ++round) {
    std::vector<double> joint(2 * pitch, 0.0);
    for (std::size_t r = 0; r < pitch; ++r) joint[pitch + r] = -uniform(generator_) / (round % 2 == 0 ? 1 : 300);
    const Result result = run(joint, 2, weight);
    for (std::size_t r = 0; r < pitch; ++r) {
      const long double e = std::exp(static_cast<long double>(joint[pitch + r]));
      const auto share = static_cast<double>(e / (1 + e));
      EXPECT_NEAR(result.joint[pitch + r], share, 4 * 0x1p-53 * share) << joint[pitch + r];
    }
  }
}

TEST_P(Normalise, LeavesOutWhatTheRuleSays) {
  const std::vector<double> weight(pitch, 1.0);
  const std::vector<double> threshold = {1e-10, 1e-10};
  const std::vector<double> constant = {0.0, -1.0};
  std::vector<double> joint(2 * pitch, 0.0);
  for (std::size_t r = 0; r < pitch; ++r) joint[pitch + r] = -1 - 0.5 * static_cast<double>(r);  // q = r
  const Result formed = run(joint, 2, weight, {threshold, constant});
  const Result bounded = run(joint, 2, weight, {threshold, {}});
  int left_out = 0;
  for (std::size_t r = 0; r < pitch; ++r) {
    const double e = std::exp(joint[pitch + r]);
    const bool out = e * (1 + static_cast<double>(r)) < 1e-10;
    left_out += out ? 1 : 0;
    EXPECT_EQ(formed.joint[pitch + r] == 0, out) << r;
    EXPECT_EQ(bounded.joint[pitch + r] == 0, e < 1e-10) << r;
    if (out) {
      EXPECT_EQ(formed.log_density[r], 0.0);
    }
  }
  EXPECT_GT(left_out, 5);
  EXPECT_LT(left_out, 40);
}

INSTANTIATE_TEST_SUITE_P(Target, Normalise, testing::ValuesIn(target_names(supported_targets())),
                         [](const auto& target) { return target.param; });

}  // namespace
}  // namespace shoal
