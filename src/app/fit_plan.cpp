#include "app/fit_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "app/commands.hpp"
#include "app/fit_identity.hpp"
#include "app/memory_need.hpp"
#include "app/report.hpp"
#include "app/summary.hpp"
#include "app/terminal.hpp"
#include "app/threads.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/level_names.hpp"
#include "shoal/io/options_text.hpp"
#include "shoal/run/best_fit.hpp"
#include "shoal/run/features.hpp"
#include "shoal/run/named_files.hpp"
#include "shoal/run/rows.hpp"
#include "shoal/run/scaling.hpp"

namespace shoal::app {
void FitPlan::set_precision(Precision precision) {
  options.rows.precision = read.rows.precision = precision;
  options.model.float32_tables = precision == Precision::float32;
  if (!identity.empty()) set_entry(identity, "precision", toml_text(to_string(precision)));
}

void FitPlan::keep_acceleration(const Checkpoint& before) {
  for (const Accelerate accelerate : {Accelerate::squarem, Accelerate::off})
    if (const std::string text = toml_text(to_string(accelerate));
        family().mixture &&
        std::ranges::find(before.identity, std::pair(std::string("accelerate"), text)) != before.identity.end()) {
      options.fit.accelerate = accelerate;
      set_entry(identity, "accelerate", text);
    }
}

namespace {

/// Of the kinds that are scanned the one of most parameters, by which memory is planned; each must be able to do what
/// is asked.
void plan_scan(FitPlan& plan) {
  const ScanOptions& scan = *plan.arguments.scan;
  RunOptions largest = plan.options;
  std::size_t most = 0;
  for (std::size_t kind = 0; kind < scan.n_fits(); kind += scan.clusters.size()) {
    const RunOptions options = options_of_fit(plan.options, scan, kind + scan.clusters.size() - 1);
    require_marginal(options.model);
    require_noise(options.model, options.rows);
    std::size_t size = 0;
    for (const Parameter& parameter :
         plan.family().parameters(options.model, {options.model.n_clusters, plan.n_features(), plan.n_features()}))
      size += std::accumulate(parameter.shape.begin(), parameter.shape.end(), std::size_t{1}, std::multiplies<>());
    if (size > most) largest = options;
    most = std::max(most, size);
  }
  plan.options = largest;
  for (const auto& [name, value] : scan_texts(scan)) set_entry(plan.identity, name, value);
}

}  // namespace

FitPlan make_plan(const Communicator& comm, const Arguments& a) {
  FitPlan plan{
      a, describe_datasets(comm, a.data, Wanted::matrix, a.run->rows.shape), {}, {}, {}, {}, *a.run, {}, {}, {}, 1, {}};
  const DatasetInfo first = plan.datasets.front();
  match_features(plan.datasets, first.feature_names, first.name());
  tell_of(comm, a, plan.datasets);
  RunOptions& options = plan.options;
  const Family& family = plan.family();
  options.model.missing = options.rows.missing;
  if (!a.scan) require_marginal(options.model);
  if (!a.scan) require_noise(options.model, options.rows);
  for (const std::string& note : match_levels(comm, family.rows, std::nullopt, plan.datasets))
    say(comm, a, "note: " + one_message(note));
  require_same_columns(plan.datasets);
  const std::int64_t rows = total_rows(plan.datasets);
  if (static_cast<std::int64_t>(options.model.n_clusters) > rows)
    throw Error(ExitCode::usage,
                fmt::format("-k {}: more clusters than the {} rows of the data; choose a smaller -k",
                            a.scan ? a.scan->clusters_text : std::to_string(options.model.n_clusters), rows));
  plan.partition = partition(rows, plan.n_features(), family.rows.coded());
  plan.set_precision(settled_precision(options.rows.precision, family.rows, all_float32(plan.datasets)));
  plan.threads = settle_threads(comm, a);
  settle_starts(options);
  settle_fit(options);
  options.fit.want_labels = !a.labels.empty();
  plan.weights = describe_weights(comm, plan.datasets, options.rows);
  plan.mask = describe_mask(comm, plan.datasets, options.rows);
  plan.noise = describe_noise(comm, plan.datasets, options.rows);
  read_named_files(comm, plan.n_features(), options, plan.sources);
  settle_feature_weights(comm, plan.n_features(), plan.datasets.front().feature_names, plan.datasets.front().file,
                         options.scaling, plan.sources);
  plan.read = {options.rows, family.rows, {}, options.model.n_clusters, plan.threads, {}, {}};
  plan.identity = identity_of(plan);
  if (a.scan) plan_scan(plan);
  return plan;
}

void print_plan(const Communicator& comm, const FitPlan& plan) {
  const MemoryNeed need = memory_need(plan, comm.size());
  const std::int64_t blocks = plan.partition.n_blocks;
  // A rank should spend far longer on its rows than on a reduction, and its rows should fill a few caches.
  const double all_rows = bytes_of_rows(plan);
  const double most =
      std::clamp(std::min(all_rows / 64e6, all_rows / (20 * need.statistics)), 1.0, static_cast<double>(blocks));
  std::string text = headline(comm, plan) + "\n";
  text += fmt::format("  memory per rank       {}: {} for rows, {} for sums and buffers, {} for the program{}\n",
                      human_bytes(need.total()), human_bytes(need.rows), human_bytes(need.to_come() - need.rows),
                      human_bytes(need.process), comm.size() > 1 ? " and MPI" : "");
  text += fmt::format("  bytes per reduction   {:.0f} ({})\n", need.statistics, human_bytes(need.statistics));
  if (plan.arguments.scan)
    text += fmt::format("  fits                  {}, one after the other, each with searches of its own\n",
                        plan.arguments.scan->n_fits());
  if (need.sample_rows > 0) {  // passes as measured on simulated sets: most searches took half to twice as many
    const double passes = plan.family().mixture ? 700 : 200;
    text += fmt::format(
        "  searches              on a sample of {} rows, {} per rank; about {:.0f} passes over it, the work of {:.3g} "
        "over all rows, shared by all threads of {}\n",
        need.sample_rows, human_bytes(need.search), passes,
        passes * static_cast<double>(need.sample_rows) / static_cast<double>(plan.partition.n_rows),
        comm.size() == 1 ? "one rank" : fmt::format("{} ranks", comm.size()));
  }
  text += fmt::format("  row blocks            {} of up to {} rows; ranks beyond {} would have no rows\n", blocks,
                      (plan.partition.n_rows + blocks - 1) / blocks, blocks);
  text += fmt::format("  suggested ranks       {}\n",
                      most < 2 ? "1" : fmt::format("1 to {}", static_cast<std::int64_t>(most)));
  print_result(comm, text + "dry run: headers only were read; nothing was computed or written\n");
}

}  // namespace shoal::app
