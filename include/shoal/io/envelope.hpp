/// A frame around bytes that come back from a disk: nothing inside is looked at before its checksum is right.
#pragma once

#include <string>
#include <string_view>

namespace shoal {

/// Magic, version, length and checksum (XXH3, 128 bits, of version, length and payload), then the payload.
std::string seal(std::string_view payload);

/// Whether bytes begin as sealed ones do.
bool looks_sealed(std::string_view bytes);

/// The payload. Throws Error(bad_data) where the bytes are no whole envelope of this version; `name` is the file's, for
/// the message.
std::string_view unseal(std::string_view bytes, const std::string& name);

}  // namespace shoal
