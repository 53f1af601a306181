#include "app/table_census.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "shoal/core/error.hpp"

namespace shoal::app {
namespace {

constexpr std::size_t most_levels = 65534;

std::optional<double> value_of(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool good = error == std::errc{} && end == text.data() + text.size() && std::isfinite(value);
  return good ? std::optional(value) : std::nullopt;
}

void count_value(double value, Census& census) {
  census.n_missing += std::isnan(value) ? 1 : 0;
  const bool whole = value == std::floor(value);
  census.all_integers = census.all_integers && whole && std::abs(value) < 0x1p53;
  census.n_beyond += whole && std::abs(value) >= 0x1p53 && std::abs(value) < 0x1p64 ? 1 : 0;
  census.least = std::min(census.least, value);
  census.largest = std::max(census.largest, value);
}

/// Codes are values, too.
void count_codes(Census& census) {
  for (Levels& levels : census.levels) {
    levels.number_them();
    if (levels.names().empty()) continue;
    census.least = std::min(census.least, 0.0);
    census.largest = std::max(census.largest, static_cast<double>(levels.names().size() - 1));
  }
}

[[noreturn]] void refuse_levels(const TableHead& head, std::size_t feature, const std::string& file) {
  throw Error(ExitCode::bad_data,
              fmt::format("{}: --categorical: feature {} has more than {} levels; are they ids (--id-column)?", file,
                          feature_name(head, head.categorical[feature]), most_levels));
}

}  // namespace

std::string feature_name(const TableHead& head, std::size_t feature) {
  return head.names.empty() ? std::to_string(feature) : head.names[feature];
}

void Levels::add(std::string_view text) {
  if (!text.empty() && !numbers_.contains(text)) numbers_.emplace(text, 0);
}

void Levels::number_them() {
  std::vector<std::pair<std::optional<double>, std::string>> sorted;
  for (const auto& [text, number] : numbers_) sorted.emplace_back(value_of(text), text);
  if (std::ranges::all_of(sorted, [](const auto& level) { return level.first.has_value(); })) std::ranges::sort(sorted);
  names_.clear();
  for (const auto& [value, text] : sorted) {
    numbers_.find(text)->second = static_cast<std::int32_t>(names_.size());
    names_.push_back(text);
  }
}

std::int32_t Levels::number_of(std::string_view text) const {
  if (text.empty()) return -1;
  const auto found = numbers_.find(text);
  return found == numbers_.end() ? -2 : found->second;
}

Census count(TableSource& table, const std::string& file) {
  const TableHead& head = table.head();
  Census census;
  census.levels.resize(head.categorical.size());
  std::vector<bool> is_text(head.n_features, false);
  for (const std::size_t feature : head.categorical) is_text[feature] = true;
  table.for_each_row([&](const TableRow& row) {
    ++census.n_rows;
    for (std::size_t j = 0; j < row.values.size(); ++j)
      if (!is_text[j]) count_value(row.values[j], census);
    std::size_t next = 0;
    for (Levels& levels : census.levels) {
      const std::string_view text = row.texts[next++];
      if (text.empty()) ++census.n_missing, census.all_integers = false;
      levels.add(text);
      if (levels.n() > most_levels) refuse_levels(head, next - 1, file);
    }
    if (head.has_ids) census.ids.add(row.texts[next++]);
    if (head.has_labels) census.labels.add(row.texts[next]), census.n_without_label += row.texts[next].empty() ? 1 : 0;
  });
  count_codes(census);
  census.labels.number_them();
  return census;
}

}  // namespace shoal::app
