// Truncation changes nothing that can be seen: the same labels, and parameters within 1e-12 of the untruncated fit.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "shoal/fit/fit.hpp"
#include "shoal/model/family.hpp"
#include "support/serial.hpp"

namespace shoal {
namespace {

struct Fitted {
  FitResult result;
  NamedArrays parameters;
};

/// A few iterations from the first K rows as means.
template <class Row>
Fitted run(ModelOptions options, const Shard<Row>& shard, const NamedArrays& start, bool truncate) {
  options.truncate = truncate;
  const Communicator self = Communicator::self();
  const std::int64_t n = shard.partition.n_rows;
  const RowPass<Row> pass(shard, self, 1, {n, n, static_cast<double>(n)});
  const std::unique_ptr<Model<Row>> model = make_model<Row>(options, {shard.n_features, shard.coding});
  model->begin_fit(pass, column_moments(pass));
  model->set_parameters(start, "test");
  FitOptions fit_options;
  fit_options.max_iterations = 4;
  fit_options.tolerance = 0;
  fit_options.want_labels = true;
  Observer nobody;
  FitResult result = fit(*model, pass, fit_options, nobody);
  return {std::move(result), model->parameters()};
}

template <class Row>
void expect_equal(const ModelOptions& options, const Shard<Row>& shard, const NamedArrays& start) {
  const Fitted truncated = run(options, shard, start, true);
  const Fitted whole = run(options, shard, start, false);
  EXPECT_EQ(truncated.result.labels, whole.result.labels);
  for (std::size_t i = 0; i < whole.result.history.size(); ++i)
    EXPECT_NEAR(truncated.result.history[i], whole.result.history[i], 1e-12 * std::abs(whole.result.history[i]));
  for (std::size_t i = 0; i < whole.parameters.size(); ++i) {
    const auto& mine = truncated.parameters[i].values;
    const auto& theirs = whole.parameters[i].values;
    double scale = 0;  // of an array: an entry may be zero but for rounding
    for (const double value : theirs) scale = std::max(scale, std::abs(value));
    for (std::size_t j = 0; j < theirs.size(); ++j)
      ASSERT_NEAR(mine[j], theirs[j], 1e-12 * std::max(std::abs(theirs[j]), 1e-3 * scale)) << whole.parameters[i].name;
  }
}

NamedArrays gaussian_start(const std::vector<double>& rows, std::size_t k, std::size_t d, Covariance covariance,
                           const std::vector<double>& weights = {}) {
  const std::vector<double> means(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(k * d));
  NamedArray covariances{"covariances", {k, d, d}, std::vector<double>(k * d * d, 0.0)};
  for (std::size_t i = 0; i < k * d; ++i) covariances.values[i / d * d * d + i % d * (d + 1)] = 1;
  if (covariance == Covariance::tied) covariances.shape = {d, d}, covariances.values.resize(d * d);
  if (covariance == Covariance::diag) covariances = {"covariances", {k, d}, std::vector<double>(k * d, 1.0)};
  if (covariance == Covariance::spherical) covariances = {"covariances", {k}, std::vector<double>(k, 1.0)};
  return {{"weights", {k}, weights.empty() ? std::vector<double>(k, 1.0 / static_cast<double>(k)) : weights},
          {"means", {k, d}, means},
          covariances};
}

class Truncation : public testing::TestWithParam<Covariance> {
 protected:
  ModelOptions options(std::size_t k) const {
    ModelOptions made("gaussian");
    test::gaussian(made).covariance = GetParam();
    made.n_clusters = k;
    return made;
  }
  void expect_equal_on(const std::vector<double>& rows, std::size_t k, std::size_t d,
                       const std::vector<double>& weights = {}) const {
    expect_equal(options(k), test::shard_of(Communicator::self(), rows, d, {}, 512),
                 gaussian_start(rows, k, d, GetParam(), weights));
  }
};

TEST_P(Truncation, SeparatedClusters) { expect_equal_on(test::normal_rows(3000, 20, 1, 7, 20), 7, 20); }
TEST_P(Truncation, OverlappingClusters) { expect_equal_on(test::normal_rows(3000, 9, 2, 5, 1), 5, 9); }
TEST_P(Truncation, AFewDozenClustersOfManyFeatures) { expect_equal_on(test::normal_rows(2000, 40, 3, 30, 6), 30, 40); }
TEST_P(Truncation, FourThousandClusters) {
  if (GetParam() != Covariance::full) expect_equal_on(test::normal_rows(6000, 2, 4, 6000, 3), 4096, 2);
  expect_equal_on(test::normal_rows(1500, 9, 5, 300, 3), 300, 9);
}

// A component that was promised half of the weight and gets next to nothing.
TEST_P(Truncation, StarvedClusters) {
  std::vector<double> rows = test::normal_rows(2000, 8, 6, 1, 0);
  for (std::size_t j = 0; j < 8; ++j) rows[j] = 14;  // far from all others, and the mean of component 0
  expect_equal_on(rows, 2, 8, {0.5, 0.5});
  expect_equal_on(rows, 2, 8, {1 - 1e-9, 1e-9});
}

INSTANTIATE_TEST_SUITE_P(Covariance, Truncation,
                         testing::Values(Covariance::full, Covariance::tied, Covariance::diag, Covariance::spherical),
                         [](const auto& param) { return to_string(param.param); });

TEST(TruncationOfDiscreteModels, SeparatedAndOverlapping) {
  for (const double share : {0.02, 0.4}) {
    const std::size_t d = 120;
    std::mt19937_64 generator(3);
    std::uniform_real_distribution<double> uniform;
    std::vector<Code> codes;
    for (std::size_t i = 0; i < 2000; ++i)
      for (std::size_t j = 0; j < d; ++j) codes.push_back(((i + j) % 5 == 0) != (uniform(generator) < share) ? 1 : 0);
    LevelOffsets offsets = {0};
    for (std::size_t j = 0; j < d; ++j) offsets.push_back(offsets.back() + 2);
    ModelOptions options("bernoulli", 5);
    std::vector<double> theta;
    for (std::size_t k = 0; k < 5; ++k)
      for (std::size_t j = 0; j < d; ++j) theta.push_back((k + j) % 5 == 0 ? 0.7 : 0.3);
    const NamedArrays start = {{"weights", {5}, std::vector<double>(5, 0.2)}, {"probabilities", {5, d}, theta}};
    expect_equal(options, test::packed_shard_of(Communicator::self(), codes, offsets), start);
  }
}

// Within = total - between loses all digits where clusters are far apart; the fit must not.
TEST(TiedCovariance, KeepsItsDigitsWhereClustersAreFarApart) {
  for (const double apart : {10.0, 1e3, 1e6}) {
    const std::size_t d = 3;
    std::vector<double> rows = test::normal_rows(2000, d, 9, 1, 0);
    std::vector<double> expected(d * d, 0.0);
    std::vector<std::vector<double>> means(2, std::vector<double>(d, 0.0));
    for (std::size_t i = 0; i < 2000; ++i)
      for (std::size_t j = 0; j < d; ++j) means[i % 2][j] += rows[i * d + j] / 1000;
    for (std::size_t i = 0; i < 2000; ++i)
      for (std::size_t a = 0; a < d; ++a)
        for (std::size_t b = 0; b < d; ++b)
          expected[a * d + b] += (rows[i * d + a] - means[i % 2][a]) * (rows[i * d + b] - means[i % 2][b]) / 2000;
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] += i / d % 2 == 0 ? 0 : apart;
    const ModelOptions options = test::plain_options("gaussian", 2, Covariance::tied);
    const auto shard = test::shard_of(Communicator::self(), rows, d);
    const Fitted fitted = run(options, shard, gaussian_start(rows, 2, d, Covariance::tied), true);
    const auto& found = find(fitted.parameters, "covariances")->values;
    for (std::size_t i = 0; i < d * d; ++i)
      EXPECT_NEAR(found[i], expected[i], 1e-12 * std::max(1.0, apart * 1e-4)) << apart;
  }
}

// Rows in float32, 1e4 standard deviations from zero: what the rows themselves have lost bounds what the fit loses.
TEST(Float32, IsNearFloat64AlsoFarFromZero) {
  for (const double offset : {0.0, 1e4}) {
    const std::size_t d = 12;
    std::vector<double> rows = test::normal_rows(4000, d, 8, 3, 3);
    std::vector<float> narrow;
    for (double& value : rows) {
      narrow.push_back(static_cast<float>(value + offset));
      value = static_cast<double>(narrow.back());
    }
    for (const Covariance covariance : {Covariance::full, Covariance::tied, Covariance::diag, Covariance::spherical}) {
      ModelOptions options("gaussian");
      test::gaussian(options).covariance = covariance;
      options.n_clusters = 3;
      const NamedArrays start = gaussian_start(rows, 3, d, covariance);
      const Fitted wide = run(options, test::shard_of(Communicator::self(), rows, d), start, true);
      const Fitted single = run(options, test::shard_of(Communicator::self(), narrow, d), start, true);
      EXPECT_NEAR(single.result.objective, wide.result.objective, 2e-6 * std::abs(wide.result.objective));
      for (std::size_t i = 0; i < wide.parameters.size(); ++i)
        for (std::size_t j = 0; j < wide.parameters[i].values.size(); ++j)
          ASSERT_NEAR(single.parameters[i].values[j], wide.parameters[i].values[j], 2e-5)
              << wide.parameters[i].name << " offset " << offset;
    }
  }
}

}  // namespace
}  // namespace shoal
