/// What a fit tells while it runs; logging, progress and timing hang here, not in the loop.
#pragma once

#include <cstdint>

namespace shoal {

/// One pass: the objective of the parameters after `iteration` M-steps, or of those on trial in their place.
struct IterationReport {
  std::int64_t iteration = 0;
  double objective = 0;
  double change = 0;  ///< from the pass before, in the unit of the tolerance; 0 in the first
  double length = 1;  ///< of the extrapolation that led to the parameters; 1: EM
  double seconds = 0;
  double seconds_updating = 0;  ///< of these, in the M-step (k-medians: the medians); the rest is the E-step
  double seconds_communicating = 0;
  std::int64_t bytes_reduced = 0;
  std::int64_t counting_rounds = 0;  ///< reductions of counts, of which medians take one or more
};

class Observer {
 public:
  Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  virtual ~Observer() = default;
  virtual void iteration(const IterationReport& /*report*/) {}
  /// A pass over parameters that were tried and not taken; their objective may be no number.
  virtual void rejected(const IterationReport& /*report*/) {}
};

}  // namespace shoal
