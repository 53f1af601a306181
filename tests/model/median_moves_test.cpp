// Rows that change clusters again and again, in searches and in whole fits: each median against a plain sort.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "model/kmedians/median_search.hpp"
#include "shoal/model/family.hpp"
#include "shoal/model/parameter_check.hpp"
#include "support/moves.hpp"
#include "support/serial.hpp"

namespace shoal {
namespace {

const Communicator& world() {
  static const Communicator comm = Communicator::world();
  return comm;
}

/// Rows that every rank holds.
template <class T>
struct Rows {
  std::size_t n, d;
  std::vector<T> values;
  std::vector<double> weights;  ///< small integers, 0 for rows that are left out; or empty
  std::vector<std::uint8_t> used;

  [[nodiscard]] std::size_t copies(std::size_t i) const {
    return weights.empty() ? 1 : static_cast<std::size_t>(weights[i]);
  }
  [[nodiscard]] Shard<T> shard() const {
    auto mine = test::shard_of(world(), values, d, weights, 37);
    const Range rows = mine.rows();
    if (!used.empty()) mine.used.assign(used.begin() + rows.first, used.begin() + rows.last);
    return mine;
  }
  /// numpy.median of a feature of a cluster's rows, each as often as its weight says; `otherwise` where there are none.
  [[nodiscard]] double median(const std::vector<std::int32_t>& labels, std::size_t k, std::size_t j,
                              double otherwise) const {
    std::vector<double> mine;
    for (std::size_t i = 0; i < n; ++i)
      if (labels[i] == static_cast<std::int32_t>(k))
        mine.insert(mine.end(), copies(i), static_cast<double>(values[i * d + j]) + 0.0);
    if (mine.empty()) return otherwise;
    std::ranges::sort(mine);
    return (mine[(mine.size() - 1) / 2] + mine[mine.size() / 2]) / 2 + 0.0;
  }
};

enum class Kind { plain, weighted, left_out };

/// Features of many kinds: real, with ties, whole, constant, and of few values that lie far apart.
template <class T>
Rows<T> random_rows(std::size_t n, Kind kind, bool all_whole, std::mt19937_64& generator) {
  constexpr std::size_t d = 5;
  std::normal_distribution<double> normal;
  Rows<T> rows{n, d, std::vector<T>(n * d), {}, {}};
  for (std::size_t i = 0; i < n; ++i) {
    const double x = 3 * normal(generator);
    const double features[d] = {x, generator() % 2 == 0 ? 0.5 : std::round(x) + 0.5, std::round(2 * x), -7.25,
                                generator() % 3 == 0 ? -1e30 : 1e-30 * std::round(x)};
    for (std::size_t j = 0; j < d; ++j)
      rows.values[i * d + j] = static_cast<T>(all_whole ? std::round(features[j < 4 ? j : 0]) : features[j]);
    if (kind != Kind::plain) rows.weights.push_back(static_cast<double>(generator() % 4));
    if (kind != Kind::left_out) continue;
    rows.used.push_back(generator() % 5 == 0 ? 0 : 1);
    if (rows.used[i] != 0) continue;
    rows.weights[i] = 0;
    for (std::size_t j = 0; j < d; ++j) rows.values[i * d + j] = 0;
  }
  return rows;
}

/// Where rows go next.
enum class Going { anywhere, few, on, into_one, nowhere };

void move_on(std::vector<std::int32_t>& labels, Going going, std::size_t k, std::mt19937_64& generator) {
  const auto anywhere = [&] { return static_cast<std::int32_t>(generator() % k); };
  const std::int32_t chosen = anywhere();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const bool leaves = going == Going::anywhere || (going == Going::few && generator() % 30 == 0);
    if (labels[i] < 0 || leaves) labels[i] = anywhere();
    if (going == Going::into_one) labels[i] = chosen;
    if (going == Going::on && i % 6 == 0) labels[i] = (labels[i] + 1) % static_cast<std::int32_t>(k);
  }
}

/// Of one step: several are passes before one search.
std::vector<Going> journey(int step) {
  using enum Going;
  switch (step % 10) {
    case 0:
      return {anywhere};
    case 5:
      return {on, on};
    case 6:
      return {few, few};
    case 7:
      return {nowhere};
    case 8:
      return {into_one};
    case 9:
      return {few, anywhere, on};
    default:
      return {few};
  }
}

template <class T>
void expect_medians_of_random_moves(Kind kind, bool all_whole, std::size_t n, int threads, std::size_t byte_budget) {
  std::mt19937_64 generator(n + static_cast<std::size_t>(threads));
  const Rows<T> rows = random_rows<T>(n, kind, all_whole, generator);
  const auto shard = rows.shard();
  const RowPass<T> pass(shard, world(), threads, test::summary_of(rows.values, rows.d, rows.weights));
  const auto first = static_cast<std::ptrdiff_t>(shard.rows().first),
             last = static_cast<std::ptrdiff_t>(shard.rows().last);
  std::size_t k = 4;
  MedianSearch<T> search(pass, k, byte_budget);
  std::vector<std::int32_t> labels(n, -1), mine(shard.n_rows(), -1);
  Matrix medians(k, rows.d);
  for (int step = 0; step < 30; ++step) {
    if (step == 22) {  // a cluster is dropped
      search.forget(--k);
      medians = Matrix(k, rows.d);
      std::ranges::fill(labels, -1);
      std::ranges::fill(mine, -1);
    }
    for (const Going going : journey(step)) {
      move_on(labels, going, k, generator);
      test::move_rows(pass, mine, std::span(labels.data() + first, labels.data() + last),
                      [&](const auto& block, std::size_t row, const auto& moves) { search.move(block, row, moves); });
    }
    const Matrix before = medians;
    medians = search.medians(pass, mine, before);
    for (std::size_t p = 0; p < k * rows.d; ++p) {
      const double expected = rows.median(labels, p / rows.d, p % rows.d, before.values[p]);
      ASSERT_TRUE(same_bits({medians.values[p]}, {expected}))
          << "step " << step << ", cluster " << p / rows.d << ", feature " << p % rows.d << ": " << medians.values[p]
          << " != " << expected;
    }
  }
}

class MedianMoves : public testing::TestWithParam<std::tuple<Kind, bool>> {};

/// Ranks that share cores take long with threads besides.
bool crowded() { return world().size() > 3; }

TEST_P(MedianMoves, StayExactInSearches) {
  const auto [kind, all_whole] = GetParam();
  for (const std::size_t n : {70U, 3000U})
    for (const std::size_t byte_budget : {selection_byte_budget, std::size_t{1}}) {
      expect_medians_of_random_moves<double>(kind, all_whole, n, 1, byte_budget);
      if (!crowded()) expect_medians_of_random_moves<double>(kind, all_whole, n, 3, byte_budget);
      expect_medians_of_random_moves<float>(kind, all_whole, n, 2, byte_budget);
    }
}

/// A pass at a model's centres: the labels of all rows, and the sums.
template <class T>
std::vector<std::int32_t> assign(const Model<T>& model, const RowPass<T>& pass, Statistics& sums) {
  std::vector<std::int32_t> labels(pass.source().n_rows());
  sums = pass.reduce(model.statistics(false), [&](const RowBlock<T>& block, Statistics& mine) {
    model.expect(block, mine, {labels.data() + block.first_local, nullptr, nullptr});
  });
  return pass.gather(labels);
}

/// Centres at which some clusters are empty.
template <class T>
Matrix poor_start(const Rows<T>& rows, std::size_t k, std::mt19937_64& generator) {
  Matrix start(k, rows.d);
  for (std::size_t c = 0; c < k; ++c) {
    const std::size_t row = generator() % rows.n;
    for (std::size_t j = 0; j < rows.d; ++j)
      start(c, j) = c % 4 == 3 ? 1e32 : static_cast<double>(rows.values[row * rows.d + j]);
  }
  return start;
}

template <class T>
void expect_medians_in_a_fit(Kind kind, bool all_whole, EmptyCluster empty, int threads) {
  std::mt19937_64 generator(17);
  const Rows<T> rows = random_rows<T>(2000, kind, all_whole, generator);
  const auto shard = rows.shard();
  const RowPass<T> pass(shard, world(), threads, test::summary_of(rows.values, rows.d, rows.weights));
  ModelOptions options("kmedians", 8);
  options.empty_cluster = empty;
  auto model = make_model<T>(options, {rows.d, {}});
  model->begin_fit(pass, {});
  model->resume({as_array("medians", poor_start(rows, 8, generator))}, {}, "test");
  std::int64_t repairs = 0;
  for (int iteration = 0; iteration < 14; ++iteration) {
    const std::vector<double> before = model->parameters()[0].values;
    Statistics sums;
    const std::vector<std::int32_t> labels = assign(*model, pass, sums);
    const std::vector<double> counts = model->counts(sums);
    model->maximise(sums, pass);
    const std::vector<double> after = model->parameters()[0].values;
    std::size_t at = 0;
    for (std::size_t k = 0; k < counts.size(); ++k) {
      if (counts[k] == 0 && empty == EmptyCluster::drop) continue;
      for (std::size_t j = 0; j < rows.d; ++j, ++at)
        ASSERT_TRUE(counts[k] == 0 || same_bits({after[at]}, {rows.median(labels, k, j, 0)}))
            << "iteration " << iteration << ", cluster " << k << ", feature " << j << ": " << after[at];
    }
    ASSERT_EQ(at, after.size());
    repairs = model->repairs().moved();
    if (iteration == 5) {  // another model goes on
      options.n_clusters = model->n_clusters();
      auto next = make_model<T>(options, {rows.d, {}});
      const NamedArrays parameters = model->parameters();
      const Repairs repaired = model->repairs();
      model->end_fit();
      next->begin_fit(pass, {});
      next->resume(parameters, repaired, "test");
      model = std::move(next);
    }
    if (iteration % 4 == 3)  // a proposal moves the centres, far enough to send many rows elsewhere
      model->resume({as_array("medians", poor_start(rows, model->n_clusters(), generator))}, model->repairs(), "test");
    if (iteration % 4 == 2) assign(*model, pass, sums);  // a pass without an M-step
  }
  EXPECT_GT(repairs, 0);
}

TEST_P(MedianMoves, StayExactInFits) {
  const auto [kind, all_whole] = GetParam();
  for (const EmptyCluster empty : {EmptyCluster::reseed, EmptyCluster::drop}) {
    expect_medians_in_a_fit<double>(kind, all_whole, empty, 1);
    expect_medians_in_a_fit<float>(kind, all_whole, empty, crowded() ? 1 : 3);
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, MedianMoves,
                         testing::Combine(testing::Values(Kind::plain, Kind::weighted, Kind::left_out),
                                          testing::Bool()));

}  // namespace
}  // namespace shoal
