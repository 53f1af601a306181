/// Errors that a person can act on, and the exit codes that scripts rely on.
#pragma once

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

namespace shoal {

/// Exit codes of the program (after sysexits.h); a library caller reads them from Error::code().
enum class ExitCode : int {
  success = 0,
  usage = 64,          ///< unknown option, impossible value
  bad_data = 65,       ///< the data is not usable
  no_input = 66,       ///< an input file is missing or unreadable
  internal = 70,       ///< a failure of ours
  no_memory = 71,      ///< not enough memory
  cannot_create = 73,  ///< an output exists or cannot be created
  io_failure = 74,     ///< reading or writing failed midway
  stopped = 75,        ///< on time or on a signal, with a checkpoint: no failure
};

/// Thrown for everything that is not a bug of ours. The message names file, dataset, row, column, value or option, and
/// what to do. Under MPI an Error is thrown either by all ranks alike or inside agree(), which makes it so.
class Error : public std::runtime_error {
 public:
  /// `position` decides which of several ranks' errors is told: the lowest, normally a global row.
  Error(ExitCode code, const std::string& message, std::int64_t position = std::numeric_limits<std::int64_t>::max())
      : std::runtime_error(message), code_(code), position_(position) {}

  [[nodiscard]] ExitCode code() const noexcept { return code_; }
  [[nodiscard]] std::int64_t position() const noexcept { return position_; }

 private:
  ExitCode code_;
  std::int64_t position_;
};

}  // namespace shoal
