// Centers and scales of features against plain loops, and what they do to parameters.
#include "shoal/run/scaling.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "shoal/core/error.hpp"
#include "shoal/model/gaussian/options.hpp"
#include "shoal/pass/scale_rows.hpp"
#include "shoal/run/fitted.hpp"
#include "support/serial.hpp"

namespace shoal {
namespace {

const Communicator& world() {
  static const Communicator comm = Communicator::world();
  return comm;
}

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t d = 4;

/// 1500 rows: normal, the same in other units, whole numbers, constant; some are missing.
std::vector<double> some_rows(bool gaps) {
  std::vector<double> values = test::normal_rows(1500, d, 11);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i % d == 1) values[i] = 1e6 + 1e4 * values[i];
    if (i % d == 2) values[i] = std::floor(values[i]);
    if (i % d == 3) values[i] = 3.5;
    if (gaps && i % 11 == 5) values[i] = nan;
  }
  return values;
}

std::vector<double> some_weights() {
  std::vector<double> weights;
  for (std::size_t i = 0; i < 1500; ++i) weights.push_back(static_cast<double>(i % 4));
  return weights;
}

/// Every value of a column as often as its weight says.
std::vector<double> repeated(const std::vector<double>& values, const std::vector<double>& weights, std::size_t j) {
  std::vector<double> column;
  for (std::size_t i = j; i < values.size(); i += d)
    for (double w = weights.empty() ? 1 : weights[i / d]; w > 0 && !std::isnan(values[i]); --w)
      column.push_back(values[i]);
  return column;
}

double median(std::vector<double> column) {
  std::sort(column.begin(), column.end());
  return (column[(column.size() - 1) / 2] + column[column.size() / 2]) / 2;
}

std::pair<double, double> naive(const std::vector<double>& column, Standardize how) {
  const auto n = static_cast<double>(column.size());
  double sum = 0, squares = 0;
  for (const double x : column) sum += x;
  for (const double x : column) squares += (x - sum / n) * (x - sum / n);
  if (how == Standardize::sd) return {sum / n, std::sqrt(squares / n)};
  const auto [least, greatest] = std::minmax_element(column.begin(), column.end());
  if (how == Standardize::range) return {*least, *greatest - *least};
  std::vector<double> apart;
  for (const double x : column) apart.push_back(std::abs(x - median(column)));
  return {median(column), 1.4826 * median(apart)};
}

FoundScaling found_for(const std::vector<double>& values, const std::vector<double>& weights,
                       const ScalingOptions& options, const Communicator& comm = world(), int threads = 2) {
  const Shard<double> shard = test::shard_of(comm, values, d, weights);
  const RowPass<double> pass(shard, comm, threads, test::summary_of(values, d, weights));
  return find_scaling(pass, options, {"a", "b", "c", "d"});
}

TEST(Scaling, IsThatOfPlainLoops) {
  for (const bool gaps : {false, true})
    for (const bool weighted : {false, true})
      for (const Standardize how : {Standardize::sd, Standardize::range, Standardize::mad}) {
        SCOPED_TRACE(to_string(how) + (gaps ? " with gaps" : "") + (weighted ? " with weights" : ""));
        const std::vector<double> values = some_rows(gaps), weights = weighted ? some_weights() : std::vector<double>();
        const FoundScaling found = found_for(values, weights, {how, {}, {}});
        for (std::size_t j = 0; j < d; ++j) {
          const auto [center, scale] = naive(repeated(values, weights, j), how);
          EXPECT_NEAR(found.scaling.center[j], center, 1e-13 * std::abs(center));
          EXPECT_NEAR(found.scaling.scale[j], j == 3 ? 1 : scale, 1e-12 * scale);
          if (how == Standardize::sd) continue;
          EXPECT_EQ(found.scaling.center[j], center);  // values of the data, or between two
          EXPECT_EQ(found.scaling.scale[j], j == 3 ? 1 : scale);
        }
        ASSERT_EQ(found.warnings.size(), 1U);
        EXPECT_EQ(found.warnings[0], "feature 3 (d) is constant: the scale is 1");
      }
}

TEST(Scaling, HasTheSameBitsOnAnyRanksAndThreads) {
  for (const Standardize how : {Standardize::sd, Standardize::range, Standardize::mad}) {
    const ScalingOptions options{how, {1, 0.5, 3, 7}, {}};
    EXPECT_EQ(found_for(some_rows(true), some_weights(), options).scaling,
              found_for(some_rows(true), some_weights(), options, Communicator::self(), 1).scaling);
  }
}

TEST(Scaling, WeightsDivideScales) {
  const std::vector<double> weights = {1, 0.5, 3, 7};
  const FoundScaling alone = found_for(some_rows(false), {}, {Standardize::none, weights, {}});
  const FoundScaling both = found_for(some_rows(false), {}, {Standardize::range, weights, {}});
  const FoundScaling plain = found_for(some_rows(false), {}, {Standardize::range, {}, {}});
  for (std::size_t j = 0; j < d; ++j) {
    EXPECT_EQ(alone.scaling.center[j], 0);
    EXPECT_EQ(alone.scaling.scale[j], 1 / weights[j]);
    EXPECT_EQ(both.scaling.scale[j], plain.scaling.scale[j] / weights[j]);
  }
  EXPECT_TRUE(found_for(some_rows(false), {}, {}).scaling.empty());
}

TEST(Scaling, AFeatureThatIsMostlyTheSameIsTold) {
  std::vector<double> values = some_rows(false);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (i % d == 0) values[i] = i % 3 == 0 ? values[i] : 0;
  const FoundScaling found = found_for(values, {}, {Standardize::mad, {}, {}});
  EXPECT_EQ(found.scaling.scale[0], 1);
  ASSERT_EQ(found.warnings.size(), 2U);
  EXPECT_NE(found.warnings[1].find("feature 0 (a) is the same in at least half"), std::string::npos)
      << found.warnings[1];
}

TEST(Scaling, AConstantFeatureMayBeginWithGaps) {
  std::vector<double> values = some_rows(false);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (i % d == 3) values[i] = i % 8 == 3 ? nan : 0.1;
  const FoundScaling found = found_for(values, {}, {Standardize::sd, {}, {}});
  EXPECT_EQ(found.scaling.center[3], 0.1);
  EXPECT_EQ(found.scaling.scale[3], 1);
  EXPECT_EQ(found.warnings.size(), 1U);
}

TEST(Scaling, DeviationsWithoutDigitsAreRefused) {
  std::vector<double> values = some_rows(false);
  for (std::size_t i = 0; i < values.size(); i += d) values[i] *= 1e-170;
  EXPECT_THROW(found_for(values, {}, {Standardize::sd, {}, {}}), Error);
  EXPECT_NO_THROW(found_for(values, {}, {Standardize::range, {}, {}}));
  for (std::size_t i = 0; i < values.size(); i += d) values[i] = i % 8 == 0 ? 1.7e308 : -1.7e308;
  for (const Standardize how : {Standardize::sd, Standardize::range, Standardize::mad})
    EXPECT_THROW(found_for(values, {}, {how, {}, {}}), Error);
}

TEST(Scaling, MissingEntriesAndRowsLeftOutStay) {
  Shard<float> shard = test::shard_of<float>(Communicator::self(), {1, 2, 0, 0, NAN, 6}, 2);
  shard.used = {1, 0, 1};
  scale_rows(shard, {{1, 4}, {0.5, 2}}, 2);
  EXPECT_EQ(shard.values[0], 0);
  EXPECT_EQ(shard.values[1], -1);
  EXPECT_EQ(shard.values[2], 0);
  EXPECT_EQ(shard.values[3], 0);
  EXPECT_TRUE(std::isnan(shard.values[4]));
  EXPECT_EQ(shard.values[5], 1);
}

/// x^T A x of a difference is the same whichever units both have.
TEST(Scaling, CovariancesChangeWithBothFeatures) {
  const Scaling from{{1, -2}, {2, 0.5}}, to{{-3, 4}, {8, 0.25}};
  for (const Covariance kind : {Covariance::full, Covariance::tied, Covariance::diag, Covariance::spherical}) {
    SCOPED_TRACE(to_string(kind));
    const ModelOptions options = test::plain_options("gaussian", 2, kind);
    NamedArrays arrays = {{"means", {2, 2}, {1, 2, 3, 4}}, {"covariances", {2, 2, 2}, {4, 1, 1, 3, 5, -1, -1, 2}}};
    if (kind == Covariance::tied) arrays[1] = {"covariances", {2, 2}, {4, 1, 1, 3}};
    if (kind == Covariance::diag) arrays[1] = {"covariances", {2, 2}, {4, 1, 5, 3}};  // K = D: no matrix
    if (kind == Covariance::spherical) arrays[1] = {"covariances", {2}, {4, 3}};
    const NamedArrays before = arrays;
    change_units(options, from, from, arrays);
    EXPECT_TRUE(same_bits(arrays[0].values, before[0].values) && same_bits(arrays[1].values, before[1].values));
    change_units(options, from, to, arrays);
    EXPECT_EQ(arrays[0].values, (std::vector<double>{(3 + 3.0) / 8, (-1 - 4) / 0.25, (7 + 3.0) / 8, (0 - 4) / 0.25}));
    const double a = 0.0625, b = 0.5, c = 4;  // of the squares and the product
    std::vector<double> expected = {4 * a, b, b, 3 * c, 5 * a, -b, -b, 2 * c};
    if (kind == Covariance::tied) expected = {4 * a, b, b, 3 * c};
    if (kind == Covariance::diag) expected = {4 * a, c, 5 * a, 3 * c};
    if (kind == Covariance::spherical) expected = {2 * (a + c), 1.5 * (a + c)};
    EXPECT_EQ(arrays[1].values, expected);
    NamedArrays there = before;
    change_units(options, {}, to, there);
    change_units(options, to, {}, there);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(there[0].values[i], before[0].values[i], 1e-14);
  }
}

TEST(Scaling, AModelOfScaledRowsIsAppliedToTheDatas) {
  const std::vector<double> values = some_rows(false);
  for (const char* family : {"kmeans", "kmedians", "gaussian"})
    for (const Standardize how : {Standardize::sd, Standardize::range, Standardize::mad}) {
      RunOptions options{ModelOptions(family, 3)};
      options.scaling.standardize = how;
      options.fit.want_labels = true;
      const std::size_t first =
                            1500 * static_cast<std::size_t>(world().rank()) / static_cast<std::size_t>(world().size()),
                        last = 1500 * static_cast<std::size_t>(world().rank() + 1) /
                               static_cast<std::size_t>(world().size());
      const MemoryRows memory{std::span(values).subspan(first * d, (last - first) * d), d, {}, {}};
      const Rows rows = read_rows(world(), memory, options);
      const Fitted fitted = fit(rows, options);
      EXPECT_FALSE(fitted.model.scaling.empty());
      for (const Rows& again : {rows, read_rows(world(), memory, reading_for(fitted.model, "model"))}) {
        const Prediction found = predict(again, fitted.model);
        EXPECT_EQ(found.labels, fitted.result.labels);
        EXPECT_EQ(found.objective, fitted.result.objective);
      }
      RunOptions unscaled{ModelOptions(family, 3)};
      EXPECT_THROW(fit(rows, unscaled), std::logic_error);
      EXPECT_THROW(predict(read_rows(world(), memory, unscaled), fitted.model), std::logic_error);
    }
}

TEST(Scaling, OneFeatureThatCarriesNearlyAllIsTold) {
  const std::vector<double> values = some_rows(false);
  const Shard<double> shard = test::shard_of(world(), values, d);
  const RowPass<double> pass(shard, world(), 2, test::summary_of(values, d));
  const std::vector<std::string> names = {"a", "b", "c", "d"};
  const ModelOptions kmeans("kmeans", 3), kmedians("kmedians", 3), gaussian("gaussian", 3);
  EXPECT_NE(lone_feature(pass, kmeans, {}, names).find("feature 1 (b) carries 99.9 % of the summed variances"),
            std::string::npos);
  EXPECT_NE(lone_feature(pass, kmedians, {}, {}).find("feature 1 carries 99.9 % of the summed standard deviations"),
            std::string::npos);
  std::vector<double> wider = test::normal_rows(1500, d, 12, 1, 0);  // 64 of 67 by squares, 8 of 11 by size
  for (std::size_t i = 0; i < wider.size(); i += d) wider[i] *= 8;
  const Shard<double> some = test::shard_of(world(), wider, d);
  const RowPass<double> unlike(some, world(), 2, test::summary_of(wider, d));
  EXPECT_NE(lone_feature(unlike, kmeans, {}, names).find("feature 0 (a) carries 9"), std::string::npos);
  EXPECT_EQ(lone_feature(unlike, kmedians, {}, names), "");
  std::vector<double> halves = test::normal_rows(1500, d, 3);  // two features of 100 times the spread of the others
  for (std::size_t i = 0; i < halves.size(); ++i) halves[i] *= i % d < 2 ? 100 : 1;
  const Shard<double> unalike = test::shard_of(world(), halves, d);
  const RowPass<double> by_halves(unalike, world(), 2, test::summary_of(halves, d));
  for (const ModelOptions& model : {kmeans, kmedians})
    EXPECT_NE(lone_feature(by_halves, model, {}, names).find("scales differ: half of them carry "), std::string::npos);
  EXPECT_EQ(lone_feature(pass, gaussian, {}, names), "");
  EXPECT_EQ(lone_feature(pass, kmeans, {Standardize::range, {}, {}}, names), "");
  const std::vector<double> alike = test::normal_rows(1500, d, 3);
  const Shard<double> others = test::shard_of(world(), alike, d);
  EXPECT_EQ(lone_feature(RowPass<double>(others, world(), 1, test::summary_of(alike, d)), kmeans, {}, names), "");
}

}  // namespace
}  // namespace shoal
