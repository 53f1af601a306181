// Lloyd's iteration on many small sets: that it ends, and that it is a function of rows, weights and labels.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "shoal/core/named_array.hpp"
#include "shoal/fit/fit.hpp"
#include "shoal/model/family.hpp"
#include "support/serial.hpp"

namespace shoal {
namespace {

const Communicator& world() {
  static const Communicator comm = Communicator::world();
  return comm;
}

template <class T>
struct Set {
  std::vector<T> values;
  std::size_t d;
  std::vector<double> weights;
  std::vector<double> centres;
};

template <class T>
struct Outcome {
  FitResult result;
  std::vector<double> centres;
  std::vector<std::int32_t> labels;  ///< of all rows
  std::int64_t repairs;
};

template <class T>
Outcome<T> outcome_of(const Set<T>& set, const std::string& kind, EmptyCluster empty = EmptyCluster::reseed) {
  ModelOptions options(kind, set.centres.size() / set.d);
  options.empty_cluster = empty;
  const auto shard = test::shard_of(world(), set.values, set.d, set.weights, 16);
  const RowPass<T> pass(shard, world(), 2, test::summary_of(set.values, set.d, set.weights));
  const auto model = make_model<T>(options, {set.d, {}});
  model->begin_fit(pass, {});
  const std::string name = kind == "kmeans" ? "means" : "medians";
  model->set_parameters({{name, {options.n_clusters, set.d}, set.centres}}, "test");
  FitOptions fit_options;
  fit_options.want_labels = true;
  fit_options.max_iterations = 1000;
  Observer nobody;
  Outcome<T> outcome{fit(*model, pass, fit_options, nobody), {}, {}, 0};
  outcome.centres = model->parameters().front().values;
  outcome.labels = gather_values(world(), outcome.result.labels);
  outcome.repairs = model->repairs().moved();
  return outcome;
}

/// Rows on a grid (ties), near one point far away (rounding), of many sizes, or few distinct ones.
template <class T>
Set<T> random_set(unsigned seed) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> normal;
  Set<T> set;
  set.d = 1 + generator() % 4;
  const std::size_t n = 3 + generator() % 90, k = 1 + generator() % std::min<std::size_t>(n, 7);
  const auto kind = seed % 5;
  for (std::size_t i = 0; i < n * set.d; ++i) {
    double x = normal(generator);
    if (kind == 0) x = std::round(2 * x);
    if (kind == 1) x = 1e5 + std::round(32 * x) / 32;
    if (kind == 2) x = std::ldexp(x, static_cast<int>(generator() % 60) - 30);
    if (kind == 3) x = static_cast<double>(generator() % 3) / 3;
    set.values.push_back(static_cast<T>(x));
  }
  if (generator() % 2 == 0)
    for (std::size_t i = 0; i < n; ++i) set.weights.push_back(static_cast<double>(generator() % 4 + (i < k ? 1 : 0)));
  for (std::size_t i = 0; i < k * set.d; ++i) set.centres.push_back(static_cast<double>(set.values[i]));
  return set;
}

template <class T>
void expect_end(const Set<T>& set, const std::string& kind, unsigned seed) {
  const Outcome<T> outcome = outcome_of(set, kind);
  const std::vector<double>& history = outcome.result.history;
  EXPECT_TRUE(outcome.result.converged()) << kind << " of set " << seed << ": " << history.size() << " passes";
  if (outcome.repairs > 0) return;
  for (std::size_t t = 1; t < history.size(); ++t)
    EXPECT_LE(history[t], history[t - 1]) << kind << " of set " << seed << ", step " << t;
}

/// Of `alone` sets: ranks that share cores take long for each.
unsigned n_sets(unsigned alone) { return world().size() > 2 ? alone / 10 : alone; }

TEST(Lloyd, AlwaysEndsAndNeverRises) {
  for (unsigned seed = 0; seed < n_sets(1000); ++seed) {
    expect_end(random_set<double>(seed), "kmeans", seed);
    expect_end(random_set<float>(seed), "kmeans", seed);
    if (seed % 4 == 0) expect_end(random_set<float>(seed), "kmedians", seed);
  }
}

/// A model that minimises, whose steps change it and gain nothing.
class ToAndFro final : public Model<double> {
 public:
  [[nodiscard]] std::size_t n_clusters() const override { return 1; }
  [[nodiscard]] std::size_t n_features() const override { return 1; }
  [[nodiscard]] NamedArrays parameters() const override { return {{"place", {1}, {place_}}}; }
  void set_parameters(const NamedArrays& arrays, const std::string& /*source*/) override {
    place_ = arrays.front().values.front();
  }
  [[nodiscard]] SumLayout statistics(bool /*scores_only*/) const override { return {1, 1}; }
  void expect(const Block& block, Statistics& sums, const RowOutputs& /*outputs*/) const override {
    sums.sums[0] += static_cast<double>(block.n_rows);
  }
  [[nodiscard]] bool minimises() const override { return true; }
  [[nodiscard]] double objective(const Statistics& sums) const override { return sums.sums[0]; }
  [[nodiscard]] std::vector<double> counts(const Statistics& sums) const override { return sums.sums; }
  [[nodiscard]] std::int64_t n_parameters() const override { return 1; }

 protected:
  void attach(const RowPass<double>& /*pass*/, const ColumnMoments& /*moments*/) override {}
  void start_from(const std::vector<double>& /*seeds*/, const Membership& /*rows*/,
                  const RowPass<double>& /*pass*/) override {}
  bool update(const Statistics& /*sums*/, const RowPass<double>& /*pass*/) override {
    place_ = -place_;
    return true;
  }

 private:
  double place_ = 1;
};

TEST(Lloyd, EndsWhereTwoStepsGainNothing) {
  const std::vector<double> values(100, 1.0);
  const auto shard = test::shard_of(world(), values, 1);
  const RowPass<double> pass(shard, world(), 1, test::summary_of(values, 1));
  ToAndFro model;
  model.begin_fit(pass, {});
  Observer nobody;
  const FitResult result = fit(model, pass, FitOptions(), nobody);
  EXPECT_EQ(result.stop_reason, StopReason::fixed_point);
  EXPECT_EQ(result.n_iterations, 2);
}

/// Each row as often as its whole weight says, and none of weight zero.
template <class T>
Set<T> repeated(const Set<T>& set) {
  Set<T> copies{{}, set.d, {}, set.centres};
  for (std::size_t i = 0; i < set.weights.size(); ++i)
    for (double times = set.weights[i]; times > 0; --times)
      copies.values.insert(copies.values.end(), set.values.begin() + static_cast<std::ptrdiff_t>(i * set.d),
                           set.values.begin() + static_cast<std::ptrdiff_t>((i + 1) * set.d));
  return copies;
}

template <class T>
void expect_same(const Outcome<T>& one, const Outcome<T>& other, const std::string& what) {
  EXPECT_TRUE(same_bits(one.centres, other.centres)) << what;
  EXPECT_EQ(one.result.n_iterations, other.result.n_iterations) << what;
  EXPECT_NEAR(one.result.objective, other.result.objective, 1e-12 * one.result.objective) << what;
}

template <class T>
void expect_function_of_rows_and_weights(Set<T> set, const std::string& kind, const std::string& what) {
  std::mt19937 generator(3);
  set.weights.resize(set.values.size() / set.d);
  for (double& weight : set.weights) weight = static_cast<double>(generator() % 4);
  for (std::size_t i = 0; i < set.centres.size() / set.d; ++i) set.weights[i] = 1;  // lest a cluster be empty
  const Outcome<T> weighted = outcome_of(set, kind), copied = outcome_of(repeated(set), kind);
  expect_same(weighted, copied, what + ", repeated");
  for (std::size_t i = 0, copy = 0; i < set.weights.size(); ++i)
    for (double times = set.weights[i]; times > 0; --times, ++copy)
      EXPECT_EQ(copied.labels[copy], weighted.labels[i]) << what << ", row " << i;

  Set<T> ones = repeated(set), with_gaps = set;
  ones.weights.assign(ones.values.size() / set.d, 1.0);
  expect_same(outcome_of(ones, kind), copied, what + ", weights of one");
  for (double& weight : with_gaps.weights) weight = weight > 0 ? 1 : 0;
  const Outcome<T> without = outcome_of(with_gaps, kind);
  for (std::size_t i = 0; i < set.weights.size(); ++i)  // as a row that is left out is held
    if (set.weights[i] == 0)
      std::fill_n(with_gaps.values.begin() + static_cast<std::ptrdiff_t>(i * set.d), set.d, T(0));
  expect_same(outcome_of(with_gaps, kind), without, what + ", zeros");
  with_gaps.values = set.values;
  expect_same(outcome_of(repeated(with_gaps), kind), without, what + ", left out");
}

TEST(Lloyd, IsAFunctionOfRowsAndWeights) {
  for (const std::string kind : {"kmeans", "kmedians"})
    for (unsigned seed = 0; seed < n_sets(60); ++seed) {
      const std::string what = kind + " of set " + std::to_string(seed);
      expect_function_of_rows_and_weights(random_set<double>(seed), kind, what);
      expect_function_of_rows_and_weights(random_set<float>(seed), kind, what + " in float");
    }
}

}  // namespace
}  // namespace shoal
