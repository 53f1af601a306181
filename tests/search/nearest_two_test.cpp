// What clusters of a hard model are worth, against a plain loop.
#include "search/nearest_two.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "support/serial.hpp"

namespace shoal {
namespace {

double apart(const double* row, std::span<const double> centre, const SeedMetric& metric) {
  double sum = 0;
  for (std::size_t d = 0; d < centre.size(); ++d) {
    const double difference = std::abs(row[d] - centre[d]);
    sum += metric.metric == Metric::manhattan ? difference : difference * difference;
  }
  return metric.rooted ? std::sqrt(sum) : sum;
}

ClusterWorth naive_worth(const std::vector<double>& values, const std::vector<double>& weights, const Matrix& centres,
                         const SeedMetric& metric) {
  ClusterWorth worth{std::vector<double>(centres.rows), std::vector<double>(centres.rows), {}};
  worth.rows.resize(centres.rows);
  for (std::size_t r = 0; r < weights.size(); ++r) {
    std::size_t nearest = 0;
    double least = INFINITY, next = INFINITY;
    for (std::size_t k = 0; k < centres.rows; ++k) {
      const double distance = apart(values.data() + r * centres.columns, centres.row(k), metric);
      if (distance < least) {
        next = std::exchange(least, distance);
        nearest = k;
      } else {
        next = std::min(next, distance);
      }
    }
    worth.error[nearest] += weights[r] * least;
    worth.utility[nearest] += weights[r] * (next - least);
    worth.rows[nearest].emplace_back(static_cast<std::int64_t>(r), weights[r]);
  }
  return worth;
}

void expect_naive(std::size_t d, std::size_t n_clusters, const SeedMetric& metric, bool ties) {
  constexpr std::size_t n = 700;
  std::vector<double> values = test::normal_rows(n, d, 3), weights(n);
  if (ties)
    for (double& x : values) x = std::round(x);
  for (std::size_t r = 0; r < n; ++r) weights[r] = 0.5 * static_cast<double>(r % 4);
  Matrix centres(n_clusters, d);
  for (std::size_t i = 0; i < centres.values.size(); ++i) centres.values[i] = values[(i * 37) % values.size()];
  const auto shard = test::shard_of(Communicator::self(), values, d, weights);
  const Sample<double> sample(values, weights, {}, shard);
  const ClusterWorth found = worth_of(centres, metric, sample),
                     expected = naive_worth(values, weights, centres, metric);
  EXPECT_EQ(found.rows, expected.rows);
  for (std::size_t k = 0; k < n_clusters; ++k) {
    EXPECT_NEAR(found.error[k], expected.error[k], 1e-12 * (1 + expected.error[k]));
    EXPECT_NEAR(found.utility[k], expected.utility[k], 1e-12 * (1 + expected.utility[k]));
  }
}

TEST(ClusterWorth, IsThatOfAPlainLoop) {
  for (const std::size_t d : {1U, 3U, 9U})
    for (const std::size_t n_clusters : {2U, 7U})
      for (const bool ties : {false, true})
        for (const SeedMetric& metric :
             {SeedMetric{}, SeedMetric{Metric::manhattan}, SeedMetric{Metric::squared_euclidean, true}}) {
          SCOPED_TRACE(testing::Message() << d << " features, " << n_clusters << " clusters, ties " << ties);
          expect_naive(d, n_clusters, metric, ties);
        }
}

}  // namespace
}  // namespace shoal
