/// Times as people and SLURM write them.
#pragma once

#include <optional>
#include <string>

namespace shoal::app {

/// Seconds of "90s", "5min", "1.5h", "2d", "HH:MM:SS", "MM:SS" or "D-HH:MM:SS"; nothing where it is none of these.
std::optional<double> parse_duration(const std::string& text);

/// As people say it: "3 s", "5 min", "2 h 10 min", "3 days".
std::string rough_duration(double seconds);

/// "1:02:03".
std::string duration_text(double seconds);

}  // namespace shoal::app
