/// Where the objective went, and whether that is enough.
#pragma once

#include <optional>
#include <vector>

#include "shoal/fit/fit.hpp"
#include "shoal/fit/options.hpp"
#include "shoal/model/fit_state.hpp"

namespace shoal {

/// What is left of a series of gains that fall off as a geometric one does, by the last two (Aitken 1926; of EM's
/// objective McLachlan & Krishnan 2008, 4.9): infinity where they do not fall off, 0 where the last is no more than
/// rounding.
double remaining_after(double gain_before, double gain, double rounding);

/// The same where a step of EM leaves 1 - 1 / length of the way to go, or less in other directions: of the objective
/// the square. What is left is at most this, as each direction has gained its share.
double remaining_at_rate(double gain, double length);

/// The model's part in when a fit stops.
struct Yardstick {
  bool minimises = false;
  double total_weight = 0;
  double rounding = 0;  ///< Model::rounding
};

/// The objective at a pass whose parameters are accepted: the last of state.history, which is one entry ahead.
struct Course {
  Course(const FitState& state, const FitOptions& options, const Yardstick& yardstick);

  bool minimises;
  bool repaired;  ///< by the last M-step, so this is not yet a result
  double total_weight;
  double tolerance;                 ///< hard models: a share; mixtures: of the objective
  double change = 0;                ///< from the pass before, in the unit of --tolerance
  double gain = 0;                  ///< from the pass before
  double rounding = 0;              ///< a gain that is none
  std::optional<double> remaining;  ///< of mixtures, where EM alone has led here; of two estimates the larger

  /// The last step of a model that minimises made its objective rise: exact steps do not, but distances are rounded.
  [[nodiscard]] bool overshot(const FitState& state) const;

  /// Why the fit ends here; nothing where it goes on.
  [[nodiscard]] std::optional<StopReason> stop(const FitState& state, const FitOptions& options) const;

  /// The step that led here worsened the objective.
  [[nodiscard]] bool fell(const FitState& state) const;
};

}  // namespace shoal
