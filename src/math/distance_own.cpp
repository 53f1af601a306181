#include "shoal/math/distance.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/distance_own.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>
//
#include "math/metric-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE hn::TFromD<D> add_by_halves([[maybe_unused]] D d, hn::Vec<D> v) {
#if HWY_TARGET != HWY_SCALAR
  if constexpr (hn::MaxLanes(d) > 1) {
    const hn::Half<D> half;
    return add_by_halves(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
#endif
  return hn::GetLane(v);
}

/// A row and a centre of more than eight features: the partial sums are vector lanes. One row after the other: only
/// then does the processor foresee which memory is next.
template <class Distance, class T>
HWY_INLINE T wide_distance(const T* HWY_RESTRICT row, const T* HWY_RESTRICT origin, const T* HWY_RESTRICT centre,
                           size_t n_features) {
  const hn::CappedTag<T, n_partial> d;
  constexpr size_t lanes = hn::MaxLanes(d);
  constexpr size_t parts = n_partial / lanes;
  hn::Vec<decltype(d)> sums[parts];
  for (auto& sum : sums) sum = hn::Zero(d);
  size_t j = 0;
  for (; j + n_partial <= n_features; j += n_partial)
    for (size_t p = 0; p < parts; ++p) {
      const size_t at = j + p * lanes;
      const auto x = hn::Sub(hn::LoadU(d, row + at), hn::LoadU(d, origin + at));
      sums[p] = Distance::add(sums[p], hn::Sub(x, hn::LoadU(d, centre + at)));
    }
  if (j < n_features) {
    HWY_ALIGN T rest[n_partial] = {};
    for (size_t i = 0; j < n_features; ++i, ++j) rest[i] = (row[j] - origin[j]) - centre[j];
    for (size_t p = 0; p < parts; ++p) sums[p] = Distance::add(sums[p], hn::Load(d, rest + p * lanes));
  }
  for (size_t half = parts / 2; half > 0; half /= 2)
    for (size_t p = 0; p < half; ++p) sums[p] = hn::Add(sums[p], sums[p + half]);
  return add_by_halves(d, sums[0]);
}

/// A row and a centre of few features.
template <class Distance, class T>
HWY_INLINE T narrow_distance(const T* HWY_RESTRICT row, const T* HWY_RESTRICT origin, const T* HWY_RESTRICT centre,
                             size_t n_features) {
  const hn::CappedTag<T, 1> d;
  auto sum = hn::Zero(d);
  for (size_t j = 0; j < n_features; ++j) sum = Distance::add(sum, hn::Set(d, (row[j] - origin[j]) - centre[j]));
  return hn::GetLane(sum);
}

template <class Distance, class T>
void own_distances(const T* rows, size_t n, size_t n_features, const T* origin, const T* centres,
                   const std::int32_t* labels, T* distance) {
  const bool wide = n_features > n_partial;
  for (size_t r = 0; r < n; ++r, rows += n_features) {
    const T* centre = centres + static_cast<size_t>(labels[r]) * n_features;
    distance[r] = wide ? wide_distance<Distance>(rows, origin, centre, n_features)
                       : narrow_distance<Distance>(rows, origin, centre, n_features);
  }
}

template <class T>
HWY_INLINE void find_own(Metric metric, const T* rows, size_t n, size_t n_features, const T* origin, const T* centres,
                         const std::int32_t* labels, T* distance) {
  if (metric == Metric::manhattan)
    own_distances<Manhattan>(rows, n, n_features, origin, centres, labels, distance);
  else
    own_distances<SquaredEuclidean>(rows, n, n_features, origin, centres, labels, distance);
}

void OwnF32(Metric m, const float* rows, size_t n, size_t d, const float* origin, const float* centres,
            const std::int32_t* labels, float* distance) {
  find_own(m, rows, n, d, origin, centres, labels, distance);
}
void OwnF64(Metric m, const double* rows, size_t n, size_t d, const double* origin, const double* centres,
            const std::int32_t* labels, double* distance) {
  find_own(m, rows, n, d, origin, centres, labels, distance);
}

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(OwnF32);
HWY_EXPORT(OwnF64);

void distance_to_own(Metric metric, const float* rows, std::size_t n, std::size_t d, const float* origin,
                     const float* centres, const std::int32_t* labels, float* distance) {
  HWY_DYNAMIC_DISPATCH(OwnF32)(metric, rows, n, d, origin, centres, labels, distance);
}
void distance_to_own(Metric metric, const double* rows, std::size_t n, std::size_t d, const double* origin,
                     const double* centres, const std::int32_t* labels, double* distance) {
  HWY_DYNAMIC_DISPATCH(OwnF64)(metric, rows, n, d, origin, centres, labels, distance);
}

}  // namespace shoal
#endif
