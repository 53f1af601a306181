#include "shoal/pass/scale_rows.hpp"

namespace shoal {
namespace {

/// What one S is divided by, number by number.
std::vector<double> noise_scales(const NoiseLayout& layout, const Scaling& scaling) {
  std::vector<double> scales;
  for (std::size_t i = 0; i < scaling.scale.size(); ++i)
    for (std::size_t j = layout.form == NoiseLayout::Form::variances ? i : 0; j <= i; ++j)
      scales.push_back(scaling.scale[i] * scaling.scale[j]);
  return scales;
}

}  // namespace

template <class T>
void scale_rows(Shard<T>& shard, const Scaling& scaling, int threads) {
  const std::size_t d = shard.n_features;
  const auto n_rows = static_cast<std::int64_t>(shard.n_rows());
  NoiseLayout& layout = shard.noise_layout;
  const std::vector<double> scales = noise_scales(layout, scaling);
  for (std::size_t i = 0; i < layout.shared.size(); ++i) layout.shared[i] /= scales[i];
  const std::size_t width = layout.of_each_row() ? layout.width(d) : 0;
#pragma omp parallel for num_threads(threads)
  for (std::int64_t row = 0; row < n_rows; ++row) {
    const auto r = static_cast<std::size_t>(row);
    if (!shard.used.empty() && shard.used[r] == 0) continue;
    T* const values = shard.values.data() + r * d;
    for (std::size_t j = 0; j < d; ++j) values[j] = static_cast<T>(scaling.scaled(static_cast<double>(values[j]), j));
    T* const noise = shard.noise.data() + r * width;
    for (std::size_t i = 0; i < width; ++i) noise[i] = static_cast<T>(static_cast<double>(noise[i]) / scales[i]);
  }
}

template void scale_rows(Shard<float>&, const Scaling&, int);
template void scale_rows(Shard<double>&, const Scaling&, int);

}  // namespace shoal
