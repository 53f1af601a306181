/// Slices of rows, from wherever they come, to a shard.
#pragma once

#include <functional>

#include "shoal/io/noise_reader.hpp"
#include "shoal/io/shard_reader.hpp"
#include "shoal/io/slice_reader.hpp"

namespace shoal {

using VisitSlice = std::function<void(const Slice&)>;

/// How to go over this rank's rows, as often as it takes. Collective; slices as read_slices gives them.
struct RowSlices {
  const DatasetInfo& head;  ///< columns, levels
  std::function<void(const VisitSlice& visit, const Destination& destination)> rows;
  std::function<void(const VisitSlice& visit)> weights;  ///< null: all 1
  std::function<void(const VisitSlice& visit)> mask;     ///< null: all rows are used
  NoiseSource noise_source{};
  std::function<void(const VisitSlice& visit)> noise{};  ///< where each row has its own
};

/// Throws as read_shard does. Collective.
template <class Row>
Shard<Row> make_shard(const Communicator& comm, const RowSlices& slices, const Partition& partition,
                      const ReadOptions& options);

}  // namespace shoal
