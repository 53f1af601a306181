#include "shoal/math/gaussian_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/gaussian_kernels.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// || A c ||^2 of one vector of rows: four rows of A at a time.
template <class T>
HWY_INLINE void quadratic_lanes(const T* centred, const T* triangle, size_t n_features, T* squared) {
  const hn::ScalableTag<T> d;
  auto q = hn::Zero(d);
  const T* a = triangle;
  for (size_t panel = 0; panel < n_features; panel += 4) {
    auto y0 = hn::Zero(d), y1 = hn::Zero(d), y2 = hn::Zero(d), y3 = hn::Zero(d);
    const size_t end = HWY_MIN(panel + 4, n_features);
    for (size_t i = 0; i < end; ++i, a += 4) {
      const auto c = hn::LoadU(d, centred + i * tile_rows);
      y0 = hn::MulAdd(hn::Set(d, a[0]), c, y0);
      y1 = hn::MulAdd(hn::Set(d, a[1]), c, y1);
      y2 = hn::MulAdd(hn::Set(d, a[2]), c, y2);
      y3 = hn::MulAdd(hn::Set(d, a[3]), c, y3);
    }
    q = hn::MulAdd(y0, y0, hn::MulAdd(y1, y1, hn::MulAdd(y2, y2, hn::MulAdd(y3, y3, q))));
  }
  hn::StoreU(q, d, squared);
}

template <class T>
void quadratic(const T* HWY_RESTRICT tile, const T* HWY_RESTRICT mean, const T* triangle, size_t n_features,
               T* HWY_RESTRICT centred, double* squared) {
  for (size_t j = 0; j < n_features; ++j)
    for (size_t r = 0; r < tile_rows; ++r) centred[j * tile_rows + r] = tile[j * tile_rows + r] - mean[j];
  T q[tile_rows];
  const size_t lanes = hn::Lanes(hn::ScalableTag<T>());
  for (size_t r = 0; r < tile_rows; r += lanes) quadratic_lanes(centred + r, triangle, n_features, q + r);
  for (size_t r = 0; r < tile_rows; ++r) squared[r] = static_cast<double>(q[r]);
}

template <class T>
void diagonal(const T* HWY_RESTRICT tile, const T* HWY_RESTRICT mean, const T* HWY_RESTRICT precision,
              const double* HWY_RESTRICT constant, size_t n_features, double* HWY_RESTRICT squared) {
  double q[tile_rows] = {};
  for (size_t j = 0; j < n_features; ++j) {
    const T* x = tile + j * tile_rows;
    for (size_t r = 0; r < tile_rows; ++r) {
      const T c = x[r] - mean[j];
      const double term = static_cast<double>(c * c * precision[j]) + constant[j];
      q[r] += c == c ? term : 0.0;  // a NaN is a missing entry
    }
  }
  std::copy(q, q + tile_rows, squared);
}

/// Four rows i of the triangle times `Vectors` vectors of columns j, summed over the rows of the tile.
template <size_t Vectors, class T>
HWY_INLINE void scatter_panel(const T* weighted, const T* centred, size_t n_rows, size_t stride, size_t i, size_t j,
                              T* out) {
  const hn::ScalableTag<T> d;
  const size_t lanes = hn::Lanes(d);
  using V = hn::Vec<decltype(d)>;
  V a0 = hn::Zero(d), a1 = hn::Zero(d), a2 = hn::Zero(d), a3 = hn::Zero(d);
  V b0 = hn::Zero(d), b1 = hn::Zero(d), b2 = hn::Zero(d), b3 = hn::Zero(d);
  for (size_t r = 0; r < n_rows; ++r) {
    const T* w = weighted + r * stride + i;
    const V w0 = hn::Set(d, w[0]), w1 = hn::Set(d, w[1]), w2 = hn::Set(d, w[2]), w3 = hn::Set(d, w[3]);
    const V c = hn::LoadU(d, centred + r * stride + j);
    a0 = hn::MulAdd(w0, c, a0);
    a1 = hn::MulAdd(w1, c, a1);
    a2 = hn::MulAdd(w2, c, a2);
    a3 = hn::MulAdd(w3, c, a3);
    if constexpr (Vectors == 2) {
      const V e = hn::LoadU(d, centred + r * stride + j + lanes);
      b0 = hn::MulAdd(w0, e, b0);
      b1 = hn::MulAdd(w1, e, b1);
      b2 = hn::MulAdd(w2, e, b2);
      b3 = hn::MulAdd(w3, e, b3);
    }
  }
  const size_t width = Vectors * lanes;
  hn::StoreU(a0, d, out);
  hn::StoreU(a1, d, out + width);
  hn::StoreU(a2, d, out + 2 * width);
  hn::StoreU(a3, d, out + 3 * width);
  if constexpr (Vectors == 2) {
    hn::StoreU(b0, d, out + lanes);
    hn::StoreU(b1, d, out + width + lanes);
    hn::StoreU(b2, d, out + 2 * width + lanes);
    hn::StoreU(b3, d, out + 3 * width + lanes);
  }
}

template <class T>
HWY_INLINE void add_panel(const T* HWY_RESTRICT panel, size_t width, size_t i, size_t j, size_t n_features,
                          double* HWY_RESTRICT triangle) {
  for (size_t a = 0; a < 4 && i + a < n_features; ++a) {
    double* row = triangle + (i + a) * (i + a + 1) / 2;
    const size_t end = HWY_MIN(width, i + a + 1 > j ? i + a + 1 - j : 0);
    for (size_t l = 0; l < end; ++l) row[j + l] += static_cast<double>(panel[a * width + l]);
  }
}

template <class T>
void scatter(const T* HWY_RESTRICT rows, size_t n_rows, size_t stride, const T* HWY_RESTRICT mean,
             const double* HWY_RESTRICT weight, size_t n_features, T* HWY_RESTRICT scratch, double* HWY_RESTRICT sum,
             double* triangle) {
  T* centred = scratch;
  T* weighted = scratch + tile_rows * stride;
  size_t used = 0;
  for (size_t r = 0; r < n_rows; ++r) {
    if (weight[r] == 0.0) continue;
    const T w = static_cast<T>(weight[r]);
    for (size_t j = 0; j < n_features; ++j) {
      const T c = rows[r * stride + j] - mean[j];
      centred[used * stride + j] = c;
      weighted[used * stride + j] = w * c;
      sum[j] += static_cast<double>(w * c);
    }
    for (size_t j = n_features; j < stride; ++j) centred[used * stride + j] = weighted[used * stride + j] = T(0);
    ++used;
  }
  const size_t lanes = hn::Lanes(hn::ScalableTag<T>());
  T panel[8 * HWY_MAX_BYTES / sizeof(T)];
  for (size_t i = 0; i < n_features; i += 4) {
    const size_t end = HWY_MIN(i + 4, n_features);
    for (size_t j = 0; j < end;) {
      if (j + lanes < end) {
        scatter_panel<2>(weighted, centred, used, stride, i, j, panel);
        add_panel(panel, 2 * lanes, i, j, n_features, triangle);
        j += 2 * lanes;
      } else {
        scatter_panel<1>(weighted, centred, used, stride, i, j, panel);
        add_panel(panel, lanes, i, j, n_features, triangle);
        j += lanes;
      }
    }
  }
}

template <class T>
void squares(const T* HWY_RESTRICT rows, size_t n_rows, size_t stride, const T* HWY_RESTRICT mean,
             const double* HWY_RESTRICT weight, size_t n_features, double* HWY_RESTRICT sum,
             double* HWY_RESTRICT square, double* HWY_RESTRICT observed) {
  for (size_t r = 0; r < n_rows; ++r) {
    const double w = weight[r];
    if (w == 0.0) continue;
    const T* x = rows + r * stride;
    if (observed == nullptr) {
      for (size_t j = 0; j < n_features; ++j) {
        const auto c = static_cast<double>(x[j] - mean[j]);
        sum[j] += w * c;
        square[j] += w * c * c;
      }
    } else {
      for (size_t j = 0; j < n_features; ++j) {
        const auto difference = static_cast<double>(x[j] - mean[j]);
        const bool present = difference == difference;
        const double c = present ? difference : 0.0;
        sum[j] += w * c;
        square[j] += w * c * c;
        observed[j] += present ? w : 0.0;
      }
    }
  }
}

#define SHOAL_INSTANTIATE(T, SUFFIX)                                                                               \
  void Quadratic##SUFFIX(const T* tile, const T* mean, const T* triangle, size_t n, T* centred, double* squared) { \
    quadratic(tile, mean, triangle, n, centred, squared);                                                          \
  }                                                                                                                \
  void Diagonal##SUFFIX(const T* tile, const T* mean, const T* precision, const double* constant, size_t n,        \
                        double* squared) {                                                                         \
    diagonal(tile, mean, precision, constant, n, squared);                                                         \
  }                                                                                                                \
  void Scatter##SUFFIX(const T* rows, size_t n_rows, size_t stride, const T* mean, const double* weight, size_t n, \
                       T* scratch, double* sum, double* triangle) {                                                \
    scatter(rows, n_rows, stride, mean, weight, n, scratch, sum, triangle);                                        \
  }                                                                                                                \
  void Squares##SUFFIX(const T* rows, size_t n_rows, size_t stride, const T* mean, const double* weight, size_t n, \
                       double* sum, double* square, double* observed) {                                            \
    squares(rows, n_rows, stride, mean, weight, n, sum, square, observed);                                         \
  }
SHOAL_INSTANTIATE(float, F32)
SHOAL_INSTANTIATE(double, F64)
#undef SHOAL_INSTANTIATE

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(QuadraticF32);
HWY_EXPORT(QuadraticF64);
HWY_EXPORT(DiagonalF32);
HWY_EXPORT(DiagonalF64);
HWY_EXPORT(ScatterF32);
HWY_EXPORT(ScatterF64);
HWY_EXPORT(SquaresF32);
HWY_EXPORT(SquaresF64);

template <class T>
std::vector<T> pack_triangle(const Matrix& lower) {
  const std::size_t n = lower.rows;
  std::vector<T> packed;
  for (std::size_t panel = 0; panel < n; panel += 4)
    for (std::size_t i = 0; i < std::min(panel + 4, n); ++i)
      for (std::size_t j = panel; j < panel + 4; ++j)
        packed.push_back(j < n && i <= j ? static_cast<T>(lower(j, i)) : T(0));
  return packed;
}

template <class T>
void quadratic_form(const T* tile, const T* mean, const T* triangle, std::size_t n_features, T* centred,
                    double* squared) {
  if constexpr (std::is_same_v<T, float>)
    HWY_DYNAMIC_DISPATCH(QuadraticF32)(tile, mean, triangle, n_features, centred, squared);
  else
    HWY_DYNAMIC_DISPATCH(QuadraticF64)(tile, mean, triangle, n_features, centred, squared);
}

template <class T>
void diagonal_form(const T* tile, const T* mean, const T* precision, const double* constant, std::size_t n_features,
                   double* squared) {
  if constexpr (std::is_same_v<T, float>)
    HWY_DYNAMIC_DISPATCH(DiagonalF32)(tile, mean, precision, constant, n_features, squared);
  else
    HWY_DYNAMIC_DISPATCH(DiagonalF64)(tile, mean, precision, constant, n_features, squared);
}

template <class T>
void add_scatter(const T* rows, std::size_t n_rows, std::size_t stride, const T* mean, const double* weight,
                 std::size_t n_features, T* scratch, double* sum, double* triangle) {
  if constexpr (std::is_same_v<T, float>)
    HWY_DYNAMIC_DISPATCH(ScatterF32)(rows, n_rows, stride, mean, weight, n_features, scratch, sum, triangle);
  else
    HWY_DYNAMIC_DISPATCH(ScatterF64)(rows, n_rows, stride, mean, weight, n_features, scratch, sum, triangle);
}

template <class T>
void add_squares(const T* rows, std::size_t n_rows, std::size_t stride, const T* mean, const double* weight,
                 std::size_t n_features, double* sum, double* square, double* observed) {
  if constexpr (std::is_same_v<T, float>)
    HWY_DYNAMIC_DISPATCH(SquaresF32)(rows, n_rows, stride, mean, weight, n_features, sum, square, observed);
  else
    HWY_DYNAMIC_DISPATCH(SquaresF64)(rows, n_rows, stride, mean, weight, n_features, sum, square, observed);
}

#define SHOAL_INSTANTIATE(T)                                                                                          \
  template std::vector<T> pack_triangle<T>(const Matrix&);                                                            \
  template void quadratic_form<T>(const T*, const T*, const T*, std::size_t, T*, double*);                            \
  template void diagonal_form<T>(const T*, const T*, const T*, const double*, std::size_t, double*);                  \
  template void add_scatter<T>(const T*, std::size_t, std::size_t, const T*, const double*, std::size_t, T*, double*, \
                               double*);                                                                              \
  template void add_squares<T>(const T*, std::size_t, std::size_t, const T*, const double*, std::size_t, double*,     \
                               double*, double*);
SHOAL_INSTANTIATE(float)
SHOAL_INSTANTIATE(double)
#undef SHOAL_INSTANTIATE

}  // namespace shoal
#endif
