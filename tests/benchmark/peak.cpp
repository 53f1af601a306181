#include "peak.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "peak.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Independent chains of `step` in registers.
template <class Step>
double run_chains(size_t rounds, double operations, const Step& step) {
  const hn::ScalableTag<double> d;
  constexpr size_t chains = 12;
  hn::Vec<decltype(d)> sum[chains];
#pragma GCC unroll 12
  for (size_t c = 0; c < chains; ++c) sum[c] = hn::Set(d, static_cast<double>(c));
  for (size_t i = 0; i < rounds; ++i)
#pragma GCC unroll 12
    for (auto& s : sum) s = step(s);
  auto all = sum[0];
#pragma GCC unroll 12
  for (size_t c = 1; c < chains; ++c) all = hn::Add(all, sum[c]);
  const bool finite = hn::GetLane(all) < 1e9;  // always, but the compiler must not know
  return finite ? operations * static_cast<double>(rounds * chains * hn::Lanes(d)) : 0;
}

double MultiplyAdds(size_t rounds) {
  const hn::ScalableTag<double> d;
  const auto factor = hn::Set(d, 0.999999);
  const auto term = hn::Set(d, 1e-6);
  return run_chains(rounds, 2, [&](auto s) HWY_ATTR { return hn::MulAdd(s, factor, term); });
}

double AbsoluteDifferences(size_t rounds) {
  const hn::ScalableTag<double> d;
  const auto x = hn::Set(d, 0.5);
  return run_chains(rounds, 3, [&](auto s) HWY_ATTR { return hn::Add(x, hn::Abs(hn::Sub(x, s))); });
}

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(MultiplyAdds);
HWY_EXPORT(AbsoluteDifferences);

double multiply_adds(std::size_t rounds) { return HWY_DYNAMIC_DISPATCH(MultiplyAdds)(rounds); }
double absolute_differences(std::size_t rounds) { return HWY_DYNAMIC_DISPATCH(AbsoluteDifferences)(rounds); }

}  // namespace shoal
#endif
