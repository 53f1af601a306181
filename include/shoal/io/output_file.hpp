/// Results appear under their names only when complete.
#pragma once

#include <cstdint>
#include <string>

#include "shoal/comm/communicator.hpp"
#include "shoal/io/hdf5_handle.hpp"

namespace shoal {

/// A temporary file beside `name`, renamed when committed and removed when not. Lives on every rank; rank 0 acts.
class OutputFile {
 public:
  /// Collective. Throws Error(cannot_create) where `name` exists and may not be overwritten, or its folder cannot be
  /// written to: said before the work starts.
  OutputFile(const Communicator& comm, const std::string& name, bool overwrite);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& temporary() const { return temporary_; }

  /// Rank 0 alone: the temporary as an open, empty HDF5 file with disk space for `bytes`, headers included, so that a
  /// full disk is met before HDF5 meets it: its library cannot close a file that it could not flush. Throws
  /// Error(io_failure).
  [[nodiscard]] Hdf5Handle create(std::int64_t bytes) const;

  /// Collective. A digest of what the temporary holds, for a checkpoint. Throws Error(io_failure).
  [[nodiscard]] std::string digest() const;

  /// Collective. Brings the temporary file to disk and gives it its name. Throws Error(io_failure).
  void commit();

 private:
  void reserve(std::int64_t bytes) const;

  const Communicator& comm_;
  std::string name_;
  std::string temporary_;
  bool overwrite_;
  bool committed_ = false;
};

}  // namespace shoal
