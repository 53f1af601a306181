/// Small files that survive a crash, and names that nobody else has.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace shoal {

/// The file's bytes; `most`: no more of them than this. Throws Error: no_input where it cannot be opened or is no
/// regular file (a pipe would wait for a writer), io_failure; naming it.
std::string read_bytes(const std::string& name, std::size_t most = std::string::npos);

/// Creates a file that must not be there yet, nor be a link, writes the bytes and brings them to disk. `mode`: its
/// permissions exactly; nothing: those of any new file. Throws Error(io_failure) and leaves no file.
void write_durably(const std::string& name, std::string_view bytes, std::optional<unsigned> mode = {});

/// Whether all bytes went to an open descriptor.
bool write_all(int descriptor, std::string_view bytes);

/// Whether the file or folder reached the disk.
bool sync_to_disk(const std::string& path);

/// The folder that holds a file.
std::string folder_of(const std::string& name);

/// The mark of a run, unlike that of any other and not to be guessed: 32 hexadecimal digits.
std::string new_mark();
inline constexpr std::size_t mark_length = 32;
bool is_mark(std::string_view text);

/// The hidden file beside `file` in which the run of a mark makes it; within the length that names may have.
std::string temporary_name(const std::string& file, const std::string& mark);

/// Removes a regular file; what else may have its name stays, and so does what a link points to.
void remove_leftover(const std::string& name);

}  // namespace shoal
