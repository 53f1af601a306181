#include "shoal/pass/scale_rows.hpp"

namespace shoal {

template <class T>
void scale_rows(Shard<T>& shard, const Scaling& scaling, int threads) {
  const std::size_t d = shard.n_features;
  const auto n_rows = static_cast<std::int64_t>(shard.n_rows());
#pragma omp parallel for num_threads(threads)
  for (std::int64_t row = 0; row < n_rows; ++row) {
    const auto r = static_cast<std::size_t>(row);
    if (!shard.used.empty() && shard.used[r] == 0) continue;
    T* const values = shard.values.data() + r * d;
    for (std::size_t j = 0; j < d; ++j) values[j] = static_cast<T>(scaling.scaled(static_cast<double>(values[j]), j));
  }
}

template void scale_rows(Shard<float>&, const Scaling&, int);
template void scale_rows(Shard<double>&, const Scaling&, int);

}  // namespace shoal
