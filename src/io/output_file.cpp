#include "shoal/io/output_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "shoal/comm/agree.hpp"
#include "shoal/io/digest.hpp"
#include "shoal/io/durable_file.hpp"
#include "shoal/io/hdf5_file.hpp"

namespace shoal {
namespace {

[[noreturn]] void exists_already(const std::string& name) {
  throw Error(ExitCode::cannot_create,
              fmt::format("{}: exists already; choose another name or give --overwrite", name));
}

/// What the process takes off the permissions of new files; mkstemp gives fewer than a person expects of a result.
unsigned current_umask() {
  const mode_t mask = umask(0);
  umask(mask);
  return mask;
}

}  // namespace

OutputFile::OutputFile(const Communicator& comm, const std::string& name, bool overwrite)
    : comm_(comm), name_(name), overwrite_(overwrite) {
  on_root(comm, [&] {
    std::error_code ignored;
    if (std::filesystem::is_directory(name, ignored))
      throw Error(ExitCode::cannot_create, fmt::format("{}: is a folder; name a file", name));
    if (!overwrite && std::filesystem::exists(name, ignored)) exists_already(name);
    const std::filesystem::path path(name);
    temporary_ = (path.parent_path() / fmt::format(".{}.{}-XXXXXX", path.filename().string(), getpid())).string();
    const int descriptor = mkstemp(temporary_.data());
    if (descriptor < 0)
      throw Error(
          ExitCode::cannot_create,
          fmt::format("{}: cannot be created ({}); check the folder and its permissions", name, std::strerror(errno)));
    close(descriptor);
    std::filesystem::permissions(temporary_, std::filesystem::perms(0666) & ~std::filesystem::perms(current_umask()),
                                 ignored);
  });
  comm.broadcast(temporary_);
}

OutputFile::~OutputFile() {
  std::error_code ignored;
  if (comm_.is_root() && !committed_ && !temporary_.empty()) std::filesystem::remove(temporary_, ignored);
}

void OutputFile::reserve(std::int64_t bytes) const {
  const int descriptor = open(temporary_.c_str(), O_WRONLY | O_CLOEXEC);  // NOLINT: POSIX
  const int result = descriptor < 0 ? -1 : fallocate(descriptor, 0, 0, bytes);
  const int reason = errno;
  if (descriptor >= 0) close(descriptor);
  if (result == 0 || reason == EOPNOTSUPP) return;  // a file system that cannot reserve fails later, if at all
  throw Error(ExitCode::io_failure,
              fmt::format("{}: {} bytes cannot be written ({}); free some space", name_, bytes, std::strerror(reason)));
}

Hdf5Handle OutputFile::create(std::int64_t bytes) const {
  reserve(bytes);  // HDF5 truncates the file as it creates it, so once more below, with its first header on disk
  Hdf5Handle file = create_file(temporary_, file_access());
  check_hdf5(H5Fflush(file, H5F_SCOPE_GLOBAL), name_ + ": writing failed; is the disk full?");
  reserve(bytes);
  return file;
}

std::string OutputFile::digest() const {
  std::string text;
  on_root(comm_, [&] { text = file_digest(temporary_); });
  comm_.broadcast(text);
  return text;
}

void OutputFile::commit() {
  on_root(comm_, [&] {
    std::error_code error;
    // The same bytes are the same result: another life of this run may just have written them.
    if (!overwrite_ && std::filesystem::exists(name_, error) && file_digest(name_) != file_digest(temporary_))
      exists_already(name_);
    if (!sync_to_disk(temporary_))
      throw Error(ExitCode::io_failure,
                  fmt::format("{}: could not be brought to disk ({})", name_, std::strerror(errno)));
    std::filesystem::rename(temporary_, name_, error);
    if (error)
      throw Error(ExitCode::io_failure, fmt::format("{}: could not be given its name ({})", name_, error.message()));
    sync_to_disk(folder_of(name_));
  });
  committed_ = true;
}

}  // namespace shoal
