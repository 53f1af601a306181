// The density as a linear function of moments: where it is used, that it is the density, and that a fit step is the
// same on both sides of the guard.
#include "shoal/model/gaussian/moment_form.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "shoal/model/family.hpp"
#include "support/serial.hpp"

namespace shoal {
namespace {

Matrix diagonal(std::size_t d, double value) {
  Matrix matrix(d, d);
  for (std::size_t i = 0; i < d; ++i) matrix(i, i) = value;
  return matrix;
}

/// Two features of unit variance and the given correlation, and the inverse.
std::pair<Matrix, Matrix> correlated(double rho) {
  Matrix covariance = diagonal(2, 1);
  covariance(0, 1) = covariance(1, 0) = rho;
  Matrix precision = diagonal(2, 1 / (1 - rho * rho));
  precision(0, 1) = precision(1, 0) = -rho / (1 - rho * rho);
  return {covariance, precision};
}

TEST(MomentForm, IsUsedWhereNoDigitsAreLost) {
  const std::vector<Matrix> unit = {diagonal(2, 1)};
  const auto at = [&](double distance) {
    const std::vector<double> means(2, distance);
    return moment_form<double>(Moments::products, means, unit, unit).has_value();
  };
  EXPECT_TRUE(at(7.9));
  EXPECT_FALSE(at(8.0));
  const std::vector<float> narrow_means(2, 2.0F);
  EXPECT_FALSE(moment_form<float>(Moments::products, narrow_means, unit, unit).has_value());
  const auto dependent = [](double rho) {
    const auto [covariance, precision] = correlated(rho);
    const std::vector<double> means(2, 0.0);
    return moment_form<double>(Moments::products, means, {precision}, {covariance}).has_value();
  };
  EXPECT_TRUE(dependent(0.99));
  EXPECT_FALSE(dependent(0.995));
}

TEST(MomentForm, IsTheQuadraticForm) {
  const auto [covariance, precision] = correlated(0.6);
  const std::vector<double> mean = {1.5, -2};
  const auto form = moment_form<double>(Moments::products, mean, {precision}, {covariance});
  ASSERT_TRUE(form);
  for (const auto& [x, y] : {std::pair{0.0, 0.0}, {1.5, -2.0}, {3.0, 1.0}}) {
    const double a = x - mean[0];
    const double b = y - mean[1];
    const double q = precision(0, 0) * a * a + 2 * precision(0, 1) * a * b + precision(1, 1) * b * b;
    const std::vector<double>& c = form->coefficients;
    EXPECT_NEAR(form->constants[0] + c[0] * x + c[1] * y + c[2] * x * x + c[3] * x * y + c[4] * y * y, -q / 2, 1e-13);
  }
}

/// One M-step of two components by the definition: responsibilities from distances, moments about the new means.
struct Reference {
  std::vector<double> weights, means, variances;  ///< 2; 2 x D; 2 x D
};

Reference by_definition(const std::vector<double>& rows, std::size_t d, const std::vector<double>& start) {
  const std::size_t n = rows.size() / d;
  std::vector<double> r(2 * n);
  Reference result{std::vector<double>(2), std::vector<double>(2 * d), std::vector<double>(2 * d)};
  for (std::size_t i = 0; i < n; ++i) {
    double form[2] = {};
    for (std::size_t k = 0; k < 2; ++k)
      for (std::size_t j = 0; j < d; ++j) form[k] += std::pow(rows[i * d + j] - start[k * d + j], 2);
    r[2 * i] = 1 / (1 + std::exp((form[0] - form[1]) / 2));
    r[2 * i + 1] = 1 / (1 + std::exp((form[1] - form[0]) / 2));
  }
  for (std::size_t k = 0; k < 2; ++k) {
    double total = 0;
    for (std::size_t i = 0; i < n; ++i) total += r[2 * i + k];
    result.weights[k] = total / static_cast<double>(n);
    for (std::size_t j = 0; j < d; ++j) {
      double& mean = result.means[k * d + j];
      for (std::size_t i = 0; i < n; ++i) mean += r[2 * i + k] * rows[i * d + j] / total;
      for (std::size_t i = 0; i < n; ++i)
        result.variances[k * d + j] += r[2 * i + k] * std::pow(rows[i * d + j] - mean, 2) / total;
    }
  }
  return result;
}

std::vector<double> variances_of(const NamedArrays& parameters, Covariance covariance, std::size_t d) {
  const std::vector<double>& stored = find(parameters, "covariances")->values;
  std::vector<double> variances;
  for (std::size_t i = 0; i < 2 * d; ++i)
    variances.push_back(covariance == Covariance::full   ? stored[i / d * d * d + i % d * (d + 1)]
                        : covariance == Covariance::diag ? stored[i]
                                                         : stored[i / d]);
  return variances;
}

// Means at 5 to 12 deviations from the middle between them: moments up to 8, the centred kernels beyond.
TEST(MomentForm, AStepIsTheSameOnBothSidesOfTheGuard) {
  const Communicator self = Communicator::self();
  for (const double half : {0.5, 5.0, 7.8, 8.2, 12.0})
    for (const Covariance covariance : {Covariance::full, Covariance::diag, Covariance::spherical})
      for (const std::size_t d : {std::size_t{1}, std::size_t{3}, std::size_t{12}}) {
        SCOPED_TRACE(to_string(covariance) + " D=" + std::to_string(d) + " half=" + std::to_string(half));
        std::vector<double> rows = test::normal_rows(1000, d, 5, 1, 0);
        for (std::size_t i = 0; i < rows.size(); ++i) rows[i] += 100 + (i / d % 2 == 0 ? half : -half);
        std::vector<double> means(2 * d, 100 + half);
        for (std::size_t j = d; j < 2 * d; ++j) means[j] = 100 - half;
        const ModelOptions options = test::plain_options("gaussian", 2, covariance);
        NamedArray covariances{"covariances", {2}, std::vector<double>(2, 1.0)};
        if (covariance == Covariance::diag) covariances = {"covariances", {2, d}, std::vector<double>(2 * d, 1.0)};
        if (covariance == Covariance::full) {
          covariances = {"covariances", {2, d, d}, diagonal(d, 1).values};
          covariances.values.insert(covariances.values.end(), covariances.values.begin(), covariances.values.end());
        }
        const auto shard = test::shard_of(self, rows, d);
        const RowPass<double> pass(shard, self, 1, test::summary_of(rows, d));
        const auto model = make_model<double>(options, {d, {}});
        model->begin_fit(pass, column_moments(pass));
        model->set_parameters({{"weights", {2}, {0.5, 0.5}}, {"means", {2, d}, means}, covariances}, "test");
        model->maximise(pass.reduce(model->statistics(false),
                                    [&](const RowBlock<double>& b, Statistics& s) { model->expect(b, s, {}); }),
                        pass);
        const NamedArrays found = model->parameters();
        const Reference expected = by_definition(rows, d, means);
        const std::vector<double> variances = variances_of(found, covariance, d);
        for (std::size_t k = 0; k < 2; ++k) {
          EXPECT_NEAR(find(found, "weights")->values[k], expected.weights[k], 1e-13);
          double mean_variance = 0;
          for (std::size_t j = 0; j < d; ++j) mean_variance += expected.variances[k * d + j] / static_cast<double>(d);
          for (std::size_t j = 0; j < d; ++j) {
            EXPECT_NEAR(find(found, "means")->values[k * d + j], expected.means[k * d + j], 1e-12);
            EXPECT_NEAR(variances[k * d + j],
                        covariance == Covariance::spherical ? mean_variance : expected.variances[k * d + j], 1e-12);
          }
        }
      }
}

}  // namespace
}  // namespace shoal
