/// How much a person sees of standard output at once, and how wide texts stand there.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace shoal::app {

/// Whether standard output is a terminal that a person looks at. Below mpirun it is none, though mpirun may give its
/// ranks one: what comes out of mpirun may go anywhere.
bool is_read_by_a_person();

/// Columns of that terminal; 80 where there is none, or it does not tell.
std::size_t screen_width();

/// Columns that a printable text takes (Unicode's annexes 11 and 44: two for wide characters of East Asia and pictures,
/// none for marks that are set over others).
std::size_t display_width(std::string_view text);

/// What stays of a name that is too long: more of its begin, or the end alone, as of paths.
enum class Kept { most_of_begin, end };

/// A name from outside within `width` columns: printable, and where it is longer without its middle or begin.
std::string fitted(std::string_view name, std::size_t width, Kept kept = Kept::most_of_begin);

/// The text with blanks behind it (left) or before it, `width` columns wide.
std::string padded(const std::string& text, std::size_t width, bool left);

/// Words cut into lines of `width` columns, those after the first behind `indent` blanks, which the first has already.
std::string wrapped_at(std::string_view text, std::size_t indent, std::size_t width);

}  // namespace shoal::app
