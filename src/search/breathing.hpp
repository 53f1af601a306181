// Better optima of k-means and k-medians by breathing (Fritzke 2020, The breathing k-means algorithm): centres are
// added where the error is large, and as many go that are worth least.
#pragma once

#include <cstdint>

#include "search/sample_fits.hpp"

namespace shoal {

/// The best that breathing finds from seeds of this number, by one thread.
template <class T>
Candidate breathe(const SampleFits<T>& fits, const Sample<T>& sample, std::uint64_t seed);

}  // namespace shoal
