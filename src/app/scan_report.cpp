#include "app/scan_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "app/terminal.hpp"

namespace shoal::app {
namespace {

std::string shown(double value, const char* format) {
  return std::isnan(value) ? "-" : fmt::format(fmt::runtime(format), value);
}

std::string line_of(const ScanLine& line, bool mixture, std::size_t width) {
  std::string text = fmt::format("{} {:4d}  {:<{}}", line.chosen ? '*' : ' ', line.n_clusters, line.kind, width);
  if (mixture)
    text += fmt::format("  {:>16}  {:>7}  {:>14}  {:>14}  {:>14}  {:>5}  {:<11}  {:>7}",
                        shown(line.log_likelihood, "{:.10g}"), line.failed() ? "-" : std::to_string(line.n_parameters),
                        shown(line.bic, "{:.8g}"), shown(line.aic, "{:.8g}"), shown(line.icl, "{:.8g}"),
                        shown(line.entropy_r2, "{:.3f}"), line.health(), shown(line.remaining_gain, "{:.1g}"));
  else
    text += fmt::format("  {:>16}  {:>10}  {:>17}  {:>7}  {:<11}", shown(line.objective, "{:.10g}"),
                        shown(line.silhouette, "{:.5f}"), shown(line.calinski_harabasz, "{:.6g}"),
                        shown(line.below_chord, "{:.4f}"), line.health());
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

nlohmann::ordered_json json_of(const ScanLine& line, bool mixture) {
  nlohmann::ordered_json json;
  ScanLine::visit_numbers(line, mixture, [&]<class Value>(const char* name, const Value& value) {
    if constexpr (std::is_same_v<Value, double>)
      if (std::isnan(value)) return;
    json[name] = value;
    if (json.size() == 1 && !line.kind.empty()) json["type"] = line.kind;
  });
  json["health"] = line.health();
  if (line.failed()) json["failure"] = line.failure;
  return json;
}

}  // namespace

std::string table_of_scan(const ScanTable& table, bool mixture) {
  std::size_t width = 0;
  for (const ScanLine& line : table.lines) width = std::max(width, line.kind.size());
  const std::string type = width > 0 ? fmt::format("{:<{}}", "type", width) : "";
  std::string text = mixture
                         ? fmt::format("     K  {}  {:>16}  {:>7}  {:>14}  {:>14}  {:>14}  {:>5}  {:<11}  {:>7}\n",
                                       type, "log-likelihood", "params", "BIC", "AIC", "ICL", "R2", "health", "left")
                         : fmt::format("     K  {}  {:>16}  {:>10}  {:>17}  {:>7}  {}\n", type, "objective",
                                       "silhouette", "Calinski-Harabasz", "elbow", "health");
  for (const ScanLine& line : table.lines) {
    ScanLine printed = line;
    printed.kind = printable(line.kind);
    text += line_of(printed, mixture, width);
  }
  return text;
}

nlohmann::ordered_json json_of_scan(const ScanTable& table, bool mixture) {
  nlohmann::ordered_json lines = nlohmann::ordered_json::array();
  for (const ScanLine& line : table.lines) lines.push_back(json_of(line, mixture));
  return lines;
}

void ScanReport::fit_begins(std::size_t number, const RunOptions& options) {
  checkpointing_.begin_fit_of_scan();
  const ScanOptions& scan = *plan_.arguments.scan;
  if (number == scan.n_fits()) return;
  std::string kind;
  if (!scan.kinds.empty()) kind = " " + scan.kinds[number / scan.clusters.size()];
  say(comm_, plan_.arguments,
      fmt::format("fit {} of {}:{} K = {}", number + 1, scan.n_fits(), kind, options.model.n_clusters));
}

void ScanReport::fit_ended(const ScanProgress& so_far) {
  reporter_.finish();
  if (comm_.is_root()) {
    nlohmann::ordered_json json = {{"event", "selection"}};
    json.update(json_of(so_far.lines.back(), plan_.family().mixture));
    json.erase("chosen");
    reporter_.log_line(json);
  }
  checkpointing_.fit_of_scan_ended(so_far);
}

void tell_of_scan(const Communicator& comm, const FitPlan& plan, const ScanTable& table) {
  say(comm, plan.arguments, "\n" + table_of_scan(table, plan.family().mixture));
  const auto chosen = std::ranges::find(table.lines, true, &ScanLine::chosen);
  if (!chosen->eligible())
    warn(comm, plan.arguments,
         fmt::format("no fit is both sound and converged: K = {} is the best of the others by {}, and says little",
                     chosen->n_clusters, table.criterion));
  const auto [least, most] = std::ranges::minmax(table.lines, {}, &ScanLine::n_clusters);
  if (table.criterion == to_string(Criterion::elbow) && !(chosen->below_chord > 0))
    say(comm, plan.arguments, "note: there is no elbow: ln objective falls evenly over ln K");
  else if (chosen->eligible() && chosen->n_clusters == most.n_clusters && least.n_clusters < most.n_clusters)
    say(comm, plan.arguments,
        fmt::format("note: K = {} is the largest that was tried; a larger one may be better", chosen->n_clusters));
}

}  // namespace shoal::app
