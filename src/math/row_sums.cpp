#include "shoal/math/row_sums.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/row_sums.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// sum[first .. first + lanes) += weight * (row - origin).
template <bool Weighted, class D, class T>
HWY_INLINE void add_lanes(D d, const T* row, const T* origin, double weight, double* sum) {
  const hn::Rebind<T, D> narrow;
  const auto difference = hn::Sub(hn::LoadU(narrow, row), hn::LoadU(narrow, origin));
  hn::Vec<D> x;
  if constexpr (sizeof(T) == 8)
    x = difference;
  else
    x = hn::PromoteTo(d, difference);
  if constexpr (Weighted) x = hn::Mul(x, hn::Set(d, weight));
  hn::StoreU(hn::Add(hn::LoadU(d, sum), x), d, sum);
}

/// Few: the number of features where the compiler shall know it, else 0.
template <bool Weighted, size_t Few, class T>
HWY_INLINE void add_all(const T* rows, size_t n, size_t n_features, const T* origin, const double* weights,
                        const std::int32_t* labels, size_t n_sums, double* sums) {
  const hn::ScalableTag<double> full;
  const hn::CappedTag<double, 2> two;
  const hn::CappedTag<double, 1> one;
  if (Few > 0) n_features = Few;
  const size_t tile_bytes = n * n_features * sizeof(T);
  const size_t copy_mask = sum_copies(n_sums) - 1;
  const bool short_rows = n_features * sizeof(T) <= 128;  // in step with the next tile, while there is little to read
  for (size_t r = 0; r < n; ++r, rows += n_features) {
    if (short_rows)
      __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<uintptr_t>(rows) + tile_bytes), 0, 2);
    const double weight = Weighted ? weights[r] : 1;
    if (weight == 0) continue;
    double* sum = sums + (r & copy_mask) * n_sums + static_cast<size_t>(labels[r]) * n_features;
    size_t j = 0;
    for (; j + hn::Lanes(full) <= n_features; j += hn::Lanes(full))
      add_lanes<Weighted>(full, rows + j, origin + j, weight, sum + j);
    for (; j + hn::Lanes(two) <= n_features; j += hn::Lanes(two))
      add_lanes<Weighted>(two, rows + j, origin + j, weight, sum + j);
    for (; j < n_features; ++j) add_lanes<Weighted>(one, rows + j, origin + j, weight, sum + j);
  }
}

template <bool Weighted, class T>
HWY_INLINE void add_to_sums(const T* rows, size_t n, size_t n_features, const T* origin, const double* weights,
                            const std::int32_t* labels, size_t n_sums, double* sums) {
  if (n_features == 2) return add_all<Weighted, 2>(rows, n, n_features, origin, weights, labels, n_sums, sums);
  if (n_features == 3) return add_all<Weighted, 3>(rows, n, n_features, origin, weights, labels, n_sums, sums);
  if (n_features == 8) return add_all<Weighted, 8>(rows, n, n_features, origin, weights, labels, n_sums, sums);
  add_all<Weighted, 0>(rows, n, n_features, origin, weights, labels, n_sums, sums);
}

template <class T>
HWY_INLINE void add(const T* rows, size_t n, size_t n_features, const T* origin, const double* weights,
                    const std::int32_t* labels, size_t n_sums, double* sums) {
  if (weights == nullptr)
    add_to_sums<false>(rows, n, n_features, origin, weights, labels, n_sums, sums);
  else
    add_to_sums<true>(rows, n, n_features, origin, weights, labels, n_sums, sums);
}

/// A few clusters are counted one after the other. Of many, neighbouring rows count in different copies, lest each wait
/// for the one before it.
void Count(const std::int32_t* labels, size_t n, size_t n_clusters, std::int64_t* counts) {
  const hn::ScalableTag<std::int32_t> d;
  constexpr size_t few = 16;
  if (n_clusters > few) {
    std::int64_t* copies[count_copies];
    for (size_t i = 0; i < count_copies; ++i) copies[i] = counts + i * n_clusters;
    for (size_t r = 0; r < n; ++r) ++copies[r % count_copies][labels[r]];
    return;
  }
  const size_t in_vectors = n / hn::Lanes(d) * hn::Lanes(d);
  for (size_t k = 0; k < n_clusters; ++k) {
    auto found = hn::Zero(d);
    const auto cluster = hn::Set(d, static_cast<std::int32_t>(k));
    for (size_t r = 0; r < in_vectors; r += hn::Lanes(d))
      found = hn::Sub(found, hn::VecFromMask(d, hn::Eq(hn::LoadU(d, labels + r), cluster)));
    counts[k] += hn::GetLane(hn::SumOfLanes(d, found));
  }
  for (size_t r = in_vectors; r < n; ++r) ++counts[labels[r]];
}

void AddF32(const float* rows, size_t n, size_t d, const float* origin, const double* weights,
            const std::int32_t* labels, size_t n_sums, double* sums) {
  add(rows, n, d, origin, weights, labels, n_sums, sums);
}
void AddF64(const double* rows, size_t n, size_t d, const double* origin, const double* weights,
            const std::int32_t* labels, size_t n_sums, double* sums) {
  add(rows, n, d, origin, weights, labels, n_sums, sums);
}

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(AddF32);
HWY_EXPORT(AddF64);
HWY_EXPORT(Count);

void add_rows(const float* rows, std::size_t n, std::size_t d, const float* origin, const double* weights,
              const std::int32_t* labels, size_t n_sums, double* sums) {
  HWY_DYNAMIC_DISPATCH(AddF32)(rows, n, d, origin, weights, labels, n_sums, sums);
}
void add_rows(const double* rows, std::size_t n, std::size_t d, const double* origin, const double* weights,
              const std::int32_t* labels, size_t n_sums, double* sums) {
  HWY_DYNAMIC_DISPATCH(AddF64)(rows, n, d, origin, weights, labels, n_sums, sums);
}
void count_rows(const std::int32_t* labels, std::size_t n, std::size_t n_clusters, std::int64_t* counts) {
  HWY_DYNAMIC_DISPATCH(Count)(labels, n, n_clusters, counts);
}

}  // namespace shoal
#endif
