/// Results appear under their names only when complete.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "shoal/comm/communicator.hpp"
#include "shoal/io/output_path.hpp"

namespace shoal {

class Hdf5Handle;

/// A temporary file beside `name` (beside what `name` points to, where it is a link), renamed when committed and
/// removed when not; it has the permissions of the file that it replaces. Lives on every rank; rank 0 acts.
class OutputFile {
 public:
  /// Collective. Throws Error(cannot_create) where `name` exists and may not be overwritten, is no regular file, or its
  /// folder cannot be written to: said before the work starts. `mark`: of this run; empty: a new one.
  OutputFile(const Communicator& comm, const std::string& name, bool overwrite, const std::string& mark = "");
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

  /// Collective. Brings the temporary file to disk and gives it its name. Throws Error(io_failure), and
  /// Error(cannot_create) where meanwhile another file has that name.
  void commit();

 private:
  void create_temporary(const std::string& mark);
  void reserve(std::int64_t bytes) const;

  const Communicator& comm_;
  std::string name_;
  std::string target_;                 ///< name_ with links followed; on rank 0, as is the next
  std::optional<Ownership> replaced_;  ///< what was there at first
  std::string temporary_;
  bool overwrite_;
  bool committed_ = false;
};

/// Throws std::bad_alloc where this process has too little memory left to write a file: HDF5 and MPI may crash when
/// they get none.
void require_memory_to_write();

}  // namespace shoal
