/// The two generations of a checkpoint on disk, and the right to replace them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shoal/comm/communicator.hpp"
#include "shoal/io/checkpoint.hpp"

namespace shoal {

/// `name` holds the newest checkpoint, `name`.previous the one before it. Each is written beside them, brought to disk
/// and renamed, so that a crash at any moment leaves one of them whole.
///
/// A job that was killed may live on for a second beside its successor. So a run that begins puts its own mark into
/// `name`.lease, and a run that no longer finds its mark there writes nothing more. The lease also names the run's
/// temporary files, which the successor removes.
class CheckpointStore {
 public:
  CheckpointStore(const Communicator& comm, std::string name);

  struct Found {
    std::optional<Checkpoint> checkpoint;  ///< of the newest generation that can be read
    std::vector<std::string> complaints;   ///< about newer ones that cannot, on rank 0
    bool any = false;                      ///< there are files of either name
  };
  /// Collective. Throws Error(cannot_create) where `name` is a file that is no checkpoint, without one before it, and
  /// Error(io_failure) where a file cannot be read.
  Found read();

  /// Collective. Takes over from whoever ran before; temporaries: of this run's other outputs. Throws
  /// Error(cannot_create) where the folder cannot be written to.
  void take_lease(const std::vector<std::string>& temporaries);

  /// Rank 0 alone: whether no other run has taken over.
  [[nodiscard]] bool holds_lease() const;

  /// Rank 0 alone. Throws Error(io_failure); the generations that were there are then still good.
  void write(const Checkpoint& checkpoint);

  /// Rank 0 alone: the fit is over.
  void release_lease();

  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  [[nodiscard]] std::string previous() const { return name_ + ".previous"; }
  [[nodiscard]] std::string lease() const { return name_ + ".lease"; }

  [[nodiscard]] bool is_leftover(const std::string& file, const std::vector<std::string>& temporaries) const;

  const Communicator& comm_;
  std::string name_;
  std::string mark_;             ///< of this run
  bool newest_is_good_ = false;  ///< `name` holds a whole checkpoint
};

}  // namespace shoal
