#include "app/fit_results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/fit_identity.hpp"
#include "app/report.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/digest.hpp"
#include "shoal/io/label_text.hpp"
#include "shoal/io/row_ids.hpp"
#include "shoal/math/target.hpp"

namespace shoal::app {
namespace {

/// Whether a file holds what this fit wrote for this purpose, to the byte.
bool is_own(const std::string& name, const std::string& purpose, const NamedTexts& outputs) {
  std::error_code ignored;
  if (outputs.empty() || !std::filesystem::is_regular_file(name, ignored)) return false;
  try {
    return std::ranges::find(outputs, std::pair(purpose, file_digest(name))) != outputs.end();
  } catch (const Error&) {
    return false;  // it may not be read
  }
}

/// The same on every rank.
bool is_own_of(const Communicator& comm, const std::string& name, const std::string& purpose,
               const std::optional<Checkpoint>& before) {
  std::array<std::int64_t, 1> own = {0};
  on_root(comm, [&] {
    if (!before) return;
    NamedTexts outputs = before->earlier_outputs;
    outputs.insert(outputs.end(), before->outputs.begin(), before->outputs.end());
    own[0] = is_own(name, purpose, outputs) ? 1 : 0;
  });
  comm.sum(own);
  return own[0] > 0;
}

}  // namespace

Outputs::Outputs(const Communicator& comm, const Arguments& arguments, const std::optional<Checkpoint>& before,
                 const std::string& mark)
    : model(comm, arguments.output, arguments.overwrite || is_own_of(comm, arguments.output, "model", before), mark) {
  if (!arguments.labels.empty())
    labels.emplace(comm, arguments.labels, arguments.overwrite || is_own_of(comm, arguments.labels, "labels", before),
                   mark);
}

bool all_written(const Communicator& comm, const Arguments& arguments, const Checkpoint& finished) {
  bool all = false;
  on_root(comm, [&] {
    all = is_own(arguments.output, "model", finished.outputs) &&
          (arguments.labels.empty() || is_own(arguments.labels, "labels", finished.outputs));
  });
  broadcast_object(comm, all);
  return all;
}

namespace {

void write_and_name(const Communicator& comm, Outputs& outputs, const ModelFile& file, const FitResult& result,
                    const FitPlan& plan, Checkpointing& checkpointing) {
  if (outputs.labels) {
    RowResults results{.n_clusters = file.n_clusters, .labels = &result.labels};
    results.ids = std::move(outputs.ids);
    write_labels(comm, *outputs.labels, plan.partition, results);
  }
  write_model(comm, outputs.model, file);
  if (checkpointing.possible()) {  // before any has its name: what is found under it later is known to be ours
    NamedTexts written = {{"model", outputs.model.digest()}};
    if (outputs.labels) written.emplace_back("labels", outputs.labels->digest());
    checkpointing.write_finished(result.state, file.stop_reason, written, plan.inputs);
  }
  if (outputs.labels) outputs.labels->commit();
  outputs.model.commit();
  checkpointing.end();
}

}  // namespace

void read_ids_of_labels(const Communicator& comm, const FitPlan& plan, Outputs& outputs) {
  if (outputs.labels && is_text_name(outputs.labels->name()))
    outputs.ids = read_ids(comm, plan.datasets, plan.partition);
}

void write_outputs(const Communicator& comm, Outputs& outputs, const ModelFile& file, const FitResult& result,
                   const FitPlan& plan, Checkpointing& checkpointing) {
  try {
    write_and_name(comm, outputs, file, result, plan, checkpointing);
  } catch (const Error& error) {  // on all ranks; a successor removes what was half written
    if (error.code() != ExitCode::stopped) checkpointing.require_lease();
    throw;
  }
}

nlohmann::ordered_json run_json(const Communicator& comm, const ModelFile& file, const Repairs& repairs,
                                const FitResult& result, std::int64_t bytes_a_pass, const Seconds& seconds,
                                int threads) {
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
  if (!file.scaling.empty()) json["units"] = "scaled";
  json["n_iterations"] = file.n_iterations;
  json["n_passes"] = file.n_passes;
  json["converged"] = file.converged;
  json["stop_reason"] = file.stop_reason;
  json["reseeded"] = repairs.reseeded;
  json["dropped"] = repairs.dropped;
  json["collapsed"] = repairs.collapsed;
  json["falls"] = result.falls;
  if (file.is_mixture) {
    json["rejected_steps"] = result.rejected_steps;
    if (std::isfinite(result.remaining_gain)) json["remaining_gain"] = result.remaining_gain;
  }
  json["seconds"] = {{"read", seconds.read},
                     {"start", seconds.start},
                     {"fit", seconds.fit},
                     {"write", seconds.write},
                     {"checkpoints", seconds.checkpoints}};
  json["bytes_reduced_per_iteration"] = bytes_a_pass;
  std::array<std::int64_t, 1> peak = {peak_memory_bytes()};
  comm.maximum(peak);
  json["peak_memory_bytes"] = peak[0];
  json["ranks"] = comm.size();
  json["threads"] = threads;
  json["instruction_set"] = file.instruction_set;
  json["shoal_version"] = file.shoal_version;
  return json;
}

}  // namespace shoal::app
