#include "shoal/run/fitted.hpp"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "shoal/core/contract.hpp"
#include "shoal/core/error.hpp"
#include "shoal/core/version.hpp"
#include "shoal/fit/not_finite.hpp"
#include "shoal/io/stored_options.hpp"
#include "shoal/math/target.hpp"
#include "shoal/model/parameter_check.hpp"
#include "shoal/run/best_fit.hpp"
#include "shoal/run/health.hpp"
#include "shoal/run/named_files.hpp"
#include "shoal/run/scaling.hpp"
#include "shoal/run/unseen_feature.hpp"

namespace shoal {
namespace {

/// Nothing that is not a number leaves a fit.
void require_finite(const ModelFile& file) {
  const auto check = [](const std::string& name, const std::vector<double>& values) {
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!std::isfinite(values[i]))
        throw Error(
            ExitCode::bad_data,
            fmt::format("{} would be {} at flat index {}: the values, their weights or --regularization are too "
                        "large; scale them",
                        name, values[i], i));
  };
  check("the model's objective, log-likelihood, BIC or AIC", {file.objective, file.log_likelihood, file.bic, file.aic});
  for (const NamedArray& array : file.parameters) check("/parameters/" + array.name, array.values);
  check("/history/objective", file.history);
}

/// Scales are found when rows are read.
void require_scaled(const Rows& rows, const ScalingOptions& options) {
  const bool same = rows.scaled_by.standardize == options.standardize &&
                    same_bits(rows.scaled_by.feature_weights, options.feature_weights);
  expects(same && rows.scaling.empty() != options.asked(), "these rows were read for other scales");
}

/// Rows of one kind may be out of the range of another's tables; any number is one.
void require_kind(const Rows& rows, const Family& family) {
  const bool numbers = family.rows.values == Values::numbers && rows.values == Values::counts;
  expects(numbers || rows.values == family.rows.values, "these rows were read for a family of other values");
}

/// As many names as levels at most.
void check_level_names(const ModelFile& model, const std::string& file) {
  if (model.level_names.empty()) return;
  const LevelOffsets offsets = level_offsets_of(*find_family(model.model), model);
  for (const auto& [feature, names] : model.level_names)
    if (static_cast<std::int64_t>(names.size()) > offsets[feature + 1] - offsets[feature])
      throw Error(ExitCode::bad_data, fmt::format("{}: /levels/{} has {} names for {} levels; fit the model again",
                                                  file, FeatureNames{model.feature_names, {}}.of(feature), names.size(),
                                                  offsets[feature + 1] - offsets[feature]));
}

void describe_options(const RunOptions& options, ModelFile& file) {
  const ModelOptions& model = options.model;
  const Family& family = model.family();
  file.model = family.name;
  for (const Option<ModelOptions>& option : family.options)
    if (option.attribute) file.kinds.emplace_back(option.name, std::get<std::string>(option.get(model)));
  file.is_mixture = family.mixture;
  file.mixing = model.mixing == Mixing::given ? model.mixing_file.resolved() : to_string(model.mixing);
  file.seed = options.start.seed;
  file.options = options_text(options);
}

template <class Row>
void note_health(const BestFit<Row>& best, const RowPass<Row>& pass, ModelFile& file) {
  std::optional<Separation> separation;
  if (file.is_mixture) {
    separation = separation_of(*best.model, pass);
    file.icl.value = file.bic + 2 * separation->entropy;
    file.entropy_r2.value = separation->entropy_r2(file.total_weight, best.model->n_clusters());
  }
  file.health = health_arrays(best.soundness, separation ? &*separation : nullptr, best.result, best.model->repairs(),
                              best.progress, best.model->minimises());
  file.starts = start_arrays(best.progress);
}

}  // namespace

template <class Row>
ModelFile model_file(const BestFit<Row>& best, const RunOptions& options, const RowPass<Row>& pass,
                     const FeatureNames& names, const Scaling& scaling) {
  const Model<Row>& model = *best.model;
  const FitResult& result = best.result;
  const DataSummary& summary = pass.summary();
  ModelFile file;
  describe_options(options, file);
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
  file.n_passes = result.n_passes;
  file.converged = result.converged();
  file.stop_reason = to_string(result.stop_reason);
  file.feature_names = names.features;
  file.level_names = names.levels;
  file.instruction_set = target_name();
  file.shoal_version = version();
  file.parameters = model.parameters();
  file.parameters.push_back({"counts", {result.counts.size()}, result.counts});
  file.history = result.history;
  file.scaling = scaling;
  note_health(best, pass, file);
  require_finite(file);
  return file;
}

template ModelFile model_file(const BestFit<float>&, const RunOptions&, const RowPass<float>&, const FeatureNames&,
                              const Scaling&);
template ModelFile model_file(const BestFit<double>&, const RunOptions&, const RowPass<double>&, const FeatureNames&,
                              const Scaling&);
template ModelFile model_file(const BestFit<PackedByte>&, const RunOptions&, const RowPass<PackedByte>&,
                              const FeatureNames&, const Scaling&);

Fitted fit(const Rows& rows, RunOptions options, Observer& observer, Interruption& interruption) {
  settle_starts(options);
  settle_fit(options);
  require_kind(rows, options.model.family());
  require_scaled(rows, options.scaling);
  expects(!options.model.family().rows.coded() || rows.coded_clusters == options.model.n_clusters,
          "these codes were read for another number of clusters");
  check_rows(options, rows.summary);
  return on_rows(rows, [&]<class Row>(RowPass<Row>& pass) {
    std::vector<std::string> sources;
    read_named_files(rows.comm, pass.source().n_features, options, sources);
    if (options.start.of_rows && options.start.labels.size() != pass.source().n_rows())
      throw Error(ExitCode::usage,
                  fmt::format("{}: says what rows belong to; read it by read_start_rows", options.start.file.name));
    require_seen(pass, options.model, rows.feature_names);
    std::vector<std::string> warnings = rows.warnings;
    if constexpr (!std::is_same_v<Row, PackedByte>)
      if (std::string lone = lone_feature(pass, options.model, options.scaling, rows.feature_names); !lone.empty())
        warnings.push_back(std::move(lone));
    StartObserver nobody;
    BestFit<Row> best = best_fit(options, pass, rows.scaling, {observer, interruption, nobody});
    const Model<Row>& model = *best.model;
    ModelFile file = model_file(best, options, pass, rows.names(), rows.scaling);
    const std::vector<std::string> of_model = model.warnings(rows.names());
    warnings.insert(warnings.end(), of_model.begin(), of_model.end());
    return Fitted{std::move(file), std::move(best.result), model.repairs(), std::move(warnings)};
  });
}

Fitted fit(const Rows& rows, RunOptions options) {
  Observer nobody;
  Interruption none;
  return fit(rows, std::move(options), nobody, none);
}

ModelFile load(const Communicator& comm, const std::string& file) {
  ModelFile model = read_model(comm, file, kind_attributes());
  check_parameters(stored_options(model, file).model, static_cast<std::size_t>(model.n_features), Completeness::model,
                   file, model.parameters);
  check_level_names(model, file);
  return model;
}

void save(const Communicator& comm, const ModelFile& model, const std::string& file, bool overwrite) {
  OutputFile output(comm, file, overwrite);
  write_model(comm, output, model);
  output.commit();
}

Prediction predict(const Rows& rows, const ModelFile& model, const PredictionWants& wants, const std::string& source) {
  ModelOptions options = stored_options(model, source).model;
  require_kind(rows, options.family());
  expects(rows.scaling == model.scaling, "these rows were read for a model of other scales");
  return on_rows(rows, [&]<class Row>(RowPass<Row>& pass) {
    const RowLayout layout = layout_of(pass.source());
    options.missing = rows.options.missing;
    options.float32_tables = rows.options.precision == Precision::float32;
    const std::unique_ptr<Model<Row>> fixed = make_model<Row>(options, layout);
    fixed->set_parameters(model.parameters, source);
    Prediction found = predict(*fixed, pass, wants);
    if (!std::isfinite(found.objective)) throw not_finite(*fixed, pass, found.objective);
    return found;
  });
}

}  // namespace shoal
