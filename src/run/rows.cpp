#include "shoal/run/rows.hpp"

#include <fmt/format.h>

#include <cmath>

#include "shoal/core/error.hpp"
#include "shoal/io/data_lists.hpp"
#include "shoal/io/digest.hpp"
#include "shoal/io/level_names.hpp"
#include "shoal/io/stored_options.hpp"
#include "shoal/pass/scale_rows.hpp"
#include "shoal/run/features.hpp"
#include "shoal/run/scaling.hpp"

namespace shoal {
namespace {

/// Reads by `read`, which is given a type of row.
template <class Read>
Rows rows_of(const Communicator& comm, const ReadOptions& options, Read&& read) {
  const auto hold = [&]<class Row>(Shard<Row> shard) {
    DataSummary summary = summarise(comm, shard);
    if constexpr (!std::is_same_v<Row, PackedByte>)
      if (!options.scaling.empty()) scale_rows(shard, options.scaling, options.threads);
    return Rows{comm,    options.rows, options.kind.values, options.n_clusters, options.threads, std::move(shard),
                summary, {},           options.scaling};
  };
  if (options.kind.coded()) return hold(read(PackedByte()));
  if (options.rows.precision == Precision::float32) return hold(read(float()));
  return hold(read(double()));
}

/// How rows are read to be fitted, which settles their precision.
ReadOptions settled(RunOptions& options, bool float32_data, int threads) {
  const RowKind& kind = options.model.family().rows;
  options.rows.precision = settled_precision(options.rows.precision, kind, float32_data);
  options.model.missing = options.rows.missing;
  options.model.float32_tables = options.rows.precision == Precision::float32;
  require_marginal(options.model);
  require_noise(options.model, options.rows);
  return {options.rows, kind, {}, options.model.n_clusters, threads, {}, {}};
}

Rows read_described(const Communicator& comm, std::vector<DatasetInfo> datasets, const ReadOptions& options) {
  match_levels(comm, options.kind, options.known_names, datasets);
  const auto n_features = static_cast<std::size_t>(datasets.front().n_columns);
  return read_rows(comm, datasets, partition(total_rows(datasets), n_features, options.kind.coded()), options);
}

/// data_file: the first one, or empty.
void scale(Rows& rows, const std::string& data_file, ScalingOptions& options) {
  std::vector<std::string> sources;
  const std::size_t d = std::visit([](const auto& shard) { return shard.n_features; }, rows.shard);
  settle_feature_weights(rows.comm, d, rows.feature_names, data_file, options, sources);
  scale_for_fit(rows, options);
}

}  // namespace

Rows read_rows(const Communicator& comm, const std::vector<DatasetInfo>& datasets, const Partition& partition,
               const ReadOptions& options) {
  Rows rows =
      rows_of(comm, options, [&]<class Row>(Row) { return read_shard<Row>(comm, datasets, partition, options); });
  rows.feature_names = datasets.front().feature_names;
  rows.level_names = datasets.front().level_names;
  return rows;
}

Rows read_rows(const Communicator& comm, const std::vector<std::string>& data, const ReadOptions& options) {
  std::vector<DatasetInfo> datasets =
      describe_datasets(comm, expand_lists(comm, data), Wanted::matrix, options.rows.shape);
  match_features(datasets, options.known_features, "the model");
  return read_described(comm, datasets, options);
}

Rows read_rows(const Communicator& comm, const MemoryRows& memory, const ReadOptions& options) {
  const Partition blocks = partition(total_rows(comm, memory), memory.n_features, options.kind.coded());
  return rows_of(comm, options, [&]<class Row>(Row) { return shard_of_memory<Row>(comm, memory, blocks, options); });
}

Rows read_rows(const Communicator& comm, const std::vector<std::string>& data, RunOptions& options, int threads) {
  std::vector<DatasetInfo> datasets =
      describe_datasets(comm, expand_lists(comm, data), Wanted::matrix, options.rows.shape);
  const DatasetInfo first = datasets.front();
  match_features(datasets, first.feature_names, first.name());
  Rows rows = read_described(comm, datasets, settled(options, all_float32(datasets), threads));
  note_content(rows, options.rows);
  scale(rows, datasets.front().file, options.scaling);
  return rows;
}

Rows read_rows(const Communicator& comm, const MemoryRows& memory, RunOptions& options, int threads) {
  options.rows.row_weights.name = has_weights(comm, memory) ? memory.name : "";
  options.rows.noise.name = has_noise(comm, memory) ? memory.name : "";
  options.rows.noise_kind = has_noise(comm, memory) ? memory.noise_kind : NoiseKind::sd;
  Rows rows = read_rows(comm, memory, settled(options, false, threads));
  note_content(rows, options.rows);
  scale(rows, "", options.scaling);
  return rows;
}

void note_content(const Rows& rows, RowOptions& options) {
  std::visit(
      [&](const auto& shard) {
        if (!options.mask.name.empty()) options.mask.digest = mask_digest(rows.comm, shard);
        if (!options.row_weights.name.empty()) options.row_weights.digest = weights_digest(rows.comm, shard);
        if (!options.noise.name.empty()) options.noise.digest = rows_digest(rows.comm, shard.noise_digest);
      },
      rows.shard);
}

void scale_for_fit(Rows& rows, const ScalingOptions& options, const std::function<void()>& before_pass) {
  rows.scaled_by = options;
  std::visit(
      [&]<class Row>(Shard<Row>& shard) {
        if constexpr (!std::is_same_v<Row, PackedByte>) {
          RowPass<Row> pass(shard, rows.comm, rows.threads, rows.summary);
          pass.before_each(before_pass);
          FoundScaling found = find_scaling(pass, options, rows.feature_names);
          if (!found.scaling.empty()) scale_rows(shard, found.scaling, rows.threads);
          rows.scaling = std::move(found.scaling);
          rows.warnings = std::move(found.warnings);
        }
      },
      rows.shard);
}

void check_rows(const RunOptions& options, const DataSummary& summary) {
  if (options.model.n_clusters == 0) throw Error(ExitCode::usage, "-k 0: a model has at least one cluster");
  if (static_cast<std::int64_t>(options.model.n_clusters) > summary.rows_used)
    throw Error(ExitCode::usage, fmt::format("-k {}: more clusters than the {} rows that are used; choose a smaller -k",
                                             options.model.n_clusters, summary.rows_used));
  if (!(summary.total_weight > 0))
    throw Error(ExitCode::bad_data, "--row-weights: all weights are zero; at least one row must count");
  if (!std::isfinite(summary.total_weight) || summary.total_weight < 0x1p-960)
    throw Error(
        ExitCode::bad_data,
        fmt::format("--row-weights: their sum is {}, beyond what keeps all digits of products; scale the weights",
                    summary.total_weight));
}

ReadOptions reading_for(const ModelFile& model, const std::string& source, const RowOptions& rows, int threads) {
  StoredOptions stored = stored_options(model, source);
  const Family& family = stored.model.family();
  stored.model.missing = rows.missing;
  require_marginal(stored.model);
  require_noise(stored.model, rows);
  ReadOptions options{rows, family.rows, {}, stored.coded_clusters, threads, {}, model.feature_names, model.scaling};
  options.rows.precision = rows.precision.value_or(stored.precision.value_or(Precision::float64));
  if (family.rows.coded()) options.known_levels = level_offsets_of(family, model);
  options.known_names = model.level_names;
  return options;
}

}  // namespace shoal
