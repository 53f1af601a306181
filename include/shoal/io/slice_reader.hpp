/// Reading this rank's rows of one or more data sets: each rank its own, by all its threads, in bounded slices.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "shoal/comm/communicator.hpp"
#include "shoal/data/partition.hpp"
#include "shoal/io/dataset.hpp"

namespace shoal {

/// Some consecutive rows of one data set.
struct Slice {
  const DatasetInfo& dataset;
  std::int64_t first_row;  ///< of the concatenated data sets
  std::int64_t first_row_in_dataset;
  std::int64_t n_rows;
  std::span<const std::byte> bytes;  ///< n_rows x n_columns elements of type dataset.type

  [[nodiscard]] std::int64_t file_row(std::int64_t row) const { return dataset.file_row(first_row_in_dataset + row); }
};

/// Where the bytes of a data set's rows from a global row on are wanted; null: in a buffer.
using Destination = std::function<std::byte*(const DatasetInfo& dataset, std::int64_t first_row)>;

/// A slice is at most slice_bytes, so that it stays in a core's cache until it is looked at; but chunks are whole in
/// it, so that none is unpacked twice, up to most_chunk_bytes.
struct SliceLimits {
  std::size_t slice_bytes = std::size_t{1} << 20U;
  std::size_t most_chunk_bytes = std::size_t{256} << 20U;
};

/// Calls `visit`, in several threads at once, with slices that together are rows_of_rank(rank) of the data sets taken
/// as one. Rank 0 tells the others where chunks lie; then no rank waits for another. An error on any rank, of `visit`
/// too, is thrown on all, that of the lowest row. Read errors: Error(io_failure); damage: Error(bad_data). Collective.
void read_slices(const Communicator& comm, const std::vector<DatasetInfo>& datasets,
                 const std::function<Range(int rank)>& rows_of_rank, int threads,
                 const std::function<void(const Slice&)>& visit, const Destination& destination = {},
                 const SliceLimits& limits = {});

/// Memory that reading takes beside the rows.
std::size_t reading_bytes(const DatasetInfo& dataset, int threads);

}  // namespace shoal
