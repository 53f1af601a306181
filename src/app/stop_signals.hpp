/// Signals that ask a fit to stop at the end of its iteration.
#pragma once

#include <optional>
#include <string>

namespace shoal::app {

/// From now on SIGTERM, SIGINT and SIGUSR1 are only noted; a second SIGINT ends the program as by default.
void note_stop_signals();

/// The first one that came: "SIGTERM".
std::optional<std::string> noted_stop_signal();

}  // namespace shoal::app
