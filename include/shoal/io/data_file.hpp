/// Files of rows that a model drew or completed, as fit reads them: /X, what else there is of each row, and names of
/// levels.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "shoal/core/feature_names.hpp"
#include "shoal/data/partition.hpp"
#include "shoal/io/output_file.hpp"
#include "shoal/io/row_writer.hpp"
#include "shoal/io/storage.hpp"

namespace shoal {

/// What a file says of /X, as attributes and in /levels.
struct DataHead {
  ElementType type = ElementType::float64;
  std::int64_t n_rows = 0;
  std::int64_t n_columns = 0;
  std::vector<std::int64_t> levels;  ///< of categorical features; empty: not said, nor are the names
  std::vector<std::string> feature_names;
  LevelNames level_names{};
};

/// Writes this rank's rows, of head.type, and what stands beside them to the temporary of `output`. Collective; the
/// bytes do not depend on the number of ranks.
void write_data(const Communicator& comm, const OutputFile& output, const DataHead& head,
                const std::function<Range(int rank)>& rows_of_rank, const void* rows, std::vector<RowArray> beside);

}  // namespace shoal
