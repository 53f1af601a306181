/// When a fit is done.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "shoal/core/enum_names.hpp"
#include "shoal/core/option.hpp"

namespace shoal {

/// Where none is given.
inline constexpr double tolerance_of_mixtures = 1e-7, tolerance_of_hard_models = 0;

/// Extrapolation between M-steps of mixtures. automatic: settled (run/options.hpp) before a fit; one that was not is
/// not accelerated.
enum class Accelerate { automatic, squarem, off };
template <>
inline constexpr auto names_of<Accelerate> = names("auto", "squarem", "off");

/// What of a mixture must be below the tolerance: what it may still gain, by two estimates from steps of EM alone, or
/// the change of a step. Hard models go by the change.
enum class Stopping { remaining, change };

struct FitOptions {
  std::int64_t max_iterations = 1000;  ///< M-steps
  /// Mixtures: of the objective per unit of weight; hard models: as a share of itself. 0: fixed point or limit.
  std::optional<double> tolerance;
  Accelerate accelerate = Accelerate::automatic;
  Stopping stopping = Stopping::remaining;
  bool want_labels = false;  ///< keep each row's label in the result
};

/// The limits, and what mixtures have beside them.
std::vector<Option<FitOptions>> fit_options(bool mixture);

}  // namespace shoal
