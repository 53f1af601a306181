#include "app/model_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>
#include <sstream>
#include <vector>

#include "app/model_table.hpp"
#include "app/scan_report.hpp"
#include "app/screen.hpp"
#include "app/terminal.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/options_text.hpp"
#include "shoal/math/target.hpp"
#include "shoal/model/family.hpp"
#include "shoal/run/health.hpp"
#include "shoal/run/options.hpp"

namespace shoal::app {
namespace {

/// Words behind a name, whose further lines begin below the first.
std::string line_of(const std::string& name, const std::string& words, std::size_t width) {
  constexpr std::size_t indent = 16;
  return padded(name, indent, true) + wrapped_at(words, indent, width) + "\n";
}

std::string plural(std::int64_t n, const std::string& one, const std::string& several) {
  return fmt::format("{} {}", n, n == 1 ? one : several);
}

std::string headline(const ModelFile& model) {
  std::string text = fmt::format("{}: {} in {}, fitted to {}", printable(kind_text(model)),
                                 plural(model.n_clusters, "cluster", "clusters"),
                                 plural(model.n_features, "feature", "features"), plural(model.n_rows, "row", "rows"));
  if (model.total_weight != static_cast<double>(model.n_rows))
    text += fmt::format(" of total weight {:.10g}", model.total_weight);
  return text;
}

std::string likelihood_words(const ModelFile& model) {
  std::string text = fmt::format("{:.10g} ({:.6g} per row), BIC {:.8g}, AIC {:.8g}", model.log_likelihood,
                                 model.log_likelihood / model.total_weight, model.bic, model.aic);
  if (model.icl.known()) text += fmt::format(", ICL {:.8g}", model.icl.value);
  return text + fmt::format(", {}", plural(model.n_parameters, "free parameter", "free parameters"));
}

std::string ending_words(const ModelFile& model) {
  const std::string how = fmt::format(
      "after {}{}", plural(model.n_iterations, "iteration", "iterations"),
      model.n_passes > 0 ? fmt::format(", {} over the rows", plural(model.n_passes, "pass", "passes")) : "");
  if (model.stop_reason == "fixed_point") return "converged " + how + ", to a fixed point: nothing changes any more";
  if (model.converged) return "converged " + how;
  if (model.stop_reason == "max_iterations") return "not converged: stopped at --max-iterations " + how;
  return fmt::format("not converged: stopped ({}) {}", printable(model.stop_reason), how);
}

/// Lines of options of which nothing need be told: other lines have them, or a fit has them by default.
std::set<std::string> usual_options(const ModelFile& model) {
  std::set<std::string> lines = {fmt::format("clusters = {}", model.n_clusters), fmt::format("seed = {}", model.seed),
                                 "precision = \"float64\""};
  for (const auto& [name, value] : model.kinds) lines.insert(fmt::format("{} = {}", name, toml_text(value)));
  const Family* family = find_family(model.model);
  if (family == nullptr) return lines;
  RunOptions options{ModelOptions(*family)};
  settle_fit(options);
  std::istringstream usual(options_text(options));
  for (std::string line; std::getline(usual, line);) lines.insert(line);
  return lines;
}

std::string option_words(const ModelFile& model) {
  const std::set<std::string> usual = usual_options(model);
  std::istringstream stored(model.options);
  std::vector<std::string> own;
  for (std::string line; std::getline(stored, line);)
    if (!line.empty() && !line.starts_with('[') && !usual.contains(line)) own.push_back(printable(line));
  if (own.empty()) return "the defaults (--all shows them)";
  return fmt::format("{}; the others are the defaults (--all shows them)", fmt::join(own, ", "));
}

std::string scaling_words(const ModelFile& model) {
  return fmt::format(
      "values were brought to (x - center) / scale, see /preprocessing; {} in these units, the table above is not",
      model.is_mixture ? "log-likelihood and parameters are" : "objective, parameters and distances are");
}

std::string table_or_damage(const ModelFile& model, const std::string& file, std::size_t width, bool all) {
  try {
    return model_table(model, file, width, all);
  } catch (const Error& error) {
    return line_of("damaged", one_message(error.what()), width);
  }
}

}  // namespace

std::string kind_text(const ModelFile& model) {
  std::string text = model.model;
  for (const auto& [name, value] : model.kinds)
    if (!value.empty()) text += " " + value;
  return text;
}

std::string health_text(const ModelFile& model) {
  if (const std::int64_t n = n_degenerate(model); n > 0) return fmt::format("{} degenerate", n);
  return !model.converged ? "not converged" : model.health.empty() ? "not known" : "sound";
}

std::string model_text(const ModelFile& model, const std::string& file, std::size_t width, bool all) {
  std::string text = wrapped_at(headline(model), 0, width) + "\n\n" + table_or_damage(model, file, width, all) + "\n";
  const auto add = [&](const std::string& name, const std::string& words) { text += line_of(name, words, width); };
  if (model.is_mixture) add("log-likelihood", likelihood_words(model));
  if (!model.is_mixture || model.objective != model.log_likelihood)
    add("objective", fmt::format("{:.10g} ({:.6g} per row)", model.objective, model.objective / model.total_weight));
  add("fit", ending_words(model));
  for (const std::string& sentence : health_sentences(model)) add("health", one_message(sentence));
  if (!model.scaling.empty()) add("scaling", scaling_words(model));
  if (!all) add("options", option_words(model));
  add("made by", fmt::format("shoal {}, instruction set {}, seed {}", printable(model.shoal_version),
                             printable(spoken_target(model.instruction_set)), model.seed));
  if (!model.scan.lines.empty())
    text += fmt::format("\nchosen by {} from\n", printable(model.scan.criterion)) +
            table_of_scan(model.scan, model.is_mixture, width);
  return text;
}

}  // namespace shoal::app
