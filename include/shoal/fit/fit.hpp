/// The loop: E-step, reduction, stop or M-step.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shoal/fit/observer.hpp"
#include "shoal/model/model.hpp"

namespace shoal {

enum class StopReason { tolerance, fixed_point, max_iterations };
std::string to_string(StopReason reason);

struct FitOptions {
  std::int64_t max_iterations = 300;  ///< M-steps
  /// Mixtures: change of the objective per unit of weight; hard models: as a share of itself. 0: fixed point or limit.
  double tolerance = 0;
  bool relative = false;     ///< the change is a share of the objective (hard models)
  bool minimise = false;     ///< hard models
  bool want_labels = false;  ///< keep each row's label in the result
};

/// All that a fit has to show besides the parameters, which stay in the model.
struct FitResult {
  std::vector<double> history;  ///< entry t belongs to the parameters after t M-steps; the last to the final ones
  std::int64_t n_iterations = 0;
  StopReason stop_reason = StopReason::max_iterations;
  double objective = 0;
  double log_likelihood = 0;
  std::vector<double> counts;
  std::vector<std::int32_t> labels;  ///< of this rank's rows; -1 for rows left out
  std::int64_t falls = 0;            ///< steps that worsened the objective by more than 1e-9 of itself

  [[nodiscard]] bool converged() const { return stop_reason != StopReason::max_iterations; }
};

/// Fits a started model. T M-steps take T + 1 passes: the last gives objective, labels and counts of what is stored.
/// Collective. Throws Error(bad_data) where the objective is not finite.
template <class Row>
FitResult fit(Model<Row>& model, const RowPass<Row>& pass, const FitOptions& options, Observer& observer);

}  // namespace shoal
