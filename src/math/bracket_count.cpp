#include "shoal/math/bracket_count.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/bracket_count.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// One row against the brackets of its cluster, a vector of features at a time; returns how many are inside.
template <class D, class T>
HWY_INLINE size_t count_lanes(D d, const T* x, size_t first, size_t offset, const Brackets<T>& b,
                              const BracketCounts<T>& counts, size_t place, PlaceOf<T>* found) {
  const hn::RebindToSigned<D> counter;
  const size_t at = offset + first;
  const auto value = hn::LoadU(d, x + first);
  const auto below = hn::Lt(value, hn::LoadU(d, b.low + at));
  const auto equal = hn::Eq(value, hn::LoadU(d, b.pivot + at));
  const auto inside = hn::AndNot(equal, hn::AndNot(below, hn::Le(value, hn::LoadU(d, b.high + at))));
  const auto add = [&](CounterOf<T>* counted, auto mask) HWY_ATTR {
    hn::StoreU(hn::Sub(hn::LoadU(counter, counted), hn::VecFromMask(counter, hn::RebindMask(counter, mask))), counter,
               counted);
  };
  add(counts.below + at, below);
  add(counts.equal + at, equal);
  if (hn::AllFalse(d, inside)) return 0;
  std::uint8_t bytes[8] = {};
  hn::StoreMaskBits(d, inside, bytes);
  std::uint64_t bits = 0;
  hwy::CopyBytes<sizeof(bits)>(bytes, &bits);
  size_t n = 0;
  for (; bits != 0; bits &= bits - 1)
    found[n++] = static_cast<PlaceOf<T>>(place + first + hwy::Num0BitsBelowLS1Bit_Nonzero64(bits));
  return n;
}

/// A vector of rows of 2 or 3 features, against the brackets of one cluster after the other; adds up where values are
/// inside.
template <size_t Few, class T>
HWY_INLINE void count_few_rows(const T* x, const std::int32_t* labels, const Brackets<T>& b,
                               const BracketCounts<T>& counts, std::uint64_t* inside_bits) {
  const hn::ScalableTag<T> d;
  const hn::RebindToSigned<decltype(d)> whole;
  const hn::Rebind<std::int32_t, decltype(d)> narrow;
  hn::Vec<decltype(d)> v[Few];
  if constexpr (Few == 2) hn::LoadInterleaved2(d, x, v[0], v[1]);
  if constexpr (Few == 3) hn::LoadInterleaved3(d, x, v[0], v[1], v[2]);
  hn::Vec<decltype(whole)> label;
  if constexpr (sizeof(T) == 8)
    label = hn::PromoteTo(whole, hn::LoadU(narrow, labels));
  else
    label = hn::LoadU(whole, labels);
  const auto none = hn::FirstN(d, 0);
  hn::Mask<decltype(d)> inside[Few];
  for (auto& mask : inside) mask = none;
  for (size_t k = 0; k < b.n_clusters; ++k) {
    const auto mine = hn::RebindMask(d, hn::Eq(label, hn::Set(whole, static_cast<hn::TFromD<decltype(whole)>>(k))));
    for (size_t j = 0; j < Few; ++j) {
      const size_t p = k * Few + j;
      const auto below = hn::And(mine, hn::Lt(v[j], hn::Set(d, b.low[p])));
      const auto equal = hn::And(mine, hn::Eq(v[j], hn::Set(d, b.pivot[p])));
      const auto within = hn::And(mine, hn::Le(v[j], hn::Set(d, b.high[p])));
      counts.below[p] += static_cast<CounterOf<T>>(hn::CountTrue(d, below));
      counts.equal[p] += static_cast<CounterOf<T>>(hn::CountTrue(d, equal));
      inside[j] = hn::Or(inside[j], hn::AndNot(equal, hn::AndNot(below, within)));
    }
  }
  for (size_t j = 0; j < Few; ++j) {
    std::uint8_t bytes[8] = {};
    hn::StoreMaskBits(d, inside[j], bytes);
    hwy::CopyBytes<8>(bytes, &inside_bits[j]);
  }
}

/// Whole vectors of rows of a few features and clusters; returns how many rows that were.
template <size_t Few, class T>
size_t count_few(const T* rows, size_t n, const std::int32_t* labels, const Brackets<T>& brackets,
                 const BracketCounts<T>& counts, PlaceOf<T>* inside, size_t capacity, size_t* n_inside) {
  const size_t lanes = hn::Lanes(hn::ScalableTag<T>());
  size_t found = 0, first = 0;
  for (; first + lanes <= n && found + lanes * Few <= capacity; first += lanes) {
    std::uint64_t bits[Few], any = 0;
    count_few_rows<Few>(rows + first * Few, labels + first, brackets, counts, bits);
    for (const std::uint64_t some : bits) any |= some;
    for (; any != 0; any &= any - 1) {
      const size_t r = hwy::Num0BitsBelowLS1Bit_Nonzero64(any);
      for (size_t j = 0; j < Few; ++j) {
        inside[found] = static_cast<PlaceOf<T>>((first + r) * Few + j);
        found += bits[j] >> r & 1;
      }
    }
  }
  *n_inside = found;
  return first;
}

template <class T>
size_t Count(const T* rows, size_t n, size_t n_features, const std::int32_t* labels, const Brackets<T>& brackets,
             const BracketCounts<T>& counts, PlaceOf<T>* inside, size_t capacity, size_t* n_inside) {
  const hn::ScalableTag<T> full;
  const hn::CappedTag<T, 2> two;
  const hn::CappedTag<T, 1> one;
  constexpr size_t few_pairs = 16;  // with more, all clusters in turn take longer than each row's own
  size_t found = 0;
  size_t r = 0;
  if (brackets.n_clusters * n_features <= few_pairs) {
    if (n_features == 2) r = count_few<2>(rows, n, labels, brackets, counts, inside, capacity, &found);
    if (n_features == 3) r = count_few<3>(rows, n, labels, brackets, counts, inside, capacity, &found);
    rows += r * n_features;
  }
  for (; r < n && found + n_features <= capacity; ++r, rows += n_features) {
    if (labels[r] < 0) continue;
    const size_t offset = static_cast<size_t>(labels[r]) * n_features;
    const size_t place = r * n_features;
    size_t j = 0;
    for (; j + hn::Lanes(full) <= n_features; j += hn::Lanes(full))
      found += count_lanes(full, rows, j, offset, brackets, counts, place, inside + found);
    for (; j + hn::Lanes(two) <= n_features; j += hn::Lanes(two))
      found += count_lanes(two, rows, j, offset, brackets, counts, place, inside + found);
    for (; j < n_features; ++j) found += count_lanes(one, rows, j, offset, brackets, counts, place, inside + found);
  }
  *n_inside = found;
  return r;
}

template <class D, class T>
HWY_INLINE void least_lanes(D d, const T* x, const T* bound, T* least) {
  const auto value = hn::LoadU(d, x);
  const auto old = hn::LoadU(d, least);
  hn::StoreU(hn::IfThenElse(hn::Gt(value, hn::LoadU(d, bound)), hn::Min(value, old), old), d, least);
}

template <class T>
void Least(const T* rows, size_t n, size_t n_features, const std::int32_t* labels, const T* bound, T* least) {
  const hn::ScalableTag<T> full;
  const hn::CappedTag<T, 1> one;
  for (size_t r = 0; r < n; ++r, rows += n_features) {
    if (labels[r] < 0) continue;
    const size_t offset = static_cast<size_t>(labels[r]) * n_features;
    size_t j = 0;
    for (; j + hn::Lanes(full) <= n_features; j += hn::Lanes(full))
      least_lanes(full, rows + j, bound + offset + j, least + offset + j);
    for (; j < n_features; ++j) least_lanes(one, rows + j, bound + offset + j, least + offset + j);
  }
}

void LeastF32(const float* rows, size_t n, size_t d, const std::int32_t* labels, const float* bound, float* least) {
  Least(rows, n, d, labels, bound, least);
}
void LeastF64(const double* rows, size_t n, size_t d, const std::int32_t* labels, const double* bound, double* least) {
  Least(rows, n, d, labels, bound, least);
}

size_t CountF32(const float* rows, size_t n, size_t d, const std::int32_t* labels, const Brackets<float>& brackets,
                const BracketCounts<float>& counts, PlaceOf<float>* inside, size_t capacity, size_t* n_inside) {
  return Count(rows, n, d, labels, brackets, counts, inside, capacity, n_inside);
}
size_t CountF64(const double* rows, size_t n, size_t d, const std::int32_t* labels, const Brackets<double>& brackets,
                const BracketCounts<double>& counts, PlaceOf<double>* inside, size_t capacity, size_t* n_inside) {
  return Count(rows, n, d, labels, brackets, counts, inside, capacity, n_inside);
}

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(CountF32);
HWY_EXPORT(CountF64);
HWY_EXPORT(LeastF32);
HWY_EXPORT(LeastF64);

template <>
void least_above(const float* rows, std::size_t n, std::size_t d, const std::int32_t* labels, const float* bound,
                 float* least) {
  HWY_DYNAMIC_DISPATCH(LeastF32)(rows, n, d, labels, bound, least);
}

template <>
void least_above(const double* rows, std::size_t n, std::size_t d, const std::int32_t* labels, const double* bound,
                 double* least) {
  HWY_DYNAMIC_DISPATCH(LeastF64)(rows, n, d, labels, bound, least);
}

template <>
std::size_t count_in_brackets(const float* rows, std::size_t n, std::size_t d, const std::int32_t* labels,
                              const Brackets<float>& brackets, const BracketCounts<float>& counts,
                              PlaceOf<float>* inside, std::size_t capacity, std::size_t* n_inside) {
  auto* const count = &HWY_DYNAMIC_DISPATCH(CountF32);
  return count(rows, n, d, labels, brackets, counts, inside, capacity, n_inside);
}

template <>
std::size_t count_in_brackets(const double* rows, std::size_t n, std::size_t d, const std::int32_t* labels,
                              const Brackets<double>& brackets, const BracketCounts<double>& counts,
                              PlaceOf<double>* inside, std::size_t capacity, std::size_t* n_inside) {
  auto* const count = &HWY_DYNAMIC_DISPATCH(CountF64);
  return count(rows, n, d, labels, brackets, counts, inside, capacity, n_inside);
}

}  // namespace shoal
#endif
