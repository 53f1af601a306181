#include "shoal/math/normalise.hpp"

#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/normalise.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>
//
#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void Normalise(double* joint, size_t n_components, double* log_density, std::int32_t* label) {
  const hn::ScalableTag<double> d;
  const auto none = hn::Set(d, -std::numeric_limits<double>::infinity());
  HWY_ALIGN double index[HWY_MAX_BYTES / sizeof(double)];
  for (size_t r = 0; r < tile_rows; r += hn::Lanes(d)) {
    auto best = hn::LoadU(d, joint + r);
    auto best_index = hn::Zero(d);
    for (size_t k = 1; k < n_components; ++k) {
      const auto value = hn::LoadU(d, joint + k * tile_rows + r);
      const auto better = hn::Gt(value, best);
      best = hn::IfThenElse(better, value, best);
      best_index = hn::IfThenElse(better, hn::Set(d, static_cast<double>(k)), best_index);
    }
    const auto impossible = hn::Eq(best, none);
    const auto shift = hn::IfThenElse(impossible, hn::Zero(d), best);
    auto sum = hn::Zero(d);
    for (size_t k = 0; k < n_components; ++k) {
      double* place = joint + k * tile_rows + r;
      const auto e = hn::Exp(d, hn::Sub(hn::LoadU(d, place), shift));
      sum = hn::Add(sum, e);
      hn::StoreU(e, d, place);
    }
    const auto scale = hn::IfThenElse(impossible, hn::Zero(d), hn::Div(hn::Set(d, 1.0), sum));
    for (size_t k = 0; k < n_components; ++k) {
      double* place = joint + k * tile_rows + r;
      hn::StoreU(hn::Mul(hn::LoadU(d, place), scale), d, place);
    }
    const auto safe_sum = hn::IfThenElse(impossible, hn::Set(d, 1.0), sum);
    hn::StoreU(hn::IfThenElse(impossible, none, hn::Add(best, hn::Log(d, safe_sum))), d, log_density + r);
    hn::Store(best_index, d, index);
    for (size_t i = 0; i < hn::Lanes(d); ++i) label[r + i] = static_cast<std::int32_t>(index[i]);
  }
}

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(Normalise);

void normalise(std::span<double> joint, std::size_t n_components, std::span<double> log_density,
               std::span<std::int32_t> label) {
  HWY_DYNAMIC_DISPATCH(Normalise)(joint.data(), n_components, log_density.data(), label.data());
}

}  // namespace shoal
#endif
