/// What a cell of a table of text holds.
#pragma once

#include <string>
#include <string_view>

namespace shoal {

std::string_view trimmed(std::string_view text);

/// Whether a trimmed text says that there is no value.
bool is_missing(std::string_view text);

enum class CellKind { number, missing, infinite, no_number };

struct Cell {
  CellKind kind = CellKind::no_number;
  double value = 0;  ///< NaN where it is missing
};

/// Numbers are those of C's programs: no hexadecimal ones, no separators; nearer to zero than any double: zero.
Cell parse_cell(std::string_view field);

/// Whether a cell is a number, or would be one with a decimal comma.
bool is_like_number(std::string_view field);

/// What to do with a cell that is not a number, for the end of the message; `column` as options take it.
std::string remedy(std::string_view field, const std::string& column);

}  // namespace shoal
