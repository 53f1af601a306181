#include "app/memory_limits.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>

namespace shoal::app {
namespace {

/// From here on a limit means none: version 1 shows the largest number of whole pages, which depends on their size.
constexpr std::int64_t unlimited = std::int64_t{1} << 60;

/// The number at the front of a text, blanks before it; nothing for "max", "unlimited" or what is beyond 64 bits.
std::optional<std::int64_t> number_in(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && number >= 0 ? std::optional(number) : std::nullopt;
}

/// The number in a file's first line that begins so.
std::optional<std::int64_t> number_after(const std::string& path, std::string_view beginning) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line))
    if (line.starts_with(beginning)) return number_in(std::string_view(line).substr(beginning.size()));
  return std::nullopt;
}

std::optional<std::int64_t> number_in_file(const std::string& path) { return number_after(path, ""); }

/// What differs between the two versions of control groups.
struct Version {
  const char* file_system;
  const char* limit;
  const char* used;
  std::vector<const char*> cached;  ///< of memory.stat, of the group and all below it
};

const Version& version(int number) {
  static const Version one = {
      "cgroup", "/memory.limit_in_bytes", "/memory.usage_in_bytes", {"total_inactive_file ", "total_active_file "}};
  static const Version two = {
      "cgroup2", "/memory.max", "/memory.current", {"inactive_file ", "active_file ", "slab_reclaimable "}};
  return number == 1 ? one : two;
}

struct Mount {
  std::string root;   ///< the part of the file system that is shown
  std::string point;  ///< where
  std::string file_system;
  std::string options;
};

/// A path in /proc/self/mountinfo has blanks and the like as three octal digits.
std::string unescaped(std::string_view text) {
  std::string path;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int code = 0;
    if (text[i] == '\\' && i + 3 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 4, code, 8).ptr == text.data() + i + 4) {
      path += static_cast<char>(code);
      i += 3;
    } else {
      path += text[i];
    }
  }
  return path;
}

std::vector<Mount> mounts(const std::string& root) {
  std::vector<Mount> all;
  std::ifstream file(root + "/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t dash = line.find(" - ");  // before it stand any number of optional fields
    if (dash == std::string::npos) continue;
    std::istringstream head(line.substr(0, dash)), tail(line.substr(dash + 3));
    std::string skipped, shown, point, source;
    Mount mount;
    head >> skipped >> skipped >> skipped >> shown >> point;
    tail >> mount.file_system >> source >> mount.options;
    mount.root = unescaped(shown);
    mount.point = unescaped(point);
    all.push_back(std::move(mount));
  }
  return all;
}

bool has_word(std::string_view list, std::string_view word) {
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    if (list.substr(begin, end - begin) == word) return true;
    begin = end + 1;
  }
  return false;
}

/// The cgroup as /proc/self/cgroup names it: "4:cpu,memory:/a/b" of version 1, "0::/a/b" of version 2.
std::optional<std::string> cgroup_path(const std::string& root, int number) {
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string_view controllers = std::string_view(line).substr(first + 1, second - first - 1);
    if (number == 1 ? has_word(controllers, "memory") : line.starts_with("0::")) return line.substr(second + 1);
  }
  return std::nullopt;
}

/// Where a cgroup is, as a folder below the mount point; nothing where the mount does not show it.
std::optional<std::string> below_mount(const std::string& cgroup, const Mount& mount) {
  if (!cgroup.starts_with('/') || cgroup == "/.." || cgroup.starts_with("/../")) return std::nullopt;  // out of sight
  const std::string shown = mount.root == "/" ? "" : mount.root;
  if (!cgroup.starts_with(shown) || (cgroup.size() > shown.size() && cgroup[shown.size()] != '/')) return std::nullopt;
  return cgroup.substr(shown.size());
}

/// The limit that stands in one folder.
std::optional<MemoryLimit> limit_of_folder(const std::string& root, const std::string& folder, const Version& version) {
  const std::string path = root + folder;
  struct stat status {};
  std::optional<std::int64_t> limit = number_in_file(path + version.limit);
  // Version 1 tells of ancestors that a container does not show.
  if (const auto inherited = number_after(path + "/memory.stat", "hierarchical_memory_limit "))
    limit = std::min(limit.value_or(*inherited), *inherited);
  if (!limit || *limit >= unlimited || stat(path.c_str(), &status) != 0) return std::nullopt;
  std::int64_t used = number_in_file(path + version.used).value_or(0);
  // Cached files go when memory is short. Active ones, too: data that were copied and then read are among them.
  for (const char* name : version.cached) used -= number_after(path + "/memory.stat", name).value_or(0);
  return MemoryLimit{
      MemoryLimit::Of::cgroup, folder, status.st_dev,
      status.st_ino,           *limit, std::clamp<std::int64_t>(*limit - std::max<std::int64_t>(used, 0), 0, *limit)};
}

/// Those of the process's cgroup and of the ones around it, as far as they are shown.
void add_cgroup_limits(const std::string& root, int number, std::vector<MemoryLimit>& limits) {
  const std::optional<std::string> cgroup = cgroup_path(root, number);
  if (!cgroup) return;
  const auto add = [&](const std::string& folder) {
    const auto limit = limit_of_folder(root, folder, version(number));
    const auto same = [&](const MemoryLimit& other) {
      return limit->device == other.device && limit->inode == other.inode;
    };
    if (limit && std::ranges::none_of(limits, same)) limits.push_back(*limit);
  };
  std::optional<std::string> fallback;  // a container may show its own part alone, under a name of its own
  bool shown = false;
  for (const Mount& mount : mounts(root)) {
    if (mount.file_system != version(number).file_system) continue;
    if (number == 1 && !has_word(mount.options, "memory")) continue;
    if (!fallback) fallback = mount.point;
    std::optional<std::string> below = below_mount(*cgroup, mount);
    if (!below) continue;
    shown = true;
    for (; !below->empty(); below->resize(below->rfind('/')))
      if (*below != "/") add(mount.point + *below);
    add(mount.point);
  }
  if (!shown && fallback) add(*fallback);
}

/// One of the process itself, as `ulimit` sets them; `used`: the line of /proc/self/status that counts against it.
void add_process_limit(const std::string& root, MemoryLimit::Of of, std::string_view name, std::string_view used,
                       std::vector<MemoryLimit>& limits) {
  const std::optional<std::int64_t> limit = number_after(root + "/proc/self/limits", name);
  if (!limit || *limit >= unlimited) return;
  const std::int64_t taken = number_after(root + "/proc/self/status", used).value_or(0) * 1024;
  limits.push_back({of, "", 0, 0, *limit, std::max<std::int64_t>(*limit - taken, 0)});
}

}  // namespace

std::vector<MemoryLimit> memory_limits(const std::string& root) {
  std::vector<MemoryLimit> limits;
  const std::string host = root + "/proc/meminfo";
  if (const auto available = number_after(host, "MemAvailable:"))
    limits.push_back({MemoryLimit::Of::host, "", 0, 0, number_after(host, "MemTotal:").value_or(*available) * 1024,
                      *available * 1024});
  for (const int number : {1, 2}) add_cgroup_limits(root, number, limits);
  add_process_limit(root, MemoryLimit::Of::address_space, "Max address space", "VmSize:", limits);
  add_process_limit(root, MemoryLimit::Of::data, "Max data size", "VmData:", limits);
  return limits;
}

}  // namespace shoal::app
