/// Which shoal this is.
#pragma once

#include <string>

namespace shoal {

/// "1.2.3".
std::string version();

}  // namespace shoal
