/// Files of others are opened by HDF5 in a process of their own: HDF5 1.10 crashes or never ends on some damaged ones.
#pragma once

#include <optional>
#include <string>

namespace shoal {

/// Called first of all in main, before MPI starts: a program that does so can be its own reader. It is then started
/// again where a file's headers, a model, or rows that only HDF5 can decode are wanted, and this call answers and gives
/// the code to exit with. In a program that never calls it, HDF5 reads foreign files in the program itself.
std::optional<int> serve_as_reader(int argc, char** argv);

std::string hdf5_library_version();

/// Set by serve_as_reader. Fuzzers clear it to see what happens within.
inline bool read_elsewhere = false;

/// Seconds without an answer after which a reader is given up. Tests lower it.
inline int reader_patience = 60;

}  // namespace shoal
