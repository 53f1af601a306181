/// The threads of passes.
#pragma once

namespace shoal {

/// Starts the threads that passes of n threads will have, each with the memory that it reserves for itself: a later
/// look at what is left then counts it, and none has to be started when memory has become short, which would end the
/// program. n >= 1.
void start_threads(int n);

}  // namespace shoal
