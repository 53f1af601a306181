// At each M-step the gradient of Q vanishes: checked by central differences of a Q that is written down here on its
// own.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>

#include "shoal/model/discrete/discrete_components.hpp"
#include "shoal/model/family.hpp"
#include "support/serial.hpp"

namespace shoal {
namespace {

constexpr std::size_t k = 3;
constexpr std::size_t d = 2;

/// Responsibilities at the start and parameters after one M-step.
template <class Row>
std::pair<std::vector<double>, NamedArrays> step(Model<Row>& model, const Shard<Row>& shard, const NamedArrays& start) {
  const Communicator self = Communicator::self();
  const std::int64_t n = shard.partition.n_rows;
  const RowPass<Row> pass(shard, self, 1, {n, n, static_cast<double>(n)});
  const bool coded = std::is_same_v<Row, PackedByte>;
  model.begin_fit(
      pass, coded ? column_moments(pass) : ColumnMoments{std::vector<double>(d, 0.0), std::vector<double>(d, 1.0)});
  model.set_parameters(start, "test");
  std::vector<double> r(shard.n_rows() * k);
  const Statistics sums = pass.reduce(model.statistics(false), [&](const RowBlock<Row>& block, Statistics& mine) {
    RowOutputs outputs;
    outputs.responsibilities = r.data() + block.first_local * k;
    model.expect(block, mine, outputs);
  });
  model.maximise(sums, pass);
  return {r, model.parameters()};
}

/// |dQ/dp| times the parameter's scale, relative to the number of rows, for every entry that `free` lists.
void expect_stationary(const std::function<double(const std::vector<double>&)>& q, const std::vector<double>& at,
                       double n) {
  for (std::size_t i = 0; i < at.size(); ++i) {
    const double h = 1e-5 * std::max(1.0, std::abs(at[i]));
    std::vector<double> high = at, low = at;
    high[i] += h;
    low[i] -= h;
    EXPECT_LT(std::abs(q(high) - q(low)) / (2 * h) / n, 1e-7) << "parameter " << i;
  }
}

TEST(Gradient, GaussianWithEachCovariance) {
  const std::vector<double> x = test::normal_rows(200, d, 5, k, 1.5);
  for (const Covariance covariance : {Covariance::full, Covariance::tied, Covariance::diag, Covariance::spherical}) {
    const ModelOptions options = test::plain_options("gaussian", k, covariance);
    NamedArray covariances{"covariances", {k, d, d}, {1, .2, .2, 2, 1, 0, 0, 1, 2, -.3, -.3, 1}};
    if (covariance == Covariance::tied) covariances = {"covariances", {d, d}, {1, .2, .2, 2}};
    if (covariance == Covariance::diag) covariances = {"covariances", {k, d}, {1, 2, 1, 1, 2, 1}};
    if (covariance == Covariance::spherical) covariances = {"covariances", {k}, {1, 2, 1}};
    const auto model = make_model<double>(options, {d, {}});
    const auto [r, after] = step(*model, test::shard_of(Communicator::self(), x, d),
                                 {{"weights", {k}, {.2, .3, .5}}, {"means", {k, d}, {0, 1, 1, 0, 2, 2}}, covariances});
    const std::vector<double> shape = find(after, "covariances")->values;

    // Free parameters: the means, then the covariance's own entries (lower triangles).
    std::vector<double> at = find(after, "means")->values;
    const auto entry = [&](const std::vector<double>& p, std::size_t c, std::size_t i, std::size_t j) {
      const double* s = p.data() + k * d;
      switch (covariance) {
        case Covariance::full:
          return s[c * 3 + i + j];
        case Covariance::tied:
          return s[i + j];
        case Covariance::diag:
          return i == j ? s[c * d + i] : 0.0;
        default:
          return i == j ? s[c] : 0.0;
      }
    };
    if (covariance == Covariance::full || covariance == Covariance::tied)
      for (std::size_t c = 0; c < shape.size() / 4; ++c)
        at.insert(at.end(), {shape[c * 4], shape[c * 4 + 1], shape[c * 4 + 3]});
    else
      at.insert(at.end(), shape.begin(), shape.end());

    const auto q = [&](const std::vector<double>& p) {
      double sum = 0;
      for (std::size_t c = 0; c < k; ++c) {
        const double a = entry(p, c, 0, 0), b = entry(p, c, 1, 0), e = entry(p, c, 1, 1);
        const double determinant = a * e - b * b;
        for (std::size_t i = 0; i < r.size() / k; ++i) {
          const double u = x[i * d] - p[c * d], v = x[i * d + 1] - p[c * d + 1];
          sum += r[i * k + c] * -0.5 * (std::log(determinant) + (e * u * u - 2 * b * u * v + a * v * v) / determinant);
        }
      }
      return sum;
    };
    expect_stationary(q, at, 200);
  }
}

TEST(Gradient, BernoulliWithPrior) {
  std::vector<Code> x;
  for (const double value : test::normal_rows(200, d, 6, k, 1)) x.push_back(value > 1 ? 1 : 0);
  ModelOptions options("bernoulli", k);
  options.of<DiscreteOptions>().pseudo_count = 0.7;
  const LevelOffsets offsets = {0, 2, 4};
  const Shard<PackedByte> shard = test::packed_shard_of(Communicator::self(), x, offsets);
  const auto model = make_model<PackedByte>(options, {0, shard.coding});
  const auto [r, after] =
      step(*model, shard, {{"weights", {k}, {.2, .3, .5}}, {"probabilities", {k, d}, {.2, .4, .5, .7, .8, .3}}});
  const auto q = [&](const std::vector<double>& p) {
    double sum = 0;
    for (std::size_t c = 0; c < k; ++c)
      for (std::size_t j = 0; j < d; ++j) {
        sum += 0.7 * (std::log(p[c * d + j]) + std::log(1 - p[c * d + j]));
        for (std::size_t i = 0; i < r.size() / k; ++i)
          sum += r[i * k + c] * std::log(x[i * d + j] == 1 ? p[c * d + j] : 1 - p[c * d + j]);
      }
    return sum;
  };
  expect_stationary(q, find(after, "probabilities")->values, 200);

  // The weights: on the simplex, so the last one is one less the others.
  const auto weights = find(after, "weights")->values;
  const auto qw = [&](const std::vector<double>& w) {
    double sum = 0;
    for (std::size_t i = 0; i < r.size() / k; ++i)
      sum += r[i * k] * std::log(w[0]) + r[i * k + 1] * std::log(w[1]) + r[i * k + 2] * std::log(1 - w[0] - w[1]);
    return sum;
  };
  expect_stationary(qw, {weights[0], weights[1]}, 200);
}

TEST(Gradient, Categorical) {
  std::vector<Code> x;
  for (const double value : test::normal_rows(200, d, 6, k, 1)) x.push_back(value > 2 ? 2 : value > 0 ? 1 : 0);
  ModelOptions options("categorical", k);
  const LevelOffsets offsets = {0, 3, 6};
  const Shard<PackedByte> shard = test::packed_shard_of(Communicator::self(), x, offsets);
  const auto model = make_model<PackedByte>(options, {0, shard.coding});
  const std::vector<double> p0 = {.2, .3, .5, .1, .1, .8, .4, .4, .2, .3, .3, .4, .6, .2, .2, .5, .25, .25};
  const auto [r, after] = step(*model, shard, {{"weights", {k}, {.2, .3, .5}}, {"probabilities", {k, 6}, p0}});
  const auto& p = find(after, "probabilities")->values;
  std::vector<double> free;  // levels 0 and 1 of each feature; level 2 is what is left
  for (std::size_t c = 0; c < k * d; ++c) free.insert(free.end(), {p[c * 3], p[c * 3 + 1]});
  const auto q = [&](const std::vector<double>& f) {
    double sum = 0;
    for (std::size_t c = 0; c < k; ++c)
      for (std::size_t j = 0; j < d; ++j) {
        const double* levels = f.data() + (c * d + j) * 2;
        for (std::size_t i = 0; i < r.size() / k; ++i) {
          const Code code = x[i * d + j];
          sum += r[i * k + c] * std::log(code == 2 ? 1 - levels[0] - levels[1] : levels[code]);
        }
      }
    return sum;
  };
  expect_stationary(q, free, 200);
}

}  // namespace
}  // namespace shoal
