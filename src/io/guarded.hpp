/// Foreign HDF5 files are opened in a process of their own: HDF5 1.10 does not survive all damaged ones.
#pragma once

#include <boost/archive/binary_iarchive.hpp>
#include <boost/archive/binary_oarchive.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>
#include <cstdint>
#include <functional>
#include <sstream>
#include <string>

namespace shoal {

/// What `read` returns in a child process, which may take a few times the file's size in memory and seconds of
/// computing, and more for large files or what they expand to. Throws what `read` throws, as Error, and Error(bad_data)
/// where the child came to grief. Not collective.
std::string read_guarded(const std::string& file, const std::function<std::string()>& read,
                         std::uint64_t expanded_bytes = 0);

/// Fuzzers look at what happens within, and read in their own process.
inline bool guard_foreign_files = true;

/// The same of an object that Boost can serialise.
template <class T, class F>
T guarded(const std::string& file, const F& read) {
  const std::string bytes = read_guarded(file, [&] {
    std::ostringstream stream(std::ios::binary);
    const T value = read();
    boost::archive::binary_oarchive(stream) << value;
    return stream.str();
  });
  T value;
  std::istringstream stream(bytes, std::ios::binary);
  boost::archive::binary_iarchive(stream) >> value;
  return value;
}

}  // namespace shoal
