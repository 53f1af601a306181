#include "shoal/math/fixed_point.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/fixed_point.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Some features of a row. from, to: the clusters' sums at these features; from: null for none.
template <class D, class T>
HWY_INLINE void move_lanes(D d, const T* x, const double* scale, double limb, size_t n_features, std::int64_t* from,
                           std::int64_t* to) {
  const hn::RebindToSigned<D> whole;
  const hn::Rebind<T, D> narrow;
  hn::Vec<D> rest;
  if constexpr (sizeof(T) == 8)
    rest = hn::LoadU(d, x);
  else
    rest = hn::PromoteTo(d, hn::LoadU(narrow, x));
  rest = hn::Mul(rest, hn::LoadU(d, scale));
  const auto round = hn::Set(d, 0x1.8p52);  // added to a small number it leaves the nearest integer in the low bits
  for (size_t i = 0; i < n_limbs; ++i) {
    const auto raised = hn::Add(rest, round);
    const auto integer = hn::Sub(hn::BitCast(whole, raised), hn::BitCast(whole, round));
    rest = hn::Mul(hn::Sub(rest, hn::Sub(raised, round)), hn::Set(d, limb));
    const size_t at = i * n_features;
    hn::StoreU(hn::Add(hn::LoadU(whole, to + at), integer), whole, to + at);
    if (from != nullptr) hn::StoreU(hn::Sub(hn::LoadU(whole, from + at), integer), whole, from + at);
  }
}

template <class T>
void Move(const T* rows, const RowMove* moves, size_t n, size_t n_features, const FixedPoint& format,
          std::int64_t* sums) {
  const hn::ScalableTag<double> full;
  const hn::CappedTag<double, 2> two;
  const hn::CappedTag<double, 1> one;
  const size_t stride = n_limbs * n_features;
  for (size_t i = 0; i < n; ++i) {
    const T* x = rows + moves[i].row * n_features;
    std::int64_t* const to = sums + static_cast<size_t>(moves[i].to) * stride;
    std::int64_t* const from = moves[i].from < 0 ? nullptr : sums + static_cast<size_t>(moves[i].from) * stride;
    size_t j = 0;
    const auto move = [&](auto d) HWY_ATTR {
      for (; j + hn::Lanes(d) <= n_features; j += hn::Lanes(d))
        move_lanes(d, x + j, format.scale + j, format.limb, n_features, from == nullptr ? nullptr : from + j, to + j);
    };
    move(full), move(two), move(one);
  }
}

void MoveF32(const float* rows, const RowMove* moves, size_t n, size_t d, const FixedPoint& format,
             std::int64_t* sums) {
  Move(rows, moves, n, d, format, sums);
}
void MoveF64(const double* rows, const RowMove* moves, size_t n, size_t d, const FixedPoint& format,
             std::int64_t* sums) {
  Move(rows, moves, n, d, format, sums);
}

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(MoveF32);
HWY_EXPORT(MoveF64);

void move_between_sums(const float* rows, std::span<const RowMove> moves, std::size_t n_features,
                       const FixedPoint& format, std::int64_t* sums) {
  HWY_DYNAMIC_DISPATCH(MoveF32)(rows, moves.data(), moves.size(), n_features, format, sums);
}
void move_between_sums(const double* rows, std::span<const RowMove> moves, std::size_t n_features,
                       const FixedPoint& format, std::int64_t* sums) {
  HWY_DYNAMIC_DISPATCH(MoveF64)(rows, moves.data(), moves.size(), n_features, format, sums);
}

}  // namespace shoal
#endif
