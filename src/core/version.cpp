#include "shoal/core/version.hpp"

namespace shoal {

std::string version() { return SHOAL_VERSION; }

}  // namespace shoal
