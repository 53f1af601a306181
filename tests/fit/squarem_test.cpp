// Squared extrapolation: its charts, where it leads, and that it can stop and go on anywhere.
#include "fit/squarem.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "fit/coordinates.hpp"
#include "shoal/fit/fit.hpp"
#include "shoal/model/discrete/discrete_components.hpp"
#include "shoal/model/family.hpp"
#include "shoal/model/parameter_check.hpp"
#include "shoal/model/poisson/poisson_components.hpp"
#include "support/serial.hpp"

namespace shoal {
namespace {

const Communicator& world() {
  static const Communicator comm = Communicator::world();
  return comm;
}

/// Remembers where the fit stood before each pass.
class Album final : public Interruption {
 public:
  explicit Album(std::function<NamedArrays()> parameters) : parameters_(std::move(parameters)) {}
  void before_pass(const FitState& state) override { pages.emplace_back(state, parameters_()); }
  std::vector<std::pair<FitState, NamedArrays>> pages;

 private:
  std::function<NamedArrays()> parameters_;
};

struct Outcome {
  FitResult result;
  NamedArrays parameters;
  std::vector<Parameter> moving;
  std::vector<std::pair<FitState, NamedArrays>> pages;
};

/// What is fitted: rows of `groups` groups that overlap, as numbers, counts, bits or codes of three levels.
struct Problem {
  std::string name;
  ModelOptions options;
  std::vector<double> values;
  std::size_t d = 0;
  std::vector<double> weights{};
};

constexpr std::int64_t levels = 3;

Code code_of(double value, bool bits) {
  return static_cast<Code>(bits ? (value > 0.8 ? 1 : 0) : std::clamp(std::lround(value), 0L, levels - 1));
}

template <class Row>
Outcome fit_rows(const Problem& problem, const Shard<Row>& shard, const FitOptions& options, const NamedArrays& start,
                 FitState state, bool resume) {
  const RowPass<Row> pass(shard, world(), 1, test::summary_of(problem.values, problem.d, problem.weights));
  const auto model = make_model<Row>(problem.options, {problem.d, shard.coding});
  model->begin_fit(pass, column_moments(pass));
  resume ? model->resume(start, state.repairs, "test") : model->set_parameters(start, "test");
  Album album([&] { return model->parameters(); });
  Observer nobody;
  FitResult result = fit(*model, pass, options, nobody, album, std::move(state));
  return {std::move(result), model->parameters(), model->moving_parameters(), std::move(album.pages)};
}

Outcome fit_from(const Problem& problem, const FitOptions& options, const NamedArrays& start, FitState state = {},
                 bool resume = false) {
  const RowKind& rows = problem.options.family().rows;
  if (!rows.coded())
    return fit_rows(problem, test::shard_of(world(), problem.values, problem.d, problem.weights), options, start,
                    std::move(state), resume);
  std::vector<Code> codes;
  for (const double value : problem.values) codes.push_back(code_of(value, rows.values == Values::bits));
  LevelOffsets offsets = {0};
  for (std::size_t j = 0; j < problem.d; ++j)
    offsets.push_back(offsets.back() + (rows.values == Values::bits ? 2 : levels));
  return fit_rows(problem, test::packed_shard_of(world(), codes, offsets), options, start, std::move(state), resume);
}

/// Parameters somewhere among the rows.
NamedArrays start_of(const Problem& problem, unsigned seed = 1) {
  std::mt19937_64 generator(seed);
  std::uniform_real_distribution<double> uniform(0.2, 0.8);
  const std::size_t k = problem.options.n_clusters, d = problem.d;
  NamedArrays arrays = {{"weights", {k}, std::vector<double>(k, 1.0 / static_cast<double>(k))}};
  const std::string family(problem.options.family().name);
  if (family == "gaussian") {
    arrays.push_back({"means", {k, d}, {}});
    for (std::size_t c = 0; c < k; ++c)
      for (std::size_t j = 0; j < d; ++j) {
        const double value = problem.values[(7 * c + 3 * seed) * d + j];
        arrays.back().values.push_back(std::isnan(value) ? 0 : value);
      }
    const Parameter covariances = problem.options.family().parameters(problem.options, {k, d, 0}).back();
    arrays.push_back({"covariances", covariances.shape, {}});
    arrays.back().values.assign(arrays.back().size(), 2.0);
    if (covariances.units == Units::products)
      for (std::size_t i = 0; i < arrays.back().values.size(); ++i)
        if (i % (d * d) / d != i % d) arrays.back().values[i] = 0;
  } else if (family == "poisson") {
    arrays.push_back({"rates", {k, d}, std::vector<double>(k * d)});
    for (double& rate : arrays.back().values) rate = 2 * uniform(generator);
  } else {
    const std::size_t each = family == "bernoulli" ? 1 : levels;
    arrays.push_back({"probabilities", {k, d * each}, std::vector<double>(k * d * each)});
    for (double& p : arrays.back().values) p = uniform(generator);
    for (std::size_t i = 0; each > 1 && i < k * d; ++i) {
      double sum = 0;
      for (std::size_t l = 0; l < each; ++l) sum += arrays.back().values[i * each + l];
      for (std::size_t l = 0; l < each; ++l) arrays.back().values[i * each + l] /= sum;
    }
    if (each > 1) {
      arrays.push_back({"level_offsets", {d + 1}, {}, true});
      for (std::size_t j = 0; j <= d; ++j) arrays.back().values.push_back(static_cast<double>(j * each));
    }
  }
  return arrays;
}

Problem problem_of(const std::string& name, unsigned seed = 4, double spread = 1.1, std::size_t n = 600,
                   std::size_t d = 6) {
  const bool gaussian = from_name<Covariance>(name).has_value();
  Problem problem{name, test::plain_options(gaussian ? "gaussian" : name, 3), {}, d};
  if (gaussian) test::gaussian(problem.options).covariance = *from_name<Covariance>(name);
  problem.values = test::normal_rows(n, d, seed, 3, spread);
  if (problem.options.family().rows.values == Values::counts)
    for (double& value : problem.values) value = std::floor(std::abs(value));
  return problem;
}

const std::vector<std::string> all = {"full", "tied", "diag", "spherical", "bernoulli", "categorical", "poisson"};

FitOptions options_of(Accelerate accelerate, double tolerance, std::int64_t limit = 20000) {
  FitOptions options;
  options.accelerate = accelerate;
  options.tolerance = tolerance;
  options.max_iterations = limit;
  return options;
}

void expect_never_falls(const FitResult& result) {
  ASSERT_EQ(result.history.size(), static_cast<std::size_t>(result.n_iterations) + 1);
  EXPECT_EQ(result.n_passes, result.n_iterations + 1 + result.rejected_steps);
  EXPECT_EQ(result.falls, 0);
  for (std::size_t t = 1; t < result.history.size(); ++t)
    EXPECT_GE(result.history[t], result.history[t - 1] - 1e-9 * std::abs(result.history[t - 1])) << "iteration " << t;
}

// ---- charts

TEST(Coordinates, LeadBackAndAnyStepLeadsToParameters) {
  std::mt19937_64 generator(3);
  std::normal_distribution<double> normal;
  for (const std::string& name : all) {
    const Problem problem = problem_of(name);
    const Outcome fitted = fit_from(problem, options_of(Accelerate::off, 0, 15), start_of(problem));
    const Coordinates coordinates(fitted.moving, fitted.parameters);
    const std::vector<double> point = coordinates.pack(fitted.parameters);
    const auto back = coordinates.unpack(point, fitted.parameters);
    ASSERT_TRUE(back) << name;
    for (std::size_t i = 0; i < back->size(); ++i)
      for (std::size_t j = 0; j < (*back)[i].values.size(); ++j)
        EXPECT_NEAR((*back)[i].values[j], fitted.parameters[i].values[j],
                    1e-12 * std::max(1.0, std::abs(fitted.parameters[i].values[j])))
            << name << " " << (*back)[i].name;
    for (const double length : {0.1, 1.0, 3.0}) {
      std::vector<double> away = point;
      for (double& value : away) value += length * normal(generator);
      auto there = coordinates.unpack(away, fitted.parameters);
      ASSERT_TRUE(there) << name << " " << length;
      EXPECT_NO_THROW(check_parameters(problem.options, problem.d, Completeness::start, "test", *there)) << name;
      EXPECT_NO_THROW(fit_from(problem, options_of(Accelerate::off, 0, 0), *there)) << name << " " << length;
    }
  }
}

TEST(Coordinates, ProbabilitiesStayAwayFromZeroButZeroStays) {
  const std::vector<Parameter> moving = {
      {"probabilities", {1, 5}, Domain::probabilities, Units::none, Chart::level_probabilities}};
  const NamedArrays like = {{"probabilities", {1, 5}, {0, 0.25, 0.75, 0.4, 0.6}},
                            {"level_offsets", {3}, {0, 3, 5}, true}};
  const auto far = Coordinates(moving, like).unpack({5, -3, 2, 0.2, 0.9}, like);
  ASSERT_TRUE(far);
  const std::vector<double>& p = far->front().values;
  EXPECT_EQ(p[0], 0);
  EXPECT_NEAR(p[1], 1e-10, 1e-18);
  EXPECT_NEAR(p[2], 1, 1e-9);
  EXPECT_NEAR(p[3], 0.2 / 1.1, 1e-15);
  EXPECT_NEAR(p[4], 0.9 / 1.1, 1e-15);
}

TEST(Coordinates, WhatIsNoNumberOrNoCovarianceIsNothing) {
  const std::vector<Parameter> moving = {{"covariances", {2, 2}, Domain::numbers, Units::none, Chart::log_cholesky}};
  const NamedArrays like = {{"covariances", {2, 2}, {2, 1, 1, 3}}};
  const Coordinates coordinates(moving, like);
  EXPECT_TRUE(coordinates.unpack({0.1, 5, 0.3}, like));
  EXPECT_FALSE(coordinates.unpack({0.1, std::nan(""), 0.3}, like));
  EXPECT_FALSE(coordinates.unpack({0.1, 1e200, 0.3}, like));
  EXPECT_FALSE(coordinates.unpack({0.1, 1e9, -30}, like)) << "not positive definite in float64";
  EXPECT_TRUE(std::isnan(coordinates.pack({{"covariances", {2, 2}, {1, 2, 2, 1}}})[2]));
}

// ---- the line

const std::vector<Parameter> line = {{"x", {2}}};

/// One direction left, in which each step is 0.9 of the last: a = 1 / (1 - 0.9), and theta' is the limit.
TEST(Squarem, ALinearIterationIsSolved) {
  const auto at = [](double t) { return NamedArrays{{"x", {2}, {3 + 2 * t, -t}}}; };
  const Extrapolation found = extrapolate(line, at(1), at(0.9), at(0.81), 100);
  EXPECT_NEAR(found.length, 10, 1e-9);
  ASSERT_TRUE(found.parameters);
  EXPECT_NEAR(found.parameters->front().values[0], 3, 1e-9);
  EXPECT_NEAR(found.parameters->front().values[1], 0, 1e-9);
  const Extrapolation limited = extrapolate(line, at(1), at(0.9), at(0.81), 4);
  EXPECT_EQ(limited.length, 4);
  EXPECT_NEAR(limited.parameters->front().values[1], -(1 - 2 * 4 * 0.1 + 16 * 0.01), 1e-12);
}

TEST(Squarem, ShortLinesAndChangedShapesLeadNowhere) {
  const auto at = [](double x) { return NamedArrays{{"x", {2}, {x, 0}}}; };
  EXPECT_FALSE(extrapolate(line, at(1), at(0.5), at(0.6), 4).parameters) << "to and fro: a < 1";
  EXPECT_FALSE(extrapolate(line, at(1), at(0.5), {{"x", {1}, {0.25}}}, 4).parameters);
  EXPECT_FALSE(extrapolate(line, at(1), at(1), at(1), 4).parameters);
}

/// The same steps in other units of each feature are as long.
TEST(Squarem, TheLengthKnowsNoUnits) {
  for (const std::string name : {"full", "tied", "diag"}) {
    const Problem problem = problem_of(name);
    const Outcome fitted = fit_from(problem, options_of(Accelerate::off, 0, 12), start_of(problem));
    const auto length = [&](double factor) {
      std::vector<NamedArrays> steps;
      for (std::size_t t = 10; t < 13; ++t) {
        steps.push_back(fitted.pages[t].second);
        for (NamedArray& array : steps.back())
          for (std::size_t i = 0; i < array.values.size(); ++i) {
            const auto unit = [&](std::size_t j) { return j == 0 ? factor : 1.0; };
            const std::size_t j = i % problem.d, row = i / problem.d % problem.d;
            if (array.name == "means") array.values[i] *= unit(j);
            if (array.name == "covariances") array.values[i] *= unit(j) * unit(name == "diag" ? j : row);
          }
      }
      return extrapolate(fitted.moving, steps[0], steps[1], steps[2], 1e6).length;
    };
    EXPECT_GT(length(1), 1.2) << name;
    EXPECT_NEAR(length(1024), length(1), 1e-6 * length(1)) << name;
  }
}

// ---- what is left

TEST(Course, WhatIsLeftIsTheLargestOfTheEstimates) {
  FitState state;
  state.history = {0, 16, 24, 28, 29};  // gains 8, 4, 1 fall off by 1/2, then by 1/4
  state.n_iterations = 4;
  const Yardstick yardstick{false, 100, 1e-12};
  const auto remaining = [&] { return Course(state, options_of(Accelerate::off, 1), yardstick).remaining; };
  state.acceleration.em_steps = 3;
  EXPECT_FALSE(remaining()) << "EM has not led here for long enough";
  state.acceleration.em_steps = 4;
  EXPECT_DOUBLE_EQ(*remaining(), 4);
  state.acceleration.slowest = 10;  // a direction that EM follows by a tenth a step
  EXPECT_NEAR(*remaining(), 0.81 / 0.19, 1e-12);
  state.acceleration.milestones = {0, 10, 20, 30, 36};  // two cycles gained 20, the next two 16
  EXPECT_DOUBLE_EQ(*remaining(), 64);
  state.history = {0, 16, 18, 21, 23};
  EXPECT_EQ(*remaining(), std::numeric_limits<double>::infinity()) << "gains that grow";
  state.history = {0, 16, 24, 24, 24};
  EXPECT_EQ(*remaining(), 0) << "nothing but rounding";
  state.acceleration.fallback = {{"x", {1}, {0}}};
  EXPECT_FALSE(remaining()) << "an extrapolation led here";
}

// ---- whole fits

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

/// From every pass on, as a restart does: what was rejected, what is on trial, and how long steps may be.
TEST(Squarem, GoesOnFromAnyPassToTheSameBits) {
  for (const std::string name : {"full", "bernoulli"}) {
    const Problem problem = problem_of(name, 6, 0.7);
    const FitOptions options = options_of(Accelerate::squarem, 1e-8);
    const Outcome whole = fit_from(problem, options, start_of(problem));
    ASSERT_GT(whole.pages.size(), 40U) << name;
    EXPECT_GT(whole.result.rejected_steps, 0) << name;
    for (std::size_t pass = 0; pass < std::min<std::size_t>(45, whole.pages.size()); ++pass) {
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
