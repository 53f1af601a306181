#include "shoal/io/shard_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "shoal/comm/agree.hpp"
#include "shoal/comm/block_reduce.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/elements.hpp"

namespace shoal {
namespace {

/// Where a value stands, for messages.
struct Place {
  const Slice& slice;
  std::int64_t row;
  std::int64_t column;

  [[noreturn]] void fail(double value, const std::string& why) const {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: row {}, column {}: {} {}", slice.dataset.name(), slice.first_row_in_file + row, column,
                            value, why),
                slice.first_row + row);
  }
};

/// One value as held; NaN and missing_code mark missing ones. What cannot be used fails with a remedy.
template <class Row>
Row checked(double value, const ReadOptions& options, const Place& place) {
  if (std::isnan(value) || (options.missing_value && value == *options.missing_value)) {
    if (options.missing == Missing::error)
      place.fail(value,
                 "is missing; use --missing skip to leave such rows out, or --missing marginalize where the "
                 "model can");
    if constexpr (std::is_same_v<Row, Code>)
      return missing_code;
    else
      return std::numeric_limits<Row>::quiet_NaN();
  }
  if (std::isinf(value)) place.fail(value, "is infinite; replace it, or mark it with NaN and use --missing");
  if constexpr (std::is_same_v<Row, Code>) {
    if (options.kind == ModelKind::bernoulli && value != 0 && value != 1)
      place.fail(value,
                 "is not 0 or 1, which bernoulli needs; use categorical or gaussian, or `shoal convert "
                 "--threshold`");
    if (value < 0 || value != std::floor(value))
      place.fail(value, "is not a code 0, 1, 2, ..., which categorical needs");
    if (value >= missing_code) place.fail(value, "is too large a code; at most 65534 levels a feature are possible");
    return static_cast<Code>(value);
  } else {
    const auto row = static_cast<Row>(value);
    if (std::isinf(row)) place.fail(value, "does not fit float32; use --precision float64");
    return row;
  }
}

template <class Row>
bool is_missing(Row value) {
  if constexpr (std::is_same_v<Row, Code>)
    return value == missing_code;
  else
    return std::isnan(value);
}

template <class Row>
void store_slice(const Slice& slice, const ReadOptions& options, Shard<Row>& shard) {
  const std::size_t d = shard.n_features;
  with_elements(slice, [&](const auto* elements) {
    for (std::int64_t r = 0; r < slice.n_rows; ++r) {
      const auto local = static_cast<std::size_t>(slice.first_row + r - shard.rows().first);
      Row* row = shard.values.data() + local * d;
      bool complete = true;
      for (std::size_t j = 0; j < d; ++j) {
        const auto value = static_cast<double>(elements[static_cast<std::size_t>(r) * d + j]);
        row[j] = checked<Row>(value, options, {slice, r, static_cast<std::int64_t>(j)});
        complete = complete && !is_missing(row[j]);
      }
      if (complete || options.missing != Missing::skip) continue;
      std::fill(row, row + d, Row(0));
      if (shard.used.empty()) shard.used.assign(shard.n_rows(), 1);
      shard.used[local] = 0;
    }
  });
}

template <class Row>
void read_weights(const Communicator& comm, const std::vector<DatasetInfo>& datasets, const std::string& name,
                  Shard<Row>& shard) {
  shard.weights.resize(shard.n_rows());
  const auto rows = [&](int rank) { return shard.partition.rows_of_rank(rank, comm.size()); };
  read_slices(comm, describe_weights(comm, datasets, name), rows, [&](const Slice& slice) {
    with_elements(slice, [&](const auto* elements) {
      for (std::int64_t r = 0; r < slice.n_rows; ++r) {
        const auto weight = static_cast<double>(elements[r]);
        if (!(weight >= 0) || std::isinf(weight))
          Place{slice, r, 0}.fail(weight, "is no weight; weights are finite and not negative");
        shard.weights[static_cast<std::size_t>(slice.first_row + r - shard.rows().first)] = weight;
      }
    });
  });
}

/// Rows left out get weight 0. Where any rank has such a row, all ranks hold weights, so that they treat them alike.
template <class Row>
void leave_out(const Communicator& comm, Shard<Row>& shard) {
  std::array<std::int64_t, 1> any = {shard.used.empty() ? 0 : 1};
  comm.maximum(any);
  if (any[0] != 0 && shard.weights.empty()) shard.weights.assign(shard.n_rows(), 1.0);
  for (std::size_t r = 0; r < shard.used.size(); ++r)
    if (shard.used[r] == 0) shard.weights[r] = 0;
}

/// Number of levels of each feature: two, the attribute's, or the largest code + 1 over all ranks.
std::vector<std::int64_t> count_levels(const Communicator& comm, const std::vector<DatasetInfo>& datasets,
                                       const ReadOptions& options, const Shard<Code>& shard) {
  if (options.kind == ModelKind::bernoulli) return std::vector<std::int64_t>(shard.n_features, 2);
  for (const DatasetInfo& info : datasets)
    if (!info.levels.empty()) return info.levels;
  std::vector<std::int64_t> levels(shard.n_features, 1);
  for (std::size_t i = 0; i < shard.values.size(); ++i)
    if (shard.values[i] != missing_code)
      levels[i % shard.n_features] = std::max<std::int64_t>(levels[i % shard.n_features], shard.values[i] + 1);
  comm.maximum(levels);
  return levels;
}

LevelOffsets offsets_of(const std::vector<std::int64_t>& levels) {
  LevelOffsets offsets = {0};
  for (const std::int64_t n : levels) offsets.push_back(offsets.back() + n);
  return offsets;
}

/// Every code must be a level that the attribute or the model knows.
void check_levels(const Communicator& comm, const std::vector<DatasetInfo>& datasets, const Shard<Code>& shard,
                  bool from_model) {
  agree(comm, [&] {
    for (std::size_t i = 0; i < shard.values.size(); ++i) {
      const std::size_t d = i % shard.n_features;
      const std::int64_t levels = shard.level_offsets[d + 1] - shard.level_offsets[d];
      if (shard.values[i] == missing_code || shard.values[i] < levels) continue;
      const std::int64_t row = shard.rows().first + static_cast<std::int64_t>(i / shard.n_features);
      std::int64_t in_file = row;
      std::size_t file = 0;
      while (in_file >= datasets[file].n_rows) in_file -= datasets[file++].n_rows;
      throw Error(
          ExitCode::bad_data,
          fmt::format("{}: row {}, column {}: level {} is unknown; {} 0 to {}", datasets[file].name(), in_file, d,
                      shard.values[i], from_model ? "the model has seen" : "the attribute `levels` allows", levels - 1),
          row);
    }
  });
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
    for (const std::string& weight : names) weights.push_back(describe_dataset(weight, Wanted::labels));
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
  Shard<Row> shard;
  shard.partition = partition;
  shard.blocks = partition.blocks_of(comm.rank(), comm.size());
  shard.n_features = static_cast<std::size_t>(datasets.front().n_columns);
  agree(comm, [&] { shard.values.resize(shard.n_rows() * shard.n_features); });
  const auto rows = [&](int rank) { return partition.rows_of_rank(rank, comm.size()); };
  read_slices(comm, datasets, rows, [&](const Slice& slice) { store_slice(slice, options, shard); });
  if (!options.row_weights.empty()) read_weights(comm, datasets, options.row_weights, shard);
  leave_out(comm, shard);
  if constexpr (std::is_same_v<Row, Code>) {
    const bool from_model = !options.known_levels.empty();
    shard.level_offsets = from_model ? options.known_levels : offsets_of(count_levels(comm, datasets, options, shard));
    check_levels(comm, datasets, shard, from_model);
  }
  return shard;
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
  summary.total_weight = reduce_blocks(comm, std::move(forest), Statistics(1, 0)).sums[0];
  return summary;
}

#define SHOAL_INSTANTIATE(Row)                                                                                \
  template Shard<Row> read_shard<Row>(const Communicator&, const std::vector<DatasetInfo>&, const Partition&, \
                                      const ReadOptions&);                                                    \
  template DataSummary summarise<Row>(const Communicator&, const Shard<Row>&);
SHOAL_INSTANTIATE(float)
SHOAL_INSTANTIATE(double)
SHOAL_INSTANTIATE(Code)
#undef SHOAL_INSTANTIATE

}  // namespace shoal
