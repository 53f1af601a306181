/// What may stop a fit between its iterations, and what is told of it in time.
#pragma once

#include <array>
#include <cstdint>

#include "shoal/model/fit_state.hpp"

namespace shoal {

/// Why ranks ask to stop. One rank is enough: the votes travel with the sums of a pass, so that all stop alike.
enum class StopVote { signal, time, superseded };
inline constexpr std::size_t n_stop_votes = 3;
using StopVotes = std::array<std::int64_t, n_stop_votes>;

/// The default neither stops nor keeps anything.
class Interruption {
 public:
  Interruption() = default;
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;
  virtual ~Interruption() = default;

  /// This rank's votes, asked once a pass, when its rows are done.
  virtual StopVotes votes() { return {}; }

  /// The next pass begins from this state and the parameters of the model. Not collective.
  virtual void before_pass(const FitState& /*state*/) {}
};

}  // namespace shoal
