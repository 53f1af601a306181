// Speed of the kernels of mixtures: rows a second, GFLOP/s by the least number of operations, and the share of the
// multiply-add peak, which is measured in the same run. Run alone; --benchmark_filter=... chooses.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cmath>
#include <random>

#include "peak.hpp"
#include "shoal/data/row_coding.hpp"
#include "shoal/math/diagonal_form.hpp"
#include "shoal/math/distance.hpp"
#include "shoal/math/normalise.hpp"
#include "shoal/math/scatter.hpp"
#include "shoal/math/triangular_form.hpp"

namespace shoal {
namespace {

template <class T>
std::vector<T> normals(std::size_t n) {
  static std::mt19937_64 generator(7);
  std::normal_distribution<double> normal;
  std::vector<T> values(n);
  for (T& value : values) value = static_cast<T>(normal(generator));
  return values;
}

/// A tile of rows as a fit of K components would have it.
template <class T>
struct Rows {
  Rows(std::size_t d, std::size_t k)
      : n(tile_rows_for(k, d, sizeof(T))), values(normals<T>(n * d)), groups(n_groups<T>(n) * group_stride<T>(d)) {
    load_groups(values.data(), n, d, std::vector<T>(d, T(0)).data(), groups.data());
  }
  std::size_t n;
  std::vector<T> values, groups;
};

/// The best of five measurements, in operations a second.
double peak_of(double (*run)(std::size_t)) {
  double best = 0;
  for (int i = 0; i < 5; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const double operations = run(1'000'000);
    best = std::max(best, operations / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

void report(benchmark::State& state, std::size_t rows, double operations_a_row, double value_bytes) {
  static const double peak = peak_of(multiply_adds);
  const double count = static_cast<double>(state.iterations()) * static_cast<double>(rows);
  state.counters["rows"] = benchmark::Counter(count, benchmark::Counter::kIsRate);
  state.counters["FLOP/s"] = benchmark::Counter(count * operations_a_row, benchmark::Counter::kIsRate);
  state.counters["of_peak"] =
      benchmark::Counter(count * operations_a_row / (peak * 8 / value_bytes), benchmark::Counter::kIsRate);
}

template <class T>
void quadratic_form(benchmark::State& state) {
  const auto d = static_cast<std::size_t>(state.range(0));
  const Rows<T> rows(d, static_cast<std::size_t>(state.range(1)));
  Matrix lower(d, d);
  lower.values = normals<double>(d * d);
  const std::vector<T> triangle = pack_triangle<T>(lower);
  const std::vector<T> mean = normals<T>(d);
  std::vector<T> scratch(d * group_rows<T>);
  std::vector<double> best(rows.n), joint(rows.n);
  for (auto _ : state)
    triangular_score<T>(rows.groups.data(), rows.n, d, {mean.data(), triangle.data(), 0.0, -INFINITY}, scratch.data(),
                        best.data(), joint.data());
  report(state, rows.n, static_cast<double>(d * (d + 1)), sizeof(T));
}

template <class T>
void scatter(benchmark::State& state) {
  const auto d = static_cast<std::size_t>(state.range(0));
  const Rows<T> rows(d, static_cast<std::size_t>(state.range(1)));
  const std::vector<T> mean = normals<T>(d);
  const std::vector<double> weight(rows.n, 0.5);
  ScatterScratch<T> scratch(rows.n, d);
  std::vector<double> sum(d), triangle(d * (d + 1) / 2);
  for (auto _ : state)
    add_scatter(rows.groups.data(), rows.n, d, mean.data(), weight.data(), scratch, sum.data(), triangle.data());
  report(state, rows.n, static_cast<double>(d * (d + 1)), sizeof(T));
}

void diagonal_score(benchmark::State& state) {
  const auto d = static_cast<std::size_t>(state.range(0));
  const auto k = static_cast<std::size_t>(state.range(1));
  const Rows<double> rows(d, k);
  const std::vector<double> means = normals<double>(k * d);
  const std::vector<double> ones(k * d, 1.0);
  std::vector<double> joint(k * rows.n);
  for (auto _ : state)
    shoal::diagonal_score<double>(rows.groups.data(), rows.n, d, {k, means.data(), ones.data(), nullptr, ones.data()},
                                  joint.data(), nullptr, rows.n);
  report(state, rows.n, 4.0 * static_cast<double>(k * d), 8);
}

/// The search of hard models, with the second nearest centre where a fit keeps bounds: by the operations of an L1
/// distance.
template <class T, Metric metric>
void nearest_centre(benchmark::State& state) {
  static const double peak = peak_of(absolute_differences);
  const auto d = static_cast<std::size_t>(state.range(0));
  const auto k = static_cast<std::size_t>(state.range(1));
  const Rows<T> rows(d, k);
  const std::vector<T> centres = normals<T>(k * d);
  std::vector<T> least(rows.n), second(rows.n);
  std::vector<std::int32_t> label(rows.n);
  T* const wanted = k * d <= 64 ? nullptr : second.data();
  for (auto _ : state)
    nearest(metric, rows.groups.data(), rows.n, centres.data(), k, d, {least.data(), wanted, label.data()});
  const double count = static_cast<double>(state.iterations()) * static_cast<double>(rows.n);
  state.counters["rows"] = benchmark::Counter(count, benchmark::Counter::kIsRate);
  state.counters["of_L1_peak"] =
      benchmark::Counter(count * 3 * static_cast<double>(k * d) / (peak * 8 / sizeof(T)), benchmark::Counter::kIsRate);
}

void normalise(benchmark::State& state) {
  const auto k = static_cast<std::size_t>(state.range(0));
  const std::size_t n = 256;
  const std::vector<double> scores = normals<double>(k * n);
  const std::vector<double> ones(n, 1.0);
  std::vector<double> joint(k * n), log_density(n), totals(k);
  double likelihood = 0;
  for (auto _ : state) {
    std::copy(scores.begin(), scores.end(), joint.begin());
    shoal::normalise({joint.data(), n, k, n}, {}, {ones.data(), log_density.data(), nullptr}, &likelihood,
                     totals.data());
  }
  state.counters["exp"] = benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(k * n),
                                             benchmark::Counter::kIsRate);
}

/// Both steps of a Bernoulli mixture over D binary features.
void table_lines(benchmark::State& state) {
  const auto d = static_cast<std::size_t>(state.range(0));
  const auto k = static_cast<std::size_t>(state.range(1));
  LevelOffsets offsets = {0};
  for (std::size_t j = 0; j < d; ++j) offsets.push_back(offsets.back() + 2);
  const RowCoding coding(offsets, false, k);
  const std::size_t n = 256;
  std::mt19937 generator(1);
  std::vector<PackedByte> rows(n * coding.row_bytes() + RowCoding::spare_bytes);
  for (PackedByte& byte : rows) byte = static_cast<PackedByte>(generator());
  const std::size_t width = line_width<double>(k);
  std::vector<std::uint16_t> symbols(coding.fields().size() * n);
  const std::vector<double> table(coding.n_symbols() * width, -1.0);
  std::vector<double> sums(n * width), buckets(table.size());
  const std::vector<double> weights(n * width, 0.5);
  const SymbolTile tile{symbols.data(), n, n, coding.fields()};
  for (auto _ : state) {
    unpack_symbols(rows.data(), coding.row_bytes(), n, coding.fields(), symbols.data(), n);
    add_up_lines(tile, table.data(), width, sums.data());
    add_to_lines(tile, weights.data(), width, true, buckets.data());
  }
  report(state, n, 2.0 * static_cast<double>(coding.fields().size() * k), 8);
}

/// D and K: either side of the blocks' borders, and far beyond the caches.
void all_sizes(benchmark::internal::Benchmark* benchmark) {
  for (const auto& [d, k] : {std::pair{2, 5}, {8, 8}, {17, 8}, {32, 16}, {64, 64}, {128, 10}, {1024, 2}})
    benchmark->Args({d, k});
}

BENCHMARK(quadratic_form<double>)->Apply(all_sizes);
BENCHMARK(quadratic_form<float>)->Apply(all_sizes);
BENCHMARK(scatter<double>)->Apply(all_sizes);
BENCHMARK(scatter<float>)->Apply(all_sizes);
BENCHMARK(diagonal_score)->Args({8, 8})->Args({32, 16})->Args({128, 10});
BENCHMARK(nearest_centre<double, Metric::manhattan>)->Apply(all_sizes);
BENCHMARK(nearest_centre<float, Metric::manhattan>)->Apply(all_sizes);
BENCHMARK(nearest_centre<double, Metric::squared_euclidean>)->Apply(all_sizes);
BENCHMARK(normalise)->Arg(5)->Arg(16)->Arg(64);
BENCHMARK(table_lines)->Args({64, 8})->Args({256, 32})->Args({784, 10});

}  // namespace
}  // namespace shoal

BENCHMARK_MAIN();
