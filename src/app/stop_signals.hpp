/// Signals that ask a fit to stop at the end of its iteration.
#pragma once

#include <csignal>
#include <optional>
#include <string>

namespace shoal::app {

/// From now on SIGTERM, SIGINT and SIGUSR1 are only noted; a second SIGINT ends the program as by default.
void note_stop_signals();

/// While it lives they wait, also for processes that are started: MPI does not stand them while it starts.
class BlockedStopSignals {
 public:
  BlockedStopSignals();
  ~BlockedStopSignals();
  BlockedStopSignals(const BlockedStopSignals&) = delete;
  BlockedStopSignals& operator=(const BlockedStopSignals&) = delete;

 private:
  sigset_t before_{};
};

/// They act as by default again, also the one that was noted.
void forget_stop_signals();

/// The first one that came: "SIGTERM".
std::optional<std::string> noted_stop_signal();

}  // namespace shoal::app
