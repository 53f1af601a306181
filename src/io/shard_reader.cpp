#include "shoal/io/shard_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <type_traits>

#include "io/row_slices.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/comm/block_sums.hpp"
#include "shoal/core/error.hpp"

namespace shoal {

std::vector<DatasetInfo> describe_weights(const Communicator& comm, const std::vector<DatasetInfo>& datasets,
                                          const std::string& name) {
  std::vector<std::string> names;
  if (!parse_dataset_name(name).path.empty())
    names.push_back(name);
  else
    for (const DatasetInfo& info : datasets)
      names.push_back(info.file + ":" + (name.starts_with('/') ? name : "/" + name));
  std::vector<DatasetInfo> weights;
  on_root(comm, [&] {
    weights = describe_here(names, Wanted::labels);
    std::int64_t rows = 0;
    std::int64_t needed = 0;
    for (const DatasetInfo& info : weights) rows += info.n_rows;
    for (const DatasetInfo& info : datasets) needed += info.n_rows;
    if (rows != needed)
      throw Error(ExitCode::bad_data,
                  fmt::format("--row-weights {}: holds {} weights for {} rows", name, rows, needed));
  });
  broadcast_object(comm, weights);
  return weights;
}

void require_same_columns(const std::vector<DatasetInfo>& datasets) {
  const DatasetInfo& first = datasets.front();
  for (const DatasetInfo& info : datasets) {
    if (info.n_columns != first.n_columns)
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: has {} columns, {} has {}; all files must have the same features", info.name(),
                              info.n_columns, first.name(), first.n_columns));
    if (info.levels != first.levels)
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: its attribute `levels` differs from that of {}", info.name(), first.name()));
    if (!info.levels.empty() && static_cast<std::int64_t>(info.levels.size()) != info.n_columns)
      throw Error(ExitCode::bad_data, fmt::format("{}: its attribute `levels` has {} entries for {} columns",
                                                  info.name(), info.levels.size(), info.n_columns));
  }
}

template <class Row>
Shard<Row> read_shard(const Communicator& comm, const std::vector<DatasetInfo>& datasets, const Partition& partition,
                      const ReadOptions& options) {
  require_same_columns(datasets);
  const auto rows = [&](int rank) { return partition.rows_of_rank(rank, comm.size()); };
  RowSlices slices{datasets.front(), {}, {}};
  slices.rows = [&](const VisitSlice& visit, const Destination& destination) {
    read_slices(comm, datasets, rows, options.threads, visit, destination);
  };
  const std::string& weights = options.rows.row_weights.name;
  if (!weights.empty())
    slices.weights = [&](const VisitSlice& visit) {
      read_slices(comm, describe_weights(comm, datasets, weights), rows, options.threads, visit);
    };
  return make_shard<Row>(comm, slices, partition, options);
}

template <class Row>
DataSummary summarise(const Communicator& comm, const Shard<Row>& shard) {
  DataSummary summary;
  summary.n_rows = shard.partition.n_rows;
  std::array<std::int64_t, 2> counts = {static_cast<std::int64_t>(shard.n_rows()), shard.weights.empty() ? 0 : 1};
  if (!shard.used.empty()) counts[0] = std::count(shard.used.begin(), shard.used.end(), 1);
  comm.sum(counts);
  summary.rows_used = counts[0];
  summary.total_weight = static_cast<double>(summary.rows_used);
  if (counts[1] == 0) return summary;
  Statistics weight(SumLayout{1});
  BlockSums sums(SumLayout{1}, shard.partition.n_blocks);
  for (std::int64_t b = shard.blocks.first; b < shard.blocks.last; ++b) {
    const RowBlock<Row> block = shard.block(b);
    weight.sums[0] = 0;
    for (std::size_t r = 0; r < block.n_rows; ++r) weight.sums[0] += block.weight(r);
    sums.add(weight.sums);
  }
  summary.total_weight = std::move(sums).total(comm).sums[0];
  return summary;
}

#define SHOAL_INSTANTIATE(Row)                                                                                \
  template Shard<Row> read_shard<Row>(const Communicator&, const std::vector<DatasetInfo>&, const Partition&, \
                                      const ReadOptions&);                                                    \
  template DataSummary summarise<Row>(const Communicator&, const Shard<Row>&);
SHOAL_INSTANTIATE(float)
SHOAL_INSTANTIATE(double)
SHOAL_INSTANTIATE(PackedByte)
#undef SHOAL_INSTANTIATE

}  // namespace shoal
