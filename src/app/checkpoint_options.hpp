/// What the options of checkpoints say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/arguments.hpp"

namespace shoal::app {

/// A whole number from 1.
std::optional<std::int64_t> parse_count(const std::string& text);

/// Of --max-time: seconds after the start of this program at which the time is over. Throws Error(usage).
double time_limit(const std::string& text);

/// Throws Error(usage) where they contradict each other or say nothing.
void check_checkpoint_options(const Arguments& arguments);

}  // namespace shoal::app
