/// Brings held rows to the scale of a model.
#pragma once

#include "shoal/data/scaling.hpp"
#include "shoal/data/shard.hpp"

namespace shoal {

/// Puts (x - center) / scale, computed in double, in the place of each value, by `threads` threads. What is missing
/// stays so, and rows that are left out keep their zeros. A value may become infinite: T holds it or it does not.
template <class T>
void scale_rows(Shard<T>& shard, const Scaling& scaling, int threads);

}  // namespace shoal
