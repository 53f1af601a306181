#include "app/checkpoint_options.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <ctime>

#include "app/checkpointing.hpp"
#include "app/durations.hpp"
#include "shoal/core/error.hpp"

namespace shoal::app {

std::optional<std::int64_t> parse_count(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1) return std::nullopt;
  return value;
}

double time_limit(const std::string& text) {
  if (text != "auto") {
    const auto seconds = parse_duration(text);
    if (seconds && *seconds > 0) return *seconds;
    throw Error(ExitCode::usage, fmt::format("--max-time {}: is not a time; write HH:MM:SS, 90min, 23h or auto", text));
  }
  const char* end = std::getenv("SLURM_JOB_END_TIME");  // NOLINT: read once, before any thread
  const auto epoch = end == nullptr ? std::nullopt : parse_count(end);
  if (!epoch)
    throw Error(ExitCode::usage,
                "--max-time auto: SLURM_JOB_END_TIME is not set, or is not a time; give a time as HH:MM:SS");
  return static_cast<double>(*epoch - std::time(nullptr)) +
         std::chrono::duration<double>(std::chrono::steady_clock::now() - program_start()).count();
}

void check_checkpoint_options(const Arguments& a) {
  if (!parse_count(a.checkpoint_every) && !(parse_duration(a.checkpoint_every).value_or(0) > 0))
    throw Error(ExitCode::usage,
                fmt::format("--checkpoint-every {}: is neither a time (90s, 5min, 1h) nor a number of iterations",
                            a.checkpoint_every));
  if (!a.checkpoint.empty()) return;
  if (!a.max_time.empty())
    throw Error(ExitCode::usage, "--max-time: needs --checkpoint FILE; without one the work would be lost");
  if (a.restart == Restart::require)
    throw Error(ExitCode::usage, "--restart require: needs --checkpoint FILE to continue from");
}

}  // namespace shoal::app
