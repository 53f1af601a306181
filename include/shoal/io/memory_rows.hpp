/// Rows that the caller's memory holds, checked and held as those of files are.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "shoal/io/shard_reader.hpp"

namespace shoal {

/// This rank's part of the rows; the ranks' parts follow each other in rank order, and may be of any length.
struct MemoryRows {
  std::span<const double> values;    ///< n x D, row-major; codes as numbers
  std::size_t n_features = 1;        ///< D, the same on all ranks
  std::span<const double> weights;   ///< n, or empty on all ranks: all 1
  std::vector<std::int64_t> levels;  ///< of codes: D, the same on all ranks, or empty: the largest code + 1
  std::string name = "memory";       ///< in messages
  /// Known noise, as --noise takes it: of noise_kind, a line for each row, or one for all, the same on all ranks; or
  /// empty on all ranks.
  std::span<const double> noise{};
  NoiseKind noise_kind = NoiseKind::sd;
};

/// Of all ranks: their number, and whether they have weights or noise, which a rank without rows cannot tell.
/// Collective.
std::int64_t total_rows(const Communicator& comm, const MemoryRows& rows);
bool has_weights(const Communicator& comm, const MemoryRows& rows);
bool has_noise(const Communicator& comm, const MemoryRows& rows);

/// This rank's blocks: rows travel to the ranks whose blocks they belong to, so that results are the same bits however
/// they were spread. Collective. Throws Error(bad_data) as read_shard does, rows counted over all ranks.
template <class Row>
Shard<Row> shard_of_memory(const Communicator& comm, const MemoryRows& rows, const Partition& partition,
                           const ReadOptions& options);

}  // namespace shoal
