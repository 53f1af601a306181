#include "shoal/math/count_rows.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/count_rows.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

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

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(Count);

void count_rows(const std::int32_t* labels, std::size_t n, std::size_t n_clusters, std::int64_t* counts) {
  HWY_DYNAMIC_DISPATCH(Count)(labels, n, n_clusters, counts);
}

}  // namespace shoal
#endif
