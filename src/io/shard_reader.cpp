#include "shoal/io/shard_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>
#include <type_traits>

#include "io/row_slices.hpp"
#include "io/store_rows.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/comm/block_reduce.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/elements.hpp"

namespace shoal {
namespace {

/// One weight a row.
template <class Row>
void store_weights(const Slice& slice, Shard<Row>& shard) {
  with_elements(slice, [&](const auto* elements) {
    for (std::int64_t r = 0; r < slice.n_rows; ++r) {
      const auto weight = static_cast<double>(elements[r]);
      if (!(weight >= 0) || std::isinf(weight))
        Place{slice, r, 0}.fail(weight, "is no weight; weights are finite and not negative");
      shard.weights[static_cast<std::size_t>(slice.first_row + r - shard.rows().first)] = weight;
    }
  });
}

/// Rows left out get weight 0. Where any rank has such a row, all ranks hold weights, so that they treat them alike.
template <class Row>
void leave_out(const Communicator& comm, Shard<Row>& shard) {
  if (std::ranges::find(shard.used, std::uint8_t{0}) == shard.used.end()) shard.used.clear();
  std::array<std::int64_t, 1> any = {shard.used.empty() ? 0 : 1};
  comm.maximum(any);
  if (any[0] != 0 && shard.weights.empty()) shard.weights.assign(shard.n_rows(), 1.0);
  for (std::size_t r = 0; r < shard.used.size(); ++r)
    if (shard.used[r] == 0) shard.weights[r] = 0;
}

LevelOffsets offsets_of(const std::vector<std::int64_t>& levels) {
  LevelOffsets offsets = {0};
  for (const std::int64_t n : levels) offsets.push_back(offsets.back() + n);
  return offsets;
}

/// Levels of each feature: the model's, two, the attribute's, or the largest code + 1 over all ranks, which takes a
/// reading of its own.
LevelOffsets find_levels(const Communicator& comm, const RowSlices& slices, const ReadOptions& options) {
  if (!options.known_levels.empty()) return options.known_levels;
  const auto d = static_cast<std::size_t>(slices.head.n_columns);
  if (options.kind.values == Values::bits) return offsets_of(std::vector<std::int64_t>(d, 2));
  if (!slices.head.levels.empty()) return offsets_of(slices.head.levels);
  std::vector<std::int64_t> levels(d, 1);
  std::mutex mutex;
  const auto look = [&](const Slice& slice) {
    const ReadOptions mine = of_type(options, slice.dataset.storage.number);
    std::vector<Code> row(d);
    std::vector<std::int64_t> largest(d, 1);
    with_elements(slice, [&](const auto* elements) {
      for (std::int64_t r = 0; r < slice.n_rows; ++r) {
        bool complete = true;
        for (std::size_t j = 0; j < d; ++j) {
          const auto value = static_cast<long double>(elements[static_cast<std::size_t>(r) * d + j]);
          row[j] = checked_level(value, mine, {slice, r, static_cast<std::int64_t>(j)});
          complete = complete && row[j] != missing_code;
        }
        if (!complete && options.rows.missing == Missing::skip) continue;
        for (std::size_t j = 0; j < d; ++j)
          if (row[j] != missing_code) largest[j] = std::max<std::int64_t>(largest[j], row[j] + 1);
      }
    });
    const std::lock_guard lock(mutex);
    std::ranges::transform(levels, largest, levels.begin(), [](auto a, auto b) { return std::max(a, b); });
  };
  slices.rows(look, {});
  comm.maximum(levels);
  return offsets_of(levels);
}

}  // namespace

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

namespace {

/// Real rows that are stored as they are held are read where they are held.
template <class Row>
Destination in_place(Shard<Row>& shard) {
  if constexpr (std::is_same_v<Row, PackedByte>) return {};
  return [&shard](const DatasetInfo& dataset, std::int64_t first_row) -> std::byte* {
    const ElementType held = sizeof(Row) == 8 ? ElementType::float64 : ElementType::float32;
    if (dataset.type != held) return nullptr;
    const auto local = static_cast<std::size_t>(first_row - shard.rows().first);
    return reinterpret_cast<std::byte*>(shard.values.data() + local * shard.width());
  };
}

}  // namespace

template <class Row>
Shard<Row> make_shard(const Communicator& comm, const RowSlices& slices, const Partition& partition,
                      const ReadOptions& options) {
  Shard<Row> shard;
  shard.partition = partition;
  shard.blocks = partition.blocks_of(comm.rank(), comm.size());
  shard.n_features = static_cast<std::size_t>(slices.head.n_columns);
  if constexpr (std::is_same_v<Row, PackedByte>) {
    const bool may_miss = options.rows.missing == Missing::marginalize;
    shard.coding = RowCoding(find_levels(comm, slices, options), may_miss, options.n_clusters);
  }
  const std::size_t spare = std::is_same_v<Row, PackedByte> ? RowCoding::spare_bytes : 0;
  agree(comm, [&] {
    shard.values.resize(shard.n_rows() * shard.width() + spare);
    if (options.rows.missing == Missing::skip) shard.used.assign(shard.n_rows(), 1);
  });
  std::fill_n(shard.values.end() - static_cast<std::ptrdiff_t>(spare), spare, Row(0));
  const auto store = [&](const Slice& slice) {
    if (options.between_slices) options.between_slices();
    store_slice(slice, options, shard);
  };
  slices.rows(store, in_place(shard));
  if (slices.weights) {
    shard.weights.resize(shard.n_rows());
    slices.weights([&](const Slice& slice) { store_weights(slice, shard); });
  }
  leave_out(comm, shard);
  constexpr std::uint64_t places_of_weights = std::uint64_t{1} << 63U;  // beyond those of rows
  shard.digest.add(std::as_bytes(std::span(shard.weights)),
                   places_of_weights + sizeof(double) * static_cast<std::uint64_t>(shard.rows().first));
  return shard;
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
  BlockForest forest;
  for (std::int64_t b = shard.blocks.first; b < shard.blocks.last; ++b) {
    Statistics sum(1, 0);
    const RowBlock<Row> block = shard.block(b);
    for (std::size_t r = 0; r < block.n_rows; ++r) sum.sums[0] += block.weight(r);
    forest.push(b, std::move(sum));
  }
  summary.total_weight =
      reduce_blocks(comm, std::move(forest), shard.partition.borders(comm.size()), Statistics(1, 0)).sums[0];
  return summary;
}

#define SHOAL_INSTANTIATE(Row)                                                                                      \
  template Shard<Row> make_shard<Row>(const Communicator&, const RowSlices&, const Partition&, const ReadOptions&); \
  template Shard<Row> read_shard<Row>(const Communicator&, const std::vector<DatasetInfo>&, const Partition&,       \
                                      const ReadOptions&);                                                          \
  template DataSummary summarise<Row>(const Communicator&, const Shard<Row>&);
SHOAL_INSTANTIATE(float)
SHOAL_INSTANTIATE(double)
SHOAL_INSTANTIATE(PackedByte)
#undef SHOAL_INSTANTIATE

}  // namespace shoal
