#include "shoal/math/normalise.hpp"

#include <limits>

#include "shoal/math/row_groups.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/normalise.cpp"
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

/// The largest joint of one vector of rows, and its lowest component.
HWY_INLINE Vector largest(const TileJoint& joint, size_t r, std::int32_t* label) {
  const Tag d;
  auto best = hn::LoadU(d, joint.values + r);
  if (label == nullptr) {
    for (size_t k = 1; k < joint.n_components; ++k) {
      const auto value = hn::LoadU(d, joint.values + k * joint.pitch + r);
      best = hn::Max(value, best);
    }
    return best;
  }
  auto index = hn::Zero(d);
  for (size_t k = 1; k < joint.n_components; ++k) {
    const auto value = hn::LoadU(d, joint.values + k * joint.pitch + r);
    const auto better = hn::Gt(value, best);
    best = hn::IfThenElse(better, value, best);
    index = hn::IfThenElse(better, hn::Set(d, static_cast<double>(k)), index);
  }
  HWY_ALIGN double indices[HWY_MAX_BYTES / sizeof(double)];
  hn::Store(index, d, indices);
  for (size_t i = 0; i < hn::Lanes(d); ++i) label[r + i] = static_cast<std::int32_t>(indices[i]);
  return best;
}

/// e_k = exp(joint - best), or zero by the rule of truncation, for one vector of rows; returns their sum over k.
template <bool kTruncate, bool kForm>
HWY_INLINE Vector exponentials(const TileJoint& joint, const Truncation& truncation, size_t r, Vector best) {
  const Tag d;
  const auto one = hn::Set(d, 1.0);
  auto sum = hn::Zero(d);
  for (size_t k = 0; k < joint.n_components; ++k) {
    double* place = joint.values + k * joint.pitch + r;
    const auto value = hn::LoadU(d, place);
    auto e = exp_of_nonpositive(hn::Sub(value, best));
    if constexpr (kTruncate) {
      const auto threshold = hn::Set(d, truncation.threshold[k]);
      if constexpr (kForm) {  // 1 + q, from joint = c - q / 2
        const auto q = hn::MulAdd(hn::Set(d, 2.0), hn::Sub(hn::Set(d, truncation.constant[k]), value), one);
        e = hn::IfThenElseZero(hn::Ge(hn::Mul(e, q), threshold), e);
      } else {
        e = hn::IfThenElseZero(hn::Ge(e, threshold), e);
      }
    }
    sum = hn::Add(sum, e);
    hn::StoreU(e, d, place);
  }
  return sum;
}

HWY_INLINE Vector sum_of_exponentials(const TileJoint& joint, const Truncation& truncation, size_t r, Vector best) {
  if (truncation.threshold.empty()) return exponentials<false, false>(joint, truncation, r, best);
  if (truncation.constant.empty()) return exponentials<true, false>(joint, truncation, r, best);
  return exponentials<true, true>(joint, truncation, r, best);
}

void Normalise(const TileJoint& joint, const Truncation& truncation, const TileRows& rows, double* log_likelihood,
               double* totals) {
  const Tag d;
  const size_t lanes = hn::Lanes(d);
  const auto none = hn::Set(d, -std::numeric_limits<double>::infinity());
  const auto zero = hn::Zero(d);
  HWY_ALIGN double scale[most_tile_rows];
  auto likelihood = zero;
  for (size_t r = 0; r < joint.n_rows; r += lanes) {
    const auto best = largest(joint, r, rows.label);
    const auto impossible = hn::Eq(best, none);
    auto sum = sum_of_exponentials(joint, truncation, r, hn::IfThenElse(impossible, zero, best));
    sum = hn::IfThenElse(impossible, hn::Set(d, 1.0), sum);
    const auto density = hn::IfThenElse(impossible, none, hn::Add(best, hn::Log(d, sum)));
    const auto weight = hn::LoadU(d, rows.weight + r);
    hn::StoreU(density, d, rows.log_density + r);
    hn::Store(hn::IfThenElse(impossible, zero, hn::Div(weight, sum)), d, scale + r);
    likelihood = hn::Add(likelihood, hn::IfThenElseZero(hn::Gt(weight, zero), hn::Mul(weight, density)));
  }
  *log_likelihood += hn::GetLane(hn::SumOfLanes(d, likelihood));
  for (size_t k = 0; k < joint.n_components; ++k) {
    double* values = joint.values + k * joint.pitch;
    auto total = zero;
    for (size_t r = 0; r < joint.n_rows; r += lanes) {
      const auto share = hn::Mul(hn::LoadU(d, values + r), hn::Load(d, scale + r));
      hn::StoreU(share, d, values + r);
      total = hn::Add(total, share);
    }
    totals[k] += hn::GetLane(hn::SumOfLanes(d, total));
  }
}

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(Normalise);

void normalise(const TileJoint& joint, const Truncation& truncation, const TileRows& rows, double* log_likelihood,
               double* totals) {
  HWY_DYNAMIC_DISPATCH(Normalise)(joint, truncation, rows, log_likelihood, totals);
}

}  // namespace shoal
#endif
