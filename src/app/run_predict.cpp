// predict and score: one pass with a model that stays as it is.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "app/commands.hpp"
#include "app/fit_plan.hpp"
#include "app/fit_results.hpp"
#include "app/terminal.hpp"
#include "shoal/core/error.hpp"
#include "shoal/fit/not_finite.hpp"
#include "shoal/fit/predict.hpp"
#include "shoal/io/label_file.hpp"
#include "shoal/io/stored_options.hpp"
#include "shoal/model/parameter_check.hpp"

namespace shoal::app {
namespace {

/// A model and the rows it is to be applied to, from headers.
struct Application {
  const Arguments& arguments;
  ModelFile file;
  ModelOptions model;
  std::vector<DatasetInfo> datasets;
  Partition partition;
  ReadOptions read;  ///< in the precision that was asked for, else as the model was fitted
};

Application prepare(const Communicator& comm, const Arguments& a) {
  agree_on_target(comm, a);
  ModelFile file = read_model(comm, a.model_file);
  StoredOptions stored = stored_options(file, a.model_file);
  const Family& family = stored.model.family();
  stored.model.missing = a.rows.missing;
  const auto n_features = static_cast<std::size_t>(file.n_features);
  check_parameters(stored.model, n_features, Completeness::model, a.model_file, file.parameters);
  require_marginal(stored.model);
  Application app{a, std::move(file), stored.model, describe_datasets(comm, a.data, Wanted::matrix), {}, {}};
  require_same_columns(app.datasets);
  const DatasetInfo& first = app.datasets.front();
  if (first.n_columns != app.file.n_features)
    throw Error(ExitCode::bad_data, fmt::format("{}: has {} columns, the model {} has {} features; they must be equal",
                                                first.name(), first.n_columns, a.model_file, app.file.n_features));
  app.partition = partition(total_rows(app.datasets), n_features, family.rows.coded());
  app.read = {a.rows, family.rows, {}, stored.coded_clusters, settle_threads(comm, a), {}};
  app.read.rows.precision = a.rows.precision.value_or(stored.precision.value_or(Precision::float64));
  app.model.float32_tables = app.read.rows.precision == Precision::float32;
  if (family.rows.coded()) app.read.known_levels = level_offsets_of(family, app.file);
  return app;
}

/// Reads the rows, makes one pass and hands both to `use`; false, and nothing done, where float32 that was not asked
/// for cannot hold what comes out.
template <class Row, class F>
bool apply_to_rows(const Communicator& comm, const Application& app, const PredictionWants& wants, F&& use) {
  const RowLayout layout{
      static_cast<std::size_t>(app.file.n_features),
      RowCoding(app.read.known_levels, app.read.rows.missing == Missing::marginalize, app.read.n_clusters)};
  const std::unique_ptr<Model<Row>> model = make_model<Row>(app.model, layout);
  model->set_parameters(app.file.parameters, app.arguments.model_file);
  const Shard<Row> shard = read_shard<Row>(comm, app.datasets, app.partition, app.read);
  const DataSummary summary = summarise(comm, shard);
  const RowPass<Row> pass(shard, comm, app.read.threads, summary);
  const Prediction found = predict(*model, pass, wants);
  if (!std::isfinite(found.objective)) {
    if (std::is_same_v<Row, float> && !app.arguments.rows.precision) return false;
    throw not_finite(*model, pass, found.objective);
  }
  use(found, summary);
  return true;
}

template <class F>
void apply_model(const Communicator& comm, const Application& app, const PredictionWants& wants, F&& use) {
  if (app.model.family().rows.coded())
    apply_to_rows<PackedByte>(comm, app, wants, use);
  else if (app.read.rows.precision == Precision::float64 || !apply_to_rows<float>(comm, app, wants, use))
    apply_to_rows<double>(comm, app, wants, use);
}

}  // namespace

void run_predict(const Communicator& comm, const Arguments& arguments) {
  const Application app = prepare(comm, arguments);
  if (!app.model.family().mixture && (arguments.responsibilities || arguments.log_density))
    throw Error(ExitCode::usage, fmt::format("--responsibilities, --log-density: a {} model has none; only mixtures do",
                                             app.model.family().name));
  std::vector<std::string> inputs = files_of(app.datasets);
  inputs.insert(inputs.end(), {arguments.model_file, arguments.config});
  inputs.insert(inputs.end(), app.file.sources.begin(), app.file.sources.end());
  require_different_files(comm, {arguments.output}, inputs);
  OutputFile output(comm, arguments.output, arguments.overwrite);
  const PredictionWants wants{true, arguments.log_density, arguments.responsibilities};
  apply_model(comm, app, wants, [&](const Prediction& found, const DataSummary& summary) {
    write_labels(comm, output, app.partition, app.file.n_clusters, found.labels,
                 wants.responsibilities ? &found.responsibilities : nullptr,
                 wants.log_density ? &found.log_density : nullptr);
    output.commit();
    say(comm, arguments,
        fmt::format("{} rows labelled{}; wrote {}", summary.rows_used,
                    summary.rows_used < summary.n_rows
                        ? fmt::format(", {} left out (label -1)", summary.n_rows - summary.rows_used)
                        : "",
                    printable(arguments.output)));
  });
}

void run_score(const Communicator& comm, const Arguments& arguments) {
  const Application app = prepare(comm, arguments);
  apply_model(comm, app, {}, [&](const Prediction& found, const DataSummary& summary) {
    nlohmann::ordered_json json = {
        {"n_rows", summary.rows_used}, {"total_weight", summary.total_weight}, {"objective", found.objective}};
    if (app.model.family().mixture) {
      json["log_likelihood"] = found.log_likelihood;
      json["mean_log_likelihood"] = found.log_likelihood / summary.total_weight;
    }
    print_result(comm, one_line(json) + "\n");
  });
}

}  // namespace shoal::app
