#include "io/store_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>

#include "io/numbers.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/elements.hpp"
#include "shoal/io/level_names.hpp"

namespace shoal {

void Place::fail(const std::string& why) const {
  throw Error(ExitCode::bad_data,
              fmt::format("{}: row {}, column {}: {}", slice.dataset.name(), slice.file_row(row),
                          slice.dataset.column_text(column), why),
              slice.first_row + row);
}

void Place::fail(long double value, const std::string& why) const {
  const auto rounded = static_cast<double>(value);
  fail(rounded == value || std::isnan(value) ? fmt::format("{} {}", rounded, why)
                                             : fmt::format("{:.0f} {}", value, why));
}

namespace {

/// Whether a value (long double holds every stored type exactly) is missing; throws where it may not be, or is
/// infinite.
bool is_missing(long double value, const ReadOptions& options, const Place& place) {
  if (std::isnan(value) ||
      std::ranges::find(options.rows.shape.missing_values, value) != options.rows.shape.missing_values.end()) {
    if (options.rows.missing == Missing::error)
      place.fail(value,
                 "is missing; use --missing skip to leave such rows out, or --missing marginalize where the "
                 "model can");
    return true;
  }
  if (std::isinf(value)) place.fail(value, "is infinite; replace it, or mark it with NaN and use --missing");
  return false;
}

/// Up to here every count has its own value of type T, and its logarithm of likelihood some digits.
template <class T>
constexpr T most_exact = sizeof(T) == sizeof(float) ? T(4096) : T(std::uint64_t{1} << 53U);

/// A real value as held; NaN marks missing ones.
template <class Row>
Row checked_real(long double value, const ReadOptions& options, const Place& place) {
  if (is_missing(value, options, place)) return std::numeric_limits<Row>::quiet_NaN();
  const auto row = static_cast<Row>(value);
  if (std::isinf(row)) place.fail(value, "does not fit float32; use --precision float64");
  if (options.kind.values == Values::counts) {
    if (value < 0 || value != std::floor(value)) place.fail(value, std::string(options.kind.refusal));
    if (row != value || value > most_exact<Row>)
      place.fail(value, sizeof(Row) == sizeof(double) ? "is too large a count for float64; scale the counts down"
                                                      : "is too large a count for float32; use --precision float64");
  }
  return row;
}

}  // namespace

ReadOptions for_dataset(const ReadOptions& options, const DatasetInfo& dataset) {
  ReadOptions result = options;
  if (dataset.assembled()) result.rows.shape.missing_values.clear();  // they are NaN by now
  for (long double& value : result.rows.shape.missing_values) value = rounded_to(dataset.storage.number, value);
  return result;
}

Code checked_level(long double value, const ReadOptions& options, const Place& place) {
  if (is_missing(value, options, place)) return missing_code;
  const bool possible =
      options.kind.values == Values::bits ? value == 0 || value == 1 : value >= 0 && value == std::floor(value);
  if (!possible) place.fail(value, std::string(options.kind.refusal));
  if (value >= unknown_code) place.fail(value, "is too large a code; at most 65534 levels per feature are possible");
  return static_cast<Code>(value);
}

void translate_levels(std::vector<Code>& row, const ReadOptions& options, Place place) {
  for (const auto& [feature, codes] : place.slice.dataset.level_codes) {
    const Code code = row[feature];
    if (code >= codes.size()) continue;  // missing, or a level that nobody names
    row[feature] = codes[code];
    if (row[feature] != unknown_code) continue;
    place.column = static_cast<std::int64_t>(feature);
    const FeatureNames names = place.slice.dataset.names();
    const std::string* name = names.of_level(feature, code);
    const char* const whose = options.known_levels.empty() ? "the first file" : "the model";
    if (name == nullptr)
      place.fail(fmt::format("level {} of {} has no name in the data, but one in {}; add it to /levels/{}", code,
                             names.of(feature), whose, names.of(feature)));
    place.fail(
        fmt::format("level \"{}\" ({}) of {} is unknown: /levels/{} of {} does not name it; fit with it, or leave "
                    "such rows out",
                    *name, code, names.of(feature), names.of(feature), whose));
  }
}

namespace {

/// A row that is left out (--missing skip): zeros, not used.
template <class Row>
void leave_out_row(Shard<Row>& shard, std::size_t local) {
  std::fill_n(shard.values.data() + local * shard.width(), shard.width(), Row(0));
  shard.used[local] = 0;
}

/// Whether no value is NaN or infinite: x - x is zero for all others. Several sums at a time, as vectors take them.
template <class Row>
bool all_finite(const Row* values, std::size_t n) {
  constexpr std::size_t lanes = 64 / sizeof(Row);
  std::array<Row, lanes> sum{};
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes)
    for (std::size_t lane = 0; lane < lanes; ++lane) sum[lane] += values[i + lane] - values[i + lane];
  for (; i < n; ++i) sum[0] += values[i] - values[i];
  return std::ranges::all_of(sum, [](Row x) { return x == 0; });
}

/// Whether finite values are counts that nothing was rounded in.
template <class Row>
bool all_counts(const Row* values, std::size_t n) {
  int others = 0;
  for (std::size_t i = 0; i < n; ++i)
    others |= static_cast<int>(!(values[i] >= 0)) | static_cast<int>(std::floor(values[i]) != values[i]) |
              static_cast<int>(values[i] >= most_exact<Row>);
  return others == 0;
}

/// Converts values none of which needs a second look; false where one may. They may have been read in place.
template <class Row, class Element>
bool convert_plain(const Element* in, std::size_t n, Values wanted, Row* out) {
  if (static_cast<const void*>(in) != out)
    std::transform(in, in + n, out, [](Element x) { return static_cast<Row>(x); });
  return all_finite(out, n) && (wanted != Values::counts || all_counts(out, n));
}

/// Every level of a row must be one that the attribute or the model knows.
void require_known(const std::vector<Code>& levels, const RowCoding& coding, const ReadOptions& options, Place place) {
  for (std::size_t j = 0; j < levels.size(); ++j) {
    if (levels[j] == missing_code || levels[j] < coding.levels(j)) continue;
    place.column = static_cast<std::int64_t>(j);
    place.fail(fmt::format("level {} is unknown; {} 0 to {}", levels[j],
                           options.known_levels.empty() ? "the attribute `levels` allows" : "the model has seen",
                           coding.levels(j) - 1));
  }
}

/// Packs a row of bytes that are all 0 or 1; false where one is not. The product puts the eight lowest bits of a word
/// side by side.
bool pack_bits(const std::byte* in, std::size_t n, PackedByte* out) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  std::uint64_t others = 0;
  const auto pack = [&](std::uint64_t eight) {
    others |= eight & ~ones;
    return static_cast<PackedByte>(((eight & ones) * 0x0102040810204080) >> 56U);
  };
  std::uint64_t eight = 0;
  for (; n >= 8; n -= 8, in += 8) {
    std::memcpy(&eight, in, 8);
    *out++ = pack(eight);
  }
  if (n > 0) {
    eight = 0;
    std::memcpy(&eight, in, n);
    *out = pack(eight);
  }
  return others == 0;
}

template <class Row>
void convert_slice(const Slice& slice, const ReadOptions& options, Shard<Row>& shard) {
  const std::size_t d = shard.n_features;
  with_elements(slice, [&](const auto* elements) {
    const auto first = static_cast<std::size_t>(slice.first_row - shard.rows().first);
    const std::size_t n = static_cast<std::size_t>(slice.n_rows) * d;
    const bool plain = options.rows.shape.missing_values.empty();
    const auto used = std::span<const std::uint8_t>(shard.used).subspan(shard.used.empty() ? 0 : first);
    const bool all = used.empty() || std::ranges::count(used.first(static_cast<std::size_t>(slice.n_rows)), 0) == 0;
    if (plain && all && convert_plain(elements, n, options.kind.values, shard.values.data() + first * d)) return;
    for (std::int64_t r = 0; r < slice.n_rows; ++r) {
      const std::size_t local = first + static_cast<std::size_t>(r);
      const auto* in = elements + static_cast<std::size_t>(r) * d;
      Row* row = shard.values.data() + local * d;
      if (is_masked(shard, slice, r)) {
        leave_out_row(shard, local);
        continue;
      }
      if (plain && convert_plain(in, d, options.kind.values, row)) continue;
      bool complete = true;
      for (std::size_t j = 0; j < d; ++j) {
        row[j] = checked_real<Row>(static_cast<long double>(in[j]), options, {slice, r, static_cast<std::int64_t>(j)});
        complete = complete && !std::isnan(row[j]);
      }
      if (!complete && options.rows.missing == Missing::skip) leave_out_row(shard, local);
    }
  });
}

void convert_slice(const Slice& slice, const ReadOptions& options, Shard<PackedByte>& shard) {
  const std::size_t d = shard.n_features;
  const RowCoding& coding = shard.coding;
  const bool as_bits = coding.is_bits() && size_of(slice.dataset.type) == 1 &&
                       options.rows.shape.missing_values.empty() && slice.dataset.level_codes.empty();
  std::vector<Code> levels(d);
  with_elements(slice, [&](const auto* elements) {
    for (std::int64_t r = 0; r < slice.n_rows; ++r) {
      const auto local = static_cast<std::size_t>(slice.first_row + r - shard.rows().first);
      PackedByte* row = shard.values.data() + local * shard.width();
      const auto* in = elements + static_cast<std::size_t>(r) * d;
      if (is_masked(shard, slice, r)) {
        leave_out_row(shard, local);
        continue;
      }
      if (as_bits && pack_bits(reinterpret_cast<const std::byte*>(in), d, row)) continue;
      bool complete = true;
      for (std::size_t j = 0; j < d; ++j) {
        const Place place{slice, r, static_cast<std::int64_t>(j)};
        levels[j] = checked_level(static_cast<long double>(in[j]), options, place);
        complete = complete && levels[j] != missing_code;
      }
      if (!complete && options.rows.missing == Missing::skip) {
        leave_out_row(shard, local);
        continue;
      }
      translate_levels(levels, options, {slice, r, 0});
      require_known(levels, coding, options, {slice, r, 0});
      coding.encode(levels.data(), row);
    }
  });
}

/// Adds the slice to the digest while its rows are in the cache.
template <class Row>
void add_to_digest(const Slice& slice, Shard<Row>& shard) {
  const auto first = static_cast<std::size_t>(slice.first_row - shard.rows().first) * shard.width();
  const std::span rows(shard.values.data() + first, static_cast<std::size_t>(slice.n_rows) * shard.width());
  PlacedDigest mine;
  mine.add(std::as_bytes(rows), static_cast<std::uint64_t>(slice.first_row) * shard.width() * sizeof(Row));
  std::atomic_ref(shard.digest.words) += mine.words;
  std::atomic_ref(shard.digest.products) += mine.products;
}

}  // namespace

template <class Row>
void store_slice(const Slice& slice, const ReadOptions& options, Shard<Row>& shard) {
  convert_slice(slice, for_dataset(options, slice.dataset), shard);
  add_to_digest(slice, shard);
}

template void store_slice<float>(const Slice&, const ReadOptions&, Shard<float>&);
template void store_slice<double>(const Slice&, const ReadOptions&, Shard<double>&);
template void store_slice<PackedByte>(const Slice&, const ReadOptions&, Shard<PackedByte>&);

}  // namespace shoal
