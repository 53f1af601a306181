// What row weights and ties mean to the choice of seeds.
#include "shoal/init/seeding.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

#include "shoal/core/named_array.hpp"
#include "shoal/init/recluster.hpp"
#include "shoal/model/kmedians/kmedians.hpp"
#include "support/serial.hpp"

namespace shoal {
namespace {

const Communicator& world() {
  static const Communicator comm = Communicator::world();
  return comm;
}

SeedSpace<double> plain_space(std::size_t n_features) { return {SeedMetric{}, {}, {n_features, {}}}; }

Seeds<double> seeds_of(const std::vector<double>& values, std::size_t d, const std::vector<double>& weights,
                       std::size_t n_clusters, std::uint64_t seed) {
  const auto shard = test::shard_of(world(), values, d, weights);
  const RowPass<double> pass(shard, world(), 2, test::summary_of(values, d, weights));
  return kmeans_parallel(pass, plain_space(d), n_clusters, seed, true);
}

TEST(SeedingWeights, AFactorOfAllChangesNothing) {
  const std::vector<double> values = test::normal_rows(600, 2, 5, 1, 0);
  std::vector<double> weights, fourfold;
  for (std::size_t i = 0; i < 600; ++i) {
    weights.push_back(static_cast<double>(i % 5) / 2);
    fourfold.push_back(4 * weights.back());
  }
  for (std::uint64_t seed = 0; seed < 5; ++seed)
    EXPECT_TRUE(same_bits(seeds_of(values, 2, weights, 6, seed).values, seeds_of(values, 2, fourfold, 6, seed).values));
}

TEST(SeedingWeights, TheFirstRowIsDrawnByWeight) {
  std::vector<double> values;  // so near to each other that all costs are zero: the first row is the seed
  for (int i = 0; i < 400; ++i) values.push_back(i * 1e-200);
  std::vector<double> weights(400, 1.0);
  weights[333] = 1e7;
  for (std::uint64_t seed = 0; seed < 8; ++seed)
    EXPECT_EQ(seeds_of(values, 1, weights, 1, seed).values[0], values[333]);
}

TEST(SeedingWeights, AHeavyGroupWinsOverOneOfMoreRows) {
  std::vector<double> values, weights;
  for (int i = 0; i < 300; ++i) {
    const bool heavy = i % 10 == 0;
    values.push_back((heavy ? 5 : 0) + 0.001 * i);
    weights.push_back(heavy ? 1e4 : 1);
  }
  for (std::uint64_t seed = 0; seed < 8; ++seed) EXPECT_GE(seeds_of(values, 1, weights, 1, seed).values[0], 5);
}

TEST(SeedingWeights, AFarLightRowIsNoSeed) {
  std::vector<double> values, weights(300, 1.0);
  for (int i = 0; i < 300; ++i) values.push_back((i % 2 == 0 ? 0 : 10) + 0.001 * i);
  values[100] = 1000;
  weights[100] = 1e-9;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const std::vector<double> seeds = seeds_of(values, 1, weights, 2, seed).values;
    EXPECT_LT(std::max(seeds[0], seeds[1]), 11) << "seed " << seed;
    EXPECT_NEAR(std::abs(seeds[0] - seeds[1]), 10, 0.4) << "seed " << seed;
  }
}

TEST(RandomRows, HaveAWeight) {
  const std::vector<double> values = test::normal_rows(300, 1, 5, 1, 0);
  std::vector<double> weights;
  std::set<double> weighty;
  for (std::size_t i = 0; i < 300; ++i) {
    weights.push_back(i % 3 == 0 ? 0.1 : 0);
    if (weights.back() > 0) weighty.insert(values[i]);
  }
  const auto shard = test::shard_of(world(), values, 1, weights);
  const RowPass<double> pass(shard, world(), 2, test::summary_of(values, 1, weights));
  for (const double seed : random_rows(pass, plain_space(1), 40, 7, true).values) EXPECT_TRUE(weighty.contains(seed));
}

/// How far a row is from a candidate, to a model.
double apart(const ModelOptions& options, const ColumnMoments& moments, const std::vector<double>& row,
             const std::vector<double>& candidate) {
  const auto shard = test::shard_of(Communicator::self(), row, row.size());
  std::vector<double> distance = {INFINITY};
  std::vector<std::int32_t> nearest = {-1};
  SeedSpace<double>(options.family().seed_metric(options), moments, {row.size(), {}})
      .improve(shard.block(0), candidate, 0, distance, nearest);
  return distance[0];
}

TEST(SeedSpace, IsThatOfTheModel) {
  EXPECT_EQ(apart(ModelOptions("kmeans"), {}, {3, 4}, {0, 0}), 25);
  ModelOptions kmedians("kmedians");
  EXPECT_EQ(apart(kmedians, {}, {3, 4}, {0, 0}), 7);
  kmedians.of<KMediansOptions>().center = Center::geometric;
  EXPECT_EQ(apart(kmedians, {}, {3, 4}, {0, 0}), 5);
  const ModelOptions options("gaussian");
  const ColumnMoments moments{{1, 10}, {4, 0.25}};
  EXPECT_EQ(apart(options, moments, {3, 10.5}, {1, 10}), 2);
  EXPECT_EQ(apart(options, moments, {NAN, 10}, {5, 10}), 4) << "a gap stands at the mean";
  const ModelOptions counts("poisson");  // whose roots all vary alike
  const ColumnMoments of_counts{{4, 100}, {9, 9}};
  EXPECT_EQ(apart(counts, of_counts, {16, 81}, {1, 49}), 9 + 4);
  EXPECT_EQ(apart(counts, of_counts, {NAN, 100}, {25, 100}), 9) << "a gap stands at the root of the mean";
}

std::vector<std::size_t> chosen_of(const std::vector<double>& candidates, const std::vector<double>& weights,
                                   std::size_t n_clusters, std::uint64_t seed) {
  return recluster(plain_space(1), candidates, 1, weights, n_clusters, seed);
}

TEST(Recluster, DrawsByWeightTimesDistance) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_EQ(chosen_of({0, 1, 2}, {1, 1e6, 1}, 1, seed), (std::vector<std::size_t>{1}));
    EXPECT_EQ(chosen_of({0, 1, 30}, {1e9, 1000, 1e-6}, 2, seed), (std::vector<std::size_t>{0, 1}));
  }
}

TEST(Recluster, KeepsTheDrawThatLowersTheWeightedCostMost) {
  // Beside the heavy 0: with -3 the cost left is that of 10, 100; with 10 it is 20 times 9. Unweighted it would be 9.
  int lighter = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    lighter += chosen_of({0, 10, -3}, {1e9, 1, 20}, 2, seed)[1] == 1 ? 1 : 0;
  EXPECT_LE(lighter, 2);  // where no trial drew the other
}

TEST(SeedSpaceTies, DiscreteRowsKeepTheFirstOfEqualCandidates) {
  const std::vector<Code> codes = {0, 1, 1, 0};
  const auto shard = test::packed_shard_of(Communicator::self(), codes, {0, 2});
  const SeedSpace<PackedByte> space({}, {{0.5, 0.5}, {0.25, 0.25}}, {1, shard.coding});
  const RowBlock<PackedByte> rows = shard.block(0);
  const auto candidates = [&](std::initializer_list<std::size_t> numbers) {
    std::vector<PackedByte> values;
    for (const std::size_t r : numbers) values.insert(values.end(), rows.row(r), rows.row(r) + rows.width);
    return values;
  };
  std::vector<double> distance(4, INFINITY);
  std::vector<std::int32_t> nearest(4, -1);
  space.improve(rows, candidates({1, 2}), 5, distance, nearest);
  EXPECT_EQ(distance, (std::vector<double>{8, 0, 0, 8}));
  EXPECT_EQ(nearest, (std::vector<std::int32_t>{5, 5, 5, 5}));
  space.improve(rows, candidates({2, 0, 3}), 7, distance, nearest);
  EXPECT_EQ(distance, (std::vector<double>(4, 0.0)));
  EXPECT_EQ(nearest, (std::vector<std::int32_t>{8, 5, 5, 8}));
}

TEST(SeedSpaceTies, RealRowsKeepTheFirstOfEqualCandidates) {
  const std::vector<double> values = {0, 2, 4};
  const auto shard = test::shard_of(Communicator::self(), values, 1);
  std::vector<double> distance(3, INFINITY);
  std::vector<std::int32_t> nearest(3, -1);
  const SeedSpace<double> space = plain_space(1);
  space.improve(shard.block(0), {1, 3, 1}, 5, distance, nearest);
  EXPECT_EQ(nearest, (std::vector<std::int32_t>{5, 5, 6}));
  space.improve(shard.block(0), {3, 4}, 8, distance, nearest);
  EXPECT_EQ(nearest, (std::vector<std::int32_t>{5, 5, 9}));
}

/// Rows of numbers: Lloyd from labels in plain loops, features divided by `deviation`.
std::vector<std::int32_t> naive_lloyd(const std::vector<double>& values, const std::vector<double>& deviation,
                                      const std::vector<double>& weights, std::size_t n_clusters, int n_passes,
                                      std::vector<std::int32_t> labels) {
  const std::size_t d = deviation.size();
  for (int pass = 0; pass < n_passes; ++pass) {
    std::vector<double> sums(n_clusters * d), mass(n_clusters);
    for (std::size_t r = 0; r < labels.size(); ++r) {
      const auto k = static_cast<std::size_t>(labels[r]);
      mass[k] += weights[r];
      for (std::size_t j = 0; j < d; ++j) sums[k * d + j] += weights[r] * values[r * d + j];
    }
    for (std::size_t r = 0; r < labels.size(); ++r) {
      double least = INFINITY;
      for (std::size_t k = 0; k < n_clusters; ++k) {
        double sum = 0;
        for (std::size_t j = 0; j < d && mass[k] > 0; ++j)
          sum += std::pow((values[r * d + j] - sums[k * d + j] / mass[k]) / deviation[j], 2);
        if (mass[k] == 0 || sum >= least) continue;
        least = sum;
        labels[r] = static_cast<std::int32_t>(k);
      }
    }
  }
  return labels;
}

TEST(RefinedLabels, AreThoseOfPlainLloyd) {
  constexpr std::size_t n = 500, d = 3, n_clusters = 5;
  const std::vector<double> values = test::normal_rows(n, d, 8, 4, 2);
  std::vector<double> weights;
  std::vector<std::int32_t> labels;
  for (std::size_t r = 0; r < n; ++r) {
    weights.push_back(static_cast<double>(r % 3));
    labels.push_back(static_cast<std::int32_t>(r * r % 7 % 5 == 3 ? 0 : r * r % 7 % 5));  // none has label 3
  }
  const auto shard = test::shard_of(world(), values, d, weights);
  const RowPass<double> pass(shard, world(), 2, test::summary_of(values, d, weights));
  const ColumnMoments moments{{1, 2, 3}, {4, 0.25, 9}};
  const SeedSpace<double> space({.scale = SeedMetric::Scale::deviation}, moments, {d, {}});
  const auto first = static_cast<std::ptrdiff_t>(shard.rows().first),
             last = static_cast<std::ptrdiff_t>(shard.rows().last);
  for (const int n_passes : {0, 1, 3}) {
    std::vector<std::int32_t> mine(labels.begin() + first, labels.begin() + last);
    refine_labels(pass, space, n_clusters, n_passes, mine);
    const std::vector<std::int32_t> all = naive_lloyd(values, {2, 0.5, 3}, weights, n_clusters, n_passes, labels);
    EXPECT_EQ(mine, std::vector<std::int32_t>(all.begin() + first, all.begin() + last)) << n_passes << " passes";
  }
}

/// Codes count one-hot, each level divided by its deviation.
TEST(RefinedLabels, OfCodesAreThoseOfTheirIndicators) {
  constexpr std::size_t n = 400, n_clusters = 3;
  std::vector<Code> codes;
  std::vector<double> one_hot;
  std::vector<std::int32_t> labels;
  std::mt19937_64 generator(4);
  for (std::size_t r = 0; r < n; ++r) {
    const std::size_t a = generator() % 3, b = generator() % 2;
    codes.insert(codes.end(), {Code(a), Code(b)});
    for (std::size_t l = 0; l < 3; ++l) one_hot.push_back(a == l ? 1 : 0);
    for (std::size_t l = 0; l < 2; ++l) one_hot.push_back(b == l ? 1 : 0);
    labels.push_back(static_cast<std::int32_t>(generator() % n_clusters));
  }
  const auto shard = test::packed_shard_of(world(), codes, {0, 3, 5});
  const RowPass<PackedByte> pass(shard, world(), 2, {n, n, n});
  const ColumnMoments moments{std::vector<double>(5, 0.4), {0.16, 0.25, 0.21, 0.24, 0.24}};
  std::vector<double> deviation;
  for (const double variance : moments.variance) deviation.push_back(std::sqrt(variance));
  const SeedSpace<PackedByte> space({}, moments, {2, shard.coding});
  const auto first = static_cast<std::ptrdiff_t>(shard.rows().first),
             last = static_cast<std::ptrdiff_t>(shard.rows().last);
  std::vector<std::int32_t> mine(labels.begin() + first, labels.begin() + last);
  refine_labels(pass, space, n_clusters, 3, mine);
  const std::vector<std::int32_t> all =
      naive_lloyd(one_hot, deviation, std::vector<double>(n, 1), n_clusters, 3, labels);
  EXPECT_EQ(mine, std::vector<std::int32_t>(all.begin() + first, all.begin() + last));
}

}  // namespace
}  // namespace shoal
