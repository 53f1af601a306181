/// The point from which real rows and centres are measured.
#pragma once

#include <span>
#include <vector>

#include "shoal/core/matrix.hpp"

namespace shoal {

/// A point near all centres, few bits long: x - origin is then exact or nearly so where data lie far from zero. It is a
/// function of the centres alone, so predict and score repeat the bits of fit; zero where float32 cannot hold it.
template <class T>
std::vector<T> origin_of(const Matrix& centres);

/// Each centre less the origin, rounded to T.
template <class T>
std::vector<T> shifted(const Matrix& centres, std::span<const T> origin);

}  // namespace shoal
