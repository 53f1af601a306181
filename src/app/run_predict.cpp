// predict and score: one pass with a model that stays as it is.
#include <fmt/format.h>

#include <memory>
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
#include "shoal/io/stored_options.hpp"
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
  bool noisy;  ///< the model was fitted to rows with noise, or these have some

  [[nodiscard]] const Family& family() const { return *find_family(model.model); }
};

/// Throws Error(usage) where a model of this family has not what is wanted.
void require_outputs(const Arguments& a, const Family& family) {
  const auto refuse = [&](const std::string& options, const std::string& why) {
    throw Error(ExitCode::usage, fmt::format("{}: a {} model has {}", options, family.name, why));
  };
  if (!family.mixture && (a.responsibilities || a.log_density))
    refuse("--responsibilities, --log-density", "none; only mixtures do");
  if (family.mixture && a.distances)
    refuse("--distances", "no centres that rows are compared with; use --responsibilities or --log-density");
  if (!a.impute.empty() && family.name != "gaussian") refuse("--impute", "no conditional means; gaussian models have");
  if (!a.denoise.empty() && family.name != "gaussian") refuse("--denoise", "no noise; gaussian models may have");
  if (a.impute.empty() && a.deviations)
    throw Error(ExitCode::usage, "--deviations: of what? It goes with --impute FILE (--denoise writes them always)");
  if (!a.denoise.empty() && a.rows.noise.name.empty())
    throw Error(ExitCode::usage, "--denoise: of what noise? Give it with --noise PATH");
}

Application prepare(const Communicator& comm, const Arguments& a) {
  agree_on_target(comm, a);
  ModelFile model = load(comm, a.model_file);
  require_outputs(a, *find_family(model.model));
  RowOptions rows = a.rows;
  if (!a.impute.empty() && rows.missing == Missing::error) rows.missing = Missing::marginalize;
  ReadOptions read = reading_for(model, a.model_file, rows);
  const bool was_noisy = stored_options(model, a.model_file).noisy, is_noisy = !rows.noise.name.empty();
  if (was_noisy && !is_noisy)
    say(comm, a, "note: the model is of rows with noise, and these are taken to have none (--noise gives it)");
  Application app{a,  std::move(model), describe_datasets(comm, a.data, Wanted::matrix, a.rows.shape),
                  {}, std::move(read),  was_noisy || is_noisy};
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

/// A data file of what is expected of the rows' values.
struct ValueFile {
  std::string name;
  std::vector<double> Prediction::*values;
  std::vector<double> Prediction::*deviations;
  bool with_deviations;
  std::unique_ptr<OutputFile> output;
};

std::vector<ValueFile> value_files(const Communicator& comm, const Arguments& a) {
  std::vector<ValueFile> files;
  const auto add = [&](const std::string& name, auto values, auto deviations, bool with_deviations) {
    if (!name.empty())
      files.push_back(
          {name, values, deviations, with_deviations, std::make_unique<OutputFile>(comm, name, a.overwrite)});
  };
  add(a.impute, &Prediction::imputed, &Prediction::imputed_deviations, a.deviations);
  add(a.denoise, &Prediction::denoised, &Prediction::denoised_deviations, true);
  return files;
}

/// In the data's units.
void write_values(const Communicator& comm, const ValueFile& file, const Application& app, const Prediction& found) {
  const auto d = static_cast<std::size_t>(app.model.n_features);
  std::vector<double> rows = found.*file.values, deviations = found.*file.deviations;
  for (std::size_t i = 0; i < rows.size() && !app.model.scaling.empty(); ++i) {
    rows[i] = app.model.scaling.unscaled(rows[i], i % d);
    deviations[i] *= app.model.scaling.scale[i % d];
  }
  std::vector<RowArray> beside;
  if (file.with_deviations)
    beside = {{"/standard_deviations", ElementType::float64, app.model.n_features, deviations.data()}};
  const DataHead head{ElementType::float64, app.partition.n_rows, app.model.n_features, {}, app.model.feature_names};
  const auto rows_of = [&](int rank) { return app.partition.rows_of_rank(rank, comm.size()); };
  write_data(comm, *file.output, head, rows_of, rows.data(), beside);
}

/// All that is read beside the rows' own files.
std::vector<std::string> inputs_of(const Communicator& comm, const Application& app) {
  std::vector<std::string> inputs = files_of(app.datasets);
  inputs.insert(inputs.end(), {app.arguments.model_file, app.arguments.config});
  for (const auto& beside : {describe_mask(comm, app.datasets, app.arguments.rows),
                             describe_noise(comm, app.datasets, app.arguments.rows).datasets})
    for (const std::string& file : files_of(beside)) inputs.push_back(file);
  inputs.insert(inputs.end(), app.model.sources.begin(), app.model.sources.end());
  return inputs;
}

}  // namespace

void run_predict(const Communicator& comm, const Arguments& arguments) {
  const Application app = prepare(comm, arguments);
  std::vector<std::string> outputs = {arguments.output};
  for (const std::string& name : {arguments.impute, arguments.denoise})
    if (!name.empty()) outputs.push_back(name);
  require_different_files(comm, outputs, inputs_of(comm, app));
  OutputFile output(comm, arguments.output, arguments.overwrite);
  std::vector<ValueFile> files = value_files(comm, arguments);
  const PredictionWants wants{true,
                              arguments.log_density,
                              arguments.responsibilities,
                              arguments.distances,
                              !arguments.impute.empty(),
                              !arguments.denoise.empty()};
  apply_model(comm, app, wants, [&](const Prediction& found, const DataSummary& summary) {
    RowResults results{.n_clusters = app.model.n_clusters, .labels = &found.labels};
    if (wants.responsibilities) results.responsibilities = &found.responsibilities;
    if (wants.log_density) results.log_density = &found.log_density;
    if (wants.distances) results.distances = &found.distances;
    if (is_text_name(arguments.output)) results.ids = read_ids(comm, app.datasets, app.partition);
    write_labels(comm, output, app.partition, results);
    for (const ValueFile& file : files) write_values(comm, file, app, found);
    output.commit();
    for (ValueFile& file : files) file.output->commit();
    std::string left_out;
    if (summary.rows_used < summary.n_rows)
      left_out = fmt::format(", {} left out (label -1)", summary.n_rows - summary.rows_used);
    std::string wrote = printable(arguments.output);
    for (const ValueFile& file : files) wrote += ", " + printable(file.name);
    say(comm, arguments, fmt::format("{} rows labelled{}; wrote {}", summary.rows_used, left_out, wrote));
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
    if (app.noisy) json["density_of"] = app.read.rows.noise.name.empty() ? "true values" : "measured values";
    print_result(comm, one_line(json) + "\n");
  });
}

}  // namespace shoal::app
