// predict and score: one pass with a model that stays as it is.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/commands.hpp"
#include "app/terminal.hpp"
#include "app/threads.hpp"
#include "shoal/core/error.hpp"
#include "shoal/fit/not_finite.hpp"
#include "shoal/io/data_file.hpp"
#include "shoal/io/label_text.hpp"
#include "shoal/io/level_names.hpp"
#include "shoal/io/noise_reader.hpp"
#include "shoal/io/row_ids.hpp"
#include "shoal/run/features.hpp"
#include "shoal/run/fitted.hpp"

namespace shoal::app {
namespace {

/// A model and the rows it is to be applied to, from headers.
struct Application {
  const Arguments& arguments;
  ModelFile model;
  std::vector<DatasetInfo> datasets;
  Partition partition;
  ReadOptions read;

  [[nodiscard]] const Family& family() const { return *find_family(model.model); }
};

Application prepare(const Communicator& comm, const Arguments& a) {
  agree_on_target(comm, a);
  ModelFile model = load(comm, a.model_file);
  if (a.impute.empty() && a.deviations)
    throw Error(ExitCode::usage, "--deviations: of what? It goes with --impute FILE");
  if (!a.impute.empty() && model.model != "gaussian")
    throw Error(ExitCode::usage,
                fmt::format("--impute: a {} model has no conditional means; gaussian models have", model.model));
  RowOptions rows = a.rows;
  if (!a.impute.empty() && rows.missing == Missing::error) rows.missing = Missing::marginalize;
  ReadOptions read = reading_for(model, a.model_file, rows);
  Application app{
      a, std::move(model), describe_datasets(comm, a.data, Wanted::matrix, a.rows.shape), {}, std::move(read)};
  match_features(app.datasets, app.model.feature_names, "the model " + a.model_file);
  for (const std::string& note : match_levels(comm, app.read.kind, app.read.known_names, app.datasets))
    say(comm, a, "note: " + one_message(note));
  tell_of(comm, a, app.datasets);
  require_same_columns(app.datasets);
  const DatasetInfo& first = app.datasets.front();
  if (first.n_columns != app.model.n_features)
    throw Error(ExitCode::bad_data,
                fmt::format("{}: has {} columns, the model {} has {} features; choose them by --columns", first.name(),
                            first.n_columns, a.model_file, app.model.n_features));
  app.partition = partition(total_rows(app.datasets), static_cast<std::size_t>(first.n_columns), app.read.kind.coded());
  app.read.threads = settle_threads(comm, a);
  return app;
}

/// Reads the rows, makes one pass and hands both to `use`. float32 that was not asked for gives way where it cannot
/// hold what comes out.
template <class Use>
void apply_model(const Communicator& comm, const Application& app, const PredictionWants& wants, Use&& use) {
  const auto apply = [&](const ReadOptions& read) {
    const Rows rows = read_rows(comm, app.datasets, app.partition, read);
    use(predict(rows, app.model, wants, app.arguments.model_file), rows.summary);
  };
  try {
    return apply(app.read);
  } catch (const NotFinite&) {
    if (app.read.kind.coded() || app.read.rows.precision == Precision::float64 || app.arguments.rows.precision) throw;
  }
  ReadOptions wide = app.read;
  wide.rows.precision = Precision::float64;
  apply(wide);
}

/// In the data's units.
void write_completed(const Communicator& comm, const OutputFile& output, const Application& app,
                     const Prediction& found) {
  const auto d = static_cast<std::size_t>(app.model.n_features);
  std::vector<double> rows = found.imputed, deviations = found.deviations;
  for (std::size_t i = 0; i < rows.size() && !app.model.scaling.empty(); ++i) {
    rows[i] = app.model.scaling.unscaled(rows[i], i % d);
    deviations[i] *= app.model.scaling.scale[i % d];
  }
  std::vector<RowArray> beside;
  if (app.arguments.deviations)
    beside = {{"/standard_deviations", ElementType::float64, app.model.n_features, deviations.data()}};
  DataHead head{ElementType::float64, app.partition.n_rows, app.model.n_features, {}, app.model.feature_names};
  write_data(
      comm, output, head, [&](int rank) { return app.partition.rows_of_rank(rank, comm.size()); }, rows.data(), beside);
}

}  // namespace

void run_predict(const Communicator& comm, const Arguments& arguments) {
  const Application app = prepare(comm, arguments);
  if (!app.family().mixture && (arguments.responsibilities || arguments.log_density))
    throw Error(ExitCode::usage, fmt::format("--responsibilities, --log-density: a {} model has none; only mixtures do",
                                             app.family().name));
  if (app.family().mixture && arguments.distances)
    throw Error(ExitCode::usage, fmt::format("--distances: a {} model has no centres that rows are compared with; use "
                                             "--responsibilities or --log-density",
                                             app.family().name));
  std::vector<std::string> inputs = files_of(app.datasets);
  inputs.insert(inputs.end(), {arguments.model_file, arguments.config});
  for (const auto& beside :
       {describe_mask(comm, app.datasets, arguments.rows), describe_noise(comm, app.datasets, arguments.rows).datasets})
    for (const std::string& file : files_of(beside)) inputs.push_back(file);
  inputs.insert(inputs.end(), app.model.sources.begin(), app.model.sources.end());
  std::vector<std::string> outputs = {arguments.output};
  if (!arguments.impute.empty()) outputs.push_back(arguments.impute);
  require_different_files(comm, outputs, inputs);
  OutputFile output(comm, arguments.output, arguments.overwrite);
  std::optional<OutputFile> completed;
  if (!arguments.impute.empty()) completed.emplace(comm, arguments.impute, arguments.overwrite);
  const PredictionWants wants{true, arguments.log_density, arguments.responsibilities, arguments.distances,
                              completed.has_value()};
  apply_model(comm, app, wants, [&](const Prediction& found, const DataSummary& summary) {
    RowResults results{.n_clusters = app.model.n_clusters, .labels = &found.labels};
    if (wants.responsibilities) results.responsibilities = &found.responsibilities;
    if (wants.log_density) results.log_density = &found.log_density;
    if (wants.distances) results.distances = &found.distances;
    if (is_text_name(arguments.output)) results.ids = read_ids(comm, app.datasets, app.partition);
    write_labels(comm, output, app.partition, results);
    if (completed) write_completed(comm, *completed, app, found);
    output.commit();
    if (completed) completed->commit();
    say(comm, arguments,
        fmt::format("{} rows labelled{}; wrote {}{}", summary.rows_used,
                    summary.rows_used < summary.n_rows
                        ? fmt::format(", {} left out (label -1)", summary.n_rows - summary.rows_used)
                        : "",
                    printable(arguments.output), completed ? " and " + printable(arguments.impute) : ""));
  });
}

void run_score(const Communicator& comm, const Arguments& arguments) {
  const Application app = prepare(comm, arguments);
  apply_model(comm, app, {}, [&](const Prediction& found, const DataSummary& summary) {
    nlohmann::ordered_json json = {
        {"n_rows", summary.rows_used}, {"total_weight", summary.total_weight}, {"objective", found.objective}};
    if (app.family().mixture) {
      json["log_likelihood"] = found.log_likelihood;
      json["mean_log_likelihood"] = found.log_likelihood / summary.total_weight;
    }
    if (!app.model.scaling.empty()) json["units"] = "scaled";
    print_result(comm, one_line(json) + "\n");
  });
}

}  // namespace shoal::app
