// The main command, from files to model: read this first.
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "app/commands.hpp"
#include "app/fit_plan.hpp"
#include "app/report.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/fit/fit.hpp"
#include "shoal/init/seeding.hpp"
#include "shoal/io/digest.hpp"
#include "shoal/io/row_writer.hpp"
#include "shoal/io/shard_reader.hpp"
#include "shoal/math/target.hpp"
#include "shoal/model/make_model.hpp"

namespace shoal::app {
namespace {

class Stopwatch {
 public:
  /// Seconds since the last lap.
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(now - std::exchange(last_, now)).count();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

struct Seconds {
  double read = 0, start = 0, fit = 0, write = 0;
};

/// The files a fit writes; their names are taken before the work starts.
struct Outputs {
  OutputFile model;
  std::optional<OutputFile> labels;

  Outputs(const Communicator& comm, const Arguments& arguments) : model(comm, arguments.output, arguments.overwrite) {
    if (!arguments.labels.empty()) labels.emplace(comm, arguments.labels, arguments.overwrite);
  }
};

template <class Row>
std::unique_ptr<Model<Row>> make(const ModelOptions& options, const Shard<Row>& shard) {
  if constexpr (std::is_same_v<Row, PackedByte>)
    return make_discrete_model(options, shard.coding);
  else
    return make_model<Row>(options, shard.n_features);
}

template <class Row>
void start(Model<Row>& model, const FitPlan& plan, const RowPass<Row>& pass) {
  const bool mixture = is_mixture(plan.model.kind);
  const ColumnMoments moments = mixture ? column_moments(pass) : ColumnMoments{};
  model.begin_fit(pass, moments);
  if (!plan.start.empty()) return model.set_parameters(plan.start, plan.arguments.init);
  const SeedSpace<Row> space(plan.model, moments, pass.shard().coding, pass.shard().n_features);
  const auto seed_rows = plan.arguments.init == "random" ? random_rows<Row> : kmeans_parallel<Row>;
  const Seeds<Row> seeds = seed_rows(pass, space, plan.model.n_clusters, plan.arguments.seed, !mixture);
  model.start(seeds.values, seeds.labels, pass);
}

void check_rows(const FitPlan& plan, const DataSummary& summary) {
  if (static_cast<std::int64_t>(plan.model.n_clusters) > summary.rows_used)
    throw Error(ExitCode::usage, fmt::format("-k {}: more clusters than the {} rows that are used; choose a smaller -k",
                                             plan.model.n_clusters, summary.rows_used));
  if (!(summary.total_weight > 0))
    throw Error(ExitCode::bad_data, "--row-weights: all weights are zero; at least one row must count");
}

template <class Row>
ModelFile describe(const Model<Row>& model, const FitResult& result, const FitPlan& plan, const DataSummary& summary,
                   const ResolvedNames& names) {
  ModelFile file;
  file.model = to_string(plan.model.kind);
  if (plan.model.kind == ModelKind::gaussian) file.covariance = to_string(plan.model.covariance);
  if (plan.model.kind == ModelKind::kmedians) file.center = to_string(plan.model.center);
  file.is_mixture = is_mixture(plan.model.kind);
  if (file.is_mixture) file.mixing = plan.names.mixing;
  file.n_clusters = static_cast<std::int64_t>(model.n_clusters());
  file.n_features = static_cast<std::int64_t>(model.n_features());
  file.n_rows = summary.rows_used;
  file.total_weight = summary.total_weight;
  file.objective = result.objective;
  file.log_likelihood = result.log_likelihood;
  file.n_parameters = model.n_parameters();
  const auto p = static_cast<double>(file.n_parameters);
  file.bic = -2 * result.log_likelihood + p * std::log(summary.total_weight);
  file.aic = -2 * result.log_likelihood + 2 * p;
  file.n_iterations = result.n_iterations;
  file.converged = result.converged();
  file.stop_reason = to_string(result.stop_reason);
  file.seed = plan.arguments.seed;
  file.feature_names = plan.datasets.front().feature_names;
  file.instruction_set = target_name();
  file.shoal_version = short_version();
  file.options = options_text(plan.arguments, names, plan.float32, plan.tolerance);
  file.parameters = model.parameters();
  file.counts = result.counts;
  file.history = result.history;
  return file;
}

void write_outputs(const Communicator& comm, Outputs& outputs, const ModelFile& file, const FitResult& result,
                   const Partition& partition) {
  if (outputs.labels) {
    const auto rows = [&](int rank) { return partition.rows_of_rank(rank, comm.size()); };
    write_rows(comm, *outputs.labels, partition.n_rows, rows,
               {{"/labels", ElementType::int32, 0, result.labels.data()}},
               [&](hid_t h5) { annotate_labels(h5, file.n_clusters); });
  }
  write_model(comm, outputs.model, file);
}

std::string run_json(const Communicator& comm, const ModelFile& file, const Repairs& repairs, const FitResult& result,
                     const PassCosts& costs, const Seconds& seconds, int threads) {
  nlohmann::ordered_json json = {{"event", "run"},
                                 {"model", file.model},
                                 {"n_clusters", file.n_clusters},
                                 {"n_features", file.n_features},
                                 {"n_rows", file.n_rows},
                                 {"total_weight", file.total_weight},
                                 {"objective", file.objective}};
  if (file.is_mixture) {
    json["log_likelihood"] = file.log_likelihood;
    json["mixing"] = file.mixing;
    json["bic"] = file.bic;
    json["aic"] = file.aic;
  }
  json["n_iterations"] = file.n_iterations;
  json["converged"] = file.converged;
  json["stop_reason"] = file.stop_reason;
  json["reseeded"] = repairs.reseeded;
  json["dropped"] = repairs.dropped;
  json["collapsed"] = repairs.collapsed;
  json["falls"] = result.falls;
  json["seconds"] = {{"read", seconds.read}, {"start", seconds.start}, {"fit", seconds.fit}, {"write", seconds.write}};
  json["bytes_reduced_per_iteration"] = costs.bytes_reduced / static_cast<std::int64_t>(result.history.size());
  std::array<std::int64_t, 1> peak = {peak_memory_bytes()};
  comm.maximum(peak);
  json["peak_memory_bytes"] = peak[0];
  json["ranks"] = comm.size();
  json["threads"] = threads;
  json["instruction_set"] = file.instruction_set;
  json["shoal_version"] = file.shoal_version;
  return one_line(json);
}

template <class Row>
void fit_rows(const Communicator& comm, const FitPlan& plan, Outputs& outputs, Reporter& reporter) {
  const Arguments& arguments = plan.arguments;
  Stopwatch watch;
  Seconds seconds;
  const Shard<Row> shard = read_shard<Row>(comm, plan.datasets, plan.partition, plan.read);
  const DataSummary summary = summarise(comm, shard);
  check_rows(plan, summary);
  seconds.read = watch.lap();

  const RowPass<Row> pass(shard, comm, plan.threads, summary);
  const std::unique_ptr<Model<Row>> model = make(plan.model, shard);
  start(*model, plan, pass);
  for (const std::string& warning : model->warnings()) warn(comm, arguments, warning);
  seconds.start = watch.lap();

  const PassCosts before = pass.costs();
  const FitResult result = fit(*model, pass, plan.fit, reporter);
  reporter.finish();
  seconds.fit = watch.lap();

  ResolvedNames names = plan.names;
  if (!arguments.row_weights.empty()) names.row_weights = weights_digest(comm, shard);
  const ModelFile file = describe(*model, result, plan, summary, names);
  write_outputs(comm, outputs, file, result, plan.partition);
  seconds.write = watch.lap();

  PassCosts costs = pass.costs();
  costs.bytes_reduced -= before.bytes_reduced;
  const std::string json = run_json(comm, file, model->repairs(), result, costs, seconds, plan.threads);
  reporter.log_run(json);
  say(comm, arguments, summary_text(file, result, model->repairs(), arguments));
  if (arguments.json) print_result(comm, json + "\n");
}

}  // namespace

void run_fit(const Communicator& comm, const Arguments& arguments) {
  agree_on_target(comm, arguments);
  const FitPlan plan = make_plan(comm, arguments);
  require_different_files(comm, {arguments.output, arguments.labels, arguments.log}, arguments.data);
  check_memory(comm, plan);
  Outputs outputs(comm, arguments);
  if (arguments.dry_run) return print_plan(comm, plan);
  Reporter reporter(comm, arguments);
  say(comm, arguments, headline(comm, plan));
  if (is_discrete(plan.model.kind)) return fit_rows<PackedByte>(comm, plan, outputs, reporter);
  if (plan.float32) return fit_rows<float>(comm, plan, outputs, reporter);
  return fit_rows<double>(comm, plan, outputs, reporter);
}

}  // namespace shoal::app
