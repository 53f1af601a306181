// What the kernels of a distance share, compiled once for each instruction set (so the guard is Highway's, not a
// pragma).
#if defined(SHOAL_MATH_METRIC_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef SHOAL_MATH_METRIC_INL_HPP
#undef SHOAL_MATH_METRIC_INL_HPP
#else
#define SHOAL_MATH_METRIC_INL_HPP
#endif

#include <hwy/highway.h>

#include <cstddef>

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

inline constexpr size_t n_partial = 8;  // sums of a distance of many features

struct SquaredEuclidean {
  template <class V>
  static HWY_INLINE V first(V difference) {
    return hn::Mul(difference, difference);
  }
  template <class V>
  static HWY_INLINE V add(V sum, V difference) {
    return hn::MulAdd(difference, difference, sum);
  }
};

struct Manhattan {
  template <class V>
  static HWY_INLINE V first(V difference) {
    return hn::Abs(difference);
  }
  template <class V>
  static HWY_INLINE V add(V sum, V difference) {
    return hn::Add(sum, hn::Abs(difference));
  }
};

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // SHOAL_MATH_METRIC_INL_HPP
