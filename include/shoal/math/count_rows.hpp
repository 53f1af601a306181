/// The numbers of rows of each cluster.
#pragma once

#include <cstddef>
#include <cstdint>

namespace shoal {

/// Copies of K counts that count_rows fills.
inline constexpr std::size_t count_copies = 4;

/// Adds 1 for each row r to counts[c * K + labels[r]] of some copy c; labels below K.
void count_rows(const std::int32_t* labels, std::size_t n_rows, std::size_t n_clusters, std::int64_t* counts);

}  // namespace shoal
