/// The flattest directions of covariances.
#pragma once

#include <vector>

#include "shoal/model/family.hpp"
#include "shoal/pass/column_moments.hpp"

namespace shoal {

/// As Family::flattest has it: of each component; tied: of the one covariance.
std::vector<Flattest> flattest_directions(const ModelOptions& options, const ModelSize& size,
                                          const NamedArrays& parameters, const ColumnMoments& moments);

}  // namespace shoal
