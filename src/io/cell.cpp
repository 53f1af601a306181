#include "io/cell.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace shoal {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Whether each comma stands between digits, and there is one.
bool has_commas_in_numbers(std::string_view text) {
  bool found = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != ',') continue;
    found = true;
    if (i == 0 || i + 1 == text.size() || !is_digit(text[i - 1]) || !is_digit(text[i + 1])) return false;
  }
  return found;
}

/// Whether a text is a number but for separators or a unit: 1,5 or 1'000 or $5 or 5%; a date is none.
bool looks_decorated(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return std::ranges::any_of(text, is_digit) &&
         text.find_first_not_of("0123456789.,' $%_\xe2\x82\xac\xc2\xa3\xa0") == std::string_view::npos;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

bool is_missing(std::string_view text) {
  static constexpr std::array<std::string_view, 11> words = {"",    "NA",   "N/A",  "#N/A", "<NA>", "NaN",
                                                             "nan", "null", "NULL", "Null", "?"};
  return std::ranges::find(words, text) != words.end();
}

Cell parse_cell(std::string_view field) {
  const std::string_view text = trimmed(field);
  if (is_missing(text)) return {CellKind::missing, std::numeric_limits<double>::quiet_NaN()};
  const bool plus = text[0] == '+' && !text.starts_with("+-");
  const char* const end = text.data() + text.size();
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data() + (plus ? 1 : 0), end, value);
  if (stop != end || error == std::errc::invalid_argument) return {CellKind::no_number, 0};
  if (error == std::errc::result_out_of_range)
    return std::abs(std::strtold(std::string(text).c_str(), nullptr)) < 1 ? Cell{CellKind::number, 0.0}
                                                                          : Cell{CellKind::infinite, 0.0};
  if (std::isnan(value)) return {CellKind::missing, std::numeric_limits<double>::quiet_NaN()};
  return {std::isinf(value) ? CellKind::infinite : CellKind::number, value};
}

bool is_like_number(std::string_view field) {
  if (parse_cell(field).kind != CellKind::no_number) return true;
  std::string text(trimmed(field));
  if (!has_commas_in_numbers(text)) return false;
  std::erase(text, ',');
  return parse_cell(text).kind == CellKind::number;
}

std::string remedy(std::string_view field, const std::string& column) {
  const std::string_view text = trimmed(field);
  if (looks_decorated(text))
    return "write decimals with a point, no separators of thousands and no units (or is --delimiter right?)";
  if (text.starts_with('#')) return "comment lines may stand only before the table";
  return fmt::format(
      "--categorical {0} makes codes of texts, --label-column {0} or --id-column {0} keeps them aside, and --columns "
      "^{0} leaves them out",
      column);
}

}  // namespace shoal
