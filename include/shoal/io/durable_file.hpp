/// Small files that survive a crash.
#pragma once

#include <string>
#include <string_view>

namespace shoal {

/// The file's bytes. Throws Error(no_input or io_failure), naming it.
std::string read_bytes(const std::string& name);

/// Creates (or empties) a file, writes the bytes and brings them to disk. Throws Error(io_failure) and leaves no file.
void write_durably(const std::string& name, std::string_view bytes);

/// Whether all bytes went to an open descriptor.
bool write_all(int descriptor, std::string_view bytes);

/// Whether the file or folder reached the disk.
bool sync_to_disk(const std::string& path);

/// The folder that holds a file.
std::string folder_of(const std::string& name);

}  // namespace shoal
