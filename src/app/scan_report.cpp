#include "app/scan_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "app/short_numbers.hpp"
#include "app/terminal.hpp"
#include "app/text_table.hpp"

namespace shoal::app {
namespace {

std::string shown(double value, const char* format) {
  return std::isnan(value) ? "-" : fmt::format(fmt::runtime(format), value);
}

/// What every line has: the chosen one is marked.
std::vector<std::string> first_cells(const ScanLine& line, bool several_kinds) {
  std::vector<std::string> cells = {fmt::format("{} {:4d}", line.chosen ? '*' : ' ', line.n_clusters)};
  if (several_kinds) cells.push_back(printable(line.kind));
  cells.push_back(line.health());
  return cells;
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

std::string table_of_scan(const ScanTable& table, bool mixture, std::size_t width) {
  const bool several_kinds =
      std::ranges::any_of(table.lines, [&](const ScanLine& line) { return line.kind != table.lines.front().kind; });
  std::vector<TextTable::Column> columns = {{"     K", true}};
  if (several_kinds) columns.push_back({"type", true});
  columns.push_back({"health", true});
  const std::vector<const char*> titles = mixture
                                              ? std::vector{"params", "log-lik.", "BIC", "AIC", "ICL", "R2", "left"}
                                              : std::vector{"objective", "silhouette", "Calinski-Harabasz", "elbow"};
  for (const char* title : titles) columns.push_back({title});
  TextTable text(columns);
  for (const ScanLine& line : table.lines) {
    std::vector<std::string> cells = first_cells(line, several_kinds);
    if (mixture) {
      cells.push_back(line.failed() ? "-" : std::to_string(line.n_parameters));
      for (const double value : {line.log_likelihood, line.bic, line.aic, line.icl})
        cells.push_back(std::isnan(value) ? "-" : criterion_text(value));
      cells.push_back(shown(line.entropy_r2, "{:.3f}"));
      cells.push_back(shown(line.remaining_gain, "{:.1g}"));
    } else {
      cells.push_back(std::isnan(line.objective) ? "-" : criterion_text(line.objective));
      cells.push_back(shown(line.silhouette, "{:.5f}"));
      cells.push_back(shown(line.calinski_harabasz, "{:.6g}"));
      cells.push_back(shown(line.below_chord, "{:.4f}"));
    }
    text.add(std::move(cells));
  }
  return text.text(width);
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

namespace {

/// Where the criterion does not tell the fits apart.
std::string doubt(const ScanTable& table, const ScanLine& chosen) {
  const auto criterion = from_name<Criterion>(table.criterion);
  if (!criterion || table.lines.size() < 2) return "";
  const auto n_known = std::ranges::count_if(
      table.lines, [&](const ScanLine& line) { return line.eligible() && !std::isnan(merit(line, *criterion)); });
  if (std::isnan(merit(chosen, *criterion)))
    return fmt::format("{} says nothing of these fits; K = {} is the first of them", table.criterion,
                       chosen.n_clusters);
  if (*criterion != Criterion::elbow || chosen.below_chord > 0) return "";
  if (n_known < 3) return fmt::format("an elbow needs three fits or more; of these {} can be used", n_known);
  return "there is no elbow: ln objective falls evenly over ln K, or ever faster";
}

}  // namespace

void tell_of_scan(const Communicator& comm, const FitPlan& plan, const ScanTable& table) {
  say(comm, plan.arguments, "\n" + table_of_scan(table, plan.family().mixture, terminal_width()));
  const auto chosen = std::ranges::find(table.lines, true, &ScanLine::chosen);
  if (!chosen->eligible())
    warn(comm, plan.arguments,
         fmt::format("no fit is both sound and converged: K = {} is the best of the others by {}, and says little",
                     chosen->n_clusters, table.criterion));
  const auto n_unconverged =
      std::ranges::count_if(table.lines, [](const ScanLine& line) { return !line.failed() && !line.converged; });
  if (n_unconverged > 0)
    say(comm, plan.arguments,
        fmt::format("note: {} of {} fits did not converge, and were not chosen: raise --max-iterations", n_unconverged,
                    table.lines.size()));
  const std::string why = doubt(table, *chosen);
  if (!why.empty()) return warn(comm, plan.arguments, why);
  const auto [least, most] = std::ranges::minmax(table.lines, {}, &ScanLine::n_clusters);
  if (chosen->eligible() && chosen->n_clusters == most.n_clusters && least.n_clusters < most.n_clusters)
    say(comm, plan.arguments,
        fmt::format("note: K = {} is the largest that was tried; a larger one may be better", chosen->n_clusters));
}

}  // namespace shoal::app
