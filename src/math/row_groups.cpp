#include "shoal/math/row_groups.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/row_groups.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>
HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Four features of four rows: out[d * G + r] = rows[r][d] - origin[d].
HWY_INLINE void transpose_four(const double* row0, size_t pitch, const double* origin, double* out) {
  constexpr size_t g = group_rows<double>;
#if HWY_MAX_BYTES >= 32
  const hn::FixedTag<double, 4> d;
  const auto o = hn::LoadU(d, origin);
  const auto a = hn::Sub(hn::LoadU(d, row0), o);
  const auto b = hn::Sub(hn::LoadU(d, row0 + pitch), o);
  const auto c = hn::Sub(hn::LoadU(d, row0 + 2 * pitch), o);
  const auto e = hn::Sub(hn::LoadU(d, row0 + 3 * pitch), o);
  const auto ab02 = hn::InterleaveLower(d, a, b), ab13 = hn::InterleaveUpper(d, a, b);
  const auto ce02 = hn::InterleaveLower(d, c, e), ce13 = hn::InterleaveUpper(d, c, e);
  hn::StoreU(hn::ConcatLowerLower(d, ce02, ab02), d, out);
  hn::StoreU(hn::ConcatLowerLower(d, ce13, ab13), d, out + g);
  hn::StoreU(hn::ConcatUpperUpper(d, ce02, ab02), d, out + 2 * g);
  hn::StoreU(hn::ConcatUpperUpper(d, ce13, ab13), d, out + 3 * g);
#else
  for (size_t d = 0; d < 4; ++d)
    for (size_t r = 0; r < 4; ++r) out[d * g + r] = row0[r * pitch + d] - origin[d];
#endif
}

HWY_INLINE void transpose_four(const float* row0, size_t pitch, const float* origin, float* out) {
  constexpr size_t g = group_rows<float>;
#if HWY_TARGET == HWY_SCALAR
  for (size_t d = 0; d < 4; ++d)
    for (size_t r = 0; r < 4; ++r) out[d * g + r] = row0[r * pitch + d] - origin[d];
#else
  const hn::FixedTag<float, 4> d;
  const hn::FixedTag<double, 2> wide;
  const auto o = hn::LoadU(d, origin);
  const auto a = hn::Sub(hn::LoadU(d, row0), o);
  const auto b = hn::Sub(hn::LoadU(d, row0 + pitch), o);
  const auto c = hn::Sub(hn::LoadU(d, row0 + 2 * pitch), o);
  const auto e = hn::Sub(hn::LoadU(d, row0 + 3 * pitch), o);
  const auto ab01 = hn::BitCast(wide, hn::InterleaveLower(d, a, b)),
             ab23 = hn::BitCast(wide, hn::InterleaveUpper(d, a, b));
  const auto ce01 = hn::BitCast(wide, hn::InterleaveLower(d, c, e)),
             ce23 = hn::BitCast(wide, hn::InterleaveUpper(d, c, e));
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, ab01, ce01)), d, out);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, ab01, ce01)), d, out + g);
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(wide, ab23, ce23)), d, out + 2 * g);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(wide, ab23, ce23)), d, out + 3 * g);
#endif
}

/// Whole groups of rows of 2 to 4 features, which are interleaved vectors. Returns how many rows that were.
template <size_t Few, class T>
size_t load_few(const T* HWY_RESTRICT x, size_t n, const T* origin, T* HWY_RESTRICT groups, size_t stride) {
  const hn::ScalableTag<T> d;
  hn::Vec<decltype(d)> v[Few], o[Few];
  for (size_t j = 0; j < Few; ++j) o[j] = hn::Set(d, origin[j]);
  const size_t whole = n / group_rows<T> * group_rows<T>;
  for (size_t first = 0; first < whole; first += group_rows<T>, groups += stride)
    for (size_t r = 0; r < group_rows<T>; r += hn::Lanes(d), x += hn::Lanes(d) * Few) {
      if constexpr (Few == 2) hn::LoadInterleaved2(d, x, v[0], v[1]);
      if constexpr (Few == 3) hn::LoadInterleaved3(d, x, v[0], v[1], v[2]);
      if constexpr (Few == 4) hn::LoadInterleaved4(d, x, v[0], v[1], v[2], v[3]);
      for (size_t j = 0; j < Few; ++j) hn::StoreU(hn::Sub(v[j], o[j]), d, groups + j * group_rows<T> + r);
    }
  return whole;
}

/// Brings rows into the caches. They are about to be read across, by fours, which the processor does not foresee; along
/// the rows memory is more than twice as fast.
template <class T>
HWY_INLINE void touch(const T* x, size_t n) {
  T sum = 0;
  for (size_t i = 0; i < n; i += 64 / sizeof(T)) sum += x[i];
  asm volatile("" : : "m"(sum));  // wanted for its loads alone
}

template <class T>
void Load(const T* HWY_RESTRICT rows, size_t n, size_t n_features, const T* HWY_RESTRICT origin, T* HWY_RESTRICT groups,
          size_t stride) {
  constexpr size_t g = group_rows<T>;
  const size_t fours = n_features / 4 * 4;
  if (n_features * sizeof(T) > 128) touch(rows, n * n_features);
  size_t first = 0;
  if (n_features == 2) first = load_few<2>(rows, n, origin, groups, stride);
  if (n_features == 3) first = load_few<3>(rows, n, origin, groups, stride);
  if (n_features == 4) first = load_few<4>(rows, n, origin, groups, stride);
  groups += first / g * stride;
  for (; first < n; first += g, groups += stride) {
    const T* x = rows + first * n_features;
    const size_t here = HWY_MIN(g, n - first);
    size_t r = 0;
    for (; r + 4 <= here; r += 4)
      for (size_t d = 0; d < fours; d += 4) {
        transpose_four(x + r * n_features + d, n_features, origin + d, groups + d * g + r);
      }
    for (size_t d = fours; d < n_features; ++d)
      for (size_t i = 0; i < r; ++i) groups[d * g + i] = x[i * n_features + d] - origin[d];
    for (size_t d = 0; d < n_features; ++d) {
      for (size_t i = r; i < here; ++i) groups[d * g + i] = x[i * n_features + d] - origin[d];
      for (size_t i = here; i < g; ++i) groups[d * g + i] = T(0);
    }
  }
}

void LoadF32(const float* rows, size_t n, size_t n_features, const float* origin, float* groups, size_t stride) {
  Load(rows, n, n_features, origin, groups, stride);
}

void LoadF64(const double* rows, size_t n, size_t n_features, const double* origin, double* groups, size_t stride) {
  Load(rows, n, n_features, origin, groups, stride);
}

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(LoadF32);
HWY_EXPORT(LoadF64);

std::size_t tile_rows_for(std::size_t n_components, std::size_t n_features, std::size_t value_bytes) {
  constexpr std::size_t cache = std::size_t{512} << 10U;
  const std::size_t row = n_components * sizeof(double) + 3 * n_features * value_bytes;  // x, centred, weighted
  std::size_t rows = most_summed_rows;
  while (rows > 64 && rows * row > cache) rows /= 2;
  return rows;
}

void load_groups(const float* rows, std::size_t n_rows, std::size_t n_features, const float* origin, float* groups,
                 std::size_t stride) {
  HWY_DYNAMIC_DISPATCH(LoadF32)(rows, n_rows, n_features, origin, groups, stride);
}

void load_groups(const double* rows, std::size_t n_rows, std::size_t n_features, const double* origin, double* groups,
                 std::size_t stride) {
  HWY_DYNAMIC_DISPATCH(LoadF64)(rows, n_rows, n_features, origin, groups, stride);
}

}  // namespace shoal
#endif
