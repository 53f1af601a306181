#include "io/row_slices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <type_traits>

#include "io/store_rows.hpp"
#include "shoal/comm/agree.hpp"
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
      const auto local = static_cast<std::size_t>(slice.first_row + r - shard.rows().first);
      if (!shard.used.empty() && shard.used[local] == 0) continue;
      if (!(weight >= 0) || std::isinf(weight))
        Place{slice, r, 0}.fail(weight, "is not a weight; weights are finite and not negative");
      shard.weights[local] = weight;
    }
  });
}

/// Rows with 0 are left out.
template <class Row>
void store_mask(const Slice& slice, Shard<Row>& shard) {
  with_elements(slice, [&](const auto* elements) {
    for (std::int64_t r = 0; r < slice.n_rows; ++r) {
      const auto value = static_cast<double>(elements[r]);
      if (std::isnan(value))
        Place{slice, r, 0}.fail(value, "does not say whether the row is used; a mask is 0 or another number");
      shard.used[static_cast<std::size_t>(slice.first_row + r - shard.rows().first)] = value != 0 ? 1 : 0;
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
/// reading of its own, and as many as have names.
template <class Row>
LevelOffsets find_levels(const Communicator& comm, const RowSlices& slices, const ReadOptions& options,
                         const Shard<Row>& shard) {
  const auto d = static_cast<std::size_t>(slices.head.n_columns);
  if (!options.known_levels.empty() && options.known_levels.size() != d + 1)
    throw Error(ExitCode::bad_data, fmt::format("{}: has {} columns, the model has {} features; they must be equal",
                                                slices.head.name(), d, options.known_levels.size() - 1));
  if (!options.known_levels.empty()) return options.known_levels;
  if (options.kind.values == Values::bits) return offsets_of(std::vector<std::int64_t>(d, 2));
  if (!slices.head.levels.empty()) return offsets_of(slices.head.levels);
  std::vector<std::int64_t> levels(d, 1);
  for (const auto& [feature, names] : slices.head.level_names)
    levels[feature] = std::max<std::int64_t>(1, static_cast<std::int64_t>(names.size()));
  std::mutex mutex;
  const auto look = [&](const Slice& slice) {
    const ReadOptions mine = for_dataset(options, slice.dataset);
    std::vector<Code> row(d);
    std::vector<std::int64_t> largest(d, 1);
    with_elements(slice, [&](const auto* elements) {
      for (std::int64_t r = 0; r < slice.n_rows; ++r) {
        bool complete = true;
        if (is_masked(shard, slice, r)) continue;
        for (std::size_t j = 0; j < d; ++j) {
          const auto value = static_cast<long double>(elements[static_cast<std::size_t>(r) * d + j]);
          row[j] = checked_level(value, mine, {slice, r, static_cast<std::int64_t>(j)});
          complete = complete && row[j] != missing_code;
        }
        if (!complete && options.rows.missing == Missing::skip) continue;
        translate_levels(row, options, {slice, r, 0});
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

/// What is known of the rows' noise, once the rows are there.
template <class Row>
void take_noise(const Communicator& comm, const RowSlices& slices, const ReadOptions& options, Shard<Row>& shard) {
  if constexpr (!std::is_same_v<Row, PackedByte>) {
    const NoiseSource& source = slices.noise_source;
    shard.noise_layout = source.layout;
    if (comm.is_root()) shard.noise_digest.add(std::as_bytes(std::span(source.layout.shared)), 0);
    if (!slices.noise) return;
    agree(comm, [&] { shard.noise.resize(shard.n_rows() * source.layout.width(shard.n_features)); });
    slices.noise([&](const Slice& slice) {
      if (options.between_slices) options.between_slices(0);
      store_noise(slice, source, options.rows.missing, shard);
    });
  }
}

}  // namespace

template <class Row>
Shard<Row> make_shard(const Communicator& comm, const RowSlices& slices, const Partition& partition,
                      const ReadOptions& options) {
  Shard<Row> shard;
  shard.partition = partition;
  shard.blocks = partition.blocks_of(comm.rank(), comm.size());
  shard.n_features = static_cast<std::size_t>(slices.head.n_columns);
  agree(comm, [&] {
    if (slices.mask || options.rows.missing == Missing::skip) shard.used.assign(shard.n_rows(), 1);
  });
  if (slices.mask) slices.mask([&](const Slice& slice) { store_mask(slice, shard); });
  if constexpr (std::is_same_v<Row, PackedByte>) {
    const bool may_miss = options.rows.missing == Missing::marginalize;
    shard.coding = RowCoding(find_levels(comm, slices, options, shard), may_miss, options.n_clusters);
  }
  const std::size_t spare = std::is_same_v<Row, PackedByte> ? RowCoding::spare_bytes : 0;
  agree(comm, [&] { shard.values.resize(shard.n_rows() * shard.width() + spare); });
  std::fill_n(shard.values.end() - static_cast<std::ptrdiff_t>(spare), spare, Row(0));
  const auto store = [&](const Slice& slice) {
    if (options.between_slices) options.between_slices(slice.n_rows);
    store_slice(slice, options, shard);
  };
  slices.rows(store, in_place(shard));
  take_noise(comm, slices, options, shard);
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

template Shard<float> make_shard<float>(const Communicator&, const RowSlices&, const Partition&, const ReadOptions&);
template Shard<double> make_shard<double>(const Communicator&, const RowSlices&, const Partition&, const ReadOptions&);
template Shard<PackedByte> make_shard<PackedByte>(const Communicator&, const RowSlices&, const Partition&,
                                                  const ReadOptions&);

}  // namespace shoal
