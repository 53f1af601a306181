/// Per-row results, written by all ranks in the rows' order.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "shoal/data/partition.hpp"
#include "shoal/io/dataset.hpp"
#include "shoal/io/hdf5_handle.hpp"
#include "shoal/io/output_file.hpp"

namespace shoal {

/// One data set of N rows; `data` holds this rank's rows.
struct RowArray {
  std::string path;
  ElementType type = ElementType::float64;
  std::int64_t n_columns = 0;  ///< 0: one-dimensional
  const void* data = nullptr;
};

/// Writes the arrays (rows_of_rank(rank) of n_rows each) to the temporary of `output`. `annotate` gets
/// the open file on rank 0, for attributes. Collective; the bytes do not depend on the number of ranks,
/// nor on how many bytes a rank writes per call.
void write_rows(const Communicator& comm, const OutputFile& output, std::int64_t n_rows,
                const std::function<Range(int rank)>& rows_of_rank, const std::vector<RowArray>& arrays,
                const std::function<void(hid_t file)>& annotate, std::size_t bytes_a_call = std::size_t{8} << 20U);

}  // namespace shoal
