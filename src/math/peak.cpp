#include "shoal/math/peak.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/peak.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

double MultiplyAdds(size_t rounds) {
  const hn::ScalableTag<double> d;
  constexpr size_t chains = 12;
  hn::Vec<decltype(d)> sum[chains];
  const auto factor = hn::Set(d, 0.999999);
  const auto term = hn::Set(d, 1e-6);
#pragma GCC unroll 12
  for (size_t c = 0; c < chains; ++c) sum[c] = hn::Set(d, static_cast<double>(c));
  for (size_t i = 0; i < rounds; ++i)
#pragma GCC unroll 12
    for (auto& s : sum) s = hn::MulAdd(s, factor, term);
  auto all = sum[0];
#pragma GCC unroll 12
  for (size_t c = 1; c < chains; ++c) all = hn::Add(all, sum[c]);
  const bool finite = hn::GetLane(all) < 1e9;  // always, but the compiler must not know
  return finite ? 2.0 * static_cast<double>(rounds * chains * hn::Lanes(d)) : 0;
}

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(MultiplyAdds);

double multiply_adds(std::size_t rounds) { return HWY_DYNAMIC_DISPATCH(MultiplyAdds)(rounds); }

}  // namespace shoal
#endif
