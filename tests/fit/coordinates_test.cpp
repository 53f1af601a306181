// Squared extrapolation: its charts, where it leads, and when a fit is done.
#include "fit/coordinates.hpp"

#include "fit/squarem.hpp"
#include "fit/squarem_problems.hpp"

namespace shoal {
namespace {

using namespace test;

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

}  // namespace
}  // namespace shoal
