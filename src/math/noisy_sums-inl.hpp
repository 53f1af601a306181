// Sums of rows with noise over the lanes of vectors; compiled once for each instruction set.
#if defined(SHOAL_MATH_NOISY_SUMS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef SHOAL_MATH_NOISY_SUMS_INL_HPP
#undef SHOAL_MATH_NOISY_SUMS_INL_HPP
#else
#define SHOAL_MATH_NOISY_SUMS_INL_HPP
#endif

#include <hwy/highway.h>

#include <cstddef>

#include "math/noisy_factor-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {

/// Sums over rows, each lane its own.
template <size_t N>
class Sums {
 public:
  Sums(size_t n, double* scratch)
      : n_(n),
        firsts_(scratch, n),
        seconds_(scratch, triangle_start(n)),
        u_(scratch, n),
        scaled_(scratch, triangle_start(n)) {
    for (size_t i = 0; i < this->n(); ++i) firsts_.set(i, hn::Zero(Tag()));
    for (size_t i = 0; i < triangle_start(this->n()); ++i) seconds_.set(i, hn::Zero(Tag()));
  }
  [[nodiscard]] HWY_INLINE size_t n() const { return N > 0 ? N : n_; }

  /// Of rows whose factor is inverted, times their weights.
  HWY_INLINE void add(const Factor<N>& factor, Vector weight, const double* shift, const NoisyRows& rows,
                      const VectorRows& at) {
    const size_t size = n();
    find_u(factor, weight, shift);
    scale(factor);
    repeat<N>(0, size, [&](size_t i) HWY_ATTR {
      const auto weighted = hn::Mul(weight, u_.get(i));
      size_t j = 0;
      for (; N == 0 && j + 4 <= i; j += 4) add_some<4>(factor, i, j, weight, weighted, nullptr);
      repeat<N>(j, i + 1, [&](size_t last) HWY_ATTR {
        add_some<1>(factor, i, last, weight, weighted, rows.gaps ? &at : nullptr);
      });
    });
  }

  void store(double* sum, double* triangle) const {
    store(firsts_, n(), sum);
    store(seconds_, triangle_start(n()), triangle);
  }

 private:
  /// B entries of a line of w (u u^T - T^-1), T^-1 = M^T D^-1 M; of a missing entry (gaps), whose T is 1, nothing.
  template <size_t B>
  HWY_INLINE void add_some(const Factor<N>& factor, size_t i, size_t first, Vector weight, Vector weighted,
                           const VectorRows* gaps) {
    const size_t size = n();
    Vector inverse[B];
#pragma GCC unroll 4
    for (size_t b = 0; b < B; ++b)
      inverse[b] = first + b == i ? factor.lower(i, i) : scaled_.get(triangle_start(i) + first + b);
    repeat<N>(i + 1, size, [&](size_t t) HWY_ATTR {
      const auto scaled = scaled_.get(triangle_start(t) + i);
#pragma GCC unroll 4
      for (size_t b = 0; b < B; ++b) inverse[b] = hn::MulAdd(scaled, factor.lower(t, first + b), inverse[b]);
    });
    if (gaps != nullptr && first == i) inverse[0] = hn::IfThenElseZero(gaps->seen(i), inverse[0]);
#pragma GCC unroll 4
    for (size_t b = 0; b < B; ++b) {
      const size_t place = triangle_start(i) + first + b;
      const auto square = hn::MulAdd(weighted, u_.get(first + b), seconds_.get(place));
      seconds_.set(place, hn::NegMulAdd(weight, inverse[b], square));
    }
  }

  /// u = M^T D^-1 y + shift, and its sum.
  HWY_INLINE void find_u(const Factor<N>& factor, Vector weight, const double* shift) {
    const size_t size = n();
    repeat<N>(0, size, [&](size_t j) HWY_ATTR {
      auto u = hn::Mul(factor.y(j), factor.lower(j, j));
      repeat<N>(j + 1, size, [&](size_t i) HWY_ATTR {
        u = hn::MulAdd(hn::Mul(factor.y(i), factor.lower(i, i)), factor.lower(i, j), u);
      });
      if (shift != nullptr) u = hn::Add(u, hn::Set(Tag(), shift[j]));
      u_.set(j, u);
      firsts_.set(j, hn::MulAdd(weight, u, firsts_.get(j)));
    });
  }

  /// D^-1 M.
  HWY_INLINE void scale(const Factor<N>& factor) {
    const size_t size = n();
    repeat<N>(1, size, [&](size_t t) HWY_ATTR {
      repeat<N>(0, t, [&](size_t i) HWY_ATTR {
        scaled_.set(triangle_start(t) + i, hn::Mul(factor.lower(t, t), factor.lower(t, i)));
      });
    });
  }

  template <size_t M>
  static void store(const Numbers<M>& numbers, size_t n, double* out) {
    for (size_t i = 0; i < n; ++i) out[i] += hn::GetLane(hn::SumOfLanes(Tag(), numbers.get(i)));
  }

  size_t n_;
  Numbers<N> firsts_;
  Numbers<triangle_start(N)> seconds_;
  Numbers<N> u_;
  Numbers<triangle_start(N)> scaled_;
};

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
