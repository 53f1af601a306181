#include "shoal/math/triangular_form.hpp"

#include <limits>
#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/triangular_form.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>
//
#include "math/lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// y = A c by panels of rows of A: panel x 2 sums stay in registers while a panel runs over the columns of c. A panel is
// packed column by column: all its rows up to its diagonal, then the triangle on the diagonal.
constexpr size_t panel = many_registers ? 8 : 6;

/// Two vectors of rows at once.
template <class T>
HWY_INLINE size_t step_rows() {
  return 2 * hn::Lanes(hn::ScalableTag<T>());
}

void PackTriangle(const double* lower, size_t n, double* packed) {
  for (size_t first = 0; first < n; first += panel) {
    const size_t end = HWY_MIN(first + panel, n);
    for (size_t column = 0; column < end; ++column)
      for (size_t row = HWY_MAX(first, column); row < end; ++row) *packed++ = lower[row * n + column];
  }
}

/// What a panel works on: two vectors of rows of one group.
template <class T>
struct Step {
  const T* x;     ///< the first of their values, features a group apart
  const T* mean;  ///< null: zero
  T* centred;     ///< D x step_rows, filled as panels reach their diagonal
  size_t width;   ///< step_rows
};

/// M rows of A, `before` columns left of the diagonal block. Calls sink(m, sums of vector 0, sums of vector 1).
template <class T, size_t M, class Sink>
HWY_INLINE const T* run_panel(const Step<T>& step, const T* HWY_RESTRICT a, size_t before, Sink&& sink) {
  const hn::ScalableTag<T> d;
  const size_t lanes = hn::Lanes(d);
  VectorOf<T> y[M][2];
#pragma GCC unroll 8
  for (size_t m = 0; m < M; ++m) y[m][0] = y[m][1] = hn::Zero(d);
  const T* HWY_RESTRICT c = step.centred;
  for (size_t i = 0; i < before; ++i, a += M, c += step.width) {
    const auto c0 = hn::LoadU(d, c), c1 = hn::LoadU(d, c + lanes);
#pragma GCC unroll 8
    for (size_t m = 0; m < M; ++m) {
      const auto coefficient = hn::Set(d, a[m]);
      y[m][0] = hn::MulAdd(coefficient, c0, y[m][0]);
      y[m][1] = hn::MulAdd(coefficient, c1, y[m][1]);
    }
  }
#pragma GCC unroll 8
  for (size_t t = 0; t < M; ++t) {
    const T* x = step.x + (before + t) * group_rows<T>;
    auto c0 = hn::LoadU(d, x), c1 = hn::LoadU(d, x + lanes);
    if (step.mean != nullptr) {
      const auto mean = hn::Set(d, step.mean[before + t]);
      c0 = hn::Sub(c0, mean);
      c1 = hn::Sub(c1, mean);
    }
    hn::StoreU(c0, d, step.centred + (before + t) * step.width);
    hn::StoreU(c1, d, step.centred + (before + t) * step.width + lanes);
#pragma GCC unroll 8
    for (size_t m = t; m < M; ++m) {
      const auto coefficient = hn::Set(d, *a++);
      y[m][0] = hn::MulAdd(coefficient, c0, y[m][0]);
      y[m][1] = hn::MulAdd(coefficient, c1, y[m][1]);
    }
  }
#pragma GCC unroll 8
  for (size_t m = 0; m < M; ++m) sink(m, y[m][0], y[m][1]);
  return a;
}

/// The last, lower panel: n_features % panel rows.
template <class T, size_t M = panel - 1, class Sink>
HWY_INLINE void run_last_panel(size_t rows, const Step<T>& step, const T* a, size_t before, Sink&& sink) {
  if constexpr (M > 0) {
    if (rows == M)
      run_panel<T, M>(step, a, before, sink);
    else
      run_last_panel<T, M - 1>(rows, step, a, before, sink);
  }
}

/// || A c ||^2 of one step; infinity where it has passed `limit` (null: none) before the end for all rows.
template <class T>
HWY_INLINE void squared_norm(const Step<T>& step, const T* a, size_t n_features, const T* limit, T* squared) {
  const hn::ScalableTag<T> d;
  const size_t lanes = hn::Lanes(d);
  auto q0 = hn::Zero(d), q1 = hn::Zero(d);
  const auto add = [&](size_t, VectorOf<T> y0, VectorOf<T> y1) HWY_ATTR {
    q0 = hn::MulAdd(y0, y0, q0);
    q1 = hn::MulAdd(y1, y1, q1);
  };
  size_t before = 0;
  for (; before + panel <= n_features; before += panel) {
    a = run_panel<T, panel>(step, a, before, add);
    if (limit == nullptr || !hn::AllTrue(d, hn::Gt(q0, hn::LoadU(d, limit))) ||
        !hn::AllTrue(d, hn::Gt(q1, hn::LoadU(d, limit + lanes))))
      continue;
    q0 = q1 = hn::Set(d, std::numeric_limits<T>::infinity());
    before = n_features;
    break;
  }
  if (before < n_features) run_last_panel(n_features - before, step, a, before, add);
  hn::StoreU(q0, d, squared);
  hn::StoreU(q1, d, squared + lanes);
}

template <class T>
void Score(const T* groups, size_t n_rows, size_t n_features, const TriangularComponent<T>& k, T* scratch,
           double* HWY_RESTRICT best, double* HWY_RESTRICT joint) {
  const size_t width = step_rows<T>();
  const bool truncate = n_features > panel && k.log_threshold > -std::numeric_limits<double>::infinity();
  const double bound = (k.constant + 1.91 - k.log_threshold) / 0.375;  // where 3/8 q' + best reaches it: left out
  T limit[group_rows<T>];
  T squared[group_rows<T>];
  const double none[group_rows<T>] = {};
  const double* adjust = k.adjust == nullptr ? none : k.adjust;
  for (size_t group = 0; group < n_groups<T>(n_rows); ++group) {
    const T* x = groups + group * group_stride<T>(n_features);
    for (size_t s = 0; s < group_rows<T>; s += width) {
      const Step<T> step{x + s, k.mean, scratch, width};
      if (truncate)
        for (size_t r = 0; r < width; ++r)
          limit[r] = static_cast<T>(HWY_MAX(bound - (best[r] - adjust[r]) / 0.375, 1.0));
      squared_norm(step, k.triangle, n_features, truncate ? limit : nullptr, squared);
      for (size_t r = 0; r < width; ++r) joint[r] = k.constant + adjust[r] - 0.5 * static_cast<double>(squared[r]);
      if (truncate)
        for (size_t r = 0; r < width; ++r) best[r] = HWY_MAX(best[r], joint[r]);
      joint += width;
      best += width;
      if (k.adjust != nullptr) adjust += width;
    }
  }
}

template <class T>
void Whiten(const T* groups, size_t n_rows, size_t n_features, const T* triangle, T* whitened, T* scratch) {
  const hn::ScalableTag<T> d;
  const size_t width = step_rows<T>();
  for (size_t group = 0; group < n_groups<T>(n_rows); ++group) {
    const size_t offset = group * group_stride<T>(n_features);
    for (size_t s = 0; s < group_rows<T>; s += width) {
      const Step<T> step{groups + offset + s, nullptr, scratch, width};
      T* y = whitened + offset + s;
      const auto store = [&](size_t, VectorOf<T> y0, VectorOf<T> y1) HWY_ATTR {
        hn::StoreU(y0, d, y);
        hn::StoreU(y1, d, y + width / 2);
        y += group_rows<T>;
      };
      const T* a = triangle;
      size_t before = 0;
      for (; before + panel <= n_features; before += panel) a = run_panel<T, panel>(step, a, before, store);
      if (before < n_features) run_last_panel(n_features - before, step, a, before, store);
    }
  }
}

void ScoreF32(const float* groups, size_t n_rows, size_t n, const TriangularComponent<float>& k, float* scratch,
              double* best, double* joint) {
  Score(groups, n_rows, n, k, scratch, best, joint);
}
void ScoreF64(const double* groups, size_t n_rows, size_t n, const TriangularComponent<double>& k, double* scratch,
              double* best, double* joint) {
  Score(groups, n_rows, n, k, scratch, best, joint);
}
void WhitenF32(const float* groups, size_t n_rows, size_t n, const float* triangle, float* whitened, float* scratch) {
  Whiten(groups, n_rows, n, triangle, whitened, scratch);
}
void WhitenF64(const double* groups, size_t n_rows, size_t n, const double* triangle, double* whitened,
               double* scratch) {
  Whiten(groups, n_rows, n, triangle, whitened, scratch);
}

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(PackTriangle);
HWY_EXPORT(ScoreF32);
HWY_EXPORT(ScoreF64);
HWY_EXPORT(WhitenF32);
HWY_EXPORT(WhitenF64);

template <class T>
std::vector<T> pack_triangle(const Matrix& lower) {
  std::vector<double> packed(lower.rows * (lower.rows + 1) / 2);
  HWY_DYNAMIC_DISPATCH(PackTriangle)(lower.values.data(), lower.rows, packed.data());
  return {packed.begin(), packed.end()};
}

template <class T>
void triangular_score(const T* groups, std::size_t n_rows, std::size_t n_features, const TriangularComponent<T>& k,
                      T* scratch, double* best, double* joint) {
  if constexpr (std::is_same_v<T, float>)
    HWY_DYNAMIC_DISPATCH(ScoreF32)(groups, n_rows, n_features, k, scratch, best, joint);
  else
    HWY_DYNAMIC_DISPATCH(ScoreF64)(groups, n_rows, n_features, k, scratch, best, joint);
}

template <class T>
void whiten(const T* groups, std::size_t n_rows, std::size_t n_features, const T* triangle, T* whitened) {
  std::vector<T> scratch(n_features * group_rows<T>);
  auto* const data = scratch.data();
  if constexpr (std::is_same_v<T, float>)
    HWY_DYNAMIC_DISPATCH(WhitenF32)(groups, n_rows, n_features, triangle, whitened, data);
  else
    HWY_DYNAMIC_DISPATCH(WhitenF64)(groups, n_rows, n_features, triangle, whitened, data);
}

template std::vector<float> pack_triangle<float>(const Matrix&);
template std::vector<double> pack_triangle<double>(const Matrix&);
template void triangular_score<float>(const float*, std::size_t, std::size_t, const TriangularComponent<float>&, float*,
                                      double*, double*);
template void triangular_score<double>(const double*, std::size_t, std::size_t, const TriangularComponent<double>&,
                                       double*, double*, double*);
template void whiten<float>(const float*, std::size_t, std::size_t, const float*, float*);
template void whiten<double>(const double*, std::size_t, std::size_t, const double*, double*);

}  // namespace shoal
#endif
