/// What may take the place of the parameters that an M-step gave: where acceleration comes in.
#pragma once

#include "shoal/core/named_array.hpp"

namespace shoal {

class Proposal {
 public:
  Proposal() = default;
  Proposal(const Proposal&) = delete;
  Proposal& operator=(const Proposal&) = delete;
  virtual ~Proposal() = default;

  /// An M-step led from `before` to `after`, all parameters of the model. Returns whether `after` was changed to others
  /// of the same shapes from which the fit is to go on: the same on every rank, and parameters that the model can have.
  virtual bool replace(const NamedArrays& before, NamedArrays& after) = 0;
};

}  // namespace shoal
