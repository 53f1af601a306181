/// What a person sees while a fit runs, and the log.
#pragma once

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/arguments.hpp"
#include "shoal/comm/communicator.hpp"
#include "shoal/fit/observer.hpp"

namespace shoal::app {

/// Text on standard error; a closed or full one is not worth a failure.
void tell(const std::string& text);

/// A line on standard error, from rank 0, unless --quiet.
void say(const Communicator& comm, const Arguments& arguments, const std::string& text);
void warn(const Communicator& comm, const Arguments& arguments, const std::string& text);

/// A result on standard output, from rank 0. Collective: throws Error(io_failure) on all ranks where it cannot be
/// written.
void print_result(const Communicator& comm, const std::string& text);

/// JSON on one line; text that is not UTF-8 gets replacement characters.
std::string one_line(const nlohmann::ordered_json& json);

/// Progress on standard error and iterations in the log; acts on rank 0 only.
class Reporter final : public Observer {
 public:
  /// Collective: throws Error(cannot_create) on all ranks where the log exists or cannot be created.
  Reporter(const Communicator& comm, const Arguments& arguments);
  ~Reporter() override;  ///< ends the progress line; a log without a line in it is removed
  void iteration(const IterationReport& report) override;

  /// Ends the progress line.
  void finish();

  /// Appends one line of JSON text to the log. Collective; throws Error(io_failure) where the log could not be written.
  void log_run(const std::string& json);

 private:
  void draw_bar(const IterationReport& report);
  void print_line(const IterationReport& report);

  const Communicator& comm_;
  const Arguments& arguments_;
  std::ofstream log_;
  bool log_used_ = false;
  Progress progress_ = Progress::off;
  bool bar_open_ = false;
  std::optional<IterationReport> unprinted_;
  std::chrono::steady_clock::time_point last_;
};

/// Largest resident size of this process so far.
std::int64_t peak_memory_bytes();

/// Memory that this host can still give, or nothing where the system does not say.
std::optional<std::int64_t> available_memory_bytes();

/// "1.5 GiB".
std::string human_bytes(double bytes);

}  // namespace shoal::app
