#include "shoal/math/elementary.hpp"

#include <array>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/elementary.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>
//
#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Applies `f` to whole vectors; the tail goes through a padded vector, so a value's result ignores its place.
template <class F>
void for_each_vector(const double* in, double* out, size_t n, double padding, F&& f) {
  const hn::ScalableTag<double> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(f(d, hn::LoadU(d, in + i)), d, out + i);
  if (i == n) return;
  HWY_ALIGN double buffer[HWY_MAX_BYTES / sizeof(double)];
  for (size_t j = 0; j < lanes; ++j) buffer[j] = i + j < n ? in[i + j] : padding;
  hn::Store(f(d, hn::Load(d, buffer)), d, buffer);
  for (size_t j = 0; i + j < n; ++j) out[i + j] = buffer[j];
}

void LogOf(const double* in, double* out, size_t n) {
  for_each_vector(in, out, n, 1.0, [](auto d, auto v) {
    const auto minus_infinity = hn::Set(d, -std::numeric_limits<double>::infinity());
    return hn::IfThenElse(hn::Eq(v, hn::Zero(d)), minus_infinity, hn::Log(d, v));
  });
}

void ExpOf(const double* in, double* out, size_t n) {
  for_each_vector(in, out, n, 0.0, [](auto d, auto v) { return hn::Exp(d, v); });
}

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(LogOf);
HWY_EXPORT(ExpOf);

void log_of(std::span<const double> values, std::span<double> output) {
  HWY_DYNAMIC_DISPATCH(LogOf)(values.data(), output.data(), values.size());
}

void exp_of(std::span<const double> values, std::span<double> output) {
  HWY_DYNAMIC_DISPATCH(ExpOf)(values.data(), output.data(), values.size());
}

double log_of(double value) {
  std::array<double, 1> result = {value};
  log_of(result, result);
  return result[0];
}

}  // namespace shoal
#endif
