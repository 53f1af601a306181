#include "shoal/math/noisy_form.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/noisy_form.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>
//
#include <hwy/contrib/math/math-inl.h>

#include "math/lanes-inl.hpp"
#include "math/noisy_factor-inl.hpp"
#include "math/noisy_sums-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {

template <size_t N>
void Score(const NoisyRows& rows, const NoisyComponent& k, double* scratch, double* joint) {
  Factor<N> factor(rows.n_features, scratch);
  for_each_vector(rows, [&](const VectorRows& at, size_t first) HWY_ATTR {
    const Tag d;
    factor.load(rows, at, k);
    factor.factorise();
    const auto form = hn::Add(factor.solve(), factor.log_determinant());
    auto score = hn::NegMulAdd(hn::Set(d, 0.5), form, hn::Set(d, k.constant));
    if (rows.gaps) score = hn::MulAdd(hn::Set(d, half_log_two_pi), factor.n_missing(at), score);
    hn::StoreU(score, d, joint + first);
  });
}

template <size_t N>
void Add(const NoisyRows& rows, const NoisyComponent& k, const double* weight, double* scratch, double* sum,
         double* triangle) {
  const Tag d;
  Factor<N> factor(rows.n_features, scratch);
  Sums<N> sums(rows.n_features, factor.end_of_scratch());
  for_each_vector(rows, [&](const VectorRows& at, size_t first) HWY_ATTR {
    const auto w = hn::LoadU(d, weight + first);
    if (hn::AllTrue(d, hn::Eq(w, hn::Zero(d)))) return;
    factor.load(rows, at, k);
    factor.factorise();
    factor.solve();
    factor.invert();
    sums.add(factor, w, k.shift, rows, at);
  });
  sums.store(sum, triangle);
}

/// E[x] = mean + G (z - mean), G = Sigma T^-1, and the diagonal of (I - G) Sigma (I - G)^T + G S G^T, which subtracts
/// nothing where noise is small.
void NoisyPosterior(const NoisyRows& rows, const NoisyComponent& k, double* scratch, double* means, double* variances) {
  const Tag d;
  const size_t n = rows.n_features;
  const auto at_triangle = [](size_t i, size_t j) { return i >= j ? triangle_start(i) + j : triangle_start(j) + i; };
  const auto covariance = [&](size_t i, size_t j) HWY_ATTR { return hn::Set(Tag(), k.covariance[at_triangle(i, j)]); };
  Factor<0> factor(n, scratch);
  double* end = factor.end_of_scratch();
  Numbers<0> gain(end, n), rest(end, n);  // a line of G, and of I - G
  for_each_vector(rows, [&](const VectorRows& at, size_t first) HWY_ATTR {
    factor.load(rows, at, k);
    factor.factorise();
    factor.solve();
    factor.invert();
    for (size_t j = 0; j < n; ++j) {
      auto mean = hn::Set(d, k.mean[j]);
      for (size_t i = 0; i < n; ++i) gain.set(i, hn::Zero(d));
      for (size_t t = 0; t < n; ++t) {
        auto line = covariance(t, j);  // of M Sigma
        for (size_t i = 0; i < t; ++i) line = hn::MulAdd(factor.lower(t, i), covariance(i, j), line);
        const auto scaled = hn::IfThenElseZero(at.seen(t), hn::Mul(factor.lower(t, t), line));
        mean = hn::MulAdd(scaled, factor.y(t), mean);
        for (size_t i = 0; i < t; ++i) gain.set(i, hn::MulAdd(scaled, factor.lower(t, i), gain.get(i)));
        gain.set(t, hn::Add(gain.get(t), scaled));
      }
      for (size_t i = 0; i < n; ++i) rest.set(i, hn::Sub(hn::Set(d, i == j ? 1.0 : 0.0), gain.get(i)));
      auto variance = hn::Zero(d);
      for (size_t i = 0; i < n; ++i)
        for (size_t t = 0; t < n; ++t) {
          variance = hn::MulAdd(hn::Mul(rest.get(i), rest.get(t)), covariance(i, t), variance);
          if (rows.diagonal && i != t) continue;
          const auto noise = at.noise_at(rows.diagonal ? i : at_triangle(i, t));
          variance = hn::MulAdd(hn::Mul(gain.get(i), gain.get(t)), noise, variance);
        }
      store_column(rows, first, j, mean, means);
      store_column(rows, first, j, hn::Max(variance, hn::Zero(d)), variances);
    }
  });
}

/// Calls use(number of features as a constant, or 0 where there are many).
template <class Use>
void with_size(size_t n, Use&& use) {
  switch (n) {
    case 1:
      return use(Size<1>());
    case 2:
      return use(Size<2>());
    case 3:
      return use(Size<3>());
    case 4:
      return use(Size<4>());
    case 5:
      return use(Size<5>());
    case 6:
      return use(Size<6>());
    case 7:
      return use(Size<7>());
    case 8:
      return use(Size<8>());
    default:
      return use(Size<0>());
  }
}

void NoisyScore(const NoisyRows& rows, const NoisyComponent& k, double* scratch, double* joint) {
  with_size(rows.n_features, [&](auto size) { Score<size.value>(rows, k, scratch, joint); });
}

void NoisyAdd(const NoisyRows& rows, const NoisyComponent& k, const double* weight, double* scratch, double* sum,
              double* triangle) {
  with_size(rows.n_features, [&](auto size) { Add<size.value>(rows, k, weight, scratch, sum, triangle); });
}

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(NoisyScore);
HWY_EXPORT(NoisyAdd);
HWY_EXPORT(NoisyPosterior);

std::size_t noisy_scratch(std::size_t n_features) {
  constexpr std::size_t most_lanes = 8;
  return (3 * n_features * (n_features + 1) / 2 + 4 * n_features) * most_lanes;
}

void noisy_score(const NoisyRows& rows, const NoisyComponent& component, double* scratch, double* joint) {
  HWY_DYNAMIC_DISPATCH(NoisyScore)(rows, component, scratch, joint);
}

void noisy_add(const NoisyRows& rows, const NoisyComponent& component, const double* weight, double* scratch,
               double* sum, double* triangle) {
  HWY_DYNAMIC_DISPATCH(NoisyAdd)(rows, component, weight, scratch, sum, triangle);
}

void noisy_posterior(const NoisyRows& rows, const NoisyComponent& component, double* scratch, double* means,
                     double* variances) {
  HWY_DYNAMIC_DISPATCH(NoisyPosterior)(rows, component, scratch, means, variances);
}

}  // namespace shoal
#endif
