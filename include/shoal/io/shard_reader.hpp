/// From files to this rank's rows, checked value by value.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "shoal/data/row_kind.hpp"
#include "shoal/data/scaling.hpp"
#include "shoal/data/shard.hpp"
#include "shoal/io/dataset.hpp"
#include "shoal/io/row_options.hpp"

namespace shoal {

struct ReadOptions {
  RowOptions rows;
  RowKind kind;
  LevelOffsets known_levels;   ///< of a model that is to be applied; empty: from attribute, names or data
  std::size_t n_clusters = 1;  ///< for the coding of rows of codes
  int threads = 1;
  /// Gets the number of rows that come next; may throw an Error to end the reading; called by several threads at once.
  std::function<void(std::int64_t)> between_slices{};
  std::vector<std::string> known_features{};  ///< of a model that is to be applied; empty: unknown
  Scaling scaling{};                          ///< of a model that is to be applied; empty: none, or it is to be found
  std::optional<LevelNames> known_names{};    ///< of the model's levels; nothing: those of the first data set
};

/// Throws Error(bad_data) where the data sets differ in their number of columns, or in how many levels a feature has by
/// their attribute, unless levels are matched by their names (level_names.hpp).
void require_same_columns(const std::vector<DatasetInfo>& datasets);

/// Describes what file.h5:/path names, on one rank; by default one number per row.
using DescribeOne = std::function<std::vector<DatasetInfo>(const std::string& name)>;
std::vector<DatasetInfo> describe_vector(const std::string& name);

/// The data sets that hold one number (or line) for each row of `datasets`, in the same order: `name` is file.h5:/path,
/// or a path in each data file; none where it is empty. There is one for each stored row, of which those of --rows are
/// taken. Collective. Throws Error, `option` before it, where they are missing or too many or few.
std::vector<DatasetInfo> describe_beside(const Communicator& comm, const std::vector<DatasetInfo>& datasets,
                                         const std::string& name, const std::string& option, const std::string& rows,
                                         const DescribeOne& describe = describe_vector);
std::vector<DatasetInfo> describe_weights(const Communicator& comm, const std::vector<DatasetInfo>& datasets,
                                          const RowOptions& options);
std::vector<DatasetInfo> describe_mask(const Communicator& comm, const std::vector<DatasetInfo>& datasets,
                                       const RowOptions& options);

/// Reads this rank's blocks. Collective. Real rows: missing entries are NaN (Missing::marginalize). Throws on all
/// ranks the error of the lowest row, naming file, data set, row (counted in that file from 0), column and value.
template <class Row>
Shard<Row> read_shard(const Communicator& comm, const std::vector<DatasetInfo>& datasets, const Partition& partition,
                      const ReadOptions& options);

/// Rows used and their weight, over all ranks. Collective.
template <class Row>
DataSummary summarise(const Communicator& comm, const Shard<Row>& shard);

}  // namespace shoal
