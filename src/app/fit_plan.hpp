/// What a fit is going to do, settled from options and headers before any row is read.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/arguments.hpp"
#include "shoal/comm/communicator.hpp"
#include "shoal/data/partition.hpp"
#include "shoal/io/checkpoint.hpp"
#include "shoal/io/dataset.hpp"
#include "shoal/io/model_file.hpp"
#include "shoal/io/noise_reader.hpp"
#include "shoal/io/shard_reader.hpp"
#include "shoal/run/options.hpp"

namespace shoal::app {

struct FitPlan {
  const Arguments& arguments;
  std::vector<DatasetInfo> datasets;
  std::vector<DatasetInfo> weights;  ///< empty: all 1
  std::vector<DatasetInfo> mask;     ///< empty: all rows are used
  NoiseSource noise;
  Partition partition;
  RunOptions options;  ///< resolved: files read, defaults settled
  ReadOptions read;
  std::vector<std::pair<std::string, std::string>> inputs;  ///< state_of_inputs before any row is read; on rank 0
  std::vector<std::string> sources;                         ///< files opened for options; on rank 0
  int threads = 1;
  NamedTexts identity;  ///< fit_identity.hpp

  [[nodiscard]] std::size_t n_features() const { return static_cast<std::size_t>(datasets.front().n_columns); }
  [[nodiscard]] const Family& family() const { return options.model.family(); }
  [[nodiscard]] bool float32() const { return options.rows.precision == Precision::float32; }

  /// How rows are held and multiplied.
  void set_precision(Precision precision);

  /// A fit that is gone on with is accelerated as it was, whatever its tolerance has become.
  void keep_acceleration(const Checkpoint& before);
};

/// Collective. Throws Error on anything that headers and options can tell.
FitPlan make_plan(const Communicator& comm, const Arguments& arguments);

/// --dry-run.
void print_plan(const Communicator& comm, const FitPlan& plan);

}  // namespace shoal::app
