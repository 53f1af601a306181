/// Squared extrapolation of EM (Varadhan & Roland 2008, Scandinavian Journal of Statistics 35, scheme SqS3), guarded by
/// the objective: it knows parameters by their charts, and no rows.
///
/// A cycle: theta1 = EM(theta0), theta2 = EM(theta1); with r = theta1 - theta0, v = theta2 - 2 theta1 + theta0 and
/// a = |r| / |v|, theta' = theta0 + 2 a r + a^2 v goes on trial. Where the objective is at least that of theta1 it is
/// the theta0 of the next cycle, and the pass that showed this is its first; else theta2 is.
#pragma once

#include <optional>
#include <vector>

#include "fit/stopping.hpp"
#include "shoal/core/named_array.hpp"
#include "shoal/model/fit_state.hpp"

namespace shoal {

/// Where the line leads.
struct Extrapolation {
  double length = 1;                      ///< a, at most the longest; at 1 it would be theta2
  double free_length = 1;                 ///< a as the steps would have it
  std::optional<NamedArrays> parameters;  ///< nothing where there are none, or none worth a pass
};

/// Three parameter sets as EM leads from one to the next. Arrays that both steps left as they were stay.
Extrapolation extrapolate(const std::vector<Parameter>& moving, const NamedArrays& first, const NamedArrays& second,
                          const NamedArrays& third, double longest);

class Squarem {
 public:
  /// moving: Model::moving_parameters; empty: EM alone.
  explicit Squarem(std::vector<Parameter> moving) : moving_(std::move(moving)) {}

  [[nodiscard]] bool possible() const { return !moving_.empty(); }

  /// The parameters on trial, if any, are not as good as those before.
  [[nodiscard]] static bool fails(const FitState& state, double objective);

  /// Takes the trial back: the next pass is at what is returned.
  [[nodiscard]] static NamedArrays take_back(FitState& state);

  /// An M-step led from `here`, where `course` saw the objective, to `next`. Brings `state` to the next pass. Returns
  /// parameters to be tried in the place of `next`, or nothing.
  std::optional<NamedArrays> after_step(FitState& state, const Course& course, NamedArrays here,
                                        NamedArrays next) const;

  /// The M-step was more than one of EM: all begins anew.
  static void begin_anew(FitState& state);

 private:
  std::vector<Parameter> moving_;
};

}  // namespace shoal
