#include "shoal/io/shard_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <type_traits>

#include "io/row_slices.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/comm/block_sums.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/assembly.hpp"

namespace shoal {

namespace {

/// Data sets of one file that follow each other.
struct Run {
  std::string file;
  std::vector<std::int64_t> n_rows;  ///< stored rows of each
};

std::vector<Run> runs_of(const std::vector<DatasetInfo>& datasets) {
  std::vector<Run> runs;
  for (const DatasetInfo& info : datasets) {
    if (runs.empty() || runs.back().file != info.file) runs.push_back({info.file, {}});
    runs.back().n_rows.push_back(stored_of(info).front()->n_rows);
  }
  return runs;
}

/// One data set for all of a file, or for each of them.
std::vector<DatasetInfo> describe_in_files(const std::vector<Run>& runs, const std::string& path,
                                           const std::string& option, const DescribeOne& describe) {
  std::vector<DatasetInfo> found;
  for (const Run& run : runs) {
    const DatasetInfo one = describe(run.file + ":" + path).front();
    const bool of_each = std::ranges::all_of(run.n_rows, [&](std::int64_t n) { return n == one.n_rows; });
    const std::int64_t all = std::accumulate(run.n_rows.begin(), run.n_rows.end(), std::int64_t{0});
    if (!of_each && one.n_rows != all)
      throw Error(ExitCode::bad_data, fmt::format("{} {}: holds {} numbers for {} rows; one per row is needed", option,
                                                  one.name(), one.n_rows, all));
    found.insert(found.end(), of_each ? run.n_rows.size() : 1, one);
  }
  return found;
}

}  // namespace

std::vector<DatasetInfo> describe_vector(const std::string& name) { return describe_here({name}, Wanted::labels); }

std::vector<DatasetInfo> describe_beside(const Communicator& comm, const std::vector<DatasetInfo>& datasets,
                                         const std::string& name, const std::string& option, const std::string& rows,
                                         const DescribeOne& describe) {
  std::vector<DatasetInfo> found;
  if (name.empty()) return found;
  on_root(comm, [&] {
    const std::vector<Run> runs = runs_of(datasets);
    try {
      if (!parse_dataset_name(name).path.empty())
        found = describe(name);
      else
        found = describe_in_files(runs, name.starts_with('/') ? name : "/" + name, option, describe);
    } catch (const Error& error) {
      const std::string what = error.what();
      throw Error(error.code(), what.starts_with(option) ? what : fmt::format("{}: {}", option, what));
    }
    std::int64_t needed = 0;
    for (const Run& run : runs) needed += std::accumulate(run.n_rows.begin(), run.n_rows.end(), std::int64_t{0});
    if (total_rows(found) != needed)
      throw Error(
          ExitCode::bad_data,
          fmt::format("{} {}: {} {} numbers for {} rows; one per row is needed", option, found.front().name(),
                      found.size() > 1 ? "with those of other files, holds" : "holds", total_rows(found), needed));
    if (!rows.empty()) choose_rows(found, rows, "--rows");
  });
  broadcast_object(comm, found);
  return found;
}

std::vector<DatasetInfo> describe_weights(const Communicator& comm, const std::vector<DatasetInfo>& datasets,
                                          const RowOptions& options) {
  return describe_beside(comm, datasets, options.row_weights.name, "--row-weights", options.shape.rows);
}

std::vector<DatasetInfo> describe_mask(const Communicator& comm, const std::vector<DatasetInfo>& datasets,
                                       const RowOptions& options) {
  return describe_beside(comm, datasets, options.mask.name, "--mask", options.shape.rows);
}

namespace {

/// Levels of a feature by the attribute; 0: not said.
std::int64_t declared_levels(const DatasetInfo& info, std::size_t feature) {
  return feature < info.levels.size() ? info.levels[feature] : 0;
}

bool same_levels(const DatasetInfo& a, const DatasetInfo& b) {
  for (std::size_t j = 0; j < std::max(a.levels.size(), b.levels.size()); ++j)
    if (declared_levels(a, j) != declared_levels(b, j) && !(a.level_names.contains(j) && b.level_names.contains(j)))
      return false;
  return true;
}

}  // namespace

void require_same_columns(const std::vector<DatasetInfo>& datasets) {
  const DatasetInfo& first = datasets.front();
  for (const DatasetInfo& info : datasets) {
    if (info.n_columns != first.n_columns)
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: has {} columns, {} has {}; all files must have the same features", info.name(),
                              info.n_columns, first.name(), first.n_columns));
    if (!same_levels(info, first))
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
  RowSlices slices{datasets.front(), {}, {}, {}};
  slices.rows = [&](const VisitSlice& visit, const Destination& destination) {
    read_slices(comm, datasets, rows, options.threads, visit, destination);
  };
  const auto beside = [&](auto* describe) -> std::function<void(const VisitSlice&)> {
    const std::vector<DatasetInfo> found = describe(comm, datasets, options.rows);
    if (found.empty()) return {};
    return [&, found](const VisitSlice& visit) { read_slices(comm, found, rows, options.threads, visit); };
  };
  slices.weights = beside(describe_weights);
  slices.mask = beside(describe_mask);
  slices.noise_source = describe_noise(comm, datasets, options.rows);
  if (slices.noise_source.of_each_row())
    slices.noise = [&](const VisitSlice& visit) {
      read_slices(comm, slices.noise_source.datasets, rows, options.threads, visit);
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
