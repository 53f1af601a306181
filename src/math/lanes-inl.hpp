// What kernels share, compiled once for each instruction set (so the guard is Highway's, not a pragma).
#if defined(SHOAL_MATH_LANES_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef SHOAL_MATH_LANES_INL_HPP
#undef SHOAL_MATH_LANES_INL_HPP
#else
#define SHOAL_MATH_LANES_INL_HPP
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
using VectorOf = hn::Vec<hn::ScalableTag<T>>;

/// AVX-512 and NEON have 32 vector registers, the others 16: how many sums a kernel may hold at once.
inline constexpr bool many_registers = HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON;

/// Adds the sums over lanes of a, b, c, e to out[0 .. 3].
#if HWY_TARGET == HWY_SCALAR

template <class V>
HWY_INLINE void add_four(V a, V b, V c, V e, double* out) {
  for (const V v : {a, b, c, e}) *out++ += static_cast<double>(hn::GetLane(v));
}

#else

HWY_INLINE void add_four(VectorOf<double> a, VectorOf<double> b, VectorOf<double> c, VectorOf<double> e,
                         double* HWY_RESTRICT out) {
  const hn::ScalableTag<double> d;
  const auto ab = hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b));
  const auto ce = hn::Add(hn::InterleaveLower(d, c, e), hn::InterleaveUpper(d, c, e));
  if constexpr (hn::MaxLanes(d) == 2) {
    hn::StoreU(hn::Add(hn::LoadU(d, out), ab), d, out);
    hn::StoreU(hn::Add(hn::LoadU(d, out + 2), ce), d, out + 2);
  } else {
#if HWY_MAX_BYTES >= 32
    const hn::FixedTag<double, 4> four;
    const auto halves = hn::Add(hn::ConcatLowerLower(d, ce, ab), hn::ConcatUpperUpper(d, ce, ab));
#if HWY_MAX_BYTES == 32
    const auto sums = halves;  // a b c e
#else
    alignas(64) static constexpr std::int64_t even_blocks[8] = {0, 1, 4, 5, 0, 1, 4, 5};
    const auto pairs = hn::Add(halves, hn::SwapAdjacentBlocks(halves));  // a b a b c e c e
    const auto sums = hn::LowerHalf(four, hn::TableLookupLanes(pairs, hn::SetTableIndices(d, even_blocks)));
#endif
    hn::StoreU(hn::Add(hn::LoadU(four, out), sums), four, out);
#endif
  }
}

template <class V>
HWY_INLINE auto fold_to_block(V v) {
  if constexpr (sizeof(v) == 16) {
    return v;
  } else {
    const hn::Half<hn::DFromV<V>> half;
    return fold_to_block(hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
}

HWY_INLINE void add_four(VectorOf<float> a, VectorOf<float> b, VectorOf<float> c, VectorOf<float> e,
                         double* HWY_RESTRICT out) {
  const hn::ScalableTag<float> d;
  const hn::RepartitionToWide<decltype(d)> wide;
  const auto ab = hn::BitCast(wide, hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b)));
  const auto ce = hn::BitCast(wide, hn::Add(hn::InterleaveLower(d, c, e), hn::InterleaveUpper(d, c, e)));
  const auto lower = hn::BitCast(d, hn::InterleaveLower(wide, ab, ce));
  const auto upper = hn::BitCast(d, hn::InterleaveUpper(wide, ab, ce));
  HWY_ALIGN float sums[4];
  hn::Store(fold_to_block(hn::Add(lower, upper)), hn::FixedTag<float, 4>(), sums);
  for (size_t i = 0; i < 4; ++i) out[i] += static_cast<double>(sums[i]);
}

#endif

/// out[i] += the sum over lanes of the i-th vector of `buffer`.
template <class T>
HWY_INLINE void add_lanes(const T* HWY_RESTRICT buffer, size_t n, double* HWY_RESTRICT out) {
  const hn::ScalableTag<T> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    const T* b = buffer + i * lanes;
    add_four(hn::LoadU(d, b), hn::LoadU(d, b + lanes), hn::LoadU(d, b + 2 * lanes), hn::LoadU(d, b + 3 * lanes),
             out + i);
  }
  for (; i < n; ++i) out[i] += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, hn::LoadU(d, buffer + i * lanes))));
}

/// e^x for x <= 0, with a relative error of at most 1.5 units in the last place down to x = -700, and 0 below.
/// x = n ln 2 + r, |r| <= ln 2 / 2; e^r by 1 + r + r^2 q(r), q the interpolant of degree 9 at Chebyshev's points
/// (relative error 1.6e-17 before rounding).
HWY_INLINE VectorOf<double> exp_of_nonpositive(VectorOf<double> x) {
  const hn::ScalableTag<double> d;
  const hn::RebindToSigned<decltype(d)> integer;
  const auto set = [d](double value) { return hn::Set(d, value); };
  const auto shifter = set(6755399441055744.0);  // 1.5 * 2^52: adding it rounds to an integer, in the low bits
  const auto shifted = hn::MulAdd(x, set(1.4426950408889634), shifter);
  const auto n = hn::Sub(shifted, shifter);
  const auto r = hn::NegMulAdd(n, set(1.90821492927058770e-10), hn::NegMulAdd(n, set(6.93147180369123816e-01), x));
  const auto r2 = hn::Mul(r, r);
  const auto r4 = hn::Mul(r2, r2);
  const auto q01 = hn::MulAdd(set(0.16666666666666669), r, set(0.5000000000000001));
  const auto q23 = hn::MulAdd(set(0.008333333333330062), r, set(0.04166666666662413));
  const auto q45 = hn::MulAdd(set(0.00019841269863053618), r, set(0.0013888888917213717));
  const auto q67 = hn::MulAdd(set(2.7557268459997064e-06), r, set(2.4801521295954376e-05));
  const auto q89 = hn::MulAdd(set(2.510038549551032e-08), r, set(2.7620088445409746e-07));
  const auto low = hn::MulAdd(q23, r2, q01);
  const auto high = hn::MulAdd(q89, r4, hn::MulAdd(q67, r2, q45));
  const auto q = hn::MulAdd(high, r4, low);
  const auto y = hn::Add(hn::MulAdd(q, r2, r), set(1.0));
  const auto power = hn::ShiftLeft<52>(hn::BitCast(integer, shifted));  // n in the place of the exponent
  const auto scaled = hn::BitCast(d, hn::Add(hn::BitCast(integer, y), power));
  return hn::IfThenElseZero(hn::Ge(x, set(-700.0)), scaled);
}

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
