/// What a person sees while a fit runs: what is being done, and where its iterations stand.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>

#include "app/arguments.hpp"
#include "shoal/fit/observer.hpp"

namespace shoal::app {

/// Progress on standard error: one line that is drawn over and over, or lines now and then.
class ProgressView {
 public:
  /// `kind` is not automatic; `limit`: of iterations.
  ProgressView(Progress kind, bool verbose, std::int64_t limit) : kind_(kind), verbose_(verbose), limit_(limit) {}
  ProgressView(const ProgressView&) = delete;
  ProgressView& operator=(const ProgressView&) = delete;
  ~ProgressView() { finish(); }

  /// Something begins, or has come this far: "reading 1.0 of 4.2 GiB". Threads may call it at once.
  void phase(const std::string& what);

  /// Of rows of this weight in all.
  void iteration(const IterationReport& report, double total_weight);

  /// Tells what is still to be told, and ends the line.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;

  /// Under --verbose every iteration, otherwise at most one line in two seconds, and the last.
  void print(const std::string& line, bool at_once);
  void draw(const std::string& line, bool at_once);
  [[nodiscard]] std::string bar_text(const IterationReport& report, double total_weight) const;
  [[nodiscard]] std::string line_text(const IterationReport& report) const;

  const Progress kind_;
  const bool verbose_;
  const std::int64_t limit_;
  std::mutex mutex_;
  std::string pending_;         ///< an iteration that was not told yet
  bool drawn_ = false;          ///< the line is open
  bool has_iteration_ = false;  ///< and worth keeping
  Clock::time_point last_ = Clock::now();
  std::optional<std::pair<std::int64_t, Clock::time_point>> first_;  ///< iteration of this fit, and when it ended
};

}  // namespace shoal::app
