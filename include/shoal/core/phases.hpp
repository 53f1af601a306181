/// What is being done, for people who wait.
#pragma once

#include <functional>
#include <string>

namespace shoal {

/// Gets a few words at the beginning of each phase, such as "seeding: round 2 of 5"; empty: nobody wants to know.
using Phases = std::function<void(const std::string&)>;

}  // namespace shoal
