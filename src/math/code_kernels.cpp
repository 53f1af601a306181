#include "shoal/math/code_kernels.hpp"

#include <algorithm>
#include <type_traits>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/code_kernels.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {

template <class T>
void score(const Code* rows, size_t n_rows, const std::int64_t* offsets, size_t n_features, const T* HWY_RESTRICT table,
           const T* HWY_RESTRICT start, size_t n_components, T* HWY_RESTRICT sum, double* HWY_RESTRICT joint) {
  for (size_t r = 0; r < n_rows; ++r) {
    for (size_t k = 0; k < n_components; ++k) sum[k] = start[k];
    for (size_t d = 0; d < n_features; ++d) {
      const Code code = rows[r * n_features + d];
      if (code == missing_code) continue;
      const T* HWY_RESTRICT line = table + (static_cast<size_t>(offsets[d]) + code) * n_components;
      for (size_t k = 0; k < n_components; ++k) sum[k] += line[k];
    }
    for (size_t k = 0; k < n_components; ++k) joint[k * code_tile_rows + r] = static_cast<double>(sum[k]);
  }
}

void ScoreF32(const Code* rows, size_t n_rows, const std::int64_t* offsets, size_t n_features, const float* table,
              const float* start, size_t n_components, float* sum, double* joint) {
  score(rows, n_rows, offsets, n_features, table, start, n_components, sum, joint);
}

void ScoreF64(const Code* rows, size_t n_rows, const std::int64_t* offsets, size_t n_features, const double* table,
              const double* start, size_t n_components, double* sum, double* joint) {
  score(rows, n_rows, offsets, n_features, table, start, n_components, sum, joint);
}

void AddLevels(const Code* rows, size_t n_rows, const std::int64_t* offsets, size_t n_features,
               const double* HWY_RESTRICT weight, size_t n_components, double* HWY_RESTRICT line_weight,
               double* HWY_RESTRICT sums) {
  for (size_t r = 0; r < n_rows; ++r) {
    for (size_t k = 0; k < n_components; ++k) line_weight[k] = weight[k * code_tile_rows + r];
    for (size_t d = 0; d < n_features; ++d) {
      const Code code = rows[r * n_features + d];
      if (code == missing_code) continue;
      double* HWY_RESTRICT line = sums + (static_cast<size_t>(offsets[d]) + code) * n_components;
      for (size_t k = 0; k < n_components; ++k) line[k] += line_weight[k];
    }
  }
}

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(ScoreF32);
HWY_EXPORT(ScoreF64);
HWY_EXPORT(AddLevels);

template <class T>
void add_up_table(std::span<const Code> rows, std::size_t n_rows, const LevelOffsets& offsets, const T* table,
                  const T* start, std::size_t n_components, double* joint) {
  std::vector<T> sum(n_components);
  const std::size_t d = offsets.size() - 1;
  if constexpr (std::is_same_v<T, float>) {
    auto* const score = &HWY_DYNAMIC_DISPATCH(ScoreF32);
    score(rows.data(), n_rows, offsets.data(), d, table, start, n_components, sum.data(), joint);
  } else {
    auto* const score = &HWY_DYNAMIC_DISPATCH(ScoreF64);
    score(rows.data(), n_rows, offsets.data(), d, table, start, n_components, sum.data(), joint);
  }
}

template void add_up_table<float>(std::span<const Code>, std::size_t, const LevelOffsets&, const float*, const float*,
                                  std::size_t, double*);
template void add_up_table<double>(std::span<const Code>, std::size_t, const LevelOffsets&, const double*,
                                   const double*, std::size_t, double*);

void add_to_levels(std::span<const Code> rows, std::size_t n_rows, const LevelOffsets& offsets, const double* weight,
                   std::size_t n_components, double* sums) {
  std::vector<double> line(n_components);
  auto* const add = &HWY_DYNAMIC_DISPATCH(AddLevels);
  add(rows.data(), n_rows, offsets.data(), offsets.size() - 1, weight, n_components, line.data(), sums);
}

}  // namespace shoal
#endif
