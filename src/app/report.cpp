#include "app/report.hpp"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "app/terminal.hpp"
#include "shoal/comm/agree.hpp"

namespace shoal::app {

Reporter::Reporter(const Communicator& comm, const Arguments& arguments, const std::string& fit)
    : comm_(comm), arguments_(arguments) {
  on_root(comm, [&] { log_ = FitLog(arguments, fit); });
  if (!comm.is_root() || arguments.quiet) return;
  progress_ = arguments.progress;
  if (progress_ == Progress::automatic) progress_ = is_terminal() ? Progress::bar : Progress::lines;
}

void Reporter::set_data(const std::string& digest) {
  on_root(comm_, [&] { log_.set_data(digest); });
}

Reporter::~Reporter() { finish(); }

void Reporter::log_pass(const char* event, const IterationReport& report) {
  if (!log_.is_open()) return;
  log_.line({{"event", event},
             {"iteration", report.iteration},
             {"objective", report.objective},
             {"change", report.change},
             {"extrapolation", report.length},
             {"seconds", report.seconds},
             {"seconds_updating", report.seconds_updating},
             {"seconds_communicating", report.seconds_communicating},
             {"bytes_reduced", report.bytes_reduced},
             {"counting_rounds", report.counting_rounds}});
}

void Reporter::rejected(const IterationReport& report) {
  if (comm_.is_root()) log_pass("rejected", report);
}

void Reporter::iteration(const IterationReport& report) {
  if (!comm_.is_root()) return;
  log_pass("iteration", report);
  if (progress_ == Progress::bar) draw_bar(report);
  if (progress_ == Progress::lines) print_line(report);
}

void Reporter::searched(std::size_t number, const StartRecord& search) {
  if (!comm_.is_root() || !log_.is_open()) return;
  log_.line({{"event", "search"},
             {"number", number},
             {"objective", search.objective},
             {"total_weight", search.total_weight},
             {"passes", search.passes},
             {"sound", search.sound()}});
}

void Reporter::start_begins(std::size_t number) {
  if (comm_.is_root() && log_.is_open()) log_.line({{"event", "start"}, {"number", number}});
}

/// One line, drawn over and over: how much of the iteration limit is used, and where the objective stands.
void Reporter::draw_bar(const IterationReport& report) {
  constexpr std::int64_t width = 24;
  const std::int64_t limit = std::max<std::int64_t>(1, arguments_.run->fit.max_iterations);
  const auto filled = static_cast<std::size_t>(width * std::min(report.iteration, limit) / limit);
  const std::string line =
      fmt::format("[{:<{}}] iteration {} of at most {}  objective {:.10g}  change {:.2e} ", std::string(filled, '#'),
                  width, report.iteration, limit, report.objective, report.change);
  tell("\r" + line + clear_rest(line.size()));
  bar_open_ = true;
}

/// Under --verbose every iteration, otherwise at most one line in two seconds, and the last.
void Reporter::print_line(const IterationReport& report) {
  const auto now = std::chrono::steady_clock::now();
  unprinted_ = report;
  if (!arguments_.verbose && report.iteration > 0 && now - last_ < std::chrono::seconds(2)) return;
  std::string line = fmt::format("iteration {:4d}  objective {:.12g}  change {:.3e}  {:.3f} s", report.iteration,
                                 report.objective, report.change, report.seconds);
  if (arguments_.verbose) {
    line += fmt::format(", {:.3f} s of it updating, {} reduced", report.seconds_updating,
                        human_bytes(static_cast<double>(report.bytes_reduced)));
    if (report.counting_rounds > 0)
      line += fmt::format(", {} counting {}", report.counting_rounds, report.counting_rounds == 1 ? "round" : "rounds");
  }
  tell(line + "\n");
  unprinted_.reset();
  last_ = now;
}

void Reporter::finish() {
  if (bar_open_) tell("\n");
  bar_open_ = false;
  if (!unprinted_) return;
  last_ = {};
  print_line(*unprinted_);
}

void Reporter::log_line(const nlohmann::ordered_json& json) { log_.line(json); }

std::int64_t peak_memory_bytes() {
  std::ifstream file("/proc/self/status");  // getrusage would count what a parent held before it started this program
  const std::string wanted = "VmHWM:";
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(wanted)) return std::stoll(line.substr(wanted.size())) * 1024;
  return 0;
}

std::string human_bytes(double bytes) {
  const char* const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && unit < 5) bytes /= 1024, ++unit;
  return fmt::format("{:.{}f} {}", bytes, unit == 0 ? 0 : 1, units[unit]);
}

}  // namespace shoal::app
