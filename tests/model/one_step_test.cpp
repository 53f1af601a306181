// One E-step and M-step of each model on cases small enough to do by hand.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "shoal/model/discrete/discrete_components.hpp"
#include "shoal/model/family.hpp"
#include "support/serial.hpp"

namespace shoal {
namespace {

const Communicator& world() {
  static const Communicator comm = Communicator::world();
  return comm;
}

struct Step {
  double before;  ///< objective at the start
  NamedArrays after;
  [[nodiscard]] const std::vector<double>& operator[](const std::string& name) const {
    return find(after, name)->values;
  }
};

template <class Row>
Step one_step(Model<Row>& model, const Shard<Row>& shard, const DataSummary& summary, const NamedArrays& start,
              const ColumnMoments& moments = {}) {
  const RowPass<Row> pass(shard, world(), 1, summary);
  model.begin_fit(pass, moments.mean.empty() ? column_moments(pass) : moments);
  model.set_parameters(start, "test");
  const Statistics sums = pass.reduce(
      model.statistics(false), [&](const RowBlock<Row>& block, Statistics& mine) { model.expect(block, mine, {}); });
  const double before = model.objective(sums);
  model.maximise(sums, pass);
  return {before, model.parameters()};
}

Step real_step(const ModelOptions& options, const std::vector<double>& values, std::size_t d, const NamedArrays& start,
               const std::vector<double>& weights = {}) {
  const auto shard = test::shard_of(world(), values, d, weights, 2);
  const auto model = make_model<double>(options, {d, {}});
  const ColumnMoments moments{std::vector<double>(d, 0.0), std::vector<double>(d, 1.0)};
  return one_step(*model, shard, test::summary_of(values, d, weights), start, moments);
}

Step code_step(const ModelOptions& options, const std::vector<Code>& values, const LevelOffsets& offsets,
               const NamedArrays& start) {
  const auto shard = test::packed_shard_of(world(), values, offsets, 2);
  const auto model = make_model<PackedByte>(options, {0, shard.coding});
  return one_step(*model, shard, test::summary_of(values, offsets.size() - 1), start);
}

TEST(OneStep, KMeans) {
  const Step step = real_step(test::plain_options("kmeans", 2), {0, 1, 2, 10, 14}, 1, {{"means", {2, 1}, {1, 11}}});
  EXPECT_EQ(step.before, 1 + 0 + 1 + 1 + 9);
  EXPECT_EQ(step["means"], (std::vector<double>{1, 12}));
}

TEST(OneStep, KMeansTiesGoToTheLowestCluster) {
  const Step step = real_step(test::plain_options("kmeans", 2), {0, 1, 2}, 1, {{"means", {2, 1}, {0, 2}}});
  EXPECT_EQ(step["means"], (std::vector<double>{0.5, 2}));
}

TEST(OneStep, KMeansWeights) {
  const Step step = real_step(test::plain_options("kmeans", 1), {0, 4}, 1, {{"means", {1, 1}, {0}}}, {1, 3});
  EXPECT_EQ(step.before, 48);
  EXPECT_EQ(step["means"], (std::vector<double>{3}));
}

TEST(OneStep, KMedians) {
  const Step step = real_step(test::plain_options("kmedians", 2), {0, 5, 1, 7, 100, 6, -3, 6, 50, 0, 60, 0}, 2,
                              {{"medians", {2, 2}, {0, 6, 55, 0}}});
  EXPECT_EQ(step.before, (0 + 1) + (1 + 1) + (45 + 6) + (3 + 0) + 5 + 5);
  EXPECT_EQ(step["medians"], (std::vector<double>{0, 6, 60, 0}));  // of {0, 1, -3} and {100, 50, 60}
}

/// Two components at -1 and 1 with unit variance and rows -1, 1: r = sigmoid(2) by Bayes' rule.
NamedArrays two_normals(const std::vector<std::size_t>& shape) {
  return {{"weights", {2}, {0.5, 0.5}},
          {"means", {2, 1}, {-1, 1}},
          {"covariances", shape, std::vector<double>(shape.empty() ? 1 : shape[0], 1.0)}};
}

TEST(OneStep, GaussianOfAllShapes) {
  const double r = 1 / (1 + std::exp(-2.0));
  const double density = 0.5 * (1 + std::exp(-2.0)) / std::sqrt(2 * std::numbers::pi);
  const double mean = 2 * r - 1;
  for (const auto& [covariance, shape] :
       std::vector<std::pair<Covariance, std::vector<std::size_t>>>{{Covariance::full, {2, 1, 1}},
                                                                    {Covariance::tied, {1, 1}},
                                                                    {Covariance::diag, {2, 1}},
                                                                    {Covariance::spherical, {2}}}) {
    ModelOptions options = test::plain_options("gaussian", 2);
    test::gaussian(options).covariance = covariance;
    const Step step = real_step(options, {-1, 1}, 1, two_normals(shape));
    EXPECT_NEAR(step.before, 2 * std::log(density), 1e-14);
    EXPECT_NEAR(step["weights"][0], 0.5, 1e-15);
    EXPECT_NEAR(step["means"][0], -mean, 1e-15);
    EXPECT_NEAR(step["means"][1], mean, 1e-15);
    EXPECT_NEAR(step["covariances"][0], 1 - mean * mean, 1e-15);
  }
}

TEST(OneStep, OneGaussianHasTheCovarianceWithDivisorW) {
  const std::vector<double> values = {0, 0, 2, 1, 4, 5};
  const NamedArrays start = {
      {"weights", {1}, {1}}, {"means", {1, 2}, {10, -10}}, {"covariances", {1, 2, 2}, {1, 0, 0, 1}}};
  const Step step = real_step(test::plain_options("gaussian", 1), values, 2, start);
  EXPECT_NEAR(step["means"][0], 2, 1e-14);
  EXPECT_NEAR(step["means"][1], 2, 1e-14);
  const std::vector<double> expected = {8.0 / 3, 10.0 / 3, 10.0 / 3, 14.0 / 3};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(step["covariances"][i], expected[i], 1e-13);
}

TEST(OneStep, RegularisationIsAddedToTheDiagonal) {
  ModelOptions options = test::plain_options("gaussian", 1);
  test::gaussian(options).regularization = 0.5;  // of a global variance of 1
  test::gaussian(options).regularization_absolute = 0.25;
  const NamedArrays start = {{"weights", {1}, {1}}, {"means", {1, 1}, {0}}, {"covariances", {1, 1, 1}, {1}}};
  EXPECT_NEAR(real_step(options, {-2, 2}, 1, start)["covariances"][0], 4.75, 1e-15);
}

TEST(OneStep, AStartAMillionDeviationsAwayLosesNoDigits) {
  const NamedArrays start = {{"weights", {1}, {1}}, {"means", {1, 1}, {1e6}}, {"covariances", {1, 1}, {1}}};
  ModelOptions options = test::plain_options("gaussian", 1);
  test::gaussian(options).covariance = Covariance::diag;
  EXPECT_NEAR(real_step(options, {-1, 1, 0, 0}, 1, start)["covariances"][0], 0.5, 1e-15);
}

TEST(OneStep, TiedStartsFarAwayLoseNoDigitsEither) {
  // Both components move by 1e7, so that the shared scatter hides the one's loss behind the other's.
  std::vector<double> values;
  for (int i = 0; i < 200; ++i) values.push_back((i % 2 == 0 ? 0 : 10) + (i % 4 < 2 ? -1.0 : 1.0));
  ModelOptions options = test::plain_options("gaussian", 2);
  test::gaussian(options).covariance = Covariance::tied;
  const NamedArrays start = {
      {"weights", {2}, {0.5, 0.5}}, {"means", {2, 1}, {1e7, 1e7}}, {"covariances", {1, 1}, {1e14}}};
  EXPECT_NEAR(real_step(options, values, 1, start)["covariances"][0], 26, 1e-12);
}

TEST(OneStep, AComponentHeldAtNothingStaysAsItIs) {
  ModelOptions options = test::plain_options("gaussian", 2);
  options.mixing = Mixing::given;
  options.given_weights = {0, 1};
  const Step step = real_step(options, {-1, 1, 5}, 1, two_normals({2, 1, 1}));
  EXPECT_EQ(step["weights"], (std::vector<double>{0, 1}));
  EXPECT_EQ(step["means"][0], -1);
  EXPECT_NEAR(step["means"][1], 5.0 / 3, 1e-14);
}

TEST(OneStep, MissingEntriesDropOut) {
  ModelOptions options = test::plain_options("gaussian", 1);
  options.missing = Missing::marginalize;
  for (const Covariance covariance : {Covariance::diag, Covariance::spherical}) {
    test::gaussian(options).covariance = covariance;
    const std::vector<std::size_t> shape =
        covariance == Covariance::diag ? std::vector<std::size_t>{1, 2} : std::vector<std::size_t>{1};
    const NamedArrays start = {{"weights", {1}, {1}},
                               {"means", {1, 2}, {0, 0}},
                               {"covariances", shape, std::vector<double>(shape.size(), 1.0)}};
    const Step step = real_step(options, {1, NAN, 3, 6, NAN, NAN}, 2, start);
    const double log_two_pi = std::log(2 * std::numbers::pi);
    EXPECT_NEAR(step.before, -0.5 * (3 * log_two_pi + 1 + 9 + 36), 1e-13);
    EXPECT_NEAR(step["means"][0], 2, 1e-15);
    EXPECT_NEAR(step["means"][1], 6, 1e-15);
    if (covariance == Covariance::diag)
      EXPECT_NEAR(step["covariances"][0], 1, 1e-15);
    else
      EXPECT_NEAR(step["covariances"][0], 2.0 / 3, 1e-15);  // two squared deviations of 1 over three entries
  }
}

TEST(OneStep, EachFeatureHasItsOwnGaps) {
  ModelOptions options = test::plain_options("gaussian", 1);
  options.missing = Missing::marginalize;
  test::gaussian(options).covariance = Covariance::diag;
  const NamedArrays start = {{"weights", {1}, {1}}, {"means", {1, 3}, {0, 0, 0}}, {"covariances", {1, 3}, {1, 4, 9}}};
  const Step step = real_step(options, {1, 4, 0, 3, NAN, 9, 5, 8, NAN, 7, NAN, NAN}, 3, start, {1, 1, 2, 1});
  const double log_two_pi = std::log(2 * std::numbers::pi);
  const double squares = (1 + 9 + 2 * 25 + 49) + (16 + 2 * 64) / 4.0 + 81 / 9.0;
  EXPECT_NEAR(step.before, -0.5 * (10 * log_two_pi + 3 * std::log(4.0) + 2 * std::log(9.0) + squares), 1e-12);
  const std::vector<double> means = {4.2, 20.0 / 3, 4.5};  // weights observed: 5, 3 and 2
  const std::vector<double> variances = {(3.2 * 3.2 + 1.2 * 1.2 + 2 * 0.64 + 2.8 * 2.8) / 5, 32.0 / 9, 20.25};
  for (std::size_t j = 0; j < 3; ++j) {
    EXPECT_NEAR(step["means"][j], means[j], 1e-14);
    EXPECT_NEAR(step["covariances"][j], variances[j], 1e-13);
  }
}

TEST(OneStep, AReseededComponentHasAnEqualShare) {
  ModelOptions options = test::plain_options("gaussian", 2);
  const NamedArrays start = {
      {"weights", {2}, {0.5, 0.5}}, {"means", {2, 1}, {0, 1e6}}, {"covariances", {2, 1, 1}, {1, 1}}};
  const Step step = real_step(options, {-1, 1, 5}, 1, start);
  EXPECT_NEAR(step["weights"][0], 2.0 / 3, 1e-15);  // 1 and 1 / K, scaled to one
  EXPECT_NEAR(step["weights"][1], 1.0 / 3, 1e-15);
  EXPECT_EQ(step["means"][1], 5);                        // the least likely row
  EXPECT_NEAR(step["covariances"][1], 56.0 / 9, 1e-13);  // that of all
  options.mixing = Mixing::given;
  options.given_weights = {0.25, 0.75};
  EXPECT_EQ(real_step(options, {-1, 1, 5}, 1, start)["weights"], options.given_weights);
}

TEST(OneStep, AReseededDiscreteComponentCountsItsRowAndOneMore) {
  const NamedArrays start = {{"weights", {2}, {0.5, 0.5}},
                             {"probabilities", {2, 5}, {0.8, 0.1, 0.1, 0.7, 0.3, 0, 0.5, 0.5, 0.5, 0.5}},
                             {"level_offsets", {3}, {0, 3, 5}, true}};
  const Step step = code_step(test::plain_options("categorical", 2), {0, 0, 0, 1, 0, 0}, {0, 3, 5}, start);
  const std::vector<double> expected = {2.0 / 3, 1.0 / 6, 1.0 / 6, 0.25, 0.75};  // of row 1, and 1 / L for each level
  for (std::size_t l = 0; l < 5; ++l) EXPECT_NEAR(step["probabilities"][5 + l], expected[l], 1e-15);
  EXPECT_NEAR(step["weights"][1], 1.0 / 3, 1e-12);
}

TEST(OneStep, BernoulliAndItsEqualCategorical) {
  // Rows 11, 10, 00 under theta = (3/4, 1/2) and (1/4, 1/2): r_0 = 3/4, 3/4, 1/4.
  const std::vector<Code> rows = {1, 1, 1, 0, 0, 0};
  const NamedArrays start = {{"weights", {2}, {0.5, 0.5}}, {"probabilities", {2, 2}, {0.75, 0.5, 0.25, 0.5}}};
  const Step step = code_step(test::plain_options("bernoulli", 2), rows, {0, 2, 4}, start);
  EXPECT_NEAR(step.before, 3 * std::log(0.25), 1e-14);
  EXPECT_NEAR(step["weights"][0], 1.75 / 3, 1e-15);
  EXPECT_NEAR(step["probabilities"][0], 1.5 / 1.75, 1e-15);
  EXPECT_NEAR(step["probabilities"][1], 0.75 / 1.75, 1e-15);
  EXPECT_NEAR(step["probabilities"][2], 0.5 / 1.25, 1e-15);

  const NamedArrays both = {{"weights", {2}, {0.5, 0.5}},
                            {"probabilities", {2, 4}, {0.25, 0.75, 0.5, 0.5, 0.75, 0.25, 0.5, 0.5}}};
  const Step same = code_step(test::plain_options("categorical", 2), rows, {0, 2, 4}, both);
  EXPECT_NEAR(same.before, step.before, 1e-14);
  EXPECT_NEAR(same["probabilities"][1], step["probabilities"][0], 1e-15);
  EXPECT_NEAR(same["probabilities"][0], 1 - step["probabilities"][0], 1e-15);
}

TEST(OneStep, PseudoCountsAndThePriorInTheObjective) {
  ModelOptions options = test::plain_options("categorical", 1);
  options.of<DiscreteOptions>().pseudo_count = 0.5;
  const NamedArrays start = {{"weights", {1}, {1}}, {"probabilities", {1, 3}, {0.5, 0.25, 0.25}}};
  const Step step = code_step(options, {0, 0, 1}, {0, 3}, start);
  EXPECT_NEAR(step.before, 2 * std::log(0.5) + std::log(0.25) + 0.5 * (std::log(0.5) + 2 * std::log(0.25)), 1e-14);
  EXPECT_NEAR(step["probabilities"][0], 2.5 / 4.5, 1e-15);
  EXPECT_NEAR(step["probabilities"][2], 0.5 / 4.5, 1e-15);
}

TEST(OneStep, MissingCodesDropOut) {
  ModelOptions options = test::plain_options("bernoulli", 1);
  const NamedArrays start = {{"weights", {1}, {1}}, {"probabilities", {1, 2}, {0.5, 0.25}}};
  const Step step = code_step(options, {1, missing_code, 0, 1, 1, missing_code}, {0, 2, 4}, start);
  EXPECT_NEAR(step.before, 3 * std::log(0.5) + std::log(0.25), 1e-14);
  EXPECT_NEAR(step["probabilities"][0], 2.0 / 3, 1e-15);
  EXPECT_NEAR(step["probabilities"][1], 1, 1e-15);
}

TEST(OneStep, ProbabilitiesOfZeroAndOneAreStoredSoAndFlooredInTheLogarithm) {
  const NamedArrays start = {{"weights", {1}, {1}}, {"probabilities", {1, 1}, {0.5}}};
  EXPECT_EQ(code_step(test::plain_options("bernoulli", 1), {1, 1}, {0, 2}, start)["probabilities"][0], 1.0);
  const NamedArrays certain = {{"weights", {1}, {1}}, {"probabilities", {1, 1}, {1.0}}};
  EXPECT_NEAR(code_step(test::plain_options("bernoulli", 1), {1, 0}, {0, 2}, certain).before, std::log(1e-15), 1e-12);
}

TEST(OneStep, MixingWeightsHeld) {
  ModelOptions options = test::plain_options("gaussian", 2);
  options.mixing = Mixing::given;
  options.given_weights = {0.9, 0.1};
  EXPECT_EQ(real_step(options, {-1, 1}, 1, two_normals({2, 1, 1}))["weights"], (std::vector<double>{0.9, 0.1}));
  options.mixing = Mixing::uniform;
  EXPECT_EQ(real_step(options, {-1, 1, 1}, 1, two_normals({2, 1, 1}))["weights"], (std::vector<double>{0.5, 0.5}));
}

}  // namespace
}  // namespace shoal
