/// Reading this rank's rows of one or more data sets, collectively and in bounded slices.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "shoal/comm/communicator.hpp"
#include "shoal/data/partition.hpp"
#include "shoal/io/dataset.hpp"

namespace shoal {

/// Some consecutive rows of one data set as they are stored.
struct Slice {
  const DatasetInfo& dataset;
  std::int64_t first_row;  ///< of the concatenated data sets
  std::int64_t first_row_in_file;
  std::int64_t n_rows;
  std::span<const std::byte> bytes;  ///< n_rows x n_columns elements in this machine's byte order
};

/// Rows of one slice: within slice_bytes but for chunks, of which a slice has whole ones so that none is decompressed
/// twice; chunks over 1 GiB do not count.
std::int64_t slice_rows(const DatasetInfo& dataset);

/// Where the bytes of a data set's rows from a global row on are wanted; null: in a buffer.
using Destination = std::function<std::byte*(const DatasetInfo& dataset, std::int64_t first_row)>;

/// Calls `visit` with slices that together are rows_of_rank(rank) of the data sets taken as one, in order. Collective:
/// every rank makes the same number of HDF5 calls. An error of `visit` on any rank is thrown on all. Read errors:
/// Error(io_failure).
void read_slices(const Communicator& comm, const std::vector<DatasetInfo>& datasets,
                 const std::function<Range(int rank)>& rows_of_rank, const std::function<void(const Slice&)>& visit,
                 const Destination& destination = {});

/// A slice is at most this many bytes (never over 1 GiB: larger reads fail in MPI-IO). Small enough that the buffer
/// beside the rows does not count. Tests lower it.
inline std::size_t slice_bytes = std::size_t{8} << 20U;

}  // namespace shoal
