#include "app/model_comparison.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/model_text.hpp"
#include "app/screen.hpp"
#include "app/short_numbers.hpp"
#include "app/terminal.hpp"
#include "app/text_table.hpp"
#include "shoal/io/options_text.hpp"
#include "shoal/model/family.hpp"
#include "shoal/run/health.hpp"

namespace shoal::app {
namespace {

bool is_density(const ModelFile& model) {
  const Family* family = find_family(model.model);
  return family != nullptr && family->rows.values == Values::numbers;
}

std::string value_in(const std::map<std::string, std::string>& options, const std::string& name) {
  const auto found = options.find(name);
  return found == options.end() ? "" : found->second;
}

/// Why numbers of `b` say nothing beside those of `a`.
std::string difference(const ModelFile& a, const ModelFile& b) {
  if (a.n_features != b.n_features) return fmt::format("{} features and not {}", b.n_features, a.n_features);
  if (a.n_rows != b.n_rows) return fmt::format("{} rows and not {}", b.n_rows, a.n_rows);
  if (a.total_weight != b.total_weight)
    return fmt::format("rows of total weight {:.10g} and not {:.10g}", b.total_weight, a.total_weight);
  if (!a.feature_names.empty() && !b.feature_names.empty() && a.feature_names != b.feature_names)
    return "other features";
  const auto mine = toml_values(a.options), others = toml_values(b.options);
  for (const char* option : {"rows", "mask", "row-weights", "columns"})
    if (value_in(mine, option) != value_in(others, option)) return fmt::format("another --{}", option);
  if (a.scaling != b.scaling) return "values on other scales (/preprocessing)";
  if (a.is_mixture != b.is_mixture) return b.is_mixture ? "a likelihood, which the first lacks" : "no likelihood";
  if (a.is_mixture && is_density(a) != is_density(b)) return "densities against probabilities";
  if (!a.is_mixture && kind_text(a) != kind_text(b)) return "another kind of objective";
  return "";
}

/// The sound and converged mixture of least BIC; none: the number of models.
std::size_t best_of(const std::vector<NamedModel>& models) {
  std::size_t best = models.size();
  for (std::size_t i = 0; i < models.size(); ++i) {
    const ModelFile& model = models[i].model;
    if (!model.is_mixture || !model.converged || n_degenerate(model) > 0) continue;
    if (best == models.size() || model.bic < models[best].model.bic) best = i;
  }
  return best;
}

TextTable table_of(const std::vector<NamedModel>& models, std::size_t best, std::size_t name_width) {
  const bool mixtures = std::ranges::any_of(models, [](const auto& one) { return one.model.is_mixture; });
  const bool hard = std::ranges::any_of(models, [](const auto& one) { return !one.model.is_mixture; });
  std::vector<TextTable::Column> columns = {{"  file", true}, {"model", true}, {"K"}, {"health", true}};
  if (mixtures) columns.insert(columns.end(), {{"params"}, {"log-lik."}, {"BIC"}, {"AIC"}});
  if (hard) columns.push_back({"objective"});
  TextTable table(columns);
  for (std::size_t i = 0; i < models.size(); ++i) {
    const auto& [file, model] = models[i];
    std::vector<std::string> cells = {(i == best ? "* " : "  ") + fitted(file, name_width, Kept::end),
                                      printable(kind_text(model)), std::to_string(model.n_clusters),
                                      health_text(model)};
    const auto add = [&](bool known, const std::string& text) { cells.push_back(known ? text : "-"); };
    if (mixtures) add(model.is_mixture, std::to_string(model.n_parameters));
    if (mixtures)
      for (const double value : {model.log_likelihood, model.bic, model.aic})
        add(model.is_mixture, criterion_text(value));
    if (hard) add(!model.is_mixture, criterion_text(model.objective));
    table.add(std::move(cells));
  }
  return table;
}

}  // namespace

std::string incomparable(const std::vector<NamedModel>& models) {
  for (const NamedModel& other : models)
    if (const std::string why = difference(models.front().model, other.model); !why.empty())
      return fmt::format(
          "{} was not fitted to the same data as {}, or not in the same way: it has {}; "
          "log-likelihoods, BIC, AIC and objectives cannot be compared",
          other.file, models.front().file, why);
  return "";
}

std::string comparison_table(const std::vector<NamedModel>& models, std::size_t width) {
  const bool comparable = models.size() > 1 && incomparable(models).empty();
  const std::size_t best = comparable ? best_of(models) : models.size();
  std::string text;
  for (const std::size_t name_width : {40, 24, 12}) {
    const TextTable table = table_of(models, best, name_width);
    text = table.text(width);
    if (table.width() <= width) break;
  }
  return text + (best < models.size() ? "* has the least BIC of those that are sound and converged\n" : "");
}

}  // namespace shoal::app
