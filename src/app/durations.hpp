/// Times as people and SLURM write them.
#pragma once

#include <optional>
#include <string>

namespace shoal::app {

/// Seconds of "90s", "5min", "1.5h", "2d", "HH:MM:SS", "MM:SS" or "D-HH:MM:SS"; nothing where it is none of these.
std::optional<double> parse_duration(const std::string& text);

/// "1:02:03".
std::string duration_text(double seconds);

}  // namespace shoal::app
