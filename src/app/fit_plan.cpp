#include "app/fit_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "app/commands.hpp"
#include "app/report.hpp"
#include "app/terminal.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/digest.hpp"
#include "shoal/io/slice_reader.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal::app {
namespace {

/// Bits of a discrete row; levels that only the data tell are taken to need a byte each.
std::size_t held_row_bytes(const FitPlan& plan) {
  if (!is_discrete(plan.model.kind)) return plan.n_features() * (plan.float32 ? 4 : 8);
  const std::uint64_t missing = plan.model.missing == Missing::marginalize ? 1 : 0;
  std::size_t bits = 0;
  for (std::size_t j = 0; j < plan.n_features(); ++j) {
    const std::vector<std::int64_t>& levels = plan.datasets.front().levels;
    const auto n = static_cast<std::uint64_t>(plan.model.kind == ModelKind::bernoulli ? 2
                                              : levels.empty()                        ? 256
                                                                                      : levels[j]);
    bits += static_cast<std::size_t>(std::bit_width(n + missing - 1));
  }
  return (bits + 7) / 8;
}

double statistics_bytes(const FitPlan& plan) {
  const auto d = static_cast<double>(plan.n_features());
  const auto k = static_cast<double>(plan.model.n_clusters);
  double levels = 2 * d;
  for (std::size_t j = 0; j < plan.datasets.front().levels.size(); ++j)
    levels += static_cast<double>(plan.datasets.front().levels[j]) - 2;
  double sums = k * d;
  if (plan.model.kind == ModelKind::kmeans && plan.arguments.row_weights.empty()) sums = 3 * k * d;  // in fixed point
  if (plan.model.kind == ModelKind::kmedians) sums = 0;
  if (is_discrete(plan.model.kind)) sums = k * levels;
  if (plan.model.kind == ModelKind::gaussian) {
    const double triangle = d * (d + 1) / 2;
    if (plan.model.covariance == Covariance::full)
      sums += k * triangle;
    else if (plan.model.covariance == Covariance::tied)
      sums += triangle;
    else
      sums += k * d * (plan.model.missing == Missing::marginalize ? 2 : 1);
  }
  return 8 * (1 + k + sums);
}

void refuse_foreign_options(const Arguments& a) {
  const bool gaussian = a.model == ModelKind::gaussian;
  const auto refuse = [&](bool given, const std::string& option, const std::string& models) {
    if (given)
      throw Error(ExitCode::usage,
                  fmt::format("{}: means nothing to {}; it belongs to {}", option, to_string(a.model), models));
  };
  refuse(!gaussian && a.covariance != Covariance::full, "--covariance", "gaussian");
  refuse(!gaussian && (a.regularization != 1e-6 || a.regularization_absolute != 0), "--regularization", "gaussian");
  refuse(a.model != ModelKind::kmedians && a.center != Center::median, "--center", "kmedians");
  refuse(!is_discrete(a.model) && a.pseudo_count != 0, "--pseudo-count", "bernoulli and categorical");
  refuse(!is_mixture(a.model) && a.mixing != "learned", "--mixing", "the mixtures");
}

void settle_mixing(const Communicator& comm, const Arguments& a, FitPlan& plan) {
  plan.names.mixing = a.mixing;
  if (a.mixing == "learned") return;
  plan.model.mixing = a.mixing == "uniform" ? Mixing::uniform : Mixing::given;
  if (plan.model.mixing != Mixing::given) return;
  const NamedArrays arrays = read_parameters(comm, a.mixing, plan.sources);
  plan.model.given_weights = require_weights(arrays, plan.model.n_clusters, a.mixing);
  plan.names.mixing = digest({*find(arrays, "weights")});
}

void settle_start(const Communicator& comm, const Arguments& a, FitPlan& plan) {
  plan.names.init = a.init;
  if (a.init == "kmeans-parallel" || a.init == "random") return;
  plan.start = read_parameters(comm, a.init, plan.sources);
  plan.names.init = digest(plan.start);
  NamedArrays checked = plan.start;  // categorical ones wait for the data, which tell the levels
  if (a.model != ModelKind::categorical)
    check_parameters(plan.model, plan.n_features(), Completeness::start, a.init, checked);
}

}  // namespace

FitPlan make_plan(const Communicator& comm, const Arguments& a) {
  refuse_foreign_options(a);
  check_missing(a.model, a.covariance, a.missing);
  FitPlan plan{a, describe_datasets(comm, a.data, Wanted::matrix), {}, {}, {}, {}, {}, {}, {}, {}, false, 0, 1, {}};
  require_same_columns(plan.datasets);
  const std::int64_t rows = total_rows(plan.datasets);
  if (a.clusters > rows)
    throw Error(ExitCode::usage, fmt::format("-k {}: more clusters than the {} rows of the data; choose a smaller -k",
                                             a.clusters, rows));
  plan.partition = partition(rows, plan.n_features(), is_discrete(a.model));
  plan.float32 = use_float32(a.precision, a.model, plan.datasets);
  plan.threads = settle_threads(comm, a);
  plan.model.kind = a.model;
  plan.model.n_clusters = static_cast<std::size_t>(a.clusters);
  plan.model.covariance = a.covariance;
  plan.model.center = a.center;
  plan.model.empty_cluster = a.empty_cluster;
  plan.model.missing = a.missing;
  plan.model.float32_tables = plan.float32;
  plan.model.regularization = a.regularization;
  plan.model.regularization_absolute = a.regularization_absolute;
  plan.model.pseudo_count = a.pseudo_count;
  plan.read.kind = a.model;
  plan.read.missing = a.missing;
  plan.read.missing_values = a.missing_values;
  plan.read.row_weights = a.row_weights;
  plan.read.n_clusters = plan.model.n_clusters;
  plan.read.threads = plan.threads;
  plan.tolerance = a.tolerance.value_or(is_mixture(a.model) ? 1e-6 : 0);
  plan.fit.max_iterations = a.max_iterations;
  plan.fit.tolerance = plan.tolerance;
  plan.fit.relative = plan.fit.minimise = !is_mixture(a.model);
  plan.fit.want_labels = !a.labels.empty();
  if (!a.row_weights.empty()) plan.weights = describe_weights(comm, plan.datasets, a.row_weights);
  settle_mixing(comm, a, plan);
  settle_start(comm, a, plan);
  return plan;
}

MemoryNeed memory_need(const FitPlan& plan, int n_ranks) {
  std::int64_t rows = 0;
  for (int rank = 0; rank < n_ranks; ++rank) rows = std::max(rows, plan.partition.rows_of_rank(rank, n_ranks).size());
  MemoryNeed need;
  const auto n = static_cast<double>(rows);
  need.rows = n * (static_cast<double>(held_row_bytes(plan)) + (plan.arguments.row_weights.empty() ? 0 : 8));
  need.statistics = statistics_bytes(plan);
  std::size_t reading = 0;
  for (const DatasetInfo& info : plan.datasets) reading = std::max(reading, reading_bytes(info, plan.threads));
  const double levels = 2 + std::log2(static_cast<double>(std::max<std::int64_t>(1, plan.partition.n_blocks)));
  need.scratch = need.statistics * levels * plan.threads + 12 * n +
                 static_cast<double>(reading);  // partial sums, seeding's distances, reading
  return need;
}

void check_memory(const Communicator& comm, const FitPlan& plan) {
  const int ranks_here = comm.on_this_host().size();
  const double need = memory_need(plan, comm.size()).total() * ranks_here;
  agree(comm, [&] {
    const auto available = available_memory_bytes();
    if (available && need > static_cast<double>(*available))
      throw Error(ExitCode::no_memory,
                  fmt::format("not enough memory: the {} ranks of a host need {}, {} are available; use more hosts, or "
                              "--precision float32",
                              ranks_here, human_bytes(need), human_bytes(static_cast<double>(*available))));
  });
}

void print_plan(const Communicator& comm, const FitPlan& plan) {
  const MemoryNeed need = memory_need(plan, comm.size());
  const std::int64_t blocks = plan.partition.n_blocks;
  // A rank should spend far longer on its rows than on a reduction, and its rows should fill a few caches.
  const double all_rows = static_cast<double>(plan.partition.n_rows) * static_cast<double>(held_row_bytes(plan));
  const double most =
      std::clamp(std::min(all_rows / 64e6, all_rows / (20 * need.statistics)), 1.0, static_cast<double>(blocks));
  std::string text = headline(comm, plan) + "\n";
  text += fmt::format("  memory a rank         {} for rows, {} for sums and buffers\n", human_bytes(need.rows),
                      human_bytes(need.scratch));
  text += fmt::format("  bytes a reduction     {:.0f} ({})\n", need.statistics, human_bytes(need.statistics));
  text += fmt::format("  row blocks            {} of up to {} rows; ranks beyond {} would have no rows\n", blocks,
                      (plan.partition.n_rows + blocks - 1) / blocks, blocks);
  text += fmt::format("  suggested ranks       {}\n",
                      most < 2 ? "1" : fmt::format("1 to {}", static_cast<std::int64_t>(most)));
  print_result(comm, text + "dry run: headers only were read; nothing was computed or written\n");
}

}  // namespace shoal::app
