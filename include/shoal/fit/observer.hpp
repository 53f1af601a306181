/// What a fit tells while it runs; logging, progress and timing hang here, not in the loop.
#pragma once

#include <cstdint>

namespace shoal {

/// One pass: the objective of the parameters after `iteration` M-steps.
struct IterationReport {
  std::int64_t iteration = 0;
  double objective = 0;
  double change = 0;  ///< from the pass before, in the unit of the tolerance; 0 in the first
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
};

}  // namespace shoal
