/// What a person or a script reads: standard error and standard output, from rank 0.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "app/arguments.hpp"
#include "shoal/comm/communicator.hpp"

namespace shoal::app {

/// Whether the terminal shows more than ASCII: by the first of the variables that say how text is encoded.
bool shows_utf8();

/// A name or text from outside as it may stand in a line: what would move the cursor, end the line or turn the
/// direction of writing is escaped, as is what is no UTF-8 or the terminal cannot show; beyond `most` characters the
/// middle is left out.
std::string printable(std::string_view text, std::size_t most = 200);

/// A message that holds such names: the same for each of its words, and for the whole with room for several.
std::string one_message(std::string_view text);

/// Whether standard error is a terminal, on which a line can be drawn over and over.
bool is_terminal();

/// Columns of the terminal that standard error is; 80 where it is none.
std::size_t terminal_width();

/// Ends a line that is drawn over a longer one: by the escape that clears the rest, or by blanks where the terminal
/// knows no escapes (TERM=dumb) or nobody wants them (NO_COLOR). `shown`: characters of the line.
std::string clear_rest(std::size_t shown);

/// Writes to standard error; a lost or full one is not worth a failure.
void tell(std::string_view text);

/// Lines on standard error, from rank 0, unless --quiet; names in them are printable already.
void say(const Communicator& comm, const Arguments& arguments, const std::string& text);
void warn(const Communicator& comm, const Arguments& arguments, const std::string& text);

/// A result on standard output, from rank 0. Collective: throws Error(io_failure) on all ranks where it cannot be
/// written.
void print_result(const Communicator& comm, const std::string& text);

/// JSON on one line, in ASCII; text that is not UTF-8 gets replacement characters.
std::string one_line(const nlohmann::ordered_json& json);

}  // namespace shoal::app
