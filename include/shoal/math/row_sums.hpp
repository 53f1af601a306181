/// The sums of the rows of each cluster.
#pragma once

#include <cstddef>
#include <cstdint>

namespace shoal {

/// Copies of K x D sums that add_rows fills: neighbouring rows go to different ones where that is cheap, lest each wait
/// for the one before it.
constexpr std::size_t sum_copies(std::size_t n_sums) { return n_sums <= 256 ? 4 : 1; }

/// sums[c * n_sums + labels[r] * D + d] += weight_r * (row_rd - origin_d), in order of rows, with n_sums = K x D and
/// c = r mod sum_copies(n_sums); the difference is taken in the row's precision. weights: null where all are 1.
void add_rows(const float* rows, std::size_t n_rows, std::size_t n_features, const float* origin, const double* weights,
              const std::int32_t* labels, std::size_t n_sums, double* sums);
void add_rows(const double* rows, std::size_t n_rows, std::size_t n_features, const double* origin,
              const double* weights, const std::int32_t* labels, std::size_t n_sums, double* sums);

/// Copies of K counts that count_rows fills.
inline constexpr std::size_t count_copies = 4;

/// Adds 1 for each row r to counts[c * K + labels[r]] of some copy c; labels below K.
void count_rows(const std::int32_t* labels, std::size_t n_rows, std::size_t n_clusters, std::int64_t* counts);

}  // namespace shoal
