/// The ranks of a run. The only module that knows MPI is behind this header; it offers no floating-point sum, since
/// such a sum would depend on the number of ranks (use BlockSums).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace shoal {

/// A handle to a group of ranks; copies share it. All calls but send and receive are collective. A failure of MPI
/// itself throws std::runtime_error. Sums, gathers and broadcasts of a rank alone may come from several threads.
class Communicator {
 public:
  static Communicator world();  ///< all ranks of MPI; this process alone where MPI does not run
  static Communicator self();   ///< this rank alone; works under MPI too
  struct Handle;                ///< the MPI communicator, see mpi_interop.hpp
  explicit Communicator(std::shared_ptr<const Handle> handle);

  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int size() const { return size_; }
  [[nodiscard]] bool is_root() const { return rank_ == 0; }

  void broadcast(std::span<std::byte> bytes) const;  ///< from rank 0; same length everywhere
  void broadcast(std::string& text) const;           ///< from rank 0; any length
  void sum(std::span<std::int64_t> values) const;    ///< exact; overflow is the caller's to exclude
  void minimum(std::span<std::int64_t> values) const;
  void minimum(std::span<std::uint64_t> values) const;
  void maximum(std::span<std::int64_t> values) const;
  [[nodiscard]] std::uint64_t bitwise_and(std::uint64_t bits) const;

  /// Every rank's bytes, concatenated in rank order, on every rank.
  [[nodiscard]] std::vector<std::byte> gather(std::span<const std::byte> mine) const;

  /// Sends a part of `outgoing` to every rank, in rank order, and receives one from each; the parts' lengths in bytes.
  /// All of a rank's parts together must stay within message_limit().
  void exchange(std::span<const std::byte> outgoing, std::span<const int> outgoing_bytes, std::span<std::byte> incoming,
                std::span<const int> incoming_bytes) const;

  /// Each rank has filled its part of `all` (lengths, in rank order); now every rank has all.
  void share_parts(std::span<double> all, std::span<const int> lengths) const;

  void send(std::span<const std::byte> bytes, int destination) const;
  void receive(std::span<std::byte> bytes, int source) const;
  void barrier() const;

  /// The same ranks in a communicator of its own, which it frees with its last copy, before the Environment ends: what
  /// is sent here meets nothing of the caller's. Collective.
  [[nodiscard]] Communicator duplicate() const;

  /// The ranks that share this one's host.
  [[nodiscard]] Communicator on_this_host() const;
  [[nodiscard]] const Handle& handle() const { return *handle_; }

  /// Messages are cut into pieces of at most this many bytes (a count in MPI-3 is an int).
  [[nodiscard]] std::size_t message_limit() const { return message_limit_; }
  /// The same ranks; less than the usual limit shows how messages are cut.
  [[nodiscard]] Communicator with_message_limit(std::size_t bytes) const;

 private:
  std::shared_ptr<const Handle> handle_;
  std::size_t message_limit_ = std::size_t{1} << 30U;
  int rank_ = 0;
  int size_ = 1;
};

}  // namespace shoal
