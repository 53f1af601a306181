/// Whether the memory that a fit needs is there, asked before it begins.
#pragma once

#include "app/fit_plan.hpp"
#include "shoal/comm/communicator.hpp"

namespace shoal::app {

/// Throws Error(no_memory) on all ranks where a host, a control group or a limit of the process has too little for the
/// ranks under it. Collective.
void check_memory(const Communicator& comm, const FitPlan& plan);

}  // namespace shoal::app
