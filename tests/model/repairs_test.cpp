// What an M-step does where there is too little: empty components, gaps in a new mean, variances of zero.
#include <gtest/gtest.h>

#include <cmath>

#include "shoal/model/family.hpp"
#include "support/serial.hpp"

namespace shoal {
namespace {

const Communicator& world() {
  static const Communicator comm = Communicator::world();
  return comm;
}

struct Rows {
  std::vector<double> values;
  std::size_t d;
  std::vector<double> weights;
  ColumnMoments moments;
};

/// The parameters after one step from a start.
NamedArrays stepped(const ModelOptions& options, const Rows& rows, const NamedArrays& start) {
  const auto shard = test::shard_of(world(), rows.values, rows.d, rows.weights, 2);
  const RowPass<double> pass(shard, world(), 1, test::summary_of(rows.values, rows.d, rows.weights));
  const auto model = make_model<double>(options, {rows.d, {}});
  model->begin_fit(pass, rows.moments);
  model->set_parameters(start, "test");
  const Statistics sums = pass.reduce(model->statistics(false), [&](const RowBlock<double>& block, Statistics& mine) {
    model->expect(block, mine, {});
  });
  model->maximise(sums, pass);
  return model->parameters();
}

const std::vector<double>& values_of(const NamedArrays& parameters, const std::string& name) {
  return find(parameters, name)->values;
}

ModelOptions options_for(const std::string& family, std::size_t k, Covariance covariance = Covariance::diag) {
  return test::plain_options(family, k, covariance);
}

TEST(Reseeding, NeverTakesARowOfWeightZero) {
  const Rows rows{{-1, 1, 5, 50}, 1, {1, 1, 1, 0}, {{0}, {1}}};
  const NamedArrays centres = {{"means", {2, 1}, {0, 1e6}}, {"medians", {2, 1}, {0, 1e6}}};
  EXPECT_EQ(values_of(stepped(options_for("kmeans", 2), rows, centres), "means")[1], 5);
  EXPECT_EQ(values_of(stepped(options_for("kmedians", 2), rows, centres), "medians")[1], 5);
  NamedArrays normals = centres;
  normals.push_back({"weights", {2}, {0.5, 0.5}});
  normals.push_back({"covariances", {2, 1}, {1, 1}});
  EXPECT_EQ(values_of(stepped(options_for("gaussian", 2), rows, normals), "means")[1], 5);
}

TEST(Reseeding, TheGapsOfARowTakeTheMeansOfAll) {
  ModelOptions options = options_for("gaussian", 2);
  options.missing = Missing::marginalize;
  const Rows rows{{-1, 0, 1, 0, 9, NAN}, 2, {}, {{0, 0.75}, {1, 1}}};
  const NamedArrays start = {
      {"weights", {2}, {0.5, 0.5}}, {"means", {2, 2}, {0, 0, 1e6, 1e6}}, {"covariances", {2, 2}, {1, 1, 1, 1}}};
  const NamedArrays after = stepped(options, rows, start);
  EXPECT_EQ(values_of(after, "means")[2], 9);
  EXPECT_EQ(values_of(after, "means")[3], 0.75);
}

TEST(Reseeding, OfCountsIsHalfWayFromTheMeansOfAll) {
  ModelOptions options = options_for("poisson", 2);
  options.missing = Missing::marginalize;
  const Rows rows{{1, 2, 1, 2, 40, NAN}, 2, {}, {{14, 2.5}, {1, 1}}};
  const NamedArrays start = {{"weights", {2}, {0.5, 0.5}}, {"rates", {2, 2}, {1, 2, 1e6, 1e6}}};
  const NamedArrays after = stepped(options, rows, start);
  EXPECT_EQ(values_of(after, "rates")[2], 0.5 * (40 + 14));
  EXPECT_EQ(values_of(after, "rates")[3], 2.5) << "of a gap, the mean itself";
}

TEST(Dropping, LeavesWeightsThatSumToOne) {
  ModelOptions options = options_for("gaussian", 3);
  options.empty_cluster = EmptyCluster::drop;
  options.mixing = Mixing::uniform;
  const Rows rows{{-1, 1, 9, 11}, 1, {}, {{0}, {1}}};
  const NamedArrays start = {{"means", {3, 1}, {0, 1e6, 10}}, {"covariances", {3, 1}, {1, 1, 1}}};
  const NamedArrays after = stepped(options, rows, start);
  EXPECT_EQ(values_of(after, "weights"), (std::vector<double>{0.5, 0.5}));
  EXPECT_NEAR(values_of(after, "means")[1], 10, 1e-12);
}

TEST(Start, OfDiscreteComponentsCountsOneMoreRow) {
  const auto shard = test::packed_shard_of(world(), {0, 1, 0, 1, 2, 0, 0, 1}, {0, 3, 5}, 2);
  const RowPass<PackedByte> pass(shard, world(), 1, {4, 4, 4});
  const auto model = make_model<PackedByte>(options_for("categorical", 1), {0, shard.coding});
  model->begin_fit(pass, column_moments(pass));
  model->start(pass.fetch({0}), std::vector<std::int32_t>(shard.n_rows(), 0), pass);
  const std::vector<double> expected = {(3 + 1 / 3.0) / 5, (1 / 3.0) / 5, (1 + 1 / 3.0) / 5, 1.5 / 5, 3.5 / 5};
  for (std::size_t l = 0; l < 5; ++l)
    EXPECT_NEAR(values_of(model->parameters(), "probabilities")[l], expected[l], 1e-15);
}

TEST(Start, OfCountsHasAShareOfTheMeansOfAll) {
  const auto shard = test::shard_of(world(), std::vector<double>{0, 6, 0, 6}, 1, {}, 2);
  const RowPass<double> pass(shard, world(), 1, {4, 4, 4});
  const auto model = make_model<double>(options_for("poisson", 2), {1, {}});
  model->begin_fit(pass, column_moments(pass));
  std::vector<std::int32_t> labels;
  for (std::int64_t row = shard.rows().first; row < shard.rows().last; ++row)
    labels.push_back(static_cast<std::int32_t>(row % 2));
  model->start(pass.fetch({0, 1}), labels, pass);
  const std::vector<double> rates = values_of(model->parameters(), "rates");
  EXPECT_NEAR(rates[0], (0 + 0.02 * 3) / 2.02, 1e-15) << "zero could never grow";
  EXPECT_NEAR(rates[1], (12 + 0.02 * 3) / 2.02, 1e-14);
}

TEST(Recentring, DoesNotWaitForMoreRows) {
  Rows rows{test::normal_rows(2000, 1, 4, 1, 0), 1, {}, {{0}, {1}}};
  double mean = 0, variance = 0;
  for (const double x : rows.values) mean += x / 2000;
  for (const double x : rows.values) variance += (x - mean) * (x - mean) / 2000;
  const NamedArrays start = {{"weights", {1}, {1}}, {"means", {1, 1}, {2e4}}, {"covariances", {1, 1}, {1}}};
  const NamedArrays after = stepped(options_for("gaussian", 1), rows, start);  // a step of 4e8 variances
  EXPECT_NEAR(values_of(after, "covariances")[0], variance, 1e-13);
}

/// One component over features of global variances 1 and 9.
std::vector<double> covariances(const ModelOptions& options, const std::vector<double>& values,
                                const std::vector<std::size_t>& shape) {
  const Rows rows{values, 2, {}, {{0, 0}, {1, 9}}};
  const std::vector<double> ones(shape.size() == 1 ? 1 : 2, 1.0);
  return values_of(
      stepped(options, rows, {{"weights", {1}, {1}}, {"means", {1, 2}, {0, 0}}, {"covariances", shape, ones}}),
      "covariances");
}

TEST(Regularization, IsInTheUnitOfEachFeature) {
  ModelOptions options = options_for("gaussian", 1);
  test::gaussian(options).regularization = 0.5;
  const std::vector<double> diagonal = covariances(options, {-2, 0, 2, 0}, {1, 2});
  EXPECT_NEAR(diagonal[0], 4.5, 1e-14);
  EXPECT_NEAR(diagonal[1], 4.5, 1e-14);
  test::gaussian(options).covariance = Covariance::spherical;
  EXPECT_NEAR(covariances(options, {-2, 0, 2, 0}, {1})[0], 8.0 / 4 + 2.5, 1e-14);
}

TEST(Floor, OfACollapsedVarianceIsInTheUnitOfItsFeature) {
  const std::vector<double> same = {3, 3, 3, 3, 3, 3};
  EXPECT_EQ(covariances(options_for("gaussian", 1), same, {1, 2}), (std::vector<double>{1e-6, 1e-6 * 9}));
  EXPECT_NEAR(covariances(options_for("gaussian", 1, Covariance::spherical), same, {1})[0], 5e-6, 1e-20);
}

}  // namespace
}  // namespace shoal
