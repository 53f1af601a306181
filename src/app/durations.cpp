#include "app/durations.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <utility>

namespace shoal::app {
namespace {

/// The number at the front of a text, which is cut off.
std::optional<double> take_number(std::string_view& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || !(value >= 0) || !std::isfinite(value)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::optional<double> parse_clock(std::string_view text) {
  double seconds = 0;
  auto part = take_number(text);
  if (part && text.starts_with('-')) {
    seconds = *part * 24;
    text.remove_prefix(1);
    part = take_number(text);
    if (!part || !text.starts_with(':')) return std::nullopt;  // days go with hours
  }
  if (!part) return std::nullopt;
  seconds += *part;
  int colons = 0;
  for (; text.starts_with(':'); ++colons) {
    text.remove_prefix(1);
    part = take_number(text);
    if (!part || *part >= 60) return std::nullopt;
    seconds = seconds * 60 + *part;
  }
  if (!text.empty() || colons == 0 || colons > 2) return std::nullopt;
  return seconds;
}

std::optional<double> finite(const std::optional<double>& seconds) {
  return seconds && std::isfinite(*seconds) ? seconds : std::nullopt;
}

}  // namespace

std::optional<double> parse_duration(const std::string& text) {
  std::string_view rest = text;
  const auto number = take_number(rest);
  if (!number) return std::nullopt;
  for (const auto& [unit, seconds] : {std::pair{"s", 1.0}, {"min", 60.0}, {"h", 3600.0}, {"d", 86400.0}})
    if (rest == unit) return finite(*number * seconds);
  return finite(parse_clock(text));
}

std::string rough_duration(double seconds) {
  const double minutes = seconds / 60, hours = minutes / 60, days = hours / 24;
  if (seconds < 100) return fmt::format("{:.0f} s", std::ceil(seconds));
  if (minutes < 100) return fmt::format("{:.0f} min", std::ceil(minutes));
  if (hours >= 48) return fmt::format("{:.0f} days", std::ceil(days));
  const auto whole = static_cast<std::int64_t>(std::ceil(minutes));
  return fmt::format("{} h {} min", whole / 60, whole % 60);
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::max(0.0, seconds));
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace shoal::app
