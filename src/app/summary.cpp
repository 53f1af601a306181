#include "app/summary.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "app/commands.hpp"
#include "app/terminal.hpp"
#include "shoal/core/version.hpp"
#include "shoal/math/target.hpp"
#include "shoal/run/health.hpp"

namespace shoal::app {
namespace {

std::string plural(std::int64_t n, const std::string& word, const std::string& several = "") {
  return fmt::format("{} {}", n, n == 1 ? word : several.empty() ? word + "s" : several);
}

/// The kind of a model: " full", " geometric".
std::string kind_of(const ModelOptions& options) {
  std::string kind;
  for (const Option<ModelOptions>& option : options.family().options)
    if (option.attribute) kind += " " + std::get<std::string>(option.get(options));
  return kind;
}

std::string stop_sentence(const ModelFile& file, const FitResult& result) {
  const std::string after = "after " + plural(file.n_iterations, "iteration");
  const std::string left = std::isfinite(result.remaining_gain)
                               ? fmt::format("about {:.2g} nats may still be gained", result.remaining_gain)
                               : "";
  if (file.stop_reason == "fixed_point") return fmt::format("Converged {}: nothing changes any more", after);
  if (file.stop_reason == "tolerance")
    return fmt::format("Converged {}: {}", after, left.empty() ? "the change is below --tolerance" : left);
  return fmt::format("Not converged {}{}: raise --max-iterations", after, left.empty() ? "" : ", " + left);
}

/// How many passes iterations took, and how many of them were in vain.
std::string passes_text(const ModelFile& file, const FitResult& result) {
  return fmt::format("{} over the rows; {} tried and not taken\n", plural(file.n_passes, "pass", "passes"),
                     plural(result.rejected_steps, "extrapolation"));
}

/// In which units results are, where values were scaled. Log-likelihoods of the two differ by a logarithm of the scale
/// for each observed entry.
std::string units_text(const ModelFile& file, const RunOptions& options) {
  if (file.scaling.empty()) return "";
  std::string text = "in scaled units";
  if (options.scaling.standardize != Standardize::none)
    text += " (--standardize " + to_string(options.scaling.standardize) + ")";
  if (!file.is_mixture) return text + ": objective, centres and distances\n";
  text += ": log-likelihood, BIC, AIC and parameters;\n";
  if (options.model.missing == Missing::marginalize || options.rows.missing == Missing::marginalize)
    return text + "in the units of the data the log-likelihood is less by ln scale for each observed entry\n";
  double logs = 0;
  for (const double scale : file.scaling.scale) logs += std::log(scale);
  return text + fmt::format("in the units of the data the log-likelihood is {:.10g} (less by W x sum of ln scale)\n",
                            file.log_likelihood - file.total_weight * logs);
}

}  // namespace

std::string headline(const Communicator& comm, const FitPlan& plan) {
  const ModelOptions& model = plan.options.model;
  std::string mixing;
  if (plan.family().mixture)
    mixing = fmt::format(", mixing weights {}", model.mixing == Mixing::given
                                                    ? "held at " + printable(model.mixing_file.name)
                                                    : to_string(model.mixing));
  const std::optional<ScanOptions>& scan = plan.arguments.scan;
  std::string kinds = kind_of(model);
  if (scan && !scan->kinds.empty()) kinds = fmt::format(" {}", fmt::join(scan->kinds, ", "));
  return fmt::format("shoal {}: {}{}, K = {}{}\n{} x {} as {}; {} x {}, {}", version(), plan.family().name, kinds,
                     scan ? scan->clusters_text : std::to_string(model.n_clusters), mixing,
                     plural(plan.partition.n_rows, "row"), plural(plan.datasets.front().n_columns, "feature"),
                     plan.family().rows.coded() ? "codes" : to_string(*plan.options.rows.precision),
                     plural(comm.size(), "rank"), plural(plan.threads, "thread"), spoken_target(target_name()));
}

std::string summary_text(const ModelFile& file, const FitResult& result, const Arguments& arguments) {
  std::string text = stop_sentence(file, result) + "\n";
  if (arguments.verbose && file.is_mixture) text += passes_text(file, result);
  if (file.is_mixture)
    text += fmt::format("log-likelihood {:.10g} ({:.6g} per row), {}\nBIC {:.8g}, AIC {:.8g}, ICL {:.8g}\n",
                        file.log_likelihood, file.log_likelihood / file.total_weight,
                        plural(file.n_parameters, "free parameter"), file.bic, file.aic, file.icl.value);
  else
    text += fmt::format("objective {:.10g} ({:.6g} per row)\n", file.objective, file.objective / file.total_weight);
  text += units_text(file, *arguments.run);
  constexpr std::size_t most_lines = 12;
  const std::vector<double> counts = file.counts();
  const std::size_t shown = arguments.verbose ? counts.size() : std::min(most_lines, counts.size());
  for (std::size_t k = 0; k < shown; ++k)
    text += fmt::format("  cluster {:3d}  {:10.6g} {}{}  {:5.1f} %\n", k, counts[k], file.is_mixture ? "expected " : "",
                        counts[k] == 1 ? "row " : "rows", 100 * counts[k] / file.total_weight);
  if (shown < counts.size()) text += fmt::format("  ... and {} more (-v shows all)\n", counts.size() - shown);
  for (const std::string& problem : health_problems(file)) text += "health: " + one_message(problem) + "\n";
  if (const auto empty = std::count(counts.begin(), counts.end(), 0.0); empty > 0)
    text += fmt::format("health: {} empty at the end\n", plural(empty, "cluster"));
  text += fmt::format("wrote {}{}", printable(arguments.output),
                      arguments.labels.empty() ? "" : " and " + printable(arguments.labels));
  return text;
}

}  // namespace shoal::app
