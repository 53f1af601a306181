/// What a file is that is no text, by its first bytes.
#pragma once

#include <string>
#include <string_view>

namespace shoal {

/// Enough of a file's beginning for foreign_kind.
inline constexpr std::size_t kind_bytes = 4096;

/// What begins so, and what to do with it: "is compressed by gzip; unpack it first: ...", for the message behind the
/// name. Empty where it may be text or an array of numpy's.
std::string foreign_kind(const std::string& name, std::string_view first);

}  // namespace shoal
