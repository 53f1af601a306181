#include "shoal/math/scatter.hpp"

#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/scatter.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>
//
#include "math/lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// An outer product a b^T summed over rows: 4 x 4 features stay in registers over all rows of the tile (4 x 2 where
// there are 16 registers), one vector of lanes each; the lanes are added up once a tile.

/// Where up to four features stand, one group_rows after the other; the next rows of them a `pitch` further on.
template <class T>
struct Panel {
  const T* first;
  size_t pitch;
};

constexpr size_t packed_start(size_t row) { return row * (row + 1) / 2; }

/// out[place(i, j)] = lanes of sum_r a_ri b_rj for I x J features, or (kCorner) those of j <= i.
template <class T, size_t I, size_t J, bool kCorner, class Place>
HWY_INLINE void product(Panel<T> a, Panel<T> b, size_t groups, T* HWY_RESTRICT out, Place&& place) {
  const hn::ScalableTag<T> d;
  const size_t lanes = hn::Lanes(d);
  VectorOf<T> sum[I][J];
#pragma GCC unroll 8
  for (size_t i = 0; i < I; ++i)
#pragma GCC unroll 8
    for (size_t j = 0; j < J; ++j) sum[i][j] = hn::Zero(d);
  for (size_t g = 0; g < groups; ++g, a.first += a.pitch, b.first += b.pitch)
    for (size_t r = 0; r < group_rows<T>; r += lanes) {
      VectorOf<T> column[J];
#pragma GCC unroll 8
      for (size_t j = 0; j < J; ++j) column[j] = hn::LoadU(d, b.first + j * group_rows<T> + r);
#pragma GCC unroll 8
      for (size_t i = 0; i < I; ++i) {
        const auto left = hn::LoadU(d, a.first + i * group_rows<T> + r);
#pragma GCC unroll 8
        for (size_t j = 0; j < J; ++j)
          if (!kCorner || j <= i) sum[i][j] = hn::MulAdd(left, column[j], sum[i][j]);
      }
    }
#pragma GCC unroll 8
  for (size_t i = 0; i < I; ++i)
#pragma GCC unroll 8
    for (size_t j = 0; j < J; ++j)
      if (!kCorner || j <= i) hn::StoreU(sum[i][j], d, out + place(i, j) * lanes);
}

/// I x J features, J <= 4, in as many registers as there are.
template <class T, size_t I, size_t J, class Place>
HWY_INLINE void block(const Panel<T>& a, const Panel<T>& b, size_t groups, T* out, Place&& place) {
  if constexpr (many_registers || J <= 2) {
    product<T, I, J, false>(a, b, groups, out, place);
  } else {
    product<T, I, 2, false>(a, b, groups, out, place);
    product<T, I, J - 2, false>(a, {b.first + 2 * group_rows<T>, b.pitch}, groups, out,
                                [&](size_t i, size_t j) { return place(i, j + 2); });
  }
}

/// Rows of a tile by panels of four features, each contiguous.
template <class T>
struct Panels {
  T* first;
  size_t groups;
  [[nodiscard]] T* panel(size_t feature) const { return first + feature / 4 * groups * 4 * group_rows<T>; }
  [[nodiscard]] Panel<T> operator[](size_t feature) const { return {panel(feature), 4 * group_rows<T>}; }
};

/// I rows of the triangle of a b^T from row i on, added to the packed triangle.
template <class T, size_t I>
void add_triangle_rows(const Panels<T>& a, const Panels<T>& b, size_t i, T* lanes, double* triangle) {
  const auto place = [&](size_t row, size_t column) { return packed_start(i + row) - packed_start(i) + column; };
  for (size_t j = 0; j < i; j += 4)
    block<T, I, 4>(a[i], b[j], a.groups, lanes, [&](size_t row, size_t c) { return place(row, j + c); });
  product<T, I, I, true>(a[i], b[i], a.groups, lanes, [&](size_t row, size_t c) { return place(row, i + c); });
  add_lanes(lanes, packed_start(i + I) - packed_start(i), triangle + packed_start(i));
}

/// sum_d += sum_r w_r c_rd with c = x - mean, and a b^T = w c c^T: either a = w c and b = c, or (kRoots; `weights` are
/// their roots s) both are s c. x: groups `pitch` apart.
template <bool kRoots, class T>
void centre(const T* x, size_t pitch, size_t n_features, const T* mean, const T* HWY_RESTRICT weights,
            const Panels<T>& a, const Panels<T>& b, T* HWY_RESTRICT lanes_out, double* sum) {
  const hn::ScalableTag<T> d;
  const size_t lanes = hn::Lanes(d);
  for (size_t j = 0; j < n_features; ++j) {
    const auto m = hn::Set(d, mean[j]);
    auto total = hn::Zero(d);
    const T* in = x + j * group_rows<T>;
    T* HWY_RESTRICT out_a = a.panel(j) + j % 4 * group_rows<T>;
    T* HWY_RESTRICT out_b = b.panel(j) + j % 4 * group_rows<T>;
    for (size_t g = 0; g < a.groups; ++g, in += pitch, out_a += 4 * group_rows<T>, out_b += 4 * group_rows<T>)
      for (size_t r = 0; r < group_rows<T>; r += lanes) {
        const auto weight = hn::LoadU(d, weights + g * group_rows<T> + r);
        const auto c = hn::Sub(hn::LoadU(d, in + r), m);
        const auto wc = hn::Mul(weight, c);
        hn::StoreU(wc, d, out_a + r);
        if constexpr (kRoots) {
          total = hn::MulAdd(weight, wc, total);
        } else {
          total = hn::Add(total, wc);
          hn::StoreU(c, d, out_b + r);
        }
      }
    hn::StoreU(total, d, lanes_out + j * lanes);
  }
  add_lanes(lanes_out, n_features, sum);
}

/// Rows of weight other than zero.
HWY_INLINE size_t count_live(const double* weight, size_t n) {
  const hn::ScalableTag<double> d;
  size_t live = 0;
  size_t r = 0;
  for (; r + hn::Lanes(d) <= n; r += hn::Lanes(d))
    live += hn::CountTrue(d, hn::Ne(hn::LoadU(d, weight + r), hn::Zero(d)));
  for (; r < n; ++r) live += weight[r] != 0.0 ? 1 : 0;
  return live;
}

/// Fills the weights in T, zeros to the end of the last group. Where most are zero only those of the other
/// rows, whose places go to `offsets`. Returns how many rows count.
template <class T>
size_t live_rows(const double* weight, size_t n_rows, size_t pitch, T* weights, size_t* offsets) {
  const size_t live = count_live(weight, n_rows);
  if (live * 2 >= n_rows) {
    const size_t padded = n_groups<T>(n_rows) * group_rows<T>;
    for (size_t r = 0; r < padded; ++r) weights[r] = static_cast<T>(weight[r]);
    return n_rows;
  }
  size_t next = 0;
  for (size_t r = 0; r < n_rows; ++r) {
    if (weight[r] == 0.0) continue;
    offsets[next] = r / group_rows<T> * pitch + r % group_rows<T>;
    weights[next++] = static_cast<T>(weight[r]);
  }
  while (next % group_rows<T> != 0) weights[next++] = T(0);
  return live;
}

template <class T>
void take_roots(T* weights, size_t n) {
  const hn::ScalableTag<T> d;
  for (size_t r = 0; r < n; r += hn::Lanes(d)) hn::StoreU(hn::Sqrt(hn::LoadU(d, weights + r)), d, weights + r);
}

template <class T>
void gather(const T* HWY_RESTRICT x, size_t live, size_t n_features, const size_t* offsets, size_t pitch,
            T* HWY_RESTRICT out) {
  for (size_t first = 0; first < live; first += group_rows<T>, out += pitch)
    for (size_t j = 0; j < n_features; ++j)
      for (size_t r = 0; r < group_rows<T>; ++r)
        out[j * group_rows<T> + r] = x[offsets[HWY_MIN(first + r, live - 1)] + j * group_rows<T>];
}

template <class T>
void AddScatter(const T* x, size_t n_rows, size_t n_features, const T* mean, const double* weight,
                ScatterScratch<T>& scratch, double* sum, double* triangle) {
  const size_t pitch = group_stride<T>(n_features);
  T* const lanes = scratch.lanes.data();
  const size_t live = live_rows(weight, n_rows, pitch, scratch.weights.data(), scratch.offsets.data());
  if (live == 0) return;
  if (live < n_rows) {
    gather(x, live, n_features, scratch.offsets.data(), pitch, scratch.gathered.data());
    x = scratch.gathered.data();
  }
  T* const weights = scratch.weights.data();
  const size_t groups = n_groups<T>(live);
  const bool few = n_features <= ScatterScratch<T>::few_features;
  const Panels<T> b{scratch.rows.data(), groups};
  const Panels<T> a{few ? scratch.weighted.data() : scratch.rows.data(), groups};
  if (few) {
    centre<false>(x, pitch, n_features, mean, weights, a, b, lanes, sum);
  } else {
    take_roots(weights, groups * group_rows<T>);
    centre<true>(x, pitch, n_features, mean, weights, a, b, lanes, sum);
  }
  size_t i = 0;
  for (; i + 4 <= n_features; i += 4) add_triangle_rows<T, 4>(a, b, i, lanes, triangle);
  if (n_features - i == 3) add_triangle_rows<T, 3>(a, b, i, lanes, triangle);
  if (n_features - i == 2) add_triangle_rows<T, 2>(a, b, i, lanes, triangle);
  if (n_features - i == 1) add_triangle_rows<T, 1>(a, b, i, lanes, triangle);
}

/// Up to four components that have weight in the tile.
template <class T, size_t I>
void add_components(const T* weights, const T* x, size_t groups, size_t n_features, T* lanes, double* const* sums) {
  const Panel<T> a{weights, 4 * group_rows<T>};
  const auto place = [&](size_t i, size_t j) { return i * n_features + j; };
  size_t j = 0;
  const auto b = [&] { return Panel<T>{x + j * group_rows<T>, group_stride<T>(n_features)}; };
  const auto shifted = [&](size_t i, size_t c) { return place(i, j + c); };
  for (; j + 4 <= n_features; j += 4) block<T, I, 4>(a, b(), groups, lanes, shifted);
  if (n_features - j == 3) block<T, I, 3>(a, b(), groups, lanes, shifted);
  if (n_features - j == 2) block<T, I, 2>(a, b(), groups, lanes, shifted);
  if (n_features - j == 1) block<T, I, 1>(a, b(), groups, lanes, shifted);
  for (size_t i = 0; i < I; ++i)
    add_lanes(lanes + i * n_features * hn::Lanes(hn::ScalableTag<T>()), n_features, sums[i]);
}

template <class T>
void AddWeightedRows(const T* x, size_t n_rows, size_t n_features, const double* weight, size_t weight_pitch,
                     size_t n_components, ScatterScratch<T>& scratch, double* sums, size_t pitch) {
  const size_t groups = n_groups<T>(n_rows);
  T* const weights = scratch.rows.data();
  T* const lanes = scratch.lanes.data();
  double* pending[4];
  size_t n = 0;
  for (size_t k = 0; k < n_components; ++k) {
    const double* w = weight + k * weight_pitch;
    if (count_live(w, n_rows) == 0) continue;
    T* HWY_RESTRICT place = weights + n * group_rows<T>;
    for (size_t g = 0; g < groups; ++g, w += group_rows<T>, place += 4 * group_rows<T>)
      for (size_t r = 0; r < group_rows<T>; ++r) place[r] = static_cast<T>(w[r]);
    pending[n++] = sums + k * pitch;
    if (n < 4) continue;
    add_components<T, 4>(weights, x, groups, n_features, lanes, pending);
    n = 0;
  }
  if (n == 3) add_components<T, 3>(weights, x, groups, n_features, lanes, pending);
  if (n == 2) add_components<T, 2>(weights, x, groups, n_features, lanes, pending);
  if (n == 1) add_components<T, 1>(weights, x, groups, n_features, lanes, pending);
}

void AddScatterF32(const float* x, size_t n_rows, size_t n, const float* mean, const double* weight,
                   ScatterScratch<float>& scratch, double* sum, double* triangle) {
  AddScatter(x, n_rows, n, mean, weight, scratch, sum, triangle);
}
void AddScatterF64(const double* x, size_t n_rows, size_t n, const double* mean, const double* weight,
                   ScatterScratch<double>& scratch, double* sum, double* triangle) {
  AddScatter(x, n_rows, n, mean, weight, scratch, sum, triangle);
}
void AddWeightedRowsF32(const float* x, size_t n_rows, size_t n, const double* weight, size_t weight_pitch, size_t k,
                        ScatterScratch<float>& scratch, double* sums, size_t pitch) {
  AddWeightedRows(x, n_rows, n, weight, weight_pitch, k, scratch, sums, pitch);
}
void AddWeightedRowsF64(const double* x, size_t n_rows, size_t n, const double* weight, size_t weight_pitch, size_t k,
                        ScatterScratch<double>& scratch, double* sums, size_t pitch) {
  AddWeightedRows(x, n_rows, n, weight, weight_pitch, k, scratch, sums, pitch);
}

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(AddScatterF32);
HWY_EXPORT(AddScatterF64);
HWY_EXPORT(AddWeightedRowsF32);
HWY_EXPORT(AddWeightedRowsF64);

template <>
void add_scatter(const float* groups, std::size_t n_rows, std::size_t n_features, const float* mean,
                 const double* weight, ScatterScratch<float>& scratch, double* sum, double* triangle) {
  auto* const add = &HWY_DYNAMIC_DISPATCH(AddScatterF32);
  add(groups, n_rows, n_features, mean, weight, scratch, sum, triangle);
}

template <>
void add_scatter(const double* groups, std::size_t n_rows, std::size_t n_features, const double* mean,
                 const double* weight, ScatterScratch<double>& scratch, double* sum, double* triangle) {
  auto* const add = &HWY_DYNAMIC_DISPATCH(AddScatterF64);
  add(groups, n_rows, n_features, mean, weight, scratch, sum, triangle);
}

template <>
void add_weighted_rows(const float* groups, std::size_t n_rows, std::size_t n_features, const double* weight,
                       std::size_t weight_pitch, std::size_t n_components, ScatterScratch<float>& scratch, double* sums,
                       std::size_t pitch) {
  auto* const add = &HWY_DYNAMIC_DISPATCH(AddWeightedRowsF32);
  add(groups, n_rows, n_features, weight, weight_pitch, n_components, scratch, sums, pitch);
}

template <>
void add_weighted_rows(const double* groups, std::size_t n_rows, std::size_t n_features, const double* weight,
                       std::size_t weight_pitch, std::size_t n_components, ScatterScratch<double>& scratch,
                       double* sums, std::size_t pitch) {
  auto* const add = &HWY_DYNAMIC_DISPATCH(AddWeightedRowsF64);
  add(groups, n_rows, n_features, weight, weight_pitch, n_components, scratch, sums, pitch);
}

}  // namespace shoal
#endif
