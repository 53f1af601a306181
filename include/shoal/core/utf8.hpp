/// Text as UTF-8.
#pragma once

#include <cstddef>
#include <string_view>

namespace shoal {

/// Length in bytes of the UTF-8 character at the front of a text that is not empty, and its number; 0 where there is
/// none.
std::size_t decode_utf8(std::string_view text, char32_t& code);

/// Whether the whole text is UTF-8.
bool is_utf8(std::string_view text);

}  // namespace shoal
