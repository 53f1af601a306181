// When a fit stops, and what it says of that.
#include <gtest/gtest.h>

#include <cmath>

#include "shoal/fit/fit.hpp"
#include "shoal/model/family.hpp"
#include "support/serial.hpp"

namespace shoal {
namespace {

const Communicator& world() {
  static const Communicator comm = Communicator::world();
  return comm;
}

FitOptions options_of(double tolerance) {
  FitOptions options;
  options.tolerance = tolerance;
  options.stopping = Stopping::change;
  return options;
}

/// A fit of one-dimensional rows from these centres.
FitResult fit_from(const std::vector<double>& centres, const std::vector<double>& values, const std::string& kind,
                   const FitOptions& fit_options, const std::vector<double>& weights = {}) {
  const ModelOptions options(kind, centres.size());
  const auto shard = test::shard_of(world(), values, 1, weights);
  const RowPass<double> pass(shard, world(), 1, test::summary_of(values, 1, weights));
  const auto model = make_model<double>(options, {1, {}});
  model->begin_fit(pass, column_moments(pass));
  const std::size_t k = centres.size();
  model->set_parameters({{"weights", {k}, std::vector<double>(k, 1.0 / static_cast<double>(k))},
                         {"means", {k, 1}, centres},
                         {"covariances", {k, 1, 1}, std::vector<double>(k, 1.0)}},
                        "test");
  Observer nobody;
  return fit(*model, pass, fit_options, nobody);
}

/// The last change is the first below the tolerance, in this unit.
template <class Unit>
void expect_first_below(const FitResult& result, double tolerance, Unit&& unit) {
  EXPECT_EQ(result.stop_reason, StopReason::tolerance);
  const std::vector<double>& history = result.history;
  ASSERT_GT(history.size(), 3U);  // else nothing is seen here
  EXPECT_EQ(history.size(), static_cast<std::size_t>(result.n_iterations) + 1);
  for (std::size_t t = 1; t < history.size(); ++t) {
    const double change = std::abs(history[t] - history[t - 1]) / unit(history[t - 1]);
    EXPECT_EQ(change < tolerance, t + 1 == history.size()) << "iteration " << t << ": " << change;
  }
}

TEST(Stopping, TheToleranceOfHardModelsIsAShareOfTheObjective) {
  const double tolerance = 1e-4;
  std::vector<double> values = test::normal_rows(2000, 1, 3, 1, 0);
  std::vector<double> centres = {-3, -2.9, -2.8, 3};
  const FitOptions options = options_of(tolerance);
  const FitResult first = fit_from(centres, values, "kmeans", options);
  expect_first_below(first, tolerance, [](double before) { return std::abs(before); });
  for (double& value : values) value *= 1024;
  for (double& centre : centres) centre *= 1024;
  const FitResult scaled = fit_from(centres, values, "kmeans", options);
  ASSERT_EQ(scaled.n_iterations, first.n_iterations);
  for (std::size_t t = 0; t < first.history.size(); ++t) EXPECT_EQ(scaled.history[t], first.history[t] * 1024 * 1024);
}

TEST(Stopping, TheToleranceOfMixturesIsPerUnitOfWeight) {
  const double tolerance = 1e-5;
  const std::vector<double> values = test::normal_rows(500, 1, 3, 2, 3);
  const FitOptions options = options_of(tolerance);
  for (const double weight : {1.0, 8.0}) {
    const std::vector<double> weights(values.size(), weight);
    const FitResult result = fit_from({-1, 0.5}, values, "gaussian", options, weights);
    expect_first_below(result, tolerance, [&](double) { return weight * static_cast<double>(values.size()); });
  }
}

TEST(Stopping, NotRightAfterARepair) {
  const std::vector<double> values = test::normal_rows(300, 1, 9, 1, 0);
  for (const std::string kind : {"kmeans", "gaussian"}) {
    const FitResult result = fit_from({0, 1e6}, values, kind, options_of(1e9));
    EXPECT_EQ(result.stop_reason, StopReason::tolerance);
    EXPECT_EQ(result.n_iterations, 2) << "one more than without the cluster that was reseeded";
    EXPECT_EQ(fit_from({0, 1}, values, kind, options_of(1e9)).n_iterations, 1);
  }
}

TEST(Falls, AreCounted) {
  const std::vector<double> values = test::normal_rows(300, 1, 9, 1, 0);
  ModelOptions options("gaussian", 1);
  test::gaussian(options).regularization = 3;  // the step leads away from the maximum of the likelihood
  const auto shard = test::shard_of(world(), values, 1);
  const RowPass<double> pass(shard, world(), 1, test::summary_of(values, 1));
  const auto model = make_model<double>(options, {1, {}});
  model->begin_fit(pass, column_moments(pass));
  model->set_parameters({{"weights", {1}, {1}}, {"means", {1, 1}, {0}}, {"covariances", {1, 1, 1}, {1}}}, "test");
  Observer nobody;
  const FitResult result = fit(*model, pass, options_of(0), nobody);
  EXPECT_LT(result.history[1], result.history[0]);
  EXPECT_EQ(result.falls, 1);
  EXPECT_EQ(fit_from({-1, 1}, values, "kmeans", options_of(0)).falls, 0);
}

TEST(Stopping, AtAFixedPointOrTheLimit) {
  const std::vector<double> values = {0, 1, 10, 11};
  const FitResult fixed = fit_from({0.5, 10.5}, values, "kmeans", options_of(0));
  EXPECT_EQ(fixed.stop_reason, StopReason::fixed_point);
  EXPECT_EQ(fixed.n_iterations, 0);
  EXPECT_EQ(fixed.history, (std::vector<double>{1}));
  FitOptions one = options_of(0);
  one.max_iterations = 1;
  const FitResult limited = fit_from({0, 1}, values, "kmeans", one);
  EXPECT_EQ(limited.stop_reason, StopReason::max_iterations);
  EXPECT_EQ(limited.n_iterations, 1);
  EXPECT_EQ(limited.history.size(), 2U);
}

}  // namespace
}  // namespace shoal
