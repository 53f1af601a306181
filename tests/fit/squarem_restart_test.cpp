// Accelerated fits stop and go on anywhere.
#include "fit/squarem_problems.hpp"

namespace shoal {
namespace {

using namespace test;

/// From every pass on, as a restart does: what was rejected, what is on trial, and how long steps may be.
TEST(Squarem, GoesOnFromAnyPassToTheSameBits) {
  for (const std::string name : {"full", "bernoulli"}) {
    const Problem problem = problem_of(name, 6, 0.7);
    const FitOptions options = options_of(Accelerate::squarem, 1e-8);
    const Outcome whole = fit_from(problem, options, start_of(problem));
    ASSERT_GT(whole.pages.size(), 40U) << name;
    EXPECT_GT(whole.result.rejected_steps, 0) << name;
    const std::size_t step = world().size() > 2 ? 7 : 1;  // ranks that share cores take long for each
    for (std::size_t pass = 0; pass < std::min<std::size_t>(45, whole.pages.size()); pass += step) {
      const auto& [state, parameters] = whole.pages[pass];
      EXPECT_EQ(state.n_passes, static_cast<std::int64_t>(pass));
      const Outcome rest = fit_from(problem, options, parameters, state, true);
      EXPECT_TRUE(same_bits(rest.result.history, whole.result.history)) << name << " from pass " << pass;
      EXPECT_EQ(rest.result.n_passes, whole.result.n_passes) << name << " from pass " << pass;
      EXPECT_EQ(rest.result.rejected_steps, whole.result.rejected_steps);
      EXPECT_TRUE(same_bits({rest.result.remaining_gain}, {whole.result.remaining_gain}));
      for (std::size_t i = 0; i < rest.parameters.size(); ++i)
        EXPECT_TRUE(same_bits(rest.parameters[i].values, whole.parameters[i].values)) << name << " from pass " << pass;
    }
  }
}

/// A larger limit goes on as if there had been none; a smaller tolerance goes on.
TEST(Squarem, FinishedFitsGoOnWithOtherLimits) {
  const Problem problem = problem_of("full", 6, 0.9);
  const Outcome whole = fit_from(problem, options_of(Accelerate::squarem, 1e-8), start_of(problem));
  for (const std::int64_t limit : {7, 11, 12, 13, 20, 25}) {
    const Outcome part = fit_from(problem, options_of(Accelerate::squarem, 1e-8, limit), start_of(problem));
    EXPECT_EQ(part.result.stop_reason, StopReason::max_iterations);
    const Outcome rest =
        fit_from(problem, options_of(Accelerate::squarem, 1e-8), part.pages.back().second, part.result.state, true);
    EXPECT_TRUE(same_bits(rest.result.history, whole.result.history)) << limit;
    EXPECT_EQ(rest.result.n_passes, whole.result.n_passes) << limit;
  }
  const Outcome early = fit_from(problem, options_of(Accelerate::squarem, 1e-5), start_of(problem));
  const Outcome further =
      fit_from(problem, options_of(Accelerate::squarem, 1e-12), early.pages.back().second, early.result.state, true);
  EXPECT_GT(further.result.n_passes, early.result.n_passes);
  EXPECT_GT(further.result.objective, early.result.objective);
  expect_never_falls(further.result);
}

}  // namespace
}  // namespace shoal
