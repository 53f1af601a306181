/// The loop: E-step, reduction, stop or M-step, and for mixtures squared extrapolation (Varadhan & Roland 2008).
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "shoal/fit/interruption.hpp"
#include "shoal/fit/observer.hpp"
#include "shoal/fit/options.hpp"
#include "shoal/model/fit_state.hpp"
#include "shoal/model/model.hpp"

namespace shoal {

enum class StopReason { tolerance, fixed_point, max_iterations, time, signal };
template <>
inline constexpr auto names_of<StopReason> = names("tolerance", "fixed_point", "max_iterations", "time", "signal");

/// All that a fit has to show besides the parameters, which stay in the model.
struct FitResult {
  std::vector<double> history;  ///< entry t belongs to the parameters after t M-steps; the last to the final ones
  std::int64_t n_iterations = 0;
  std::int64_t n_passes = 0;  ///< over all rows: one per set of parameters, also those that were not taken
  StopReason stop_reason = StopReason::max_iterations;
  double objective = 0;
  double log_likelihood = 0;
  std::vector<double> counts;
  std::vector<std::int32_t> labels;  ///< of this rank's rows; -1 for rows left out
  std::int64_t falls = 0;            ///< steps that worsened the objective by more than 1e-9 of itself
  std::int64_t rejected_steps = 0;   ///< extrapolations that were tried and not taken
  /// About, what the objective of a mixture may still gain, in all; NaN: not known.
  double remaining_gain = std::numeric_limits<double>::quiet_NaN();

  /// Before the last pass; of an interrupted fit, before the pass that comes next. From here a fit can go on.
  FitState state;

  [[nodiscard]] bool converged() const { return stop_reason <= StopReason::fixed_point; }
  /// Stopped from outside, before it was done: labels and counts are not there.
  [[nodiscard]] bool interrupted() const { return stop_reason >= StopReason::time; }
};

/// Fits a model that was started, or resumed together with `state`. T M-steps take T + 1 passes, and one more for
/// each extrapolation that is not taken: the last gives objective, labels and counts of what is stored. Collective.
/// Throws Error(bad_data) where the objective is not finite, and Error(io_failure) where another run took over.
template <class Row>
FitResult fit(Model<Row>& model, const RowPass<Row>& pass, const FitOptions& options, Observer& observer,
              Interruption& interruption, FitState state = {});

/// A fit that nothing interrupts.
template <class Row>
FitResult fit(Model<Row>& model, const RowPass<Row>& pass, const FitOptions& options, Observer& observer) {
  Interruption none;
  return fit(model, pass, options, observer, none);
}

}  // namespace shoal
