#include "shoal/io/output_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <new>
#include <system_error>

#include "io/descriptor.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/io/digest.hpp"
#include "shoal/io/durable_file.hpp"
#include "shoal/io/hdf5_file.hpp"
#include "shoal/io/output_path.hpp"

namespace shoal {

OutputFile::OutputFile(const Communicator& comm, const std::string& name, bool overwrite, const std::string& mark)
    : comm_(comm), name_(name), overwrite_(overwrite) {
  on_root(comm, [&] {
    require_free(name, overwrite);
    create_temporary(mark.empty() ? new_mark() : mark);
  });
  comm.broadcast(temporary_);
}

void OutputFile::create_temporary(const std::string& mark) {
  target_ = follow_links(name_);
  replaced_ = existing_file(target_);
  const std::string temporary = temporary_name(target_, mark);
  constexpr int fresh = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const Descriptor file(open(temporary.c_str(), fresh, replaced_ ? 0600 : 0666));  // NOLINT: POSIX
  if (file.get() < 0)
    throw Error(ExitCode::cannot_create, fmt::format("{}: cannot be created ({}); check the folder and its permissions",
                                                     name_, std::strerror(errno)));
  temporary_ = temporary;
}

OutputFile::~OutputFile() {
  if (comm_.is_root() && !committed_ && !temporary_.empty()) remove_leftover(temporary_);
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
  require_memory_to_write();
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
    // The same bytes are the same result: another life of this run may just have written them.
    if (!overwrite_ && existing_file(target_) && file_digest(target_) != file_digest(temporary_))
      require_free(name_, false);
    if (!sync_to_disk(temporary_))
      throw Error(ExitCode::io_failure,
                  fmt::format("{}: could not be written to disk ({})", name_, std::strerror(errno)));
    if (replaced_) keep_ownership(temporary_, *replaced_);
    std::error_code error;
    std::filesystem::rename(temporary_, target_, error);
    if (error)
      throw Error(ExitCode::io_failure,
                  fmt::format("{}: the finished file could not be given this name ({})", name_, error.message()));
    sync_to_disk(folder_of(target_));
  });
  committed_ = true;
}

void require_memory_to_write() {
  void* volatile memory = std::malloc(std::size_t{8} << 20U);  // a few times what they were seen to take
  if (memory == nullptr) throw std::bad_alloc();
  std::free(memory);
}

}  // namespace shoal
