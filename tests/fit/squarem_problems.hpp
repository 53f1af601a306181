// Small fits that EM takes long for.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "shoal/fit/fit.hpp"
#include "shoal/model/discrete/discrete_components.hpp"
#include "shoal/model/family.hpp"
#include "shoal/model/parameter_check.hpp"
#include "shoal/model/poisson/poisson_components.hpp"
#include "support/serial.hpp"

namespace shoal::test {

inline const Communicator& world() {
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

inline constexpr std::int64_t levels = 3;

inline Code code_of(double value, bool bits) {
  return static_cast<Code>(bits ? (value > 0.8 ? 1 : 0) : std::clamp(std::lround(value), 0L, levels - 1));
}

template <class Row>
Outcome fit_rows(const Problem& problem, const Shard<Row>& shard, const FitOptions& options, const NamedArrays& start,
                 FitState state, bool resume) {
  const RowPass<Row> pass(shard, world(), 1, summary_of(problem.values, problem.d, problem.weights));
  const auto model = make_model<Row>(problem.options, {problem.d, shard.coding});
  model->begin_fit(pass, column_moments(pass));
  resume ? model->resume(start, state.repairs, "test") : model->set_parameters(start, "test");
  Album album([&] { return model->parameters(); });
  Observer nobody;
  FitResult result = fit(*model, pass, options, nobody, album, std::move(state));
  return {std::move(result), model->parameters(), model->moving_parameters(), std::move(album.pages)};
}

inline Outcome fit_from(const Problem& problem, const FitOptions& options, const NamedArrays& start,
                        FitState state = {}, bool resume = false) {
  const RowKind& rows = problem.options.family().rows;
  if (!rows.coded())
    return fit_rows(problem, shard_of(world(), problem.values, problem.d, problem.weights), options, start,
                    std::move(state), resume);
  std::vector<Code> codes;
  for (const double value : problem.values) codes.push_back(code_of(value, rows.values == Values::bits));
  LevelOffsets offsets = {0};
  for (std::size_t j = 0; j < problem.d; ++j)
    offsets.push_back(offsets.back() + (rows.values == Values::bits ? 2 : levels));
  return fit_rows(problem, packed_shard_of(world(), codes, offsets), options, start, std::move(state), resume);
}

/// Parameters somewhere among the rows.
inline NamedArrays start_of(const Problem& problem, unsigned seed = 1) {
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

inline Problem problem_of(const std::string& name, unsigned seed = 4, double spread = 1.1, std::size_t n = 600,
                          std::size_t d = 6) {
  const bool normal = from_name<Covariance>(name).has_value();
  Problem problem{name, plain_options(normal ? "gaussian" : name, 3), {}, d};
  if (normal) gaussian(problem.options).covariance = *from_name<Covariance>(name);
  problem.values = normal_rows(n, d, seed, 3, spread);
  if (problem.options.family().rows.values == Values::counts)
    for (double& value : problem.values) value = std::floor(std::abs(value));
  return problem;
}

inline const std::vector<std::string> all = {"full",      "tied",        "diag",   "spherical",
                                             "bernoulli", "categorical", "poisson"};

inline FitOptions options_of(Accelerate accelerate, double tolerance, std::int64_t limit = 20000) {
  FitOptions options;
  options.accelerate = accelerate;
  options.tolerance = tolerance;
  options.max_iterations = limit;
  return options;
}

inline void expect_never_falls(const FitResult& result) {
  ASSERT_EQ(result.history.size(), static_cast<std::size_t>(result.n_iterations) + 1);
  EXPECT_EQ(result.n_passes, result.n_iterations + 1 + result.rejected_steps);
  EXPECT_EQ(result.falls, 0);
  for (std::size_t t = 1; t < result.history.size(); ++t)
    EXPECT_GE(result.history[t], result.history[t - 1] - 1e-9 * std::abs(result.history[t - 1])) << "iteration " << t;
}

}  // namespace shoal::test
