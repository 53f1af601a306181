// What models say of their clusters: sizes, places and deviations in the data's units, and which features set them
// apart.
#include "shoal/run/profile.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "shoal/core/error.hpp"

namespace shoal {
namespace {

Matrix matrix(std::size_t rows, std::vector<double> values) {
  Matrix result(rows, values.size() / rows);
  result.values = std::move(values);
  return result;
}

ModelFile model_of(const std::string& family, std::int64_t k, std::int64_t d, NamedArrays parameters) {
  ModelFile model;
  model.model = family;
  model.n_clusters = k, model.n_features = d, model.n_rows = 10, model.total_weight = 10;
  model.parameters = std::move(parameters);
  return model;
}

const NamedArray quarter_weights{"weights", {2}, {0.25, 0.75}}, quarter_counts{"counts", {2}, {2.5, 7.5}};

TEST(FeaturesApart, AreTheShareOfVarianceBetweenClusters) {
  const Matrix centres = matrix(2, {-1, 5, 0, 1, 5, 0}), variances = matrix(2, {1, 1, 0, 1, 9, 0});
  const std::vector<double> apart = features_apart(std::vector{0.5, 0.5}, centres, &variances, {0, 1, 2, 3});
  EXPECT_EQ(apart, (std::vector{0.5, 0.0, 0.0}));  // B = 1, W = 1; B = 0; nothing varies
  const Matrix sure = matrix(2, {0, 4}), none = matrix(2, {0, 0});
  EXPECT_EQ(features_apart(std::vector{0.1, 0.9}, sure, &none, {0, 1}), std::vector{1.0});
}

TEST(FeaturesApart, GoByTheSizesOfClusters) {
  const Matrix centres = matrix(2, {0, 4}), variances = matrix(2, {1, 2});
  const double between = 0.25 * 0.75 * 16, within = 0.25 * 1 + 0.75 * 2;
  EXPECT_DOUBLE_EQ(features_apart(std::vector{0.25, 0.75}, centres, &variances, {0, 1})[0],
                   between / (between + within));
}

TEST(FeaturesApart, WithoutVariancesAreSharesOfTheCentresVariance) {
  const Matrix centres = matrix(2, {0, 7, 1, 2, 7, 4});  // variances 1, 0, 9/4
  const std::vector<double> apart = features_apart(std::vector{0.5, 0.5}, centres, nullptr, {0, 1, 2, 3});
  EXPECT_DOUBLE_EQ(apart[0], 1 / 3.25);
  EXPECT_EQ(apart[1], 0);
  EXPECT_DOUBLE_EQ(apart[2], 2.25 / 3.25);
  EXPECT_EQ(features_apart(std::vector{0.5, 0.5}, matrix(2, {3, 3}), nullptr, {0, 1}), std::vector{0.0});
}

TEST(FeaturesApart, OfLevelsAreGoodmanAndKruskalsTau) {
  // Two clusters of half the rows, three levels: P(level | cluster) and overall.
  const Matrix p = matrix(2, {0.6, 0.4, 0.0, 0.0, 0.2, 0.8});
  Matrix variances = p;
  for (double& value : variances.values) value *= 1 - value;
  const double within = 1 - 0.5 * (0.36 + 0.16) - 0.5 * (0.04 + 0.64);  // Gini's variation in clusters
  const double total = 1 - (0.09 + 0.09 + 0.16);
  EXPECT_NEAR(features_apart(std::vector{0.5, 0.5}, p, &variances, {0, 3})[0], (total - within) / total, 1e-15);
}

TEST(FeaturesApart, StayFiniteForAnyNumbers) {
  for (const double size : {1e-200, 1e160, 1e300}) {
    const Matrix centres = matrix(2, {-size, 0, size, 1}), variances = matrix(2, {1, 1, 1, 1});
    for (const Matrix* known : {&variances, static_cast<const Matrix*>(nullptr)})
      for (const double one : features_apart(std::vector{0.5, 0.5}, centres, known, {0, 1, 2})) {
        EXPECT_GE(one, 0);
        EXPECT_LE(one, 1);
      }
  }
}

TEST(FeaturesApart, AreOrderedFromTheMostTheFirstOfEqualOnesFirst) {
  EXPECT_EQ(most_apart_first({0.1, 0.9, 0.1, 0.5}), (std::vector<std::size_t>{1, 3, 0, 2}));
}

TEST(Profile, HasDeviationsOfEveryKindOfCovarianceInTheDatasUnits) {
  const std::vector<std::pair<std::string, NamedArray>> kinds = {
      {"full", {"covariances", {2, 2, 2}, {4, 1, 1, 9, 16, -1, -1, 25}}},
      {"tied", {"covariances", {2, 2}, {4, 1, 1, 9}}},
      {"diag", {"covariances", {2, 2}, {4, 9, 16, 25}}},
      {"spherical", {"covariances", {2}, {4, 16}}}};
  const std::vector<std::vector<double>> expected = {{2, 3, 4, 5}, {2, 3, 2, 3}, {2, 3, 4, 5}, {2, 2, 4, 4}};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    ModelFile model =
        model_of("gaussian", 2, 2, {quarter_weights, quarter_counts, {"means", {2, 2}, {0, 1, 2, 3}}, kinds[i].second});
    model.kinds = {{"covariance", kinds[i].first}};
    const Profile plain = profile_of(model, "m.h5");
    EXPECT_EQ(plain.deviations.values, expected[i]) << kinds[i].first;
    EXPECT_EQ(plain.centres.values, (std::vector<double>{0, 1, 2, 3}));
    EXPECT_EQ(plain.sizes, quarter_counts.values);
    EXPECT_EQ(plain.shares, quarter_weights.values);
    model.scaling = {{100, 200}, {10, 0.5}};
    const Profile scaled = profile_of(model, "m.h5");
    EXPECT_EQ(scaled.centres.values, (std::vector<double>{100, 200.5, 120, 201.5}));
    EXPECT_EQ(scaled.deviations(0, 0), 10 * expected[i][0]);
    EXPECT_EQ(scaled.deviations(1, 1), 0.5 * expected[i][3]);
    EXPECT_EQ(scaled.apart, plain.apart);
  }
}

TEST(Profile, OfHardModelsHasSharesAndNoDeviations) {
  ModelFile model = model_of("kmeans", 2, 2, {quarter_counts, {"means", {2, 2}, {0, 1, 2, 3}}});
  const Profile profile = profile_of(model, "m.h5");
  EXPECT_EQ(profile.shares, (std::vector{0.25, 0.75}));
  EXPECT_EQ(profile.deviations.rows, 0U);
  EXPECT_FALSE(profile.within_known);
  EXPECT_EQ(profile.apart, (std::vector{0.5, 0.5}));
  model.parameters.front().values = {0, 0};
  EXPECT_EQ(profile_of(model, "m.h5").shares, (std::vector{0.5, 0.5}));
}

TEST(Profile, OfCodesHasAColumnALevel) {
  const ModelFile model = model_of("categorical", 2, 2,
                                   {quarter_weights,
                                    quarter_counts,
                                    {"probabilities", {2, 5}, {0.5, 0.5, 0.2, 0.3, 0.5, 1, 0, 0, 0, 1}},
                                    {"level_offsets", {3}, {0, 2, 5}, true}});
  const Profile profile = profile_of(model, "m.h5");
  EXPECT_TRUE(profile.has_levels && profile.holds_probabilities);
  EXPECT_EQ(profile.offsets, (ColumnOffsets{0, 2, 5}));
  EXPECT_EQ(profile.n_features(), 2U);
  EXPECT_EQ(profile.deviations.rows, 0U);
}

TEST(Profile, RefusesDamage) {
  const auto refused = [](const std::string& family, NamedArrays parameters, const std::string& word) {
    ModelFile model = model_of(family, 2, 1, std::move(parameters));
    if (family == "gaussian") model.kinds = {{"covariance", "diag"}};
    try {
      profile_of(model, "m.h5");
      ADD_FAILURE() << word;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::bad_data);
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("m.h5"), std::string::npos) << error.what();
    }
  };
  const NamedArray means{"means", {2, 1}, {0, 1}};
  refused("kmeans", {means}, "counts");
  refused("kmeans", {quarter_counts, {"means", {1, 2}, {0, 1}}}, "shape");
  refused("kmeans", {quarter_counts, {"means", {2, 1}, {0, NAN}}}, "finite");
  refused("gaussian", {quarter_weights, quarter_counts, means}, "covariances");
  refused("gaussian", {quarter_weights, quarter_counts, means, {"covariances", {2, 1}, {1, -1}}}, "variance -1");
}

}  // namespace
}  // namespace shoal
