/// A file driver of HDF5 for files of others: it opens regular files alone, for reading alone, and can tell where HDF5
/// would read instead of reading there.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "shoal/io/hdf5_handle.hpp"
#include "shoal/io/storage.hpp"

namespace shoal {

/// Opens for reading, and so every file that a link or a virtual data set in it names. Throws Error: no_input where
/// `file` is missing, a folder or unreadable, bad_data where it is no regular file, no HDF5 file, open for writing,
/// truncated or damaged.
Hdf5Handle open_file(const std::string& file);

/// Every file that was opened since this process began, by links and virtual data sets, too.
const std::set<std::string>& files_opened();

/// Where the raw bytes lie (offset and length in the whole file, a user block counted) that `call` asks of HDF5's
/// files: they are not read. Nothing where it asks for none.
std::optional<Extent> where_read(const std::function<void()>& call);

/// Whether a record of HDF5's error stack, as the last failed call left it, holds `text`.
bool hdf5_says(const std::string& text);

}  // namespace shoal
