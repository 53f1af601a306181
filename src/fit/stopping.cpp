#include "fit/stopping.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace shoal {
namespace {

constexpr std::int64_t gains_needed = 4;  ///< by EM alone: two estimates of what is left, and one step more, as the
                                          ///< first after an extrapolation still tells of that

/// The change between the last two passes, in the unit of the tolerance.
double change_of(const std::vector<double>& history, const Yardstick& yardstick) {
  if (history.size() < 2) return 0;
  const double before = history[history.size() - 2];
  const double change = std::abs(history.back() - before);
  if (!yardstick.minimises) return change / yardstick.total_weight;
  return before == 0 ? 0 : change / std::abs(before);
}

/// Its last two steps left the objective as it was: rows as far from one centre as from another may go to and fro.
bool stands_still(const std::vector<double>& history) {
  return history.size() > 2 && history.back() == history[history.size() - 3];
}

/// How many of the last entries of the history EM alone has led to, each from the one before.
std::int64_t em_steps(const FitState& state) { return state.acceleration.on_trial() ? 0 : state.acceleration.em_steps; }

/// By what the last two pairs of cycles gained: near a saddle, and along ridges, they go on gaining while steps of EM
/// between them fall off.
double remaining_by_cycles(const std::vector<double>& milestones, double rounding) {
  if (milestones.size() < Acceleration::n_milestones) return 0;
  return remaining_after(milestones[2] - milestones[0], milestones[4] - milestones[2], rounding);
}

}  // namespace

double remaining_after(double gain_before, double gain, double rounding) {
  const double last = std::abs(gain);
  if (last <= rounding) return 0;
  const double q = last / std::abs(gain_before);
  return q < 1 ? last * q / (1 - q) : std::numeric_limits<double>::infinity();
}

double remaining_at_rate(double gain, double length) {
  if (!(length > 1)) return 0;
  const double rate = 1 - 1 / length, q = rate * rate;
  return std::abs(gain) * q / (1 - q);
}

Course::Course(const FitState& state, const FitOptions& options, const Yardstick& yardstick)
    : minimises(yardstick.minimises),
      repaired(state.repairs.moved() > state.moved_before),
      total_weight(yardstick.total_weight),
      tolerance(options.tolerance.value_or(minimises ? tolerance_of_hard_models : tolerance_of_mixtures) *
                (minimises ? 1 : total_weight)),
      change(change_of(state.history, yardstick)) {
  const std::vector<double>& history = state.history;
  const std::size_t n = history.size();
  rounding = yardstick.rounding * std::max(std::abs(history.back()), total_weight);
  if (n > 1) gain = history[n - 1] - history[n - 2];
  if (minimises || em_steps(state) < gains_needed) return;
  const double before = history[n - 2] - history[n - 3], long_before = history[n - 3] - history[n - 4];
  remaining = std::max(remaining_after(before, gain, rounding), remaining_after(long_before, before, rounding));
  if (std::abs(gain) <= rounding) return;
  remaining = std::max({*remaining, remaining_at_rate(gain, state.acceleration.slowest),
                        remaining_by_cycles(state.acceleration.milestones, rounding)});
}

bool Course::overshot(const FitState& state) const {
  const std::vector<double>& history = state.history;
  return minimises && !state.before.empty() && !repaired && history.size() > 1 &&
         history.back() > history[history.size() - 2];
}

bool Course::fell(const FitState& state) const {
  const std::vector<double>& history = state.history;
  if (history.size() < 2) return false;
  return (minimises ? gain : -gain) > 1e-9 * std::abs(history[history.size() - 2]);
}

std::optional<StopReason> Course::stop(const FitState& state, const FitOptions& options) const {
  if (state.undone) return StopReason::fixed_point;
  if (minimises && !repaired && stands_still(state.history)) return StopReason::fixed_point;
  if (state.n_iterations > 0 && !repaired) {
    const bool by_change = minimises || options.stopping == Stopping::change;
    if (by_change ? change < tolerance / (minimises ? 1 : total_weight) : remaining && *remaining < tolerance)
      return StopReason::tolerance;
  }
  if (state.n_iterations >= options.max_iterations) return StopReason::max_iterations;
  return std::nullopt;
}

}  // namespace shoal
