// Accelerated fits end where EM ends, in fewer passes.
#include "fit/squarem_problems.hpp"

namespace shoal {
namespace {

using namespace test;

TEST(Squarem, ReachesWhatEmReachesInFewerPasses) {
  for (const std::string& name : all) {
    const bool matrices = name == "full" || name == "tied";
    const Problem problem = problem_of(name, 4, matrices ? 1.1 : 0.6, 300, matrices ? 3 : 6);
    const NamedArrays start = start_of(problem);
    const auto n = static_cast<double>(problem.values.size() / problem.d);
    const FitResult limit = fit_from(problem, options_of(Accelerate::off, 0, 6000), start).result;
    const FitResult plain = fit_from(problem, options_of(Accelerate::off, 1e-10), start).result;
    const FitResult fast = fit_from(problem, options_of(Accelerate::squarem, 1e-10), start).result;
    EXPECT_EQ(fast.stop_reason, StopReason::tolerance) << name;
    EXPECT_GT(fast.objective, limit.objective - 1e-8 * n) << name;
    EXPECT_LT(static_cast<double>(fast.n_passes), 0.7 * static_cast<double>(plain.n_passes)) << name;
    EXPECT_LT(std::abs(fast.remaining_gain), 1e-10 * n) << name;
    expect_never_falls(fast);
    for (std::size_t t = 0; t <= 8; ++t) EXPECT_EQ(fast.history[t], plain.history[t]) << name << ", EM at first";
  }
}

TEST(Squarem, TakesWeightsMissingValuesAndPriors) {
  Problem weighted = problem_of("full");
  for (std::size_t i = 0; i < weighted.values.size() / weighted.d; ++i)
    weighted.weights.push_back(static_cast<double>(i % 4));
  Problem missing = problem_of("diag");
  missing.options.missing = Missing::marginalize;
  for (std::size_t i = 5; i < missing.values.size(); i += 11) missing.values[i] = std::nan("");
  Problem prior = problem_of("bernoulli");
  prior.options.of<DiscreteOptions>().pseudo_count = 2;
  Problem counts = problem_of("poisson");
  counts.options.of<PoissonOptions>().pseudo_count = 0.5;
  for (const Problem& problem : {weighted, missing, prior, counts}) {
    const NamedArrays start = start_of(problem, 2);
    const FitResult plain = fit_from(problem, options_of(Accelerate::off, 1e-11), start).result;
    const FitResult fast = fit_from(problem, options_of(Accelerate::squarem, 1e-11), start).result;
    EXPECT_GT(fast.objective, plain.objective - 1e-6) << problem.name;
    EXPECT_LT(fast.n_passes, plain.n_passes) << problem.name;
    expect_never_falls(fast);
  }
}

TEST(Squarem, WeightsThatAreHeldStay) {
  Problem problem = problem_of("full");
  problem.options.mixing = Mixing::given;
  problem.options.given_weights = {0.1, 0.9, 0};
  const Outcome fitted = fit_from(problem, options_of(Accelerate::squarem, 1e-9), start_of(problem));
  EXPECT_TRUE(same_bits(find(fitted.parameters, "weights")->values, problem.options.given_weights));
  EXPECT_GT(fitted.result.n_iterations, 12);
}

/// What a step gained that was more than EM says nothing of EM, and no line goes through it.
TEST(Squarem, BeginsAnewAfterARepair) {
  const Problem problem = problem_of("full");
  NamedArrays start = start_of(problem);
  std::fill_n(start[1].values.end() - 6, 6, 1e5);  // an empty component
  const FitOptions options = options_of(Accelerate::squarem, 1e-9);
  const Outcome fitted = fit_from(problem, options, start);
  ASSERT_GT(fitted.pages.size(), 20U);
  EXPECT_EQ(fitted.pages[1].first.repairs.reseeded, 1);
  for (std::size_t pass = 1; pass < 9; ++pass) {
    const FitState& state = fitted.pages[pass].first;
    EXPECT_EQ(state.acceleration.em_steps, static_cast<std::int64_t>(pass) - 1);
    EXPECT_EQ(state.before.empty(), pass == 1);
  }
}

/// Rows in float32 give an objective that is not exact: the fit ends all the same.
TEST(Squarem, RoundedObjectivesEnd) {
  for (const std::string name : {"full", "diag", "tied"}) {
    const Problem problem = problem_of(name, 8, 1.1, 3000);
    std::vector<float> rows(problem.values.begin(), problem.values.end());
    for (const Accelerate accelerate : {Accelerate::off, Accelerate::squarem}) {
      const Outcome fitted = fit_rows(problem, test::shard_of(world(), rows, problem.d),
                                      options_of(accelerate, 1e-9, 3000), start_of(problem), {}, false);
      EXPECT_EQ(fitted.result.stop_reason, StopReason::tolerance) << name;
    }
  }
}

}  // namespace
}  // namespace shoal
