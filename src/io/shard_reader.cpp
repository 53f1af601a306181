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

  [[noreturn]] void fail(const std::string& why) const {
    throw Error(
        ExitCode::bad_data,
        fmt::format("{}: row {}, column {}: {}", slice.dataset.name(), slice.first_row_in_file + row, column, why),
        slice.first_row + row);
  }
  [[noreturn]] void fail(double value, const std::string& why) const { fail(fmt::format("{} {}", value, why)); }
};

/// Whether a value is missing; throws where it may not be, or is infinite.
bool is_missing(double value, const ReadOptions& options, const Place& place) {
  if (std::isnan(value) || (options.missing_value && value == *options.missing_value)) {
    if (options.missing == Missing::error)
      place.fail(value,
                 "is missing; use --missing skip to leave such rows out, or --missing marginalize where the "
                 "model can");
    return true;
  }
  if (std::isinf(value)) place.fail(value, "is infinite; replace it, or mark it with NaN and use --missing");
  return false;
}

/// A real value as held; NaN marks missing ones.
template <class Row>
Row checked_real(double value, const ReadOptions& options, const Place& place) {
  if (is_missing(value, options, place)) return std::numeric_limits<Row>::quiet_NaN();
  const auto row = static_cast<Row>(value);
  if (std::isinf(row)) place.fail(value, "does not fit float32; use --precision float64");
  return row;
}

/// A level; what cannot be one fails with a remedy.
Code checked_level(double value, const ReadOptions& options, const Place& place) {
  if (is_missing(value, options, place)) return missing_code;
  if (options.kind == ModelKind::bernoulli && value != 0 && value != 1)
    place.fail(value,
               "is not 0 or 1, which bernoulli needs; use categorical or gaussian, or `shoal convert "
               "--threshold`");
  if (value < 0 || value != std::floor(value)) place.fail(value, "is not a code 0, 1, 2, ..., which categorical needs");
  if (value >= missing_code) place.fail(value, "is too large a code; at most 65534 levels a feature are possible");
  return static_cast<Code>(value);
}

/// A row that is left out (--missing skip): zeros, not used.
template <class Row>
void leave_out_row(Shard<Row>& shard, std::size_t local) {
  std::fill_n(shard.values.data() + local * shard.width, shard.width, Row(0));
  if (shard.used.empty()) shard.used.assign(shard.n_rows(), 1);
  shard.used[local] = 0;
}

/// Converts a row of values none of which needs a second look; false where one may.
template <class Row, class Element>
bool convert_plain(const Element* in, std::size_t n, Row* out) {
  bool plain = true;
  for (std::size_t j = 0; j < n; ++j) {
    out[j] = static_cast<Row>(in[j]);
    plain &= std::abs(out[j]) <= std::numeric_limits<Row>::max();  // neither NaN nor infinite
  }
  return plain;
}

template <class Row>
void store_slice(const Slice& slice, const ReadOptions& options, Shard<Row>& shard) {
  const std::size_t d = shard.n_features;
  with_elements(slice, [&](const auto* elements) {
    for (std::int64_t r = 0; r < slice.n_rows; ++r) {
      const auto local = static_cast<std::size_t>(slice.first_row + r - shard.rows().first);
      const auto* in = elements + static_cast<std::size_t>(r) * d;
      Row* row = shard.values.data() + local * d;
      if (convert_plain(in, d, row) && !options.missing_value) continue;
      bool complete = true;
      for (std::size_t j = 0; j < d; ++j) {
        row[j] = checked_real<Row>(static_cast<double>(in[j]), options, {slice, r, static_cast<std::int64_t>(j)});
        complete = complete && !std::isnan(row[j]);
      }
      if (!complete && options.missing == Missing::skip) leave_out_row(shard, local);
    }
  });
}

/// Packs a row of bytes that are all 0 or 1; false where one is not. The product puts the eight lowest bits of a word
/// side by side.
bool pack_bits(const std::byte* in, std::size_t n, PackedByte* out) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  std::uint64_t others = 0;
  for (std::size_t j = 0; j < n; j += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, in + j, std::min<std::size_t>(8, n - j));
    others |= eight & ~ones;
    *out++ = static_cast<PackedByte>(((eight & ones) * 0x0102040810204080) >> 56U);
  }
  return others == 0;
}

template <>
void store_slice(const Slice& slice, const ReadOptions& options, Shard<PackedByte>& shard) {
  const std::size_t d = shard.n_features;
  const RowCoding& coding = shard.coding;
  const bool as_bits = coding.is_bits() && size_of(slice.dataset.type) == 1 && !options.missing_value;
  std::vector<Code> levels(d);
  with_elements(slice, [&](const auto* elements) {
    for (std::int64_t r = 0; r < slice.n_rows; ++r) {
      const auto local = static_cast<std::size_t>(slice.first_row + r - shard.rows().first);
      PackedByte* row = shard.values.data() + local * shard.width;
      const auto* in = elements + static_cast<std::size_t>(r) * d;
      if (as_bits && pack_bits(reinterpret_cast<const std::byte*>(in), d, row)) continue;
      bool complete = true;
      for (std::size_t j = 0; j < d; ++j) {
        const Place place{slice, r, static_cast<std::int64_t>(j)};
        levels[j] = checked_level(static_cast<double>(in[j]), options, place);
        complete = complete && levels[j] != missing_code;
        if (levels[j] != missing_code && levels[j] >= coding.levels(j))
          place.fail(fmt::format("level {} is unknown; {} 0 to {}", levels[j],
                                 options.known_levels.empty() ? "the attribute `levels` allows" : "the model has seen",
                                 coding.levels(j) - 1));
      }
      if (complete || options.missing == Missing::marginalize)
        coding.encode(levels.data(), row);
      else
        leave_out_row(shard, local);
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

LevelOffsets offsets_of(const std::vector<std::int64_t>& levels) {
  LevelOffsets offsets = {0};
  for (const std::int64_t n : levels) offsets.push_back(offsets.back() + n);
  return offsets;
}

/// Levels of each feature: the model's, two, the attribute's, or the largest code + 1 over all ranks, which takes a
/// reading of its own.
LevelOffsets find_levels(const Communicator& comm, const std::vector<DatasetInfo>& datasets, const ReadOptions& options,
                         const std::function<Range(int)>& rows) {
  if (!options.known_levels.empty()) return options.known_levels;
  const auto d = static_cast<std::size_t>(datasets.front().n_columns);
  if (options.kind == ModelKind::bernoulli) return offsets_of(std::vector<std::int64_t>(d, 2));
  if (!datasets.front().levels.empty()) return offsets_of(datasets.front().levels);
  std::vector<std::int64_t> levels(d, 1);
  read_slices(comm, datasets, rows, [&](const Slice& slice) {
    with_elements(slice, [&](const auto* elements) {
      for (std::int64_t r = 0; r < slice.n_rows; ++r)
        for (std::size_t j = 0; j < d; ++j) {
          const auto value = static_cast<double>(elements[static_cast<std::size_t>(r) * d + j]);
          const Code level = checked_level(value, options, {slice, r, static_cast<std::int64_t>(j)});
          if (level != missing_code) levels[j] = std::max<std::int64_t>(levels[j], level + 1);
        }
    });
  });
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
  shard.width = shard.n_features;
  const auto rows = [&](int rank) { return partition.rows_of_rank(rank, comm.size()); };
  if constexpr (std::is_same_v<Row, PackedByte>) {
    const bool may_miss = options.missing == Missing::marginalize;
    shard.coding = RowCoding(find_levels(comm, datasets, options, rows), may_miss, options.n_clusters);
    shard.width = shard.coding.row_bytes();
  }
  agree(comm, [&] { shard.values.resize(shard.n_rows() * shard.width); });
  read_slices(comm, datasets, rows, [&](const Slice& slice) { store_slice(slice, options, shard); });
  if (!options.row_weights.empty()) read_weights(comm, datasets, options.row_weights, shard);
  leave_out(comm, shard);
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
SHOAL_INSTANTIATE(PackedByte)
#undef SHOAL_INSTANTIATE

}  // namespace shoal
