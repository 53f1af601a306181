// Medians by counting against sorting, to the last bit.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/kmedians/median_search.hpp"
#include "shoal/core/named_array.hpp"
#include "shoal/core/ordered_key.hpp"
#include "shoal/model/kmedians/geometric_median.hpp"
#include "support/moves.hpp"
#include "support/serial.hpp"

namespace shoal {
namespace {

const Communicator& world() {
  static const Communicator comm = Communicator::world();
  return comm;
}

/// numpy.median of the values, each repeated as often as its weight says.
double median_by_sorting(std::vector<double> values) {
  for (double& value : values) value = value == 0 ? 0.0 : value;
  std::sort(values.begin(), values.end());
  const double a = values[(values.size() - 1) / 2];
  const double b = values[values.size() / 2];
  const double sum = a + b;
  const double middle = std::isfinite(sum) ? sum / 2 : a / 2 + b / 2;
  return middle == 0 ? 0.0 : middle;
}

/// A search, and where the rows are.
template <class T>
class Followed {
 public:
  Followed(const RowPass<T>& pass, std::size_t n_clusters, std::size_t byte_budget = selection_byte_budget)
      : pass_(pass), search_(pass, n_clusters, byte_budget), labels_(pass.source().n_rows(), -1) {}
  void move(const std::vector<std::int32_t>& labels) {
    test::move_rows(pass_, labels_, labels, [&](const auto& block, std::size_t first, const auto& moves) {
      search_.move(block, first, moves);
    });
  }
  Matrix medians(const std::vector<std::int32_t>& labels, const Matrix& previous) {
    move(labels);
    return search_.medians(pass_, labels_, previous);
  }
  [[nodiscard]] int row_passes() const { return search_.row_passes(); }

 private:
  const RowPass<T>& pass_;
  MedianSearch<T> search_;
  std::vector<std::int32_t> labels_;
};

/// All columns of `columns` (equal lengths) as one data set with labels i % clusters.
struct Case {
  std::size_t clusters;
  std::vector<std::vector<double>> columns;
  std::vector<double> weights;  ///< small integers, or empty
};

template <class T>
void expect_sorted_medians(const Case& c, int threads, std::size_t byte_budget = selection_byte_budget) {
  const std::size_t n = c.columns[0].size();
  const std::size_t d = c.columns.size();
  std::vector<T> values(n * d);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < d; ++j) values[i * d + j] = static_cast<T>(c.columns[j][i]);
  const auto shard = test::shard_of(world(), values, d, c.weights, 16);
  const DataSummary summary = test::summary_of(values, d, c.weights);
  const RowPass<T> pass(shard, world(), threads, summary);
  std::vector<std::int32_t> labels;
  for (std::int64_t row = shard.rows().first; row < shard.rows().last; ++row)
    labels.push_back(static_cast<std::int32_t>(static_cast<std::size_t>(row) % c.clusters));
  Matrix previous(c.clusters, d);
  std::fill(previous.values.begin(), previous.values.end(), -77.0);
  const Matrix medians = Followed<T>(pass, c.clusters, byte_budget).medians(labels, previous);
  for (std::size_t k = 0; k < c.clusters; ++k)
    for (std::size_t j = 0; j < d; ++j) {
      std::vector<double> mine;
      for (std::size_t i = k; i < n; i += c.clusters)
        mine.insert(mine.end(), c.weights.empty() ? 1 : static_cast<std::size_t>(c.weights[i]),
                    static_cast<double>(values[i * d + j]));
      const double expected = mine.empty() ? -77.0 : median_by_sorting(mine);
      EXPECT_TRUE(same_bits({medians(k, j)}, {expected}))
          << "cluster " << k << ", column " << j << ": " << medians(k, j) << " != " << expected;
    }
}

Case hard_columns(std::size_t n, std::size_t clusters) {
  std::mt19937_64 generator(n);
  std::normal_distribution<double> normal;
  Case c{clusters, std::vector<std::vector<double>>(15, std::vector<double>(n)), {}};
  const double tiny = std::numeric_limits<double>::denorm_min();
  for (std::size_t i = 0; i < n; ++i) {
    c.columns[0][i] = normal(generator);
    c.columns[1][i] = static_cast<double>(generator() % 3);  // ties
    c.columns[2][i] = 4.5;                                   // constant
    c.columns[3][i] = generator() % 2 == 0 ? -0.0 : 0.0;     // signed zeros
    c.columns[4][i] = tiny * static_cast<double>(generator() % 7) * (generator() % 2 == 0 ? 1 : -1);
    c.columns[5][i] = 1e308 * (1 + 0.7 * static_cast<double>(generator() % 2));  // a + b overflows
    c.columns[6][i] = -1.7e308 + 1e292 * static_cast<double>(generator() % 100);
    c.columns[7][i] = std::pow(2.0, static_cast<double>(generator() % 2000) - 1000);  // geometric spacing
    c.columns[8][i] = generator() % 2 == 0 ? -1e-300 : 1e300;                         // two values
    c.columns[9][i] = static_cast<double>(i % 2);                                     // 0/1
    c.columns[10][i] = 1e8 + static_cast<double>(generator() % 2);
    c.columns[11][i] = 0.5 + static_cast<double>(generator() % 3);  // ties, but not whole numbers
    c.columns[12][i] = 0.25 + static_cast<double>(i % 2);           // two values
    c.columns[13][i] = 1e17 + 16 * static_cast<double>(generator() % 16);
    c.columns[14][i] = -100 - static_cast<double>(generator() % 300);  // whole, in too long a range where n is large
  }
  return c;
}

TEST(Selection, EqualsSortingOnHardColumns) {
  for (const std::size_t n : {1U, 2U, 3U, 40U, 41U, 300U})
    for (const std::size_t clusters : {1U, 2U, 7U}) expect_sorted_medians<double>(hard_columns(n, clusters), 2);
}

TEST(Selection, Float32RowsAreCastFirst) {
  Case c = hard_columns(101, 2);
  c.columns.erase(c.columns.begin() + 5, c.columns.begin() + 9);  // beyond float32
  expect_sorted_medians<float>(c, 1);
}

TEST(Selection, WeightsCountAsRepetitions) {
  for (const std::size_t n : {5U, 60U, 61U}) {
    Case c = hard_columns(n, 3);
    std::mt19937_64 generator(n);
    for (std::size_t i = 0; i < n; ++i) c.weights.push_back(static_cast<double>(generator() % 4));
    c.weights[n - 1] = 3;
    expect_sorted_medians<double>(c, 2);
  }
}

/// The same search again and again while rows change clusters and medians move, little and far, to the last bit each
/// time.
template <class T>
void expect_warm_searches(bool weighted, int threads) {
  const std::size_t n = 4000;  // enough for a sample first
  const std::size_t d = 9;
  const std::size_t clusters = 3;
  std::mt19937_64 generator(11);
  std::normal_distribution<double> normal;
  std::vector<T> values(n * d);
  for (std::size_t i = 0; i < n * d; ++i)
    values[i] = static_cast<T>(i % d == 6   ? 0.5 + static_cast<double>(generator() % 3)
                               : i % d == 7 ? static_cast<double>(generator() % 3)
                               : i % d == 8 ? 4.5
                                            : normal(generator));
  std::vector<double> weights;
  for (std::size_t i = 0; weighted && i < n; ++i) weights.push_back(static_cast<double>(generator() % 4));
  const auto shard = test::shard_of(world(), values, d, weights, 100);
  const DataSummary summary = test::summary_of(values, d, weights);
  const RowPass<T> pass(shard, world(), threads, summary);
  Followed<T> search(pass, clusters);
  Matrix medians(clusters, d);
  for (const double edge : {0.0, 0.01, 0.011, 0.011, 1.0, -0.5, -3.9, 9.0}) {  // 9: two clusters are empty
    const auto label_of = [&](std::size_t i) {
      const auto x = static_cast<double>(values[i * d]);
      return x < edge - 0.2 ? 0 : x < edge ? 1 : 2;
    };
    std::vector<std::int32_t> labels;
    for (std::int64_t row = shard.rows().first; row < shard.rows().last; ++row)
      labels.push_back(label_of(static_cast<std::size_t>(row)));
    const Matrix previous = medians;
    medians = search.medians(labels, previous);
    for (std::size_t k = 0; k < clusters; ++k)
      for (std::size_t j = 0; j < d; ++j) {
        std::vector<double> mine;
        for (std::size_t i = 0; i < n; ++i)
          if (label_of(i) == static_cast<std::int32_t>(k))
            mine.insert(mine.end(), weighted ? static_cast<std::size_t>(weights[i]) : 1,
                        static_cast<double>(values[i * d + j]));
        const double expected = mine.empty() ? previous(k, j) : median_by_sorting(mine);
        EXPECT_TRUE(same_bits({medians(k, j)}, {expected}))
            << "edge " << edge << " cluster " << k << " column " << j << ": " << medians(k, j) << " != " << expected
            << (weighted ? ", weighted" : "") << ", " << sizeof(T) << " bytes";
      }
  }
}

TEST(Selection, WarmSearchesStayExact) {
  expect_warm_searches<double>(false, 2);
  expect_warm_searches<float>(false, 1);
  expect_warm_searches<double>(true, 1);
}

TEST(Selection, ASmallMoveTakesNoPassOverTheRows) {
  const std::vector<double> rows = test::normal_rows(20000, 4, 3, 1, 0);
  const auto shard = test::shard_of(world(), rows, 4, {}, 500);
  const RowPass<double> pass(shard, world(), 1, test::summary_of(rows, 4));
  std::vector<std::int32_t> labels(shard.n_rows(), 0);
  Followed<double> search(pass, 2);
  Matrix medians = search.medians(labels, Matrix(2, 4));
  EXPECT_LE(search.row_passes(), 3);
  for (int i = 0; i < 3; ++i) {
    for (std::size_t r = 0; r < labels.size(); ++r)  // some rows change clusters
      labels[r] = (shard.rows().first + static_cast<std::int64_t>(r)) % 200 < 20 + i ? 1 : 0;
    medians = search.medians(labels, medians);
  }
  EXPECT_EQ(search.row_passes(), 0);
}

TEST(Selection, SmallWholeNumbersTakeOneReduction) {
  constexpr std::size_t n = 3000, d = 3;
  std::mt19937_64 generator(5);
  std::vector<double> rows(n * d);
  for (std::size_t i = 0; i < n; ++i) {
    rows[i * d] = static_cast<double>(generator() % 2);
    rows[i * d + 1] = -50.0 + static_cast<double>(generator() % 256);
    rows[i * d + 2] = static_cast<double>(generator() % 11) * static_cast<double>(generator() % 11);
  }
  const auto shard = test::shard_of(world(), rows, d, {}, 100);
  const RowPass<double> pass(shard, world(), 1, test::summary_of(rows, d));
  std::vector<std::int32_t> labels(shard.n_rows());
  Followed<double> search(pass, 3);
  Matrix medians(3, d);
  for (std::int64_t step = 0; step < 4; ++step) {
    const auto label_of = [&](std::int64_t row) { return static_cast<std::int32_t>((row + row % 7 * step) % 3); };
    for (std::size_t r = 0; r < labels.size(); ++r)
      labels[r] = label_of(shard.rows().first + static_cast<std::int64_t>(r));
    const std::int64_t before = pass.costs().counting_rounds;
    medians = search.medians(labels, medians);
    EXPECT_EQ(pass.costs().counting_rounds, before + 1);
    for (std::size_t k = 0; k < 3; ++k)
      for (std::size_t j = 0; j < d; ++j) {
        std::vector<double> mine;
        for (std::size_t i = 0; i < n; ++i)
          if (label_of(static_cast<std::int64_t>(i)) == static_cast<std::int32_t>(k)) mine.push_back(rows[i * d + j]);
        EXPECT_EQ(medians(k, j), median_by_sorting(mine)) << "step " << step << " cluster " << k << " column " << j;
      }
  }
  EXPECT_EQ(search.row_passes(), 0);
}

TEST(Selection, ATinyByteBudgetTakesMoreRoundsToTheSameResult) {
  expect_sorted_medians<double>(hard_columns(50, 2), 1, 1);
}

TEST(Selection, KeysKeepTheOrder) {
  const std::vector<double> rising = {-INFINITY, -1.7e308, -1, -1e-310, 0, 1e-310, 1, 1.7e308, INFINITY};
  for (std::size_t i = 1; i < rising.size(); ++i) EXPECT_LT(ordered_key(rising[i - 1]), ordered_key(rising[i]));
  for (const double value : rising) EXPECT_EQ(value_of_key(ordered_key(value)), value);
  EXPECT_EQ(ordered_key(-0.0), ordered_key(0.0));
  EXPECT_FALSE(std::signbit(value_of_key(ordered_key(-0.0))));
}

TEST(IntegerWeights, ScaleExactly) {
  const std::vector<double> weights = {0.5, 0.25, 3, 0};
  const IntegerWeights scaled = integer_weights(weights, 3.75);
  EXPECT_EQ(scaled[0], 2 * scaled[1]);
  EXPECT_EQ(scaled[2], 12 * scaled[1]);
  EXPECT_EQ(scaled[3], 0);
  EXPECT_LT(scaled[0] + scaled[1] + scaled[2], std::int64_t{1} << 62U);
}

Matrix geometric(const std::vector<double>& values, std::vector<double> start,
                 const std::vector<double>& weights = {}) {
  const auto shard = test::shard_of(world(), values, 2, weights, 2);
  const RowPass<double> pass(shard, world(), 1, test::summary_of(values, 2, weights));
  Matrix point(1, 2);
  point.values = std::move(start);
  const std::vector<double> weight = {pass.summary().total_weight};
  return geometric_medians(pass, std::vector<std::int32_t>(shard.n_rows(), 0), weight, point);
}

TEST(GeometricMedian, ClosedForms) {
  const Matrix square = geometric({0, 0, 2, 0, 2, 2, 0, 2}, {0.3, 0.4});  // the diagonals' crossing
  EXPECT_NEAR(square(0, 0), 1, 1e-9);
  EXPECT_NEAR(square(0, 1), 1, 1e-9);
  const double h = std::sqrt(3.0) / 2;
  const Matrix triangle = geometric({0, 0, 1, 0, 0.5, h}, {0.1, 0.1});  // Fermat point of an equilateral triangle
  EXPECT_NEAR(triangle(0, 0), 0.5, 1e-9);
  EXPECT_NEAR(triangle(0, 1), h / 3, 1e-9);
}

TEST(GeometricMedian, LeavesADataPointThatIsNotTheMedian) {
  const Matrix moved = geometric({0, 0, 2, 0, 2, 2, 0, 2}, {0, 0});  // plain Weiszfeld would divide by zero here
  EXPECT_NEAR(moved(0, 0), 1, 1e-8);
  EXPECT_NEAR(moved(0, 1), 1, 1e-8);
}

TEST(GeometricMedian, AHeavyRowIsTheMedianAndKeepsItsBits) {
  const std::vector<double> values = {0.1, 0.2, 5, 5, 9, 1};
  const Matrix stays = geometric(values, {0.1, 0.2}, {10, 1, 1});
  EXPECT_TRUE(same_bits(stays.values, {0.1, 0.2}));
}

}  // namespace
}  // namespace shoal
