#include "shoal/math/conditional.hpp"

#include "shoal/math/row_groups.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/conditional.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>
//
#include <hwy/contrib/math/math-inl.h>

#include "math/lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using Tag = hn::ScalableTag<double>;
using Vector = VectorOf<double>;

constexpr size_t triangle_start(size_t row) { return row * (row + 1) / 2; }

/// Number i of the components in one vector's lanes.
HWY_INLINE Vector at(const double* first, size_t i) { return hn::LoadU(Tag(), first + i * side_by_side); }
HWY_INLINE void put(Vector value, double* first, size_t i) { hn::StoreU(value, Tag(), first + i * side_by_side); }

/// The lower factor of P_mm, the diagonal as reciprocals, which become the inverse factor in place. Returns ln |P_mm|.
/// A pivot is at least 1 / Sigma_jj; one that rounding left below its last place is put there.
HWY_INLINE Vector inverse_factor(const double* precisions, size_t n_features, const std::uint32_t* missing, size_t n,
                                 double* lower) {
  const Tag d;
  auto log_determinant = hn::Zero(d);
  for (size_t i = 0; i < n; ++i) {
    double* const row = lower + triangle_start(i) * side_by_side;
    for (size_t j = 0; j <= i; ++j) {
      const double* const other = lower + triangle_start(j) * side_by_side;
      const auto entry = at(precisions, missing[i] * n_features + missing[j]);
      auto rest = entry;
      for (size_t t = 0; t < j; ++t) rest = hn::NegMulAdd(at(row, t), at(other, t), rest);
      if (j < i) {
        put(hn::Mul(rest, at(other, j)), row, j);
        continue;
      }
      rest = hn::Max(rest, hn::Mul(entry, hn::Set(d, 0x1p-52)));
      log_determinant = hn::Add(log_determinant, hn::Log(d, rest));
      put(hn::Div(hn::Set(d, 1.0), hn::Sqrt(rest)), row, i);
    }
  }
  for (size_t i = 0; i < n; ++i) {
    double* const row = lower + triangle_start(i) * side_by_side;
    for (size_t j = 0; j < i; ++j) {
      auto sum = hn::Zero(d);
      for (size_t t = j; t < i; ++t) sum = hn::MulAdd(at(row, t), at(lower + triangle_start(t) * side_by_side, j), sum);
      put(hn::Neg(hn::Mul(sum, at(row, i))), row, j);
    }
  }
  return log_determinant;
}

void ConditionalCovariance(const ConditionalComponents& k, const std::uint32_t* missing, size_t n, double* scratch,
                           double* covariance, double* log_determinant) {
  const Tag d;
  for (size_t l = 0; l < side_by_side; l += hn::Lanes(d)) {
    double* const lower = scratch + l;
    hn::StoreU(inverse_factor(k.precisions + l, k.n_features, missing, n, lower), d, log_determinant + l);
    for (size_t i = 0; i < n; ++i)
      for (size_t j = 0; j <= i; ++j) {
        auto sum = hn::Zero(d);
        for (size_t t = i; t < n; ++t) {
          const double* const row = lower + triangle_start(t) * side_by_side;
          sum = hn::MulAdd(at(row, i), at(row, j), sum);
        }
        put(sum, covariance + l, triangle_start(i) + j);
      }
  }
}

/// products[a] = sum_j P_aj c_j for A missing features. One is summed in four parts, as each addition waits for the one
/// before.
template <size_t A>
HWY_INLINE void products(const double* precisions, size_t n_features, const std::uint32_t* missing,
                         const double* centred, double* out) {
  constexpr size_t parts = A == 1 ? 4 : A == 2 ? 2 : 1;
  const Tag d;
  Vector sum[A][parts];
  const double* line[A];
#pragma GCC unroll 4
  for (size_t a = 0; a < A; ++a) {
    line[a] = precisions + missing[a] * n_features * side_by_side;
#pragma GCC unroll 4
    for (size_t p = 0; p < parts; ++p) sum[a][p] = hn::Zero(d);
  }
  size_t j = 0;
  for (; j + parts <= n_features; j += parts)
#pragma GCC unroll 4
    for (size_t p = 0; p < parts; ++p) {
      const auto c = at(centred, j + p);
#pragma GCC unroll 4
      for (size_t a = 0; a < A; ++a) sum[a][p] = hn::MulAdd(at(line[a], j + p), c, sum[a][p]);
    }
  for (; j < n_features; ++j)
    for (size_t a = 0; a < A; ++a) sum[a][0] = hn::MulAdd(at(line[a], j), at(centred, j), sum[a][0]);
#pragma GCC unroll 4
  for (size_t a = 0; a < A; ++a) {
    if constexpr (parts == 4) sum[a][0] = hn::Add(hn::Add(sum[a][0], sum[a][1]), hn::Add(sum[a][2], sum[a][3]));
    if constexpr (parts == 2) sum[a][0] = hn::Add(sum[a][0], sum[a][1]);
    put(sum[a][0], out, a);
  }
}

/// One row, for one vector's lanes.
template <class T>
HWY_INLINE void complete_row(const ConditionalComponents& k, size_t l, const std::uint32_t* missing, size_t n,
                             const double* covariance, const T* row, double* centred, double* values) {
  const Tag d;
  const double* const means = k.means + l;
  for (size_t j = 0; j < k.n_features; ++j)
    put(hn::Sub(hn::Set(d, static_cast<double>(row[j * group_rows<T>])), at(means, j)), centred, j);
  for (size_t a = 0; a < n; ++a) put(hn::Zero(d), centred, missing[a]);
  double* const product = centred + k.n_features * side_by_side;
  const double* const precisions = k.precisions + l;
  size_t a = 0;
  for (; a + 4 <= n; a += 4) products<4>(precisions, k.n_features, missing + a, centred, product + a * side_by_side);
  for (; a + 2 <= n; a += 2) products<2>(precisions, k.n_features, missing + a, centred, product + a * side_by_side);
  if (a < n) products<1>(precisions, k.n_features, missing + a, centred, product + a * side_by_side);
  for (a = 0; a < n; ++a) {
    auto value = at(means, missing[a]);
    for (size_t b = 0; b < n; ++b) {
      const size_t place = a >= b ? triangle_start(a) + b : triangle_start(b) + a;
      value = hn::NegMulAdd(at(covariance + l, place), at(product, b), value);
    }
    put(value, values + l, a);
  }
}

template <class T>
void ConditionalMeans(const ConditionalComponents& k, const std::uint32_t* missing, size_t n, const double* covariance,
                      const T* groups, const size_t* offsets, size_t n_rows, double* scratch, double* values) {
  for (size_t r = 0; r < n_rows; ++r, values += n * side_by_side)
    for (size_t l = 0; l < side_by_side; l += hn::Lanes(Tag()))
      complete_row(k, l, missing, n, covariance, groups + offsets[r], scratch, values);
}

void ConditionalMeansF32(const ConditionalComponents& k, const std::uint32_t* missing, size_t n,
                         const double* covariance, const float* groups, const size_t* offsets, size_t n_rows,
                         double* scratch, double* values) {
  ConditionalMeans(k, missing, n, covariance, groups, offsets, n_rows, scratch, values);
}
void ConditionalMeansF64(const ConditionalComponents& k, const std::uint32_t* missing, size_t n,
                         const double* covariance, const double* groups, const size_t* offsets, size_t n_rows,
                         double* scratch, double* values) {
  ConditionalMeans(k, missing, n, covariance, groups, offsets, n_rows, scratch, values);
}

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(ConditionalCovariance);
HWY_EXPORT(ConditionalMeansF32);
HWY_EXPORT(ConditionalMeansF64);

void conditional_covariance(const ConditionalComponents& components, std::span<const std::uint32_t> missing,
                            double* scratch, double* covariance, double* log_determinant) {
  HWY_DYNAMIC_DISPATCH(ConditionalCovariance)
  (components, missing.data(), missing.size(), scratch, covariance, log_determinant);
}

template <>
void conditional_means(const ConditionalComponents& components, std::span<const std::uint32_t> missing,
                       const double* covariance, const float* groups, std::span<const std::size_t> offsets,
                       double* scratch, double* values) {
  HWY_DYNAMIC_DISPATCH(ConditionalMeansF32)
  (components, missing.data(), missing.size(), covariance, groups, offsets.data(), offsets.size(), scratch, values);
}

template <>
void conditional_means(const ConditionalComponents& components, std::span<const std::uint32_t> missing,
                       const double* covariance, const double* groups, std::span<const std::size_t> offsets,
                       double* scratch, double* values) {
  HWY_DYNAMIC_DISPATCH(ConditionalMeansF64)
  (components, missing.data(), missing.size(), covariance, groups, offsets.data(), offsets.size(), scratch, values);
}

}  // namespace shoal
#endif
