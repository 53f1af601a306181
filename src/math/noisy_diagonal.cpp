#include "shoal/math/noisy_form.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/noisy_diagonal.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>
//
#include "math/noisy_factor-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {

void NoisyDiagonalScore(const NoisyRows& rows, const NoisyComponent& k, double* joint) {
  for_each_vector(rows, [&](const VectorRows& at, size_t first) HWY_ATTR {
    const Tag d;
    LogProduct determinant;
    auto form = hn::Zero(d);
    auto constant = hn::Set(d, k.constant);
    for (size_t j = 0; j < rows.n_features; ++j) {
      const auto seen = at.seen(j);
      const auto c = hn::IfThenElseZero(seen, hn::Sub(at.value(j), hn::Set(d, k.mean[j])));
      const auto t = hn::IfThenElse(seen, hn::Add(hn::Set(d, k.covariance[j]), at.noise_at(j)), hn::Set(d, 1.0));
      form = hn::Add(form, hn::Div(hn::Mul(c, c), t));
      determinant.multiply(t);
      constant = hn::Add(constant, hn::IfThenElse(seen, hn::Zero(d), hn::Set(d, half_log_two_pi)));
    }
    hn::StoreU(hn::NegMulAdd(hn::Set(d, 0.5), hn::Add(form, determinant.log()), constant), d, joint + first);
  });
}

void NoisyDiagonalAdd(const NoisyRows& rows, const NoisyComponent& k, const double* weight, double* sum,
                      double* squares) {
  const Tag d;
  for (size_t j = 0; j < rows.n_features; ++j) {
    auto firsts = hn::Zero(d), seconds = hn::Zero(d);
    const auto shift = hn::Set(d, k.shift == nullptr ? 0.0 : k.shift[j]);
    for_each_vector(rows, [&](const VectorRows& at, size_t first) HWY_ATTR {
      const auto w = hn::LoadU(d, weight + first);
      const auto seen = at.seen(j);
      const auto t = hn::Add(hn::Set(d, k.covariance[j]), at.noise_at(j));
      const auto precision = hn::IfThenElseZero(seen, hn::Div(hn::Set(d, 1.0), t));
      const auto c = hn::IfThenElseZero(seen, hn::Sub(at.value(j), hn::Set(d, k.mean[j])));
      const auto u = hn::MulAdd(c, precision, shift);
      firsts = hn::MulAdd(w, u, firsts);
      seconds = hn::MulAdd(w, hn::MulSub(u, u, precision), seconds);
    });
    sum[j] += hn::GetLane(hn::SumOfLanes(d, firsts));
    squares[j] += hn::GetLane(hn::SumOfLanes(d, seconds));
  }
}

void NoisyDiagonalPosterior(const NoisyRows& rows, const NoisyComponent& k, double* means, double* variances) {
  for (size_t j = 0; j < rows.n_features; ++j)
    for_each_vector(rows, [&](const VectorRows& at, size_t first) HWY_ATTR {
      const Tag d;
      const auto variance = hn::Set(d, k.covariance[j]), mean = hn::Set(d, k.mean[j]);
      const auto gain = hn::IfThenElseZero(at.seen(j), hn::Div(variance, hn::Add(variance, at.noise_at(j))));
      const auto c = hn::IfThenElseZero(at.seen(j), hn::Sub(at.value(j), mean));
      store_column(rows, first, j, hn::MulAdd(gain, c, mean), means);
      const auto left = hn::IfThenElse(at.seen(j), hn::Mul(gain, at.noise_at(j)), variance);
      store_column(rows, first, j, left, variances);
    });
}

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(NoisyDiagonalScore);
HWY_EXPORT(NoisyDiagonalAdd);
HWY_EXPORT(NoisyDiagonalPosterior);

void noisy_diagonal_score(const NoisyRows& rows, const NoisyComponent& component, double* joint) {
  HWY_DYNAMIC_DISPATCH(NoisyDiagonalScore)(rows, component, joint);
}

void noisy_diagonal_add(const NoisyRows& rows, const NoisyComponent& component, const double* weight, double* sum,
                        double* squares) {
  HWY_DYNAMIC_DISPATCH(NoisyDiagonalAdd)(rows, component, weight, sum, squares);
}

void noisy_diagonal_posterior(const NoisyRows& rows, const NoisyComponent& component, double* means,
                              double* variances) {
  HWY_DYNAMIC_DISPATCH(NoisyDiagonalPosterior)(rows, component, means, variances);
}

}  // namespace shoal
#endif
