#include "io/rereadable.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "shoal/core/error.hpp"
#include "shoal/io/durable_file.hpp"

namespace shoal {
namespace {

/// A file that is gone when it is closed.
Descriptor nameless_file(const std::string& folder) {
  Descriptor file(open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));  // NOLINT: POSIX
  if (file.get() >= 0) return file;
  std::string name = folder + "/.shoal-XXXXXX";  // a file system that knows no such files
  file = Descriptor(mkostemp(name.data(), O_CLOEXEC));
  if (file.get() >= 0) unlink(name.c_str());
  return file;
}

Descriptor copy_of(const std::string& pipe, const std::string& folder) {
  const Descriptor from(open(pipe.c_str(), O_RDONLY | O_CLOEXEC));  // NOLINT: POSIX; waits for who writes
  Descriptor to = nameless_file(folder);
  const auto failed = [&](const std::string& what) {
    return Error(ExitCode::io_failure, fmt::format("{}: {} ({})", pipe, what, std::strerror(errno)));
  };
  if (from.get() < 0) throw failed("cannot be read");
  if (to.get() < 0) throw failed(fmt::format("no room to keep what it holds in {}", folder));
  std::array<char, 1 << 16> buffer{};
  for (;;) {
    const ssize_t n = ::read(from.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw failed("reading failed");
    if (n == 0) return to;
    if (!write_all(to.get(), {buffer.data(), static_cast<std::size_t>(n)}))
      throw failed(fmt::format("no room to keep what it holds in {}", folder));
  }
}

}  // namespace

RereadableFile::RereadableFile(std::string name, const std::string& folder) : name_(std::move(name)) {
  struct stat status {};
  if (stat(name_.c_str(), &status) != 0)
    throw Error(ExitCode::no_input,
                fmt::format("{}: cannot be read ({}); check the name", name_, std::strerror(errno)));
  if (S_ISFIFO(status.st_mode) && !folder.empty())
    copy_ = copy_of(name_, folder);
  else if (!S_ISREG(status.st_mode))
    throw Error(ExitCode::no_input,
                fmt::format("{}: is {}; give a file", name_,
                            folder.empty() ? "a folder, pipe, device or socket" : "a folder, device or socket"));
}

std::ifstream RereadableFile::open() const {
  std::ifstream stream(copy_.get() < 0 ? name_ : fmt::format("/proc/self/fd/{}", copy_.get()), std::ios::binary);
  if (!stream) throw Error(ExitCode::no_input, fmt::format("{}: cannot be read; check its permissions", name_));
  return stream;
}

}  // namespace shoal
