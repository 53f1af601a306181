// The loop on every model: the objective never falls, ranks agree, the order of clusters means nothing, predict
// repeats.
#include "shoal/fit/fit.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "shoal/fit/compare.hpp"
#include "shoal/fit/predict.hpp"
#include "shoal/init/seeding.hpp"
#include "shoal/model/discrete/discrete_components.hpp"
#include "shoal/model/family.hpp"
#include "shoal/model/kmedians/kmedians.hpp"
#include "shoal/model/poisson/poisson_components.hpp"
#include "support/serial.hpp"

namespace shoal {
namespace {

const Communicator& world() {
  static const Communicator comm = Communicator::world();
  return comm;
}

struct Fitted {
  FitResult result;
  NamedArrays parameters;
  std::vector<std::int32_t> predicted;
  double predicted_objective = 0;
};

template <class Row>
Fitted fit_here(const Communicator& comm, const ModelOptions& options, const Shard<Row>& shard,
                const NamedArrays& start, std::int64_t iterations, int threads) {
  const std::int64_t n = shard.partition.n_rows;
  const RowPass<Row> pass(shard, comm, threads, {n, n, static_cast<double>(n)});
  const RowLayout layout = layout_of(shard);
  const std::unique_ptr<Model<Row>> model = make_model<Row>(options, layout);
  const ColumnMoments moments = column_moments(pass);
  model->begin_fit(pass, moments);
  if (start.empty()) {
    const SeedSpace<Row> space(options.family().seed_metric(options), moments, layout);
    const auto seeds = kmeans_parallel(pass, space, options.n_clusters, 3, false);
    model->start(seeds.values, seeds.labels, pass);
  } else {
    model->set_parameters(start, "test");
  }
  FitOptions fit_options;
  fit_options.max_iterations = iterations;
  fit_options.tolerance = 0;
  fit_options.want_labels = true;
  Observer nobody;
  Fitted fitted;
  fitted.result = fit(*model, pass, fit_options, nobody);
  fitted.parameters = model->parameters();
  const Prediction again = predict(*model, pass, {true, false, false});
  fitted.predicted = again.labels;
  fitted.predicted_objective = again.objective;
  return fitted;
}

struct Subject {
  std::string name;
  ModelOptions options;
};

std::vector<Subject> subjects() {
  std::vector<Subject> all;
  const auto add = [&](const std::string& name, const std::string& family, auto&& change) {
    Subject subject{name, test::plain_options(family, 4)};
    change(subject.options);
    all.push_back(subject);
  };
  const auto plain = [](ModelOptions&) {};
  add("kmeans", "kmeans", plain);
  add("kmedians", "kmedians", plain);
  add("geometric", "kmedians", [](ModelOptions& o) { o.of<KMediansOptions>().center = Center::geometric; });
  add("full", "gaussian", plain);
  add("tied", "gaussian", [](ModelOptions& o) { test::gaussian(o).covariance = Covariance::tied; });
  add("diag", "gaussian", [](ModelOptions& o) { test::gaussian(o).covariance = Covariance::diag; });
  add("spherical", "gaussian", [](ModelOptions& o) { test::gaussian(o).covariance = Covariance::spherical; });
  add("bernoulli", "bernoulli", [](ModelOptions& o) { o.mixing = Mixing::uniform; });
  add("categorical", "categorical", [](ModelOptions& o) { o.of<DiscreteOptions>().pseudo_count = 0.5; });
  add("poisson", "poisson", [](ModelOptions& o) { o.of<PoissonOptions>().pseudo_count = 0.5; });
  return all;
}

class EveryModel : public testing::TestWithParam<Subject> {
 protected:
  static constexpr std::size_t d = 4;
  Fitted run(const Communicator& comm, const NamedArrays& start = {}, std::int64_t iterations = 40,
             int threads = 2) const {
    std::vector<double> rows = test::normal_rows(700, d, 11, 4, 2);
    if (GetParam().options.family().rows.values == Values::counts)
      for (double& value : rows) value = std::floor(std::abs(value));
    if (!GetParam().options.family().rows.coded())
      return fit_here<double>(comm, GetParam().options, test::shard_of(comm, rows, d), start, iterations, threads);
    std::vector<Code> codes;
    for (const double value : rows) codes.push_back(value > 3 ? 1 : 0);
    return fit_here<PackedByte>(comm, GetParam().options, test::packed_shard_of(comm, codes, {0, 2, 4, 6, 8}), start,
                                iterations, threads);
  }
};

TEST_P(EveryModel, ObjectiveNeverFalls) {
  const Fitted fitted = run(world());
  EXPECT_EQ(fitted.result.falls, 0);
  const std::vector<double>& history = fitted.result.history;
  ASSERT_EQ(history.size(), static_cast<std::size_t>(fitted.result.n_iterations) + 1);
  EXPECT_GT(history.size(), 1U);
  const double sign = GetParam().options.family().mixture ? 1 : -1;
  for (std::size_t t = 1; t < history.size(); ++t)
    EXPECT_GE(sign * (history[t] - history[t - 1]), -1e-9 * std::abs(history[t])) << "iteration " << t;
}

TEST_P(EveryModel, RanksAndThreadsAgreeBitForBit) {
  const Fitted alone = run(Communicator::self(), {}, 40, 1);
  const Fitted together = run(world(), {}, 40, 3);
  EXPECT_TRUE(same_bits(alone.result.history, together.result.history));
  for (std::size_t i = 0; i < alone.parameters.size(); ++i)
    EXPECT_TRUE(same_bits(alone.parameters[i].values, together.parameters[i].values)) << alone.parameters[i].name;
}

TEST_P(EveryModel, PredictRepeatsLabelsAndObjective) {
  const Fitted fitted = run(world());
  EXPECT_EQ(fitted.predicted, fitted.result.labels);
  EXPECT_TRUE(same_bits({fitted.predicted_objective}, {fitted.result.objective}));
}

TEST_P(EveryModel, APermutationOfClustersChangesNothing) {
  const Fitted first = run(world(), {}, 0);  // a start
  NamedArrays reversed = first.parameters;
  for (NamedArray& array : reversed) {
    if (array.integral || (array.name == "covariances" && GetParam().name == "tied")) continue;
    const std::size_t k = array.shape[0];
    const std::size_t each = array.values.size() / k;
    std::vector<double> values(array.values.size());
    for (std::size_t c = 0; c < k; ++c)
      std::copy_n(array.values.begin() + static_cast<std::ptrdiff_t>(c * each), each,
                  values.begin() + static_cast<std::ptrdiff_t>((k - 1 - c) * each));
    array.values = values;
  }
  const Fitted a = run(world(), first.parameters, 5);
  const Fitted b = run(world(), reversed, 5);
  for (std::size_t t = 0; t < a.result.history.size(); ++t)
    EXPECT_NEAR(a.result.history[t], b.result.history[t], 1e-10 * std::abs(a.result.history[t]));
  EXPECT_NEAR(a.result.counts[0], b.result.counts[3], 1e-6);
}

TEST_P(EveryModel, MaxIterationsZeroScoresTheStart) {
  const Fitted fitted = run(world(), {}, 0);
  EXPECT_EQ(fitted.result.n_iterations, 0);
  EXPECT_EQ(fitted.result.stop_reason, StopReason::max_iterations);
  EXPECT_EQ(fitted.result.history.size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Model, EveryModel, testing::ValuesIn(subjects()),
                         [](const auto& subject) { return subject.param.name; });

TEST(Seeding, DoesNotDependOnRanksAndFindsDistinctRows) {
  const std::vector<double> values = test::normal_rows(900, 3, 2, 6, 10);
  const auto seeds_on = [&](const Communicator& comm, auto&& seed_rows) {
    const auto shard = test::shard_of(comm, values, 3);
    const RowPass<double> pass(shard, comm, 2, test::summary_of(values, 3));
    return seed_rows(pass, SeedSpace<double>({}, {}, {3, {}}), 6, 1, true).values;
  };
  for (const auto seed_rows : {kmeans_parallel<double>, random_rows<double>}) {
    const std::vector<double> alone = seeds_on(Communicator::self(), seed_rows);
    EXPECT_TRUE(same_bits(alone, seeds_on(world(), seed_rows)));
    std::set<std::vector<double>> distinct;
    for (std::size_t i = 0; i < 6; ++i)
      distinct.emplace(alone.begin() + static_cast<std::ptrdiff_t>(3 * i),
                       alone.begin() + static_cast<std::ptrdiff_t>(3 * i + 3));
    EXPECT_EQ(distinct.size(), 6U);
  }
}

TEST(Seeding, FindsEachOfFarApartGroups) {
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i) values.push_back(1000.0 * (i % 10) + 0.001 * i);
  const auto shard = test::shard_of(world(), values, 1);
  const RowPass<double> pass(shard, world(), 1, test::summary_of(values, 1));
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    std::set<int> groups;
    for (const double value : kmeans_parallel(pass, SeedSpace<double>({}, {}, {1, {}}), 10, seed, true).values)
      groups.insert(static_cast<int>(value / 999));
    EXPECT_EQ(groups.size(), 10U) << "seed " << seed;
  }
}

TEST(Repairs, AnEmptyClusterIsReseededAtTheFarthestRow) {
  std::vector<double> values(200, 0.0);
  for (std::size_t i = 0; i < 200; ++i) values[i] = static_cast<double>(i % 10);
  values[137] = 50;
  for (const std::string kind : {"kmeans", "kmedians"}) {
    const ModelOptions options(kind, 2);
    const auto shard = test::shard_of(world(), values, 1);
    const RowPass<double> pass(shard, world(), 1, test::summary_of(values, 1));
    const auto model = make_model<double>(options, {1, {}});
    model->begin_fit(pass, {});
    model->set_parameters({{kind == "kmeans" ? "means" : "medians", {2, 1}, {0, 1e6}}}, "test");
    FitOptions fit_options;
    Observer nobody;
    const FitResult result = fit(*model, pass, fit_options, nobody);
    EXPECT_EQ(model->repairs().reseeded, 1);
    EXPECT_EQ(model->parameters()[0].values[1], 50);
    EXPECT_EQ(result.counts, (std::vector<double>{199, 1}));
  }
}

TEST(Repairs, EmptyComponentsAreReseededOrDropped) {
  const std::vector<double> values = test::normal_rows(300, 2, 9, 3, 5);
  for (const auto& [policy, accelerate] : {std::pair{EmptyCluster::reseed, Accelerate::off},
                                           {EmptyCluster::reseed, Accelerate::squarem},
                                           {EmptyCluster::drop, Accelerate::off},
                                           {EmptyCluster::drop, Accelerate::squarem}}) {
    ModelOptions options("gaussian", 3);
    options.empty_cluster = policy;
    const auto shard = test::shard_of(world(), values, 2);
    const RowPass<double> pass(shard, world(), 1, test::summary_of(values, 2));
    const auto model = make_model<double>(options, {2, {}});
    model->begin_fit(pass, column_moments(pass));
    model->set_parameters({{"weights", {3}, {.4, .2, .4}},
                           {"means", {3, 2}, {0, 5, 1e4, 1e4, 10, 0}},
                           {"covariances", {3, 2, 2}, {1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1}}},
                          "test");
    FitOptions fit_options;
    fit_options.tolerance = 1e-8;
    fit_options.accelerate = accelerate;
    Observer nobody;
    const FitResult result = fit(*model, pass, fit_options, nobody);
    EXPECT_TRUE(std::isfinite(result.objective));
    EXPECT_EQ(model->n_clusters(), policy == EmptyCluster::drop ? 2U : 3U);
    EXPECT_EQ(model->repairs().dropped, policy == EmptyCluster::drop ? 1 : 0);
    EXPECT_EQ(model->repairs().reseeded, policy == EmptyCluster::drop ? 0 : 1);
  }
}

TEST(Repairs, ACollapsedCovarianceTakesTheFloorAndIsCounted) {
  std::vector<double> values;
  for (int i = 0; i < 100; ++i) values.insert(values.end(), {i < 50 ? 1.0 : i * 1.0, i < 50 ? 2.0 : i * i * 1.0});
  for (const Covariance covariance : {Covariance::full, Covariance::diag, Covariance::spherical}) {
    ModelOptions options("gaussian", 2);
    test::gaussian(options).covariance = covariance;
    test::gaussian(options).regularization = 0;
    const auto shard = test::shard_of(world(), values, 2);
    const RowPass<double> pass(shard, world(), 1, test::summary_of(values, 2));
    const auto model = make_model<double>(options, {2, {}});
    model->begin_fit(pass, column_moments(pass));
    const SeedSpace<double> space(options.family().seed_metric(options), column_moments(pass), {2, {}});
    const auto seeds = kmeans_parallel(pass, space, 2, 0, false);
    model->start(seeds.values, seeds.labels, pass);
    FitOptions fit_options;
    fit_options.max_iterations = 60;
    fit_options.tolerance = 0;
    Observer nobody;
    const FitResult result = fit(*model, pass, fit_options, nobody);
    EXPECT_TRUE(std::isfinite(result.objective));
    for (const NamedArray& array : model->parameters())
      for (const double value : array.values) EXPECT_TRUE(std::isfinite(value));
    EXPECT_GT(model->repairs().collapsed, 0);
  }
}

TEST(Compare, HandWorkedAgreement) {
  const Agreement same = agreement({{{0, 5}, 3}, {{1, 7}, 2}});
  EXPECT_DOUBLE_EQ(same.adjusted_rand, 1);
  EXPECT_DOUBLE_EQ(same.normalised_mutual_information, 1);
  const Agreement independent =
      agreement({{{0, 0}, 1}, {{0, 1}, 1}, {{1, 0}, 1}, {{1, 1}, 1}, {{-1, 0}, 4}, {{0, -1}, 5}});
  EXPECT_DOUBLE_EQ(independent.adjusted_rand, -0.5);
  EXPECT_NEAR(independent.normalised_mutual_information, 0, 1e-15);
  EXPECT_EQ(independent.n_left_out, 9);
  const Agreement nested = agreement({{{0, 0}, 2}, {{1, 1}, 1}, {{1, 2}, 1}, {{-1, 0}, 4}, {{0, -1}, 5}});
  // Mutual information ln 2, entropies ln 2 and 1.5 ln 2.
  EXPECT_NEAR(nested.normalised_mutual_information, 0.8, 1e-15);
  EXPECT_NEAR(nested.adjusted_rand, 4.0 / 7, 1e-15);
  EXPECT_EQ(nested.n_clusters_a, 2);
  EXPECT_EQ(nested.n_clusters_b, 3);
}

TEST(Compare, InformationIsNeverMoreThanAll) {
  for (std::int64_t a = 1; a < 12; ++a)
    for (std::int64_t b = 1; b < 12; ++b) {
      const double found = agreement({{{0, 0}, a}, {{1, 1}, b}}).normalised_mutual_information;
      EXPECT_LE(found, 1) << a << " " << b;
      EXPECT_NEAR(found, 1, 1e-14);
    }
}

TEST(Compare, OverlapsAreTheLargestAndTheLowestOfEqualOnes) {
  const std::vector<BestOverlap> found =
      best_overlaps({{{-1, 0}, 9}, {{0, -1}, 9}, {{0, 1}, 2}, {{0, 4}, 5}, {{3, 0}, 1}, {{3, 4}, 1}, {{5, 2}, 7}});
  ASSERT_EQ(found.size(), 3U);
  const auto is = [&](std::size_t i, std::int64_t label, std::int64_t size, std::int64_t other, std::int64_t shared) {
    EXPECT_EQ(found[i].label, label);
    EXPECT_EQ(found[i].size, size);
    EXPECT_EQ(found[i].other, other);
    EXPECT_EQ(found[i].shared, shared);
  };
  is(0, 0, 7, 4, 5);
  is(1, 3, 2, 0, 1);
  is(2, 5, 7, 2, 7);
}

}  // namespace
}  // namespace shoal
