/// How much memory this process may still take, and who says so: the host, control groups, limits of the process.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace shoal::app {

struct MemoryLimit {
  enum class Of { host, cgroup, address_space, data };
  Of of = Of::host;
  std::string name;                     ///< of a cgroup: its folder
  std::uint64_t device = 0, inode = 0;  ///< of that folder: the same on a host, by whatever names processes see it
  std::int64_t limit = 0;               ///< bytes; of a host: its memory
  std::int64_t available = 0;           ///< bytes of it that are free, or can be made free by dropping cached files

  /// One limit for all that have it, where this holds; else one for each process.
  [[nodiscard]] bool shared() const { return of == Of::host || of == Of::cgroup; }
};

/// All limits that this process is under; those that the system does not tell of are left out. root: goes before the
/// absolute paths below /proc, and before those of mounts that are found there.
std::vector<MemoryLimit> memory_limits(const std::string& root = "");

}  // namespace shoal::app
