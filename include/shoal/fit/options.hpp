/// When a fit is done.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "shoal/core/option.hpp"

namespace shoal {

class Proposal;

/// Where none is given.
inline constexpr double tolerance_of_mixtures = 1e-6, tolerance_of_hard_models = 0;

struct FitOptions {
  std::int64_t max_iterations = 300;  ///< M-steps
  /// Mixtures: change of the objective per unit of weight; hard models: as a share of itself. 0: fixed point or limit.
  std::optional<double> tolerance;
  bool want_labels = false;      ///< keep each row's label in the result
  Proposal* proposal = nullptr;  ///< asked after each M-step; outlives the fit
};

/// The limits.
std::vector<Option<FitOptions>> fit_options();

}  // namespace shoal
