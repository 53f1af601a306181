/// Where the medians of many rows probably are, from some of them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/kmedians/brackets.hpp"
#include "shoal/pass/row_pass.hpp"

namespace shoal {

/// Three standard deviations to either side of the medians of every n-th row of all ranks; all values where a cluster
/// has few of these rows. Empty where there are too few rows. Collective; the same on every rank.
template <class T>
PairBrackets<T> sample_brackets(const RowPass<T>& pass, std::span<const std::int32_t> labels, std::size_t n_clusters,
                                const std::vector<bool>& left_out, std::size_t byte_budget);

}  // namespace shoal
