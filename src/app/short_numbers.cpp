#include "app/short_numbers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace shoal::app {
namespace {

int exponent_of(double value) { return static_cast<int>(std::floor(std::log10(value))); }

/// What the last digits must tell: half of the deviations at least, or else the range of the values.
double finest_of(std::span<const double> values, std::span<const double> deviations) {
  std::vector<double> positive;
  std::ranges::copy_if(deviations, std::back_inserter(positive), [](double one) { return one > 0; });
  if (positive.empty()) return values.empty() ? 0 : std::ranges::max(values) - std::ranges::min(values);
  std::ranges::nth_element(positive, positive.begin() + std::ssize(positive) / 2);
  return positive[positive.size() / 2];
}

}  // namespace

bool all_whole(std::span<const double> values) {
  return std::ranges::all_of(values, [](double value) { return value == std::floor(value); });
}

NumberStyle style_of(std::span<const double> values, std::span<const double> deviations) {
  constexpr int usual = 4, most = 15;
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  for (const double deviation : deviations) largest = std::max(largest, deviation);
  if (!(largest > 0) || !std::isfinite(largest)) return {};
  const int exponent = exponent_of(largest);
  const double finest = finest_of(values, deviations);
  int digits = usual;
  if (finest > 0 && std::isfinite(finest)) digits = std::clamp(exponent - exponent_of(finest) + 2, usual, most);
  if (deviations.empty() && exponent < 6 && all_whole(values)) return {};
  if (exponent < -4 || exponent > 11 || (exponent > 6 && digits == usual)) return {digits - 1, true};
  return {std::max(0, digits - 1 - exponent), false};
}

std::string number_text(double value, const NumberStyle& style) {
  if (style.power) return fmt::format("{:.{}e}", value, style.decimals);
  const double last = std::pow(10.0, -style.decimals), size = std::abs(value);
  if (size >= 0.5 * last) return fmt::format("{:.{}f}", value, style.decimals);
  return size >= 1e-3 * last ? fmt::format("{:.1g}", value) : fmt::format("{:.{}f}", 0.0, style.decimals);
}

std::string deviation_text(double deviation, const NumberStyle& style) {
  const bool small = !style.power && deviation > 0 && deviation < 0.5 * std::pow(10.0, -style.decimals);
  return small ? fmt::format("{:.0e}", deviation) : number_text(deviation, style);
}

std::string probability_text(double value) {
  if (value == 0 || value == 1) return fmt::format("{:.0f}", value);
  if (value > 0 && value < 0.0005) return "<0.001";
  if (value < 1 && value >= 0.9995) return ">0.999";
  return fmt::format("{:.3f}", value);
}

std::string size_text(double rows, bool whole) {
  if (whole || rows >= 1e5) return fmt::format("{:.0f}", rows);
  return fmt::format("{:.{}f}", rows, rows < 10 ? 2 : 1);
}

std::string criterion_text(double value) {
  if (std::abs(value) < 1e7) return fmt::format("{:.2f}", value);
  return fmt::format("{:.10g}", value);
}

}  // namespace shoal::app
