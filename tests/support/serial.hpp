// Test data, and the naive serial way to what the library computes in blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <vector>

#include "shoal/comm/communicator.hpp"
#include "shoal/core/matrix.hpp"
#include "shoal/model/family.hpp"
#include "shoal/model/gaussian/options.hpp"
#include "shoal/pass/row_pass.hpp"

namespace shoal::test {

inline GaussianOptions& gaussian(ModelOptions& options) { return options.of<GaussianOptions>(); }

/// Where a gaussian model is not regularised, so that closed forms and plain EM's monotony hold.
inline ModelOptions plain_options(std::string_view family, std::size_t n_clusters,
                                  Covariance covariance = Covariance::full) {
  ModelOptions options(family, n_clusters);
  if (family == "gaussian") gaussian(options) = {covariance, 0, 0};
  return options;
}

/// This rank's shard of an array that every rank holds. block_rows as given, so that small data have many blocks.
template <class Row>
Shard<Row> shard_of(const Communicator& comm, const std::vector<Row>& values, std::size_t n_features,
                    const std::vector<double>& weights = {}, std::int64_t block_rows = 64) {
  Shard<Row> shard;
  const auto n_rows = static_cast<std::int64_t>(values.size() / n_features);
  shard.partition = {n_rows, (n_rows + block_rows - 1) / block_rows};
  shard.blocks = shard.partition.blocks_of(comm.rank(), comm.size());
  shard.n_features = n_features;
  const Range rows = shard.rows();
  shard.values.assign(values.begin() + rows.first * static_cast<std::int64_t>(n_features),
                      values.begin() + rows.last * static_cast<std::int64_t>(n_features));
  if (!weights.empty()) shard.weights.assign(weights.begin() + rows.first, weights.begin() + rows.last);
  return shard;
}

/// The same of discrete rows, packed with room for missing entries.
inline Shard<PackedByte> packed_shard_of(const Communicator& comm, const std::vector<Code>& values,
                                         const LevelOffsets& offsets, std::int64_t block_rows = 64) {
  const Shard<Code> plain = shard_of(comm, values, offsets.size() - 1, {}, block_rows);
  Shard<PackedByte> shard;
  shard.partition = plain.partition;
  shard.blocks = plain.blocks;
  shard.n_features = plain.n_features;
  shard.coding = RowCoding(offsets, true, 2);
  shard.values.resize(shard.n_rows() * shard.width() + RowCoding::spare_bytes);
  for (std::size_t r = 0; r < shard.n_rows(); ++r)
    shard.coding.encode(plain.values.data() + r * shard.n_features, shard.values.data() + r * shard.width());
  return shard;
}

template <class Row>
DataSummary summary_of(const std::vector<Row>& values, std::size_t n_features,
                       const std::vector<double>& weights = {}) {
  const auto n = static_cast<std::int64_t>(values.size() / n_features);
  double total = static_cast<double>(n);
  if (!weights.empty()) {
    total = 0;
    for (const double w : weights) total += w;
  }
  return {n, n, total};
}

/// n x d normal values in `groups` groups, `spread` apart.
inline std::vector<double> normal_rows(std::size_t n, std::size_t d, unsigned seed, std::size_t groups = 3,
                                       double spread = 4) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> normal;
  std::vector<double> values(n * d);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < d; ++j)
      values[i * d + j] = normal(generator) + spread * static_cast<double>((i % groups + j) % groups);
  return values;
}

}  // namespace shoal::test
