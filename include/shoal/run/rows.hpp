/// The rows of a run, held in the type that their model wants: from here on the type is asked for once, by on_rows.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "shoal/comm/communicator.hpp"
#include "shoal/io/memory_rows.hpp"
#include "shoal/io/model_file.hpp"
#include "shoal/io/shard_reader.hpp"
#include "shoal/run/options.hpp"

namespace shoal {

/// Of all ranks; each holds its blocks.
struct Rows {
  Communicator comm;
  RowOptions options;              ///< by which they were read
  Values values;                   ///< as which they were checked
  std::size_t coded_clusters = 1;  ///< K by which codes are held: scores have the last bits of a coding
  int threads = 1;
  std::variant<Shard<float>, Shard<double>, Shard<PackedByte>> shard;
  DataSummary summary;
  std::vector<std::string> feature_names{};  ///< empty: unknown
  Scaling scaling{};                         ///< what was done to the values; empty: nothing
  ScalingOptions scaled_by{};                ///< by which that was found
  std::vector<std::string> warnings{};       ///< of scales that could not be found
  LevelNames level_names{};                  ///< of codes, where the data have them

  [[nodiscard]] FeatureNames names() const { return {feature_names, level_names}; }
};

/// Calls use(pass) with passes over the rows, in their type.
template <class Use>
decltype(auto) on_rows(const Rows& rows, Use&& use) {
  return std::visit(
      [&]<class Row>(const Shard<Row>& shard) -> decltype(auto) {
        RowPass<Row> pass(shard, rows.comm, rows.threads, rows.summary);
        return use(pass);
      },
      rows.shard);
}

/// How rows are held and multiplied: as asked, else as float32 where all data sets are. Counts, whose log-likelihoods
/// grow with them, and tables of codes are float32 only where that is asked for.
inline Precision settled_precision(std::optional<Precision> asked, const RowKind& kind, bool all_float32) {
  return asked.value_or(all_float32 && kind.values == Values::numbers ? Precision::float32 : Precision::float64);
}

/// Reads described data sets as `options` say: codes packed, numbers and counts in options.rows.precision. Collective.
/// Throws as read_shard does, and so do the others.
Rows read_rows(const Communicator& comm, const std::vector<DatasetInfo>& datasets, const Partition& partition,
               const ReadOptions& options);

/// To be fitted: what a person writes for data (file.h5, file.h5:/path, @list.txt; several as one). What the rows
/// settle of the options is set: precision, the digest of row weights, and the weights of features. Codes are matched
/// by the names of their levels (io/level_names.hpp). Collective.
Rows read_rows(const Communicator& comm, const std::vector<std::string>& data, RunOptions& options, int threads = 1);

/// The same from memory; row weights are those of `memory`. Collective.
Rows read_rows(const Communicator& comm, const MemoryRows& memory, RunOptions& options, int threads = 1);

/// Names the content of mask and weights, where there are such, by its digest. Collective.
void note_content(const Rows& rows, RowOptions& options);

/// Finds the scales that are asked for, over rows as they were read to be fitted, and brings the values to them: the
/// other calls for rows to be fitted have done so. before_pass: as RowPass::before_each has it. Collective. Throws
/// Error(bad_data) where there is no such scale.
void scale_for_fit(Rows& rows, const ScalingOptions& options, const std::function<void()>& before_pass = {});

/// Throws Error: usage where K is 0 or exceeds the rows used, bad_data where their weights sum to nothing usable.
void check_rows(const RunOptions& options, const DataSummary& summary);

/// How to read rows that a model is to be applied to: its features' levels and scales, and the precision of its fit,
/// unless another one is asked for. `source` names the model in messages.
ReadOptions reading_for(const ModelFile& model, const std::string& source, const RowOptions& rows = {},
                        int threads = 1);

/// To be applied to: as reading_for says. Collective.
Rows read_rows(const Communicator& comm, const std::vector<std::string>& data, const ReadOptions& options);
Rows read_rows(const Communicator& comm, const MemoryRows& memory, const ReadOptions& options);

}  // namespace shoal
