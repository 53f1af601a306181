#include "app/memory_need.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <iterator>
#include <numeric>

#include "shoal/fit/bivariate.hpp"
#include "shoal/fit/interruption.hpp"
#include "shoal/io/slice_reader.hpp"
#include "shoal/model/column_medians.hpp"
#include "shoal/search/search.hpp"

namespace shoal::app {
namespace {

/// Levels of a feature, or `unknown` where only the data tell them.
std::int64_t levels_of(const FitPlan& plan, std::size_t feature, std::int64_t unknown) {
  if (plan.family().rows.values == Values::bits) return 2;
  const DatasetInfo& first = plan.datasets.front();
  if (!first.levels.empty()) return first.levels[feature];
  const auto names = first.level_names.find(feature);
  return names == first.level_names.end() ? unknown : std::max(unknown, std::ssize(names->second));
}

/// A level that only the data tell is taken to need a byte.
std::size_t held_row_bytes(const FitPlan& plan) {
  const std::size_t noise = plan.noise.of_each_row() ? plan.noise.layout.width(plan.n_features()) : 0;
  if (!plan.family().rows.coded()) return (plan.n_features() + noise) * (plan.float32() ? 4 : 8);
  const std::uint64_t missing = plan.options.rows.missing == Missing::marginalize ? 1 : 0;
  std::size_t bits = 0;
  for (std::size_t j = 0; j < plan.n_features(); ++j)
    bits += static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(levels_of(plan, j, 256)) + missing - 1));
  return (bits + 7) / 8;
}

/// At least: where only the data tell the levels of a feature, two are counted.
ModelSize size_of(const FitPlan& plan) {
  ModelSize size{plan.options.model.n_clusters, plan.n_features(), 0};
  for (std::size_t j = 0; j < plan.n_features() && plan.family().rows.coded(); ++j)
    size.n_levels += static_cast<std::size_t>(levels_of(plan, j, 2));
  return size;
}

/// Digits in three bins and a ceiling of each sum, and either those of a block on each thread, or the totals.
double sums_in_work(const FitPlan& plan, double statistics) { return statistics * (3.25 + std::max(1, plan.threads)); }

/// Of each row its distance and the nearest seed (double, int32); the candidates, ten times the seeds, three times
/// over.
double seeding_bytes(const FitPlan& plan, double rows) {
  if (!plan.options.start.arrays.empty()) return 0;
  return 12 * rows + 30 * static_cast<double>(plan.options.model.n_clusters * held_row_bytes(plan));
}

/// Numbers in the parameters.
std::int64_t most_parameters(const FitPlan& plan, const ModelSize& size) {
  std::size_t n = size.n_clusters;
  for (const Parameter& parameter : plan.family().parameters(plan.options.model, size))
    n += std::accumulate(parameter.shape.begin(), parameter.shape.end(), std::size_t{1}, std::multiplies<>());
  return static_cast<std::int64_t>(n);
}

/// Free parameters, at most: of a symmetric matrix one half and the diagonal.
std::int64_t free_parameters(const FitPlan& plan, const ModelSize& size) {
  std::int64_t n = most_parameters(plan, size);
  const auto d = static_cast<std::int64_t>(size.n_features);
  for (const Parameter& parameter : plan.family().parameters(plan.options.model, size))
    if (parameter.units == Units::products)
      n -= d * (d - 1) / 2 * (parameter.shape.size() == 3 ? static_cast<std::int64_t>(size.n_clusters) : 1);
  return n;
}

/// Four parameter sets and three of coordinates, while an extrapolation is found.
double extrapolation_bytes(const FitPlan& plan, const ModelSize& size) {
  if (plan.options.fit.accelerate != Accelerate::squarem || !plan.family().mixture) return 0;
  return 7 * 8 * static_cast<double>(most_parameters(plan, size));
}

/// The sample itself, thrice while it is drawn; then, beside it, whose each row is (mixtures: in two lists of pairs),
/// and in each thread a part of it (of hard models no two have a row in common), with what a fit and seeding remember
/// of its rows.
void note_search(const FitPlan& plan, const ModelSize& size, const ModelMemory& memory, MemoryNeed& need) {
  const SearchOptions& search = plan.options.search;
  if (search.starts || size.n_clusters == 1) return;
  const std::size_t row = held_row_bytes(plan);
  const SampleSize sample = sample_size(plan.options.model, plan.partition.n_rows, free_parameters(plan, size), row);
  if (sample.too_small && !search.rows) return;
  need.sample_rows = std::min(plan.partition.n_rows, search.rows.value_or(sample.rows));
  const auto n = static_cast<double>(need.sample_rows), bytes = n * static_cast<double>(row + 8);
  const double lists = plan.family().mixture ? 64 * n : 0;
  const double thread =
      n * (12 + memory.each_row) + memory.thread + memory.parameters + memory.update + need.statistics * 4.25;
  const int threads = std::max(1, plan.threads), parts = plan.family().mixture ? threads : 1;
  need.search = std::max(3 * bytes, bytes + lists + parts * bytes + threads * thread);
}

/// The sample; the fits that may be chosen, each with what an extrapolation goes back to; distances of some rows in
/// each thread, or the tables of pairs of features.
void note_scan(const FitPlan& plan, const ModelSize& size, MemoryNeed& need) {
  const ScanOptions& scan = *plan.arguments.scan;
  const std::size_t kept = 2 + (scan.criterion == Criterion::elbow ? scan.n_fits() : 0);
  need.kept = static_cast<double>(need.sample_rows) * static_cast<double>(held_row_bytes(plan) + 8);
  need.kept += 3 * 8 * static_cast<double>(kept) * static_cast<double>(most_parameters(plan, size));
  double after = 0;
  if (!plan.family().mixture) after = static_cast<double>(plan.threads) * (1U << 21U);
  if (plan.family().rows.coded()) {
    LevelOffsets offsets = {0};
    for (std::size_t j = 0; j < plan.n_features(); ++j) offsets.push_back(offsets.back() + levels_of(plan, j, 2));
    const std::size_t cells = table_cells(offsets);
    if (cells <= most_table_cells) after = sums_in_work(plan, 8 * static_cast<double>(cells));
  }
  need.update = std::max(need.update, after);
}

}  // namespace

double MemoryNeed::at_start() const {
  return parameters + work + remembered + std::max(seeding + sums, statistics + update);
}
double MemoryNeed::in_search() const { return search; }
double MemoryNeed::in_fit() const {
  return parameters + work + remembered + labels + std::max(sums, statistics + update);
}
double MemoryNeed::total() const {
  return process + rows + side + kept + std::max({reading, scaling, at_start(), in_search(), in_fit()});
}

double bytes_of_rows(const FitPlan& plan) {
  return static_cast<double>(plan.partition.n_rows) * static_cast<double>(held_row_bytes(plan));
}

MemoryNeed memory_need(const FitPlan& plan, int n_ranks) {
  std::int64_t most = 0;
  for (int rank = 0; rank < n_ranks; ++rank) most = std::max(most, plan.partition.rows_of_rank(rank, n_ranks).size());
  const auto n = static_cast<double>(most);
  const ModelOptions& model = plan.options.model;
  const ModelSize size = size_of(plan);
  const ModelMemory memory = plan.family().memory(model, size, plan.float32() ? 4 : 8);
  MemoryNeed need;
  if (n_ranks > 1) need.process += 7 << 20;
  need.rows = n * static_cast<double>(held_row_bytes(plan));
  need.side = (plan.weights.empty() ? 0 : 8 * n) + (plan.mask.empty() ? 0 : 9 * n);  // and weights of 0
  std::size_t reading = 0;
  for (const auto* datasets : {&plan.datasets, &plan.noise.datasets})
    for (const DatasetInfo& info : *datasets) reading = std::max(reading, reading_bytes(info, plan.threads));
  need.reading = static_cast<double>(reading);
  if (plan.options.scaling.standardize == Standardize::mad)
    need.scaling = column_medians_bytes(plan.n_features(), plan.threads);
  need.statistics = 8 * static_cast<double>(1 + size.n_clusters + plan.family().n_sums(model, size) + n_stop_votes);
  need.sums = sums_in_work(plan, need.statistics);
  need.parameters = memory.parameters;
  need.work = memory.thread * plan.threads;
  need.seeding = seeding_bytes(plan, n);
  need.remembered = n * memory.each_row;
  need.labels = plan.options.fit.want_labels ? 4 * n : 0;
  need.update = std::max(memory.update, extrapolation_bytes(plan, size));  // one after the other
  note_search(plan, size, memory, need);
  if (plan.arguments.scan) note_scan(plan, size, need);
  return need;
}

}  // namespace shoal::app
