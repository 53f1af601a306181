#include "shoal/math/distance.hpp"

#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/distance.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

struct SquaredEuclidean {
  template <class V>
  static HWY_INLINE V add(V sum, V difference) {
    return hn::MulAdd(difference, difference, sum);
  }
};

struct Manhattan {
  template <class V>
  static HWY_INLINE V add(V sum, V difference) {
    return hn::Add(sum, hn::Abs(difference));
  }
};

/// Keeps the lesser of (best, distance) and the index that belongs to it; a tie keeps the earlier one.
template <class D, class V>
HWY_INLINE void keep_least(D d, V distance, size_t k, V& best, V& best_index) {
  const auto less = hn::Lt(distance, best);
  best = hn::IfThenElse(less, distance, best);
  best_index = hn::IfThenElse(less, hn::Set(d, static_cast<hn::TFromD<D>>(k)), best_index);
}

template <class Distance, class T>
HWY_INLINE void nearest_lanes(const T* tile, const T* centres, size_t n_centres, size_t n_features, T* best_out,
                              T* index_out) {
  const hn::ScalableTag<T> d;
  auto best = hn::Set(d, std::numeric_limits<T>::infinity());
  auto index = hn::Zero(d);
  size_t k = 0;
  for (; k + 4 <= n_centres; k += 4) {  // four centres share each load of the rows
    const T* c = centres + k * n_features;
    auto s0 = hn::Zero(d), s1 = hn::Zero(d), s2 = hn::Zero(d), s3 = hn::Zero(d);
    for (size_t j = 0; j < n_features; ++j) {
      const auto x = hn::LoadU(d, tile + j * tile_rows);
      s0 = Distance::add(s0, hn::Sub(x, hn::Set(d, c[j])));
      s1 = Distance::add(s1, hn::Sub(x, hn::Set(d, c[n_features + j])));
      s2 = Distance::add(s2, hn::Sub(x, hn::Set(d, c[2 * n_features + j])));
      s3 = Distance::add(s3, hn::Sub(x, hn::Set(d, c[3 * n_features + j])));
    }
    keep_least(d, s0, k, best, index);
    keep_least(d, s1, k + 1, best, index);
    keep_least(d, s2, k + 2, best, index);
    keep_least(d, s3, k + 3, best, index);
  }
  for (; k < n_centres; ++k) {
    const T* c = centres + k * n_features;
    auto s = hn::Zero(d);
    for (size_t j = 0; j < n_features; ++j)
      s = Distance::add(s, hn::Sub(hn::LoadU(d, tile + j * tile_rows), hn::Set(d, c[j])));
    keep_least(d, s, k, best, index);
  }
  hn::StoreU(best, d, best_out);
  hn::StoreU(index, d, index_out);
}

template <class T>
void nearest_tile(Metric metric, const T* tile, const T* centres, size_t n_centres, size_t n_features, double* distance,
                  std::int32_t* label) {
  T best[tile_rows];
  T index[tile_rows];
  const size_t lanes = hn::Lanes(hn::ScalableTag<T>());
  for (size_t r = 0; r < tile_rows; r += lanes) {
    if (metric == Metric::manhattan)
      nearest_lanes<Manhattan>(tile + r, centres, n_centres, n_features, best + r, index + r);
    else
      nearest_lanes<SquaredEuclidean>(tile + r, centres, n_centres, n_features, best + r, index + r);
  }
  for (size_t r = 0; r < tile_rows; ++r) {
    distance[r] = static_cast<double>(best[r]);
    label[r] = static_cast<std::int32_t>(index[r]);
  }
}

void NearestF32(Metric metric, const float* tile, const float* centres, size_t n_centres, size_t n_features,
                double* distance, std::int32_t* label) {
  nearest_tile(metric, tile, centres, n_centres, n_features, distance, label);
}

void NearestF64(Metric metric, const double* tile, const double* centres, size_t n_centres, size_t n_features,
                double* distance, std::int32_t* label) {
  nearest_tile(metric, tile, centres, n_centres, n_features, distance, label);
}

template <class T>
HWY_INLINE void add_row_of(const T* HWY_RESTRICT row, const T* HWY_RESTRICT origin, double weight, size_t n_features,
                           double* HWY_RESTRICT sum) {
  for (size_t d = 0; d < n_features; ++d) sum[d] += weight * static_cast<double>(row[d] - origin[d]);
}

void AddRowF32(const float* row, const float* origin, double weight, size_t n_features, double* sum) {
  add_row_of(row, origin, weight, n_features, sum);
}

void AddRowF64(const double* row, const double* origin, double weight, size_t n_features, double* sum) {
  add_row_of(row, origin, weight, n_features, sum);
}

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(NearestF32);
HWY_EXPORT(NearestF64);
HWY_EXPORT(AddRowF32);
HWY_EXPORT(AddRowF64);

void nearest(Metric metric, const float* tile, const float* centres, std::size_t n_centres, std::size_t n_features,
             std::span<double> distance, std::span<std::int32_t> label) {
  HWY_DYNAMIC_DISPATCH(NearestF32)(metric, tile, centres, n_centres, n_features, distance.data(), label.data());
}

void nearest(Metric metric, const double* tile, const double* centres, std::size_t n_centres, std::size_t n_features,
             std::span<double> distance, std::span<std::int32_t> label) {
  HWY_DYNAMIC_DISPATCH(NearestF64)(metric, tile, centres, n_centres, n_features, distance.data(), label.data());
}

void add_row(const float* row, const float* origin, double weight, std::size_t n_features, double* sum) {
  HWY_DYNAMIC_DISPATCH(AddRowF32)(row, origin, weight, n_features, sum);
}

void add_row(const double* row, const double* origin, double weight, std::size_t n_features, double* sum) {
  HWY_DYNAMIC_DISPATCH(AddRowF64)(row, origin, weight, n_features, sum);
}

}  // namespace shoal
#endif
