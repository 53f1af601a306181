/// Where a fit stands between two passes: with the parameters, all that a restart needs.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "shoal/model/model.hpp"

namespace shoal {

/// Where an accelerated fit stands (fit/squarem.hpp).
struct Acceleration {
  static constexpr std::size_t n_milestones = 5;
  /// EM alone at first; cycles; and EM alone once little is gained, until it tells how much is left.
  enum class Phase { beginning, cycles, settling };
  Phase phase = Phase::beginning;
  std::int64_t em_steps = 0;  ///< in a row that led to these parameters; of a trial: to what it falls back on
  NamedArrays fallback;       ///< from where the fit goes on if the parameters on trial fail; empty: none are
  double length = 1;          ///< of the extrapolation that is on trial
  double longest = 4;         ///< that is tried
  double slowest = 1;  ///< length that recent cycles would have had without a limit: what the slowest direction needs
  std::int64_t cycles_to_go = 0;    ///< before EM alone may be asked again what is left
  std::int64_t cycles_to_wait = 2;  ///< after a question that brought nothing
  std::vector<double> milestones;   ///< objectives where the last cycles ended, n_milestones at most
  std::int64_t rejected = 0;        ///< trials that failed

  [[nodiscard]] bool on_trial() const { return !fallback.empty(); }
};

struct FitState {
  std::int64_t n_iterations = 0;  ///< M-steps done; the next pass is this number
  std::vector<double> history;    ///< objectives of the parameters so far, n_iterations of them
  std::int64_t falls = 0;         ///< steps that worsened the objective by more than 1e-9 of itself
  Repairs repairs;
  std::int64_t moved_before = 0;  ///< repairs.moved() before the last M-step
  NamedArrays before;             ///< parameters of the pass before, where the next pass may need them
  std::int64_t n_passes = 0;      ///< done, with those of steps that were rejected or undone
  bool undone = false;            ///< the last step of a hard model was none: the next pass is the last
  Acceleration acceleration;
  double remaining = std::numeric_limits<double>::quiet_NaN();  ///< what mixtures may still gain; NaN: not known
};

}  // namespace shoal
