/// Threads of a rank.
#pragma once

#include "app/arguments.hpp"
#include "shoal/comm/communicator.hpp"

namespace shoal::app {

/// Threads that a rank may have.
inline constexpr int most_threads = 4096;

/// Threads a rank: --threads, else OMP_NUM_THREADS, else the cores that SLURM gave the task, else 1. Collective. Throws
/// Error on all ranks: usage where a variable says what cannot be, no_memory where these threads cannot be started.
int settle_threads(const Communicator& comm, const Arguments& arguments);

/// Says so where a host's ranks have more threads than cores, or one rank more than it may use. Collective.
void warn_of_crowded_cores(const Communicator& comm, const Arguments& arguments, int threads);

}  // namespace shoal::app
