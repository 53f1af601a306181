#include "shoal/io/durable_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <random>

#include "io/descriptor.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/digest.hpp"

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

std::string read_bytes(const std::string& name, std::size_t most) {
  const Descriptor file(open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // NOLINT: POSIX
  struct stat status {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0)
    throw Error(ExitCode::no_input, fmt::format("{}: cannot be opened ({})", name, std::strerror(errno)));
  if (!S_ISREG(status.st_mode))
    throw Error(ExitCode::no_input, fmt::format("{}: is a folder, pipe, device or socket; give a file", name));
  std::string bytes(std::min(most, static_cast<std::size_t>(status.st_size)), '\0');
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

void write_durably(const std::string& name, std::string_view bytes, std::optional<unsigned> mode) {
  constexpr int fresh = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  Descriptor file(open(name.c_str(), fresh, mode.value_or(0666)));  // NOLINT: POSIX
  const bool created = file.get() >= 0;
  if (created && mode) fchmod(file.get(), *mode);  // what the umask took
  const bool good = created && write_all(file.get(), bytes) && fsync(file.get()) == 0 && file.close();
  if (good) return;
  const int reason = errno;
  if (created) ::unlink(name.c_str());
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

std::string new_mark() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", device(), device(), device(), device());
}

bool is_mark(std::string_view text) {
  return text.size() == mark_length && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string temporary_name(const std::string& file, const std::string& mark) {
  constexpr std::size_t longest = 100;  // of 255, and MPI adds to it, unchecked
  const std::filesystem::path path(file);
  std::string name = path.filename().string();
  if (name.size() > longest) name = name.substr(0, longest) + digest(name);  // long ones may differ at their ends
  return (path.parent_path() / fmt::format(".{}.{}", name, mark)).string();
}

void remove_leftover(const std::string& name) {
  struct stat status {};
  if (lstat(name.c_str(), &status) == 0 && S_ISREG(status.st_mode)) ::unlink(name.c_str());
}

}  // namespace shoal
