// Which components are sound, by covariances whose least variances are known.
#include "shoal/model/soundness.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "support/serial.hpp"

namespace shoal {
namespace {

const ColumnMoments moments{{0, 0}, {4, 0.25}};

Soundness soundness(const ModelOptions& options, const NamedArray& covariances, const std::vector<double>& counts,
                    double total_weight = 100) {
  const std::size_t k = counts.size();
  const NamedArrays parameters = {{"weights", {k}, std::vector<double>(k, 1.0 / static_cast<double>(k))},
                                  {"means", {k, 2}, std::vector<double>(2 * k, 0.0)},
                                  covariances};
  return soundness_of(options, {k, 2, 0}, parameters, counts, moments, {100, 100, total_weight});
}

/// In units of the deviations of all rows: variance 1 along (1, 1), `least` along (1, -1).
std::vector<double> slanting(double least) {
  const double on = (1 + least) / 2, off = (1 - least) / 2;
  return {4 * on, off, off, 0.25 * on};
}

std::vector<double> joined(std::vector<double> a, const std::vector<double>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(Soundness, AFlatComponentIsNamedWithItsDirection) {
  const Soundness found = soundness(test::plain_options("gaussian", 2),
                                    {"covariances", {2, 2, 2}, joined(slanting(0.5), slanting(9e-6))}, {50, 50});
  EXPECT_FALSE(found.sound());
  EXPECT_FALSE(found.components[0].flat);
  EXPECT_NEAR(found.components[0].spread, 0.5, 1e-14);
  EXPECT_TRUE(found.components[1].flat);
  EXPECT_NEAR(found.components[1].spread, 9e-6, 1e-14);
  const std::vector<double>& direction = found.components[1].direction;
  EXPECT_NEAR(std::abs(direction[0]), std::sqrt(0.5), 1e-9);
  EXPECT_NEAR(direction[0], -direction[1], 1e-9);
  const std::string sentence = found.sentence({{"length", "width"}, {}});
  for (const char* word : {"component 1 has 50 rows", "length", "width", "9e-06"})
    EXPECT_NE(sentence.find(word), std::string::npos) << sentence;
  EXPECT_EQ(sentence.find("component 0"), std::string::npos) << sentence;
}

TEST(Soundness, JustBeyondTheLimitIsSound) {
  EXPECT_TRUE(
      soundness(test::plain_options("gaussian", 1), {"covariances", {1, 2, 2}, slanting(1.1e-5)}, {100}).sound());
}

TEST(Soundness, AVarianceThatIsRegularisationAloneIsFlat) {
  ModelOptions options("gaussian", 1);
  test::gaussian(options) = {Covariance::diag, 1e-3, 0};
  EXPECT_FALSE(soundness(options, {"covariances", {1, 2}, {4e-3, 0.25}}, {100}).sound());
  EXPECT_TRUE(soundness(options, {"covariances", {1, 2}, {4.1e-3, 0.25}}, {100}).sound());
}

TEST(Soundness, EachKindHasItsLeastVariance) {
  const auto spread = [](Covariance kind, const NamedArray& covariances) {
    return soundness(test::plain_options("gaussian", 2, kind), covariances, {50, 50}).components[1].spread;
  };
  EXPECT_NEAR(spread(Covariance::tied, {"covariances", {2, 2}, slanting(0.25)}), 0.25, 1e-14);
  EXPECT_NEAR(spread(Covariance::diag, {"covariances", {2, 2}, {4, 0.25, 2, 0.05}}), 0.2, 1e-14);
  EXPECT_NEAR(spread(Covariance::spherical, {"covariances", {2}, {1, 0.5}}), 0.5 / 2.125, 1e-14);
}

TEST(Soundness, AComponentNeedsSomeRows) {
  const auto small = [](Covariance kind, double count, double total_weight) {
    const NamedArray full{"covariances", {1, 2, 2}, slanting(1)}, diag{"covariances", {1, 2}, {4, 0.25}};
    return soundness(test::plain_options("gaussian", 1, kind), kind == Covariance::full ? full : diag, {count},
                     total_weight)
        .components[0]
        .small;
  };
  EXPECT_TRUE(small(Covariance::full, 2.99, 100));
  EXPECT_FALSE(small(Covariance::full, 3, 100));
  EXPECT_TRUE(small(Covariance::diag, 1.99, 100));
  EXPECT_FALSE(small(Covariance::diag, 2, 100));
  EXPECT_FALSE(small(Covariance::diag, 0.2, 10)) << "rows that weigh less";
  EXPECT_TRUE(small(Covariance::diag, 1.99, 1000)) << "rows that stand for several";
}

TEST(Soundness, AWeightHeldAtNothingIsNoSmallComponent) {
  ModelOptions options("bernoulli", 2);
  const NamedArrays parameters = {{"weights", {2}, {1, 0}}, {"probabilities", {2, 1}, {0.5, 0.5}}};
  const auto sound = [&] { return soundness_of(options, {2, 1, 2}, parameters, {10, 0}, {}, {10, 10, 10}).sound(); };
  EXPECT_FALSE(sound());
  options.mixing = Mixing::given;
  EXPECT_TRUE(sound());
}

TEST(Soundness, HardModelsHaveNone) {
  const Soundness found = soundness_of(ModelOptions("kmeans", 1), {1, 1, 0}, {}, {1}, {}, {1, 1, 1});
  EXPECT_TRUE(found.components.empty());
  EXPECT_TRUE(found.sound());
}

}  // namespace
}  // namespace shoal
