/// The two generations of a checkpoint on disk, and the right to replace them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "shoal/comm/communicator.hpp"
#include "shoal/io/checkpoint.hpp"

namespace shoal {

/// `name` (or the file to which it links) holds the newest checkpoint, `name`.previous the one before it. Each is
/// written beside them, brought to disk and renamed, so that a crash at any moment leaves one of them whole.
///
/// A job that was killed may live on for a second beside its successor. So a run that begins puts its own mark into
/// `name`.lease, and a run that no longer finds its mark there writes nothing more. The names of a run's temporary
/// files are made of its mark, so the successor can remove them.
class CheckpointStore {
 public:
  /// Collective. Throws Error(cannot_create) where `name` cannot be a checkpoint: a folder, a device, ...; a link that
  /// points nowhere needs `overwrite`.
  CheckpointStore(const Communicator& comm, const std::string& name, bool overwrite);
  ~CheckpointStore();
  CheckpointStore(const CheckpointStore&) = delete;
  CheckpointStore& operator=(const CheckpointStore&) = delete;

  struct Found {
    std::optional<Checkpoint> checkpoint;  ///< of the newest generation that can be read
    std::vector<std::string> complaints;   ///< about newer ones that cannot, on rank 0
  };
  /// Collective. Throws Error(cannot_create) where a file of somebody else's has the name of either generation or of
  /// the lease, and Error(io_failure) where a file cannot be read.
  Found read();

  /// Collective. Takes over from whoever ran before, and removes what that run left half written of a checkpoint and of
  /// `outputs`. Throws Error(cannot_create) where the folder cannot be written to.
  void take_lease(const std::vector<std::string>& outputs);

  /// Rank 0 alone: whether no other run has taken over.
  [[nodiscard]] bool holds_lease() const;

  /// Rank 0 alone. Throws Error(io_failure); the generations that were there are then still good.
  void write(const Checkpoint& checkpoint);

  /// Rank 0 alone: the fit is over. The end of this object does it, too.
  void release_lease();

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& mark() const { return mark_; }  ///< of this run; on rank 0, once the lease is taken

 private:
  [[nodiscard]] std::string previous() const { return file_ + ".previous"; }
  [[nodiscard]] std::string lease() const { return file_ + ".lease"; }
  void require_own() const;
  void put_in_place(const std::string& temporary);
  void keep_newest() const;

  const Communicator& comm_;
  std::string name_;  ///< as given
  std::string file_;  ///< links followed; on rank 0
  std::string mark_;
  bool newest_is_good_ = false;  ///< `name` holds a whole checkpoint
};

}  // namespace shoal
