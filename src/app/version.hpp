/// What --version says.
#pragma once

#include <string>

namespace shoal::app {

std::string version_text();

}  // namespace shoal::app
