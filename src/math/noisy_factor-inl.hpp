// L D L^T of T = Sigma + S for one vector of rows, and what follows from it; compiled once for each instruction set.
#if defined(SHOAL_MATH_NOISY_FACTOR_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef SHOAL_MATH_NOISY_FACTOR_INL_HPP
#undef SHOAL_MATH_NOISY_FACTOR_INL_HPP
#else
#define SHOAL_MATH_NOISY_FACTOR_INL_HPP
#endif

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "math/lanes-inl.hpp"
#include "shoal/math/noisy_form.hpp"

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using Tag = hn::ScalableTag<double>;
using Vector = VectorOf<double>;

constexpr double half_log_two_pi = 0.9189385332046727;
constexpr size_t triangle_start(size_t row) { return row * (row + 1) / 2; }

/// D where it is a constant, so that loops unroll and numbers may stay in registers; else 0.
template <size_t N>
using Size = std::integral_constant<size_t, N>;

/// Calls step(i) for first .. last; unrolled where D is a constant.
template <size_t N, class Step>
HWY_INLINE void repeat(size_t first, size_t last, Step&& step) {
  if constexpr (N > 0) {
#pragma GCC unroll 8
    for (size_t i = first; i < last; ++i) step(i);
  } else {
    for (size_t i = first; i < last; ++i) step(i);
  }
}

/// Vectors by number: of their own, or (N = 0) in memory, which `scratch` then begins behind.
template <size_t N>
struct Numbers {
  Numbers(double*& /*scratch*/, size_t /*n*/) {}
  HWY_INLINE Vector get(size_t i) const { return values[i]; }
  HWY_INLINE void set(size_t i, Vector value) { values[i] = value; }
  Vector values[N];
};
template <>
struct Numbers<0> {
  Numbers(double*& scratch, size_t n) : first(scratch) { scratch += n * hn::Lanes(Tag()); }
  HWY_INLINE Vector get(size_t i) const { return hn::LoadU(Tag(), first + i * hn::Lanes(Tag())); }
  HWY_INLINE void set(size_t i, Vector value) { hn::StoreU(value, Tag(), first + i * hn::Lanes(Tag())); }
  double* first;
};

/// Where the rows of one vector begin; number i of them is group_rows<double> further than number i - 1.
struct VectorRows {
  const double* values;
  const double* noise;
  HWY_INLINE Vector value(size_t i) const { return hn::LoadU(Tag(), values + i * group_rows<double>); }
  HWY_INLINE Vector noise_at(size_t i) const { return hn::LoadU(Tag(), noise + i * group_rows<double>); }
  HWY_INLINE auto seen(size_t i) const { return hn::Eq(value(i), value(i)); }
};

/// Calls use(rows of one vector, the number of its first row).
template <class Use>
HWY_INLINE void for_each_vector(const NoisyRows& rows, Use&& use) {
  constexpr size_t g = group_rows<double>;
  const size_t lanes = hn::Lanes(Tag());
  for (size_t first = 0; first < n_groups<double>(rows.n_rows) * g; first += lanes)
    use(VectorRows{rows.values + first / g * group_stride<double>(rows.n_features) + first % g,
                   rows.noise + first / g * group_stride<double>(rows.noise_width()) + first % g},
        first);
}

/// Feature j of a vector's rows, to D numbers a row.
HWY_INLINE void store_column(const NoisyRows& rows, size_t first, size_t j, Vector column, double* out) {
  double lanes[HWY_MAX_BYTES / sizeof(double)];
  hn::StoreU(column, Tag(), lanes);
  for (size_t l = 0; l < hn::Lanes(Tag()) && first + l < rows.n_rows; ++l)
    out[(first + l) * rows.n_features + j] = lanes[l];
}

/// The logarithm of a product of positive numbers, which itself may be too large or too small.
class LogProduct {
 public:
  HWY_INLINE LogProduct() : product_(hn::Set(Tag(), 1.0)), exponents_(hn::Zero(Tag())) {}
  HWY_INLINE void multiply(Vector v) {
    take(v);
    if (++count_ % 512 != 0) return;  // mantissas below 2 each
    const Vector so_far = product_;
    product_ = hn::Set(Tag(), 1.0);
    take(so_far);
  }
  [[nodiscard]] HWY_INLINE Vector log() const {
    return hn::MulAdd(exponents_, hn::Set(Tag(), 0.6931471805599453), hn::Log(Tag(), product_));
  }

 private:
  HWY_INLINE void take(Vector v) {
    const Tag d;
    const hn::RebindToUnsigned<Tag> bits;
    const auto b = hn::BitCast(bits, v);
    const auto mantissa = hn::Or(hn::And(b, hn::Set(bits, 0x000FFFFFFFFFFFFFU)), hn::Set(bits, 0x3FF0000000000000U));
    const auto exponent = hn::Or(hn::ShiftRight<52>(b), hn::Set(bits, 0x4330000000000000U));  // 2^52 + it
    product_ = hn::Mul(product_, hn::BitCast(d, mantissa));
    exponents_ = hn::Add(exponents_, hn::Sub(hn::BitCast(d, exponent), hn::Set(d, 0x1p52 + 1023)));
  }
  Vector product_;
  Vector exponents_;
  size_t count_ = 0;
};

template <size_t N>
class Factor {
 public:
  Factor(size_t n, double* scratch)
      : n_(n), end_(scratch), lower_(end_, triangle_start(n)), line_(end_, n), y_(end_, n) {}
  [[nodiscard]] double* end_of_scratch() const { return end_; }
  [[nodiscard]] HWY_INLINE size_t n() const { return N > 0 ? N : n_; }

  /// T and c; a missing entry is one that is known to be the mean: c = 0, and T has 1 on the diagonal, else 0, there.
  HWY_INLINE void load(const NoisyRows& rows, const VectorRows& at, const NoisyComponent& k) {
    const size_t size = n();
    const Tag d;
    repeat<N>(0, size, [&](size_t i) HWY_ATTR {
      y_.set(i, hn::Sub(at.value(i), hn::Set(d, k.mean[i])));
      const size_t line = triangle_start(i);
      if (rows.diagonal) {
        repeat<N>(0, i, [&](size_t j) HWY_ATTR { lower_.set(line + j, hn::Set(d, k.covariance[line + j])); });
        lower_.set(line + i, hn::Add(hn::Set(d, k.covariance[line + i]), at.noise_at(i)));
      } else {
        repeat<N>(0, i + 1, [&](size_t j) HWY_ATTR {
          lower_.set(line + j, hn::Add(hn::Set(d, k.covariance[line + j]), at.noise_at(line + j)));
        });
      }
    });
    if (rows.gaps) leave_out(at);
  }

  /// L below the diagonal, 1 / D on it. A pivot that rounding left below the last place of its entry is put there.
  HWY_INLINE void factorise() {
    const size_t size = n();
    const Tag d;
    log_determinant_ = LogProduct();
    repeat<N>(0, size, [&](size_t i) HWY_ATTR {
      const size_t line = triangle_start(i);
      auto pivot = lower_.get(line + i);
      const auto least = hn::Mul(pivot, hn::Set(d, 0x1p-52));
      size_t j = 0;
      for (; N == 0 && j + 4 <= i; j += 4) eliminate<4>(line, j, pivot);
      repeat<N>(j, i, [&](size_t last) HWY_ATTR { eliminate<1>(line, last, pivot); });
      pivot = hn::Max(pivot, least);
      log_determinant_.multiply(pivot);
      lower_.set(line + i, hn::Div(hn::Set(d, 1.0), pivot));
    });
  }

  /// y = L^-1 c in place of c; returns c^T T^-1 c.
  HWY_INLINE Vector solve() {
    const size_t size = n();
    auto form = hn::Zero(Tag());
    repeat<N>(0, size, [&](size_t i) HWY_ATTR {
      const size_t line = triangle_start(i);
      auto y = y_.get(i);
      repeat<N>(0, i, [&](size_t j) HWY_ATTR { y = hn::NegMulAdd(lower_.get(line + j), y_.get(j), y); });
      y_.set(i, y);
      form = hn::MulAdd(hn::Mul(y, y), lower_.get(line + i), form);
    });
    return form;
  }

  /// M = L^-1 in place of L.
  HWY_INLINE void invert() {
    const size_t size = n();
    repeat<N>(1, size, [&](size_t i) HWY_ATTR {
      size_t j = 0;
      for (; N == 0 && j + 4 <= i; j += 4) invert_some<4>(i, j);
      repeat<N>(j, i, [&](size_t last) HWY_ATTR { invert_some<1>(i, last); });
    });
  }

  [[nodiscard]] HWY_INLINE Vector log_determinant() const { return log_determinant_.log(); }
  [[nodiscard]] HWY_INLINE Vector lower(size_t i, size_t j) const { return lower_.get(triangle_start(i) + j); }
  [[nodiscard]] HWY_INLINE Vector y(size_t i) const { return y_.get(i); }

  [[nodiscard]] HWY_INLINE Vector n_missing(const VectorRows& at) const {
    const size_t size = n();
    const Tag d;
    auto missing = hn::Zero(d);
    for (size_t i = 0; i < size; ++i)
      missing = hn::Add(missing, hn::IfThenElse(at.seen(i), hn::Zero(d), hn::Set(d, 1.0)));
    return missing;
  }

 private:
  /// B entries of a line of L from column `first` on, side by side so that they share loads.
  template <size_t B>
  HWY_INLINE void eliminate(size_t line, size_t first, Vector& pivot) {
    Vector rest[B];
#pragma GCC unroll 4
    for (size_t b = 0; b < B; ++b) rest[b] = lower_.get(line + first + b);
    repeat<N>(0, first, [&](size_t t) HWY_ATTR {
      const auto above = line_.get(t);
#pragma GCC unroll 4
      for (size_t b = 0; b < B; ++b) rest[b] = hn::NegMulAdd(above, lower_.get(triangle_start(first + b) + t), rest[b]);
    });
#pragma GCC unroll 4
    for (size_t b = 0; b < B; ++b) {
      const size_t other = triangle_start(first + b);
#pragma GCC unroll 4
      for (size_t t = 0; t < b; ++t) rest[b] = hn::NegMulAdd(rest[t], lower_.get(other + first + t), rest[b]);
      const auto l = hn::Mul(rest[b], lower_.get(other + first + b));
      pivot = hn::NegMulAdd(rest[b], l, pivot);
      line_.set(first + b, rest[b]);
      lower_.set(line + first + b, l);
    }
  }

  /// B entries of a line of M.
  template <size_t B>
  HWY_INLINE void invert_some(size_t i, size_t first) {
    const size_t line = triangle_start(i);
    Vector sum[B];
#pragma GCC unroll 4
    for (size_t b = 0; b < B; ++b) {
      sum[b] = lower_.get(line + first + b);
#pragma GCC unroll 4
      for (size_t t = b + 1; t < B; ++t)
        sum[b] = hn::MulAdd(lower_.get(line + first + t), lower_.get(triangle_start(first + t) + first + b), sum[b]);
    }
    repeat<N>(first + B, i, [&](size_t t) HWY_ATTR {
      const auto l = lower_.get(line + t);
#pragma GCC unroll 4
      for (size_t b = 0; b < B; ++b) sum[b] = hn::MulAdd(l, lower_.get(triangle_start(t) + first + b), sum[b]);
    });
#pragma GCC unroll 4
    for (size_t b = 0; b < B; ++b) lower_.set(line + first + b, hn::Neg(sum[b]));
  }

  HWY_INLINE void leave_out(const VectorRows& at) {
    const size_t size = n();
    const Tag d;
    for (size_t i = 0; i < size; ++i) {
      const auto seen = at.seen(i);
      const size_t line = triangle_start(i);
      y_.set(i, hn::IfThenElseZero(seen, y_.get(i)));
      for (size_t j = 0; j < i; ++j)
        lower_.set(line + j, hn::IfThenElseZero(hn::And(seen, at.seen(j)), lower_.get(line + j)));
      lower_.set(line + i, hn::IfThenElse(seen, lower_.get(line + i), hn::Set(d, 1.0)));
    }
  }

  size_t n_;
  double* end_;
  Numbers<triangle_start(N)> lower_;
  Numbers<N> line_;  ///< of L D
  Numbers<N> y_;
  LogProduct log_determinant_;
};

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
