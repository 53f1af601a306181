#include "shoal/io/output_path.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "shoal/core/error.hpp"

namespace shoal {
namespace {

Error cannot(const std::string& name, const std::string& why) {
  return {ExitCode::cannot_create, fmt::format("{}: {}", name, why)};
}

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder; name a file";
  if (S_ISFIFO(mode)) return "a pipe; name a file";
  if (S_ISSOCK(mode)) return "a socket; name a file";
  return "a device; name a file";
}

}  // namespace

std::string follow_links(const std::string& name) {
  std::filesystem::path path(name);
  constexpr int most = 40;  // as in Linux
  for (int links = 0; links <= most; ++links) {
    std::error_code error;
    const std::filesystem::path target = std::filesystem::read_symlink(path, error);
    if (error) return path.string();  // no link
    path = target.is_absolute() ? target : path.parent_path() / target;
  }
  throw cannot(name, "is a link to itself; choose another name");
}

std::optional<Ownership> existing_file(const std::string& name) {
  struct stat status {};
  if (stat(name.c_str(), &status) != 0) {
    if (errno == ENOENT) return std::nullopt;
    throw cannot(name, fmt::format("cannot be created ({}); choose another name", std::strerror(errno)));
  }
  if (!S_ISREG(status.st_mode)) throw cannot(name, fmt::format("is {}", kind_of(status.st_mode)));
  return Ownership{status.st_mode & 07777U, status.st_uid, status.st_gid};
}

void require_target(const std::string& name) {
  struct stat status {};
  if (lstat(name.c_str(), &status) == 0 && S_ISLNK(status.st_mode) && !existing_file(name))
    throw cannot(name, "is a link that points nowhere; choose another name, or give --overwrite to make its target");
}

void require_free(const std::string& name, bool may_replace) {
  const bool there = existing_file(name).has_value();
  if (may_replace) return;
  if (there) throw cannot(name, "exists already; choose another name or give --overwrite");
  require_target(name);
}

void keep_ownership(const std::string& file, const Ownership& ownership) {
  // Whoever may not give files away keeps them; set-user bits would then speak for the wrong user.
  const bool given = lchown(file.c_str(), ownership.user, ownership.group) == 0;
  chmod(file.c_str(), given ? ownership.mode : ownership.mode & 0777U);
}

}  // namespace shoal
