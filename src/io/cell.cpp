#include "io/cell.hpp"

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

std::string remedy(std::string_view field) {
  const std::string_view text = trimmed(field);
  if (has_commas_in_numbers(text))
    return "write decimals with a point, and thousands without separators (or is --delimiter right?)";
  if (text.starts_with('#')) return "lines of comment may stand only before the table";
  return "make codes of text by --categorical, keep it aside by --label-column or --id-column, or leave it out by "
         "--columns ^NAME";
}

}  // namespace shoal
