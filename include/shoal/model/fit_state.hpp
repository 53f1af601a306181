/// Where a fit stands between two passes: with the parameters, all that a restart needs.
#pragma once

#include <cstdint>
#include <vector>

#include "shoal/model/model.hpp"

namespace shoal {

struct FitState {
  std::int64_t n_iterations = 0;  ///< M-steps done; the next pass is this number
  std::vector<double> history;    ///< objectives of the passes done, n_iterations of them
  std::int64_t falls = 0;         ///< steps that worsened the objective by more than 1e-9 of itself
  Repairs repairs;
  std::int64_t moved_before = 0;  ///< repairs.moved() before the last M-step
  NamedArrays before;             ///< parameters before the last M-step; of models that minimise
};

}  // namespace shoal
