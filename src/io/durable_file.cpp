#include "shoal/io/durable_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "io/descriptor.hpp"
#include "shoal/core/error.hpp"

namespace shoal {
bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor, bytes.data(), std::min<std::size_t>(bytes.size(), std::size_t{1} << 30U));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

std::string read_bytes(const std::string& name) {
  const Descriptor file(open(name.c_str(), O_RDONLY | O_CLOEXEC));  // NOLINT: POSIX
  struct stat status {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0)
    throw Error(ExitCode::no_input, fmt::format("{}: cannot be opened ({})", name, std::strerror(errno)));
  if (!S_ISREG(status.st_mode)) throw Error(ExitCode::no_input, fmt::format("{}: is no file", name));
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::read(file.get(), bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Error(ExitCode::io_failure, fmt::format("{}: reading failed ({})", name, std::strerror(errno)));
    if (n == 0) break;  // shorter than it said
    done += static_cast<std::size_t>(n);
  }
  bytes.resize(done);
  return bytes;
}

void write_durably(const std::string& name, std::string_view bytes) {
  Descriptor file(open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));  // NOLINT: POSIX
  const bool good = file.get() >= 0 && write_all(file.get(), bytes) && fsync(file.get()) == 0 && file.close();
  if (good) return;
  const int reason = errno;
  ::unlink(name.c_str());
  throw Error(ExitCode::io_failure, fmt::format("{}: cannot be written ({})", name, std::strerror(reason)));
}

bool sync_to_disk(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));        // NOLINT: POSIX
  return file.get() >= 0 && (fsync(file.get()) == 0 || errno == EINVAL);  // some file systems cannot sync a folder
}

std::string folder_of(const std::string& name) {
  const std::filesystem::path folder = std::filesystem::path(name).parent_path();
  return folder.empty() ? "." : folder.string();
}

}  // namespace shoal
