/// The noise of rows: where it lies, and how it becomes what a shard holds.
#pragma once

#include <string>
#include <vector>

#include "shoal/data/shard.hpp"
#include "shoal/io/row_options.hpp"
#include "shoal/io/slice_reader.hpp"

namespace shoal {

/// What --noise names, as headers tell: one S for all rows, or one for each.
struct NoiseSource {
  std::vector<DatasetInfo> datasets;  ///< in the order of the rows, as many rows; or one, of the shared S
  std::vector<std::int64_t> columns;  ///< which of the features of each S are used, in this order
  std::int64_t n_stored = 0;          ///< features of each S
  NoiseLayout layout;                 ///< with the shared S, in the data's units
  NoiseKind kind = NoiseKind::sd;

  [[nodiscard]] bool none() const { return layout.none(); }
  [[nodiscard]] bool of_each_row() const { return layout.of_each_row(); }
};

/// What --noise gives for these data sets, whose columns have been chosen: for each row (N, D) standard deviations or
/// variances, (N, D, D) covariances, or (N, D (D + 1) / 2) packed lower triangles; or one for all, without N. D: all
/// features that are stored, or those that are used. The shared one is read. Collective. Throws Error(bad_data) where
/// shapes do not fit or a shared S is none; no_input.
NoiseSource describe_noise(const Communicator& comm, const std::vector<DatasetInfo>& datasets,
                           const RowOptions& options);

/// Whether its numbers have the digits of float32, or fewer.
bool is_float32(const DatasetInfo& info);

/// Puts the noise of a slice's rows where the shard holds it. An infinite variance makes the entry a missing one. What
/// is said of missing entries and of rows left out is not looked at. Several threads may store different rows. Throws
/// Error(bad_data) on what is no covariance.
template <class Row>
void store_noise(const Slice& slice, const NoiseSource& source, Missing missing, Shard<Row>& shard);

}  // namespace shoal
