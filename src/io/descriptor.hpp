/// Open files of POSIX.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace shoal {

/// A file descriptor, closed at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int value = -1) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  [[nodiscard]] int get() const { return value_; }
  bool close() {
    const int value = std::exchange(value_, -1);
    return value < 0 || ::close(value) == 0;
  }

 private:
  int value_;
};

/// Bytes from `first` on: as many as `bytes` has room for, fewer at the end of the file or on an error, which errno
/// then tells (0: the end).
inline std::size_t read_fully(int descriptor, std::span<std::byte> bytes, std::uint64_t first) {
  constexpr std::size_t most = std::size_t{1} << 30U;  // a call of Linux takes 2 GiB at most
  std::size_t done = 0;
  errno = 0;
  while (done < bytes.size()) {
    const ssize_t n =
        ::pread(descriptor, bytes.data() + done, std::min(most, bytes.size() - done), static_cast<off_t>(first + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

}  // namespace shoal
