/// Owning handles of the HDF5 C library.
#pragma once

#include <hdf5.h>

#include <string>
#include <utility>

#include "shoal/core/error.hpp"

namespace shoal {

/// Closes what it holds. A negative identifier never gets in: see `hold`.
class Hdf5Handle {
 public:
  using Closer = herr_t (*)(hid_t);
  Hdf5Handle() = default;
  Hdf5Handle(hid_t id, Closer closer) : id_(id), closer_(closer) {}
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), closer_(other.closer_) {}
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(closer_, other.closer_);
    return *this;
  }
  Hdf5Handle(const Hdf5Handle&) = delete;
  Hdf5Handle& operator=(const Hdf5Handle&) = delete;
  ~Hdf5Handle() {
    if (id_ >= 0) closer_(id_);
  }
  operator hid_t() const { return id_; }  // NOLINT: used as the identifier everywhere

  /// Closes now; throws Error(io_failure) naming `what` where that fails, for example on a full disk.
  void close(const std::string& what) {
    if (id_ >= 0 && closer_(std::exchange(id_, -1)) < 0)
      throw Error(ExitCode::io_failure, what + ": writing failed; is the disk full?");
  }

 private:
  hid_t id_ = -1;
  Closer closer_ = nullptr;
};

/// `id` in a handle; throws Error(code, message) where the call that gave it failed.
inline Hdf5Handle hold(hid_t id, Hdf5Handle::Closer closer, ExitCode code, const std::string& message) {
  if (id < 0) throw Error(code, message);
  return {id, closer};
}

/// Throws Error(io_failure, message) where an HDF5 call failed.
inline void check_hdf5(herr_t status, const std::string& message) {
  if (status < 0) throw Error(ExitCode::io_failure, message);
}

/// Switches HDF5's own printing of errors off: ours name file and remedy. file_access() does so, too.
inline void silence_hdf5() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

}  // namespace shoal
