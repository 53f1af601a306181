/// Preconditions that callers of the library must keep: a broken one is a bug of theirs, not bad input.
#pragma once

#include <stdexcept>

namespace shoal {

/// Throws std::logic_error(what) where `condition` does not hold.
inline void expects(bool condition, const char* what) {
  if (!condition) throw std::logic_error(what);
}

}  // namespace shoal
