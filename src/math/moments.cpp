#include "shoal/math/moments.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/moments.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>
//
#include "math/lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// The moments of one vector of rows.
template <Moments kKind, class T>
HWY_INLINE void complete(size_t n_features, T* x) {
  constexpr size_t g = group_rows<T>;
  const hn::ScalableTag<T> d;
  auto sum = hn::Zero(d);
  T* next = x + n_features * g;
  for (size_t i = 0; i < n_features; ++i) {
    const auto value = hn::LoadU(d, x + i * g);
    if constexpr (kKind == Moments::products)
      for (size_t j = 0; j <= i; ++j, next += g) hn::StoreU(hn::Mul(value, hn::LoadU(d, x + j * g)), d, next);
    else if constexpr (kKind == Moments::squares)
      hn::StoreU(hn::Mul(value, value), d, next + i * g);
    else
      sum = hn::MulAdd(value, value, sum);
  }
  if constexpr (kKind == Moments::square_sum) hn::StoreU(sum, d, next);
}

template <Moments kKind, class T>
void complete_groups(size_t n_rows, size_t n_features, T* groups) {
  for (size_t i = 0; i < n_groups<T>(n_rows); ++i, groups += group_stride<T>(n_moments(kKind, n_features)))
    for (size_t r = 0; r < group_rows<T>; r += hn::Lanes(hn::ScalableTag<T>())) complete<kKind>(n_features, groups + r);
}

template <class T>
void Complete(Moments kind, size_t n_rows, size_t n_features, T* groups) {
  if (kind == Moments::products) complete_groups<Moments::products>(n_rows, n_features, groups);
  if (kind == Moments::squares) complete_groups<Moments::squares>(n_rows, n_features, groups);
  if (kind == Moments::square_sum) complete_groups<Moments::square_sum>(n_rows, n_features, groups);
}

/// B components over two vectors of rows.
template <class T, size_t B>
HWY_INLINE void score_two(const T* HWY_RESTRICT x, size_t n_columns, const T* HWY_RESTRICT coefficients,
                          T* HWY_RESTRICT out) {
  const hn::ScalableTag<T> d;
  const size_t lanes = hn::Lanes(d);
  VectorOf<T> sum[B][2];
#pragma GCC unroll 8
  for (size_t b = 0; b < B; ++b) sum[b][0] = sum[b][1] = hn::Zero(d);
  for (size_t j = 0; j < n_columns; ++j, x += group_rows<T>) {
    const auto x0 = hn::LoadU(d, x), x1 = hn::LoadU(d, x + lanes);
#pragma GCC unroll 8
    for (size_t b = 0; b < B; ++b) {
      const auto c = hn::Set(d, coefficients[b * n_columns + j]);
      sum[b][0] = hn::MulAdd(c, x0, sum[b][0]);
      sum[b][1] = hn::MulAdd(c, x1, sum[b][1]);
    }
  }
#pragma GCC unroll 8
  for (size_t b = 0; b < B; ++b) {
    hn::StoreU(sum[b][0], d, out + 2 * b * lanes);
    hn::StoreU(sum[b][1], d, out + (2 * b + 1) * lanes);
  }
}

template <class T, size_t B>
void score_some(const T* moments, size_t n_rows, size_t n_columns, const LinearScores<T>& scores, size_t k,
                double* joint, size_t pitch) {
  const size_t width = 2 * hn::Lanes(hn::ScalableTag<T>());
  const T* coefficients = scores.coefficients + k * n_columns;
  T sums[B * group_rows<T>];
  size_t row = 0;
  for (size_t g = 0; g < n_groups<T>(n_rows); ++g, moments += group_stride<T>(n_columns))
    for (size_t s = 0; s < group_rows<T>; s += width, row += width) {
      score_two<T, B>(moments + s, n_columns, coefficients, sums);
      for (size_t b = 0; b < B; ++b) {
        const double constant = scores.constants[k + b];
        double* HWY_RESTRICT out = joint + (k + b) * pitch + row;
        for (size_t r = 0; r < width; ++r) out[r] = constant + static_cast<double>(sums[b * width + r]);
      }
    }
}

template <class T>
void Score(const T* moments, size_t n_rows, size_t n_columns, const LinearScores<T>& scores, double* joint,
           size_t pitch) {
  constexpr size_t most = many_registers ? 8 : 4;
  size_t k = 0;
  for (; k + most <= scores.n; k += most) score_some<T, most>(moments, n_rows, n_columns, scores, k, joint, pitch);
  for (; k + 4 <= scores.n; k += 4) score_some<T, 4>(moments, n_rows, n_columns, scores, k, joint, pitch);
  if (scores.n - k == 3) score_some<T, 3>(moments, n_rows, n_columns, scores, k, joint, pitch);
  if (scores.n - k == 2) score_some<T, 2>(moments, n_rows, n_columns, scores, k, joint, pitch);
  if (scores.n - k == 1) score_some<T, 1>(moments, n_rows, n_columns, scores, k, joint, pitch);
}

void CompleteF32(Moments kind, size_t n_rows, size_t n, float* groups) { Complete(kind, n_rows, n, groups); }
void CompleteF64(Moments kind, size_t n_rows, size_t n, double* groups) { Complete(kind, n_rows, n, groups); }
void ScoreF32(const float* moments, size_t n_rows, size_t n, const LinearScores<float>& scores, double* joint,
              size_t pitch) {
  Score(moments, n_rows, n, scores, joint, pitch);
}
void ScoreF64(const double* moments, size_t n_rows, size_t n, const LinearScores<double>& scores, double* joint,
              size_t pitch) {
  Score(moments, n_rows, n, scores, joint, pitch);
}

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(CompleteF32);
HWY_EXPORT(CompleteF64);
HWY_EXPORT(ScoreF32);
HWY_EXPORT(ScoreF64);

template <>
void complete_moments(Moments kind, std::size_t n_rows, std::size_t n_features, float* groups) {
  HWY_DYNAMIC_DISPATCH(CompleteF32)(kind, n_rows, n_features, groups);
}
template <>
void complete_moments(Moments kind, std::size_t n_rows, std::size_t n_features, double* groups) {
  HWY_DYNAMIC_DISPATCH(CompleteF64)(kind, n_rows, n_features, groups);
}
template <>
void linear_score(const float* moments, std::size_t n_rows, std::size_t n_columns, const LinearScores<float>& scores,
                  double* joint, std::size_t pitch) {
  HWY_DYNAMIC_DISPATCH(ScoreF32)(moments, n_rows, n_columns, scores, joint, pitch);
}
template <>
void linear_score(const double* moments, std::size_t n_rows, std::size_t n_columns, const LinearScores<double>& scores,
                  double* joint, std::size_t pitch) {
  HWY_DYNAMIC_DISPATCH(ScoreF64)(moments, n_rows, n_columns, scores, joint, pitch);
}

}  // namespace shoal
#endif
