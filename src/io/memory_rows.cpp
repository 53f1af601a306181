#include "shoal/io/memory_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "io/covariance_check.hpp"
#include "io/row_slices.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/comm/gather_values.hpp"

namespace shoal {
namespace {

std::int64_t rows_here(const MemoryRows& rows) {
  return static_cast<std::int64_t>(rows.values.size() / std::max<std::size_t>(1, rows.n_features));
}

Range common(const Range& a, const Range& b) {
  const Range both{std::max(a.first, b.first), std::min(a.last, b.last)};
  return both.first < both.last ? both : Range{};
}

/// From where rows are to where their blocks belong, so many rows at a time that messages stay within their limit.
class Redistribution {
 public:
  Redistribution(const Communicator& comm, std::int64_t mine, const Partition& partition)
      : comm_(comm), partition_(partition) {
    std::int64_t first = 0;
    for (const std::int64_t n : gather_values(comm, std::vector{mine})) {
      sources_.push_back({first, first + n});
      first += n;
    }
  }

  /// `width` values a row. Collective.
  [[nodiscard]] std::vector<double> operator()(std::span<const double> values, std::size_t width) const {
    const std::size_t row_bytes = width * sizeof(double);
    const auto at_once = static_cast<std::int64_t>(std::max<std::size_t>(1, comm_.message_limit() / row_bytes));
    const Range target = target_of(comm_.rank());
    std::vector<double> result(static_cast<std::size_t>(target.size()) * width);
    for (std::int64_t first = 0; first < partition_.n_rows; first += at_once)
      move({first, std::min(first + at_once, partition_.n_rows)}, values, row_bytes, result);
    return result;
  }

 private:
  [[nodiscard]] Range target_of(int rank) const { return partition_.rows_of_rank(rank, comm_.size()); }

  /// What a part of the rows that `source` has is in bytes for each target, or each source has for `target`.
  void move(const Range& part, std::span<const double> values, std::size_t row_bytes,
            std::vector<double>& result) const {
    const Range mine = sources_[static_cast<std::size_t>(comm_.rank())], wanted = target_of(comm_.rank());
    std::vector<int> outgoing, incoming;
    for (int rank = 0; rank < comm_.size(); ++rank) {
      const auto bytes = [&](const Range& rows) {
        return static_cast<int>(static_cast<std::size_t>(common(rows, part).size()) * row_bytes);
      };
      outgoing.push_back(bytes(common(mine, target_of(rank))));
      incoming.push_back(bytes(common(sources_[static_cast<std::size_t>(rank)], wanted)));
    }
    const auto here = [&](const auto& array, const Range& rows) {
      const Range some = common(rows, part);
      const std::size_t first = some.size() == 0 ? 0 : static_cast<std::size_t>(some.first - rows.first) * row_bytes;
      return std::as_bytes(std::span(array)).subspan(first, static_cast<std::size_t>(some.size()) * row_bytes);
    };
    const std::span<const std::byte> to = here(result, wanted);
    comm_.exchange(here(values, mine), outgoing, {const_cast<std::byte*>(to.data()), to.size()},  // NOLINT: of `result`
                   incoming);
  }

  const Communicator& comm_;
  const Partition& partition_;
  std::vector<Range> sources_;  ///< of each rank
};

void require_shapes(const Communicator& comm, const MemoryRows& rows, bool weighted) {
  const auto n = static_cast<std::size_t>(rows_here(rows));
  std::array<std::int64_t, 1> most = {static_cast<std::int64_t>(rows.n_features)};
  comm.maximum(most);
  const std::vector<std::int64_t> levels = gather_values(comm, rows.levels);
  agree(comm, [&] {
    if (rows.n_features == 0 || rows.values.size() != n * rows.n_features ||
        static_cast<std::int64_t>(rows.n_features) != most[0])
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: {} values do not make rows of {} features", rows.name, rows.values.size(), most[0]));
    if (!rows.levels.empty() && rows.levels.size() != rows.n_features)
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: {} levels for {} features", rows.name, rows.levels.size(), rows.n_features));
    bool possible = levels.size() == rows.levels.size() * static_cast<std::size_t>(comm.size());
    for (std::size_t i = 0; possible && i < levels.size(); ++i)
      possible = levels[i] == rows.levels[i % rows.n_features] && levels[i] >= 1 && levels[i] < missing_code;
    if (!possible)
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: levels must be the same on all ranks, 1 to 65534 per feature", rows.name));
    if (weighted && rows.weights.size() != n)
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: holds {} weights for {} rows", rows.name, rows.weights.size(), n));
  });
}

/// Numbers of one S.
std::size_t numbers_of(const MemoryRows& rows) {
  const std::size_t d = rows.n_features;
  if (rows.noise_kind == NoiseKind::covariance) return d * d;
  return rows.noise_kind == NoiseKind::packed ? d * (d + 1) / 2 : d;
}

/// Of each row, where every rank has a line for each of its rows; else one for all.
NoiseSource noise_of(const Communicator& comm, const MemoryRows& rows) {
  NoiseSource source;
  if (!has_noise(comm, rows)) return source;
  const auto n = static_cast<std::size_t>(rows_here(rows)), width = numbers_of(rows);
  std::array<std::int64_t, 2> other = {rows.noise.size() == n * width ? 0 : 1, rows.noise.size() == width ? 0 : 1};
  comm.maximum(other);
  const bool variances = rows.noise_kind == NoiseKind::sd || rows.noise_kind == NoiseKind::variance;
  source.kind = rows.noise_kind;
  source.n_stored = static_cast<std::int64_t>(rows.n_features);
  source.columns.resize(rows.n_features);
  std::iota(source.columns.begin(), source.columns.end(), std::int64_t{0});
  source.layout.form = variances ? NoiseLayout::Form::variances : NoiseLayout::Form::covariances;
  agree(comm, [&] {
    if (other[0] == 0) return;
    if (other[1] != 0)
      throw Error(ExitCode::bad_data, fmt::format("{}: noise of {} numbers for {} rows; {} are one S", rows.name,
                                                  rows.noise.size(), n, width));
    CovarianceReader reader(source.kind, source.n_stored, source.columns, false);
    if (const std::string wrong = reader.read(rows.noise.data(), {}); !wrong.empty())
      throw Error(ExitCode::bad_data, fmt::format("{}: noise: {}", rows.name, wrong));
    source.layout.shared = reader.values();
  });
  return source;
}

}  // namespace

std::int64_t total_rows(const Communicator& comm, const MemoryRows& rows) {
  std::array<std::int64_t, 1> n = {rows_here(rows)};
  comm.sum(n);
  return n[0];
}

bool has_weights(const Communicator& comm, const MemoryRows& rows) {
  std::array<std::int64_t, 1> any = {rows.weights.empty() ? 0 : 1};
  comm.maximum(any);
  return any[0] != 0;
}

bool has_noise(const Communicator& comm, const MemoryRows& rows) {
  std::array<std::int64_t, 1> any = {rows.noise.empty() ? 0 : 1};
  comm.maximum(any);
  return any[0] != 0;
}

template <class Row>
Shard<Row> shard_of_memory(const Communicator& comm, const MemoryRows& rows, const Partition& partition,
                           const ReadOptions& options) {
  const bool weighted = has_weights(comm, rows);
  require_shapes(comm, rows, weighted);
  const Redistribution redistributed(comm, rows_here(rows), partition);
  const std::vector<double> values = redistributed(rows.values, rows.n_features);
  const std::vector<double> weights = weighted ? redistributed(rows.weights, 1) : std::vector<double>{};
  const NoiseSource source = noise_of(comm, rows);
  const std::size_t width = numbers_of(rows);
  const std::vector<double> noise = source.of_each_row() ? redistributed(rows.noise, width) : std::vector<double>{};

  const auto describe = [&](const char* path, std::size_t n_columns) {
    DatasetInfo info;
    info.file = rows.name;
    info.path = path;
    info.n_rows = partition.n_rows;
    info.n_columns = static_cast<std::int64_t>(n_columns);
    info.storage.number.is_float = true;
    return info;
  };
  DatasetInfo head = describe("rows", rows.n_features);
  head.levels = rows.levels;
  const DatasetInfo of_weights = describe("weights", 1), of_noise = describe("noise", width);
  const Range here = partition.rows_of_rank(comm.rank(), comm.size());
  const auto visit_all = [&](const DatasetInfo& info, const std::vector<double>& numbers, const VisitSlice& visit) {
    agree(comm, [&] { visit({info, here.first, here.first, here.size(), std::as_bytes(std::span(numbers))}); });
  };
  RowSlices slices{head, [&](const VisitSlice& visit, const Destination&) { visit_all(head, values, visit); }, {}, {}};
  if (weighted) slices.weights = [&](const VisitSlice& visit) { visit_all(of_weights, weights, visit); };
  slices.noise_source = source;
  if (source.of_each_row()) slices.noise = [&](const VisitSlice& visit) { visit_all(of_noise, noise, visit); };
  return make_shard<Row>(comm, slices, partition, options);
}

#define SHOAL_INSTANTIATE(Row)                                                                       \
  template Shard<Row> shard_of_memory<Row>(const Communicator&, const MemoryRows&, const Partition&, \
                                           const ReadOptions&);
SHOAL_INSTANTIATE(float)
SHOAL_INSTANTIATE(double)
SHOAL_INSTANTIATE(PackedByte)
#undef SHOAL_INSTANTIATE

}  // namespace shoal
