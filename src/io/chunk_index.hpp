/// Where the chunks lie that hold some rows.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "shoal/comm/communicator.hpp"
#include "shoal/data/partition.hpp"
#include "shoal/io/dataset.hpp"

namespace shoal {

/// Chunks are numbered by rows, then columns.
struct ChunkGrid {
  std::int64_t first_row = 0;  ///< of chunks, not of the data set
  std::int64_t n_rows = 0;
  std::int64_t n_columns = 0;
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(n_rows * n_columns); }
};

/// The chunks that hold the rows of `part`.
ChunkGrid chunk_grid(const DatasetInfo& info, const Range& part);

/// A wish: the chunks of a data set that hold some of its rows.
struct ChunkWish {
  std::string file;
  std::string path;
  std::int64_t chunk_rows = 0;
  std::int64_t chunk_columns = 0;
  ChunkGrid grid;

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& file& path& chunk_rows& chunk_columns& grid.first_row& grid.n_rows& grid.n_columns;
  }
};

/// Looks the chunks of the wishes up, and hands them on in order; in the reader. Throws Error(bad_data) where the index
/// is damaged.
void look_up_chunks(const std::vector<ChunkWish>& wishes, const std::function<void(const ChunkPlace&)>& take);

/// The places of the chunks that hold rows_of_rank(rank) of the data sets taken as one, data set after data set. Rank 0
/// looks up for all. Collective.
std::vector<ChunkPlace> find_chunks(const Communicator& comm, const std::vector<DatasetInfo>& datasets,
                                    const std::function<Range(int rank)>& rows_of_rank);

}  // namespace shoal
