#include "app/report.hpp"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "app/terminal.hpp"
#include "shoal/comm/agree.hpp"

namespace shoal::app {

namespace {

Progress kind_of_progress(const Communicator& comm, const Arguments& arguments) {
  if (!comm.is_root() || arguments.quiet) return Progress::off;
  if (arguments.progress != Progress::automatic) return arguments.progress;
  return is_terminal() && !arguments.verbose ? Progress::bar : Progress::lines;
}

}  // namespace

Reporter::Reporter(const Communicator& comm, const Arguments& arguments, const std::string& fit)
    : comm_(comm), progress_(kind_of_progress(comm, arguments), arguments.verbose, arguments.run->fit.max_iterations) {
  on_root(comm, [&] { log_ = FitLog(arguments, fit); });
}

void Reporter::set_data(const std::string& digest, double total_weight) {
  on_root(comm_, [&] { log_.set_data(digest); });
  total_weight_ = total_weight;
}

void Reporter::phase(const std::string& what) { progress_.phase(what); }

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
  progress_.iteration(report, total_weight_);
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

void Reporter::finish() { progress_.finish(); }

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
