// How clearly rows belong to components, by a plain loop over densities.
#include "shoal/fit/separation.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "support/serial.hpp"

namespace shoal {
namespace {

const Communicator& world() {
  static const Communicator comm = Communicator::world();
  return comm;
}

constexpr std::size_t n_rows = 500;

/// One feature, K normal components.
struct Line {
  std::vector<double> weights, means, variances;

  [[nodiscard]] std::vector<double> responsibilities(double x) const {
    std::vector<double> shares;
    double sum = 0;
    for (std::size_t k = 0; k < weights.size(); ++k) {
      const double apart = x - means[k];
      shares.push_back(weights[k] * std::exp(-apart * apart / (2 * variances[k])) / std::sqrt(variances[k]));
      sum += shares.back();
    }
    for (double& share : shares) share /= sum;
    return shares;
  }
};

struct Naive {
  double entropy = 0, ambiguous = 0;
  Matrix products;

  Naive(const Line& line, const std::vector<double>& values, const std::vector<double>& weights)
      : products(line.weights.size(), line.weights.size()) {
    double total = 0;
    for (std::size_t r = 0; r < values.size(); ++r) {
      const std::vector<double> shares = line.responsibilities(values[r]);
      const double weight = weights.empty() ? 1 : weights[r];
      double most = 0;
      total += weight;
      for (std::size_t i = 0; i < shares.size(); ++i) {
        if (shares[i] > 0) entropy -= weight * shares[i] * std::log(shares[i]);
        most = std::max(most, shares[i]);
        for (std::size_t j = 0; j < shares.size(); ++j) products(i, j) += weight * shares[i] * shares[j];
      }
      if (most < clear_responsibility) ambiguous += weight;
    }
    ambiguous /= total;
  }
};

void expect_naive(const Line& line, const std::vector<double>& weights) {
  const std::vector<double> values = test::normal_rows(n_rows, 1, 4);
  const std::size_t k = line.weights.size();
  const auto shard = test::shard_of(world(), values, 1, weights);
  const RowPass<double> pass(shard, world(), 2, test::summary_of(values, 1, weights));
  const auto model = make_model<double>(test::plain_options("gaussian", k), {1, {}});
  model->set_parameters(
      {{"weights", {k}, line.weights}, {"means", {k, 1}, line.means}, {"covariances", {k, 1, 1}, line.variances}},
      "test");
  const Separation found = separation_of(*model, pass);
  const Naive naive(line, values, weights);
  EXPECT_NEAR(found.entropy, naive.entropy, 1e-9 * (1 + naive.entropy));
  EXPECT_NEAR(found.ambiguous, naive.ambiguous, 1e-14);
  for (std::size_t i = 0; i < k; ++i)
    for (std::size_t j = 0; j < k; ++j)
      EXPECT_NEAR(found.overlap(i, j), naive.products(i, j) / std::sqrt(naive.products(i, i) * naive.products(j, j)),
                  1e-5);
}

TEST(Separation, IsThatOfAPlainLoop) {
  std::vector<double> weights(n_rows);
  for (std::size_t r = 0; r < n_rows; ++r) weights[r] = 0.75 * static_cast<double>(r % 3);
  for (const Line& line : {Line{{0.3, 0.3, 0.4}, {0, 4, 8}, {1, 1, 1}}, Line{{0.5, 0.5}, {3, 4}, {9, 12}},
                           Line{{0.2, 0.2, 0.6}, {0, 0.01, 6}, {1, 1, 4}}, Line{{1}, {4}, {12}}}) {
    expect_naive(line, {});
    expect_naive(line, weights);
  }
}

TEST(Separation, EntropyAsAShare) {
  Separation equal;
  equal.entropy = 7 * std::log(3.0);
  EXPECT_NEAR(equal.entropy_r2(7, 3), 0, 1e-15);
  EXPECT_EQ(Separation{}.entropy_r2(7, 3), 1);
  EXPECT_EQ(Separation{}.entropy_r2(7, 1), 1);
}

}  // namespace
}  // namespace shoal
