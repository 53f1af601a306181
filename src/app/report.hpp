/// What a person sees while a fit runs, and the log.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "app/arguments.hpp"
#include "app/fit_log.hpp"
#include "app/progress.hpp"
#include "shoal/comm/communicator.hpp"
#include "shoal/fit/observer.hpp"
#include "shoal/model/start_progress.hpp"

namespace shoal::app {

/// Progress on standard error and iterations in the log; acts on rank 0 only.
class Reporter final : public Observer {
 public:
  /// Collective: throws Error(cannot_create) on all ranks where the log exists or cannot be created. fit: its digest.
  Reporter(const Communicator& comm, const Arguments& arguments, const std::string& fit);
  void iteration(const IterationReport& report) override;
  void rejected(const IterationReport& report) override;  ///< in the log alone

  /// The data are read: their digest and weight. Collective: throws as FitLog::set_data does.
  void set_data(const std::string& digest, double total_weight);

  /// What is being done, for the progress alone. Threads may call it at once.
  void phase(const std::string& what);

  /// A search on a sample ended, or a fit on all rows begins: in the log alone.
  void searched(std::size_t number, const StartRecord& search);
  void start_begins(std::size_t number);

  /// Ends the progress line.
  void finish();

  /// A line of the log: of a fit of a scan, or the last, of the run.
  void log_line(const nlohmann::ordered_json& json);

 private:
  void log_pass(const char* event, const IterationReport& report);

  const Communicator& comm_;
  FitLog log_;
  ProgressView progress_;
  double total_weight_ = 1;
};

/// Largest resident size of this process so far.
std::int64_t peak_memory_bytes();

/// "1.5 GiB".
std::string human_bytes(double bytes);

}  // namespace shoal::app
