/// What a process does about memory that is short: at its start, and when it runs out of it.
#pragma once

namespace shoal::app {

/// To be called before MPI and any thread starts. Under ulimit -v, where MPI itself could not start but would crash or
/// hang, leaves with a message; where it can, spends less of what is left on reserves.
void begin_under_memory_limits();

/// From here on std::bad_alloc that nobody catches, or that comes where none may, ends the job as
/// leave_without_memory does. Where MPI starts, it must have started.
void watch_for_lost_memory(int rank);

/// Ends the job, with a message. What memory it takes was set aside by watch_for_lost_memory.
[[noreturn]] void leave_without_memory(int rank);

}  // namespace shoal::app
