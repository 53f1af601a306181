#include "shoal/math/diagonal_form.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/diagonal_form.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>
//
#include "math/lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Squared distances of two vectors of rows to B components, which share each load of the rows.
template <class T, size_t B>
HWY_INLINE void forms(const T* HWY_RESTRICT x, size_t n_features, const T* HWY_RESTRICT means,
                      const T* HWY_RESTRICT precisions, T* HWY_RESTRICT out) {
  const hn::ScalableTag<T> d;
  const size_t lanes = hn::Lanes(d);
  VectorOf<T> q[B][2];
#pragma GCC unroll 8
  for (size_t b = 0; b < B; ++b) q[b][0] = q[b][1] = hn::Zero(d);
  for (size_t j = 0; j < n_features; ++j, x += group_rows<T>) {
    const auto x0 = hn::LoadU(d, x), x1 = hn::LoadU(d, x + lanes);
#pragma GCC unroll 8
    for (size_t b = 0; b < B; ++b) {
      const auto mean = hn::Set(d, means[b * n_features + j]);
      const auto c0 = hn::Sub(x0, mean), c1 = hn::Sub(x1, mean);
      if (precisions == nullptr) {
        q[b][0] = hn::MulAdd(c0, c0, q[b][0]);
        q[b][1] = hn::MulAdd(c1, c1, q[b][1]);
      } else {
        const auto precision = hn::Set(d, precisions[b * n_features + j]);
        q[b][0] = hn::MulAdd(hn::Mul(c0, c0), precision, q[b][0]);
        q[b][1] = hn::MulAdd(hn::Mul(c1, c1), precision, q[b][1]);
      }
    }
  }
#pragma GCC unroll 8
  for (size_t b = 0; b < B; ++b) {
    hn::StoreU(q[b][0], d, out + 2 * b * lanes);
    hn::StoreU(q[b][1], d, out + (2 * b + 1) * lanes);
  }
}

/// Components k .. k + B over all rows.
template <class T, size_t B>
void score_some(const T* groups, size_t n_rows, size_t n_features, const DiagonalComponents<T>& c, size_t k,
                double* joint, double* squared, size_t pitch) {
  const size_t width = 2 * hn::Lanes(hn::ScalableTag<T>());
  const T* means = c.means + k * n_features;
  const T* precisions = c.precisions == nullptr ? nullptr : c.precisions + k * n_features;
  T q[B * group_rows<T>];
  size_t row = 0;
  for (size_t g = 0; g < n_groups<T>(n_rows); ++g)
    for (size_t s = 0; s < group_rows<T>; s += width, row += width) {
      const T* x = groups + g * group_stride<T>(n_features) + s;
      if (precisions == nullptr)
        forms<T, B>(x, n_features, means, nullptr, q);
      else
        forms<T, B>(x, n_features, means, precisions, q);
      for (size_t b = 0; b < B; ++b) {
        const double half = c.scales == nullptr ? 0.5 : 0.5 * c.scales[k + b];
        const double constant = c.constants[k + b];
        double* HWY_RESTRICT out = joint + (k + b) * pitch + row;
        for (size_t r = 0; r < width; ++r) out[r] = constant - half * static_cast<double>(q[b * width + r]);
        if (squared == nullptr) continue;
        double* HWY_RESTRICT plain = squared + (k + b) * pitch + row;
        for (size_t r = 0; r < width; ++r) plain[r] = static_cast<double>(q[b * width + r]);
      }
    }
}

template <class T>
void Score(const T* groups, size_t n_rows, size_t n_features, const DiagonalComponents<T>& c, double* joint,
           double* squared, size_t pitch) {
  size_t k = 0;
  for (; k + 4 <= c.n; k += 4) score_some<T, 4>(groups, n_rows, n_features, c, k, joint, squared, pitch);
  if (c.n - k == 3) score_some<T, 3>(groups, n_rows, n_features, c, k, joint, squared, pitch);
  if (c.n - k == 2) score_some<T, 2>(groups, n_rows, n_features, c, k, joint, squared, pitch);
  if (c.n - k == 1) score_some<T, 1>(groups, n_rows, n_features, c, k, joint, squared, pitch);
}

template <class T>
void ObservedScore(const T* HWY_RESTRICT groups, size_t n_rows, size_t n_features, const T* HWY_RESTRICT mean,
                   const T* HWY_RESTRICT precision, const double* HWY_RESTRICT log_norm, double constant,
                   double* HWY_RESTRICT joint) {
  constexpr size_t width = group_rows<T>;
  for (size_t g = 0; g < n_groups<T>(n_rows); ++g) {
    double form[width] = {};
    for (size_t j = 0; j < n_features; ++j) {
      const T* HWY_RESTRICT x = groups + g * group_stride<T>(n_features) + j * width;
      for (size_t r = 0; r < width; ++r) {
        const T c = x[r] - mean[j];
        const double term = static_cast<double>(c * c * precision[j]) + log_norm[j];
        form[r] += c == c ? term : 0.0;  // a NaN is a missing entry
      }
    }
    for (size_t r = 0; r < width; ++r) joint[g * width + r] = constant - 0.5 * form[r];
  }
}

/// B features from `j` on: lanes of the sums and squares (and weights observed) side by side for each feature.
template <class T, size_t B, bool kMissing>
HWY_INLINE void squares_of(const T* x, size_t groups, size_t pitch, const T* mean, const T* weights, T* out,
                           size_t n_features) {
  const hn::ScalableTag<T> d;
  const size_t lanes = hn::Lanes(d);
  VectorOf<T> sum[B], square[B], observed[B], m[B];
#pragma GCC unroll 4
  for (size_t b = 0; b < B; ++b) {
    sum[b] = square[b] = observed[b] = hn::Zero(d);
    m[b] = hn::Set(d, mean[b]);
  }
  for (size_t g = 0; g < groups; ++g, x += pitch)
    for (size_t r = 0; r < group_rows<T>; r += lanes) {
      const auto w = hn::LoadU(d, weights + g * group_rows<T> + r);
#pragma GCC unroll 4
      for (size_t b = 0; b < B; ++b) {
        auto c = hn::Sub(hn::LoadU(d, x + b * group_rows<T> + r), m[b]);
        if constexpr (kMissing) {
          const auto present = hn::Eq(c, c);
          c = hn::IfThenElseZero(present, c);
          observed[b] = hn::Add(observed[b], hn::IfThenElseZero(present, w));
        }
        const auto wc = hn::Mul(w, c);
        sum[b] = hn::Add(sum[b], wc);
        square[b] = hn::MulAdd(wc, c, square[b]);
      }
    }
#pragma GCC unroll 4
  for (size_t b = 0; b < B; ++b) {
    hn::StoreU(sum[b], d, out + b * lanes);
    hn::StoreU(square[b], d, out + (n_features + b) * lanes);
    if constexpr (kMissing) hn::StoreU(observed[b], d, out + (2 * n_features + b) * lanes);
  }
}

template <class T, bool kMissing>
void all_squares(const T* x, size_t groups, size_t n_features, const T* mean, const T* weights, T* out) {
  const size_t lanes = hn::Lanes(hn::ScalableTag<T>());
  const size_t pitch = group_stride<T>(n_features);
  size_t j = 0;
  for (; j + 4 <= n_features; j += 4)
    squares_of<T, 4, kMissing>(x + j * group_rows<T>, groups, pitch, mean + j, weights, out + j * lanes, n_features);
  for (; j < n_features; ++j)
    squares_of<T, 1, kMissing>(x + j * group_rows<T>, groups, pitch, mean + j, weights, out + j * lanes, n_features);
}

template <class T>
void AddSquares(const T* x, size_t n_rows, size_t n_features, const T* mean, const double* weight,
                ScatterScratch<T>& scratch, double* sum, double* square, double* observed) {
  const size_t lanes = hn::Lanes(hn::ScalableTag<T>());
  const size_t groups = n_groups<T>(n_rows);
  T* const weights = scratch.weights.data();
  T* const out = scratch.lanes.data();
  bool any = false;
  for (size_t r = 0; r < groups * group_rows<T>; ++r) weights[r] = static_cast<T>(weight[r]);
  for (size_t r = 0; r < n_rows && !any; ++r) any = weight[r] != 0.0;
  if (!any) return;
  if (observed == nullptr)
    all_squares<T, false>(x, groups, n_features, mean, weights, out);
  else
    all_squares<T, true>(x, groups, n_features, mean, weights, out);
  add_lanes(out, n_features, sum);
  add_lanes(out + n_features * lanes, n_features, square);
  if (observed != nullptr) add_lanes(out + 2 * n_features * lanes, n_features, observed);
}

double WeightedSum(const double* weight, const double* value, size_t n) {
  const hn::ScalableTag<double> d;
  auto sum = hn::Zero(d);
  size_t r = 0;
  for (; r + hn::Lanes(d) <= n; r += hn::Lanes(d))
    sum = hn::MulAdd(hn::LoadU(d, weight + r), hn::LoadU(d, value + r), sum);
  double total = hn::GetLane(hn::SumOfLanes(d, sum));
  for (; r < n; ++r) total += weight[r] * value[r];
  return total;
}

#define SHOAL_INSTANTIATE(T, SUFFIX)                                                                          \
  void Score##SUFFIX(const T* groups, size_t n_rows, size_t n, const DiagonalComponents<T>& c, double* joint, \
                     double* squared, size_t pitch) {                                                         \
    Score(groups, n_rows, n, c, joint, squared, pitch);                                                       \
  }                                                                                                           \
  void ObservedScore##SUFFIX(const T* groups, size_t n_rows, size_t n, const T* mean, const T* precision,     \
                             const double* log_norm, double constant, double* joint) {                        \
    ObservedScore(groups, n_rows, n, mean, precision, log_norm, constant, joint);                             \
  }                                                                                                           \
  void AddSquares##SUFFIX(const T* groups, size_t n_rows, size_t n, const T* mean, const double* weight,      \
                          ScatterScratch<T>& scratch, double* sum, double* square, double* observed) {        \
    AddSquares(groups, n_rows, n, mean, weight, scratch, sum, square, observed);                              \
  }
SHOAL_INSTANTIATE(float, F32)
SHOAL_INSTANTIATE(double, F64)
#undef SHOAL_INSTANTIATE

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(WeightedSum);

double weighted_sum(const double* weight, const double* value, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(WeightedSum)(weight, value, n);
}

#define SHOAL_DISPATCH(T, SUFFIX)                                                                               \
  HWY_EXPORT(Score##SUFFIX);                                                                                    \
  HWY_EXPORT(ObservedScore##SUFFIX);                                                                            \
  HWY_EXPORT(AddSquares##SUFFIX);                                                                               \
  template <>                                                                                                   \
  void diagonal_score(const T* groups, std::size_t n_rows, std::size_t n, const DiagonalComponents<T>& c,       \
                      double* joint, double* squared, std::size_t pitch) {                                      \
    HWY_DYNAMIC_DISPATCH(Score##SUFFIX)(groups, n_rows, n, c, joint, squared, pitch);                           \
  }                                                                                                             \
  template <>                                                                                                   \
  void observed_score(const T* groups, std::size_t n_rows, std::size_t n, const T* mean, const T* precision,    \
                      const double* log_norm, double constant, double* joint) {                                 \
    HWY_DYNAMIC_DISPATCH(ObservedScore##SUFFIX)(groups, n_rows, n, mean, precision, log_norm, constant, joint); \
  }                                                                                                             \
  template <>                                                                                                   \
  void add_squares(const T* groups, std::size_t n_rows, std::size_t n, const T* mean, const double* weight,     \
                   ScatterScratch<T>& scratch, double* sum, double* square, double* observed) {                 \
    HWY_DYNAMIC_DISPATCH(AddSquares##SUFFIX)(groups, n_rows, n, mean, weight, scratch, sum, square, observed);  \
  }
SHOAL_DISPATCH(float, F32)
SHOAL_DISPATCH(double, F64)
#undef SHOAL_DISPATCH

}  // namespace shoal
#endif
