#include "shoal/math/code_kernels.hpp"

#include "shoal/math/row_groups.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/code_kernels.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace shoal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Lines are read in vectors of 32 bytes where the processor has them.
template <class T>
using LineTag = hn::CappedTag<T, 32 / sizeof(T)>;

constexpr size_t groups_at_once = 4;

/// Rows of a tile that have weight in some columns.
struct LiveRows {
  std::uint16_t rows[most_tile_rows];
  size_t n = 0;
};

/// V vectors of every line, from column `first` on: G groups share each load and store of the sums.
template <class T, size_t V, size_t G>
HWY_INLINE void add_groups(const SymbolTile& tile, size_t g, const T* HWY_RESTRICT table, size_t width, size_t first,
                           T* HWY_RESTRICT sums) {
  const LineTag<T> d;
  const size_t lanes = hn::Lanes(d);
  const std::uint16_t* symbols[G];
  const T* lines[G];
#pragma GCC unroll 4
  for (size_t i = 0; i < G; ++i) {
    symbols[i] = tile.symbols + (g + i) * tile.pitch;
    lines[i] = table + tile.starts[g + i] * width + first;
  }
  for (size_t r = 0; r < tile.n_rows; ++r) {
    T* out = sums + r * width + first;
    hn::Vec<LineTag<T>> sum[V];
#pragma GCC unroll 4
    for (size_t v = 0; v < V; ++v) sum[v] = hn::LoadU(d, out + v * lanes);
#pragma GCC unroll 4
    for (size_t i = 0; i < G; ++i) {
      const T* line = lines[i] + symbols[i][r] * width;
#pragma GCC unroll 4
      for (size_t v = 0; v < V; ++v) sum[v] = hn::Add(sum[v], hn::LoadU(d, line + v * lanes));
    }
#pragma GCC unroll 4
    for (size_t v = 0; v < V; ++v) hn::StoreU(sum[v], d, out + v * lanes);
  }
}

template <class T, size_t V>
void add_columns(const SymbolTile& tile, const T* table, size_t width, size_t first, T* sums) {
  const size_t groups = tile.starts.size();
  size_t g = 0;
  for (; g + groups_at_once <= groups; g += groups_at_once)
    add_groups<T, V, groups_at_once>(tile, g, table, width, first, sums);
  for (; g < groups; ++g) add_groups<T, V, 1>(tile, g, table, width, first, sums);
}

template <class T>
void AddUp(const SymbolTile& tile, const T* table, size_t width, T* sums) {
  const size_t lanes = hn::Lanes(LineTag<T>());
  for (size_t i = 0; i < tile.n_rows * width; ++i) sums[i] = T(0);
  size_t k = 0;
  for (; k + 4 * lanes <= width; k += 4 * lanes) add_columns<T, 4>(tile, table, width, k, sums);
  if (k + 3 * lanes == width) return add_columns<T, 3>(tile, table, width, k, sums);
  if (k + 2 * lanes == width) return add_columns<T, 2>(tile, table, width, k, sums);
  if (k + lanes == width) add_columns<T, 1>(tile, table, width, k, sums);
}

/// The same backwards. Several groups at once also because a line must not be loaded right after its last store.
template <size_t V, size_t G>
HWY_INLINE void add_weights(const SymbolTile& tile, const LiveRows& live, size_t g, const double* HWY_RESTRICT weights,
                            size_t width, size_t first, double* HWY_RESTRICT buckets) {
  const LineTag<double> d;
  const size_t lanes = hn::Lanes(d);
  const std::uint16_t* symbols[G];
  double* lines[G];
#pragma GCC unroll 4
  for (size_t i = 0; i < G; ++i) {
    symbols[i] = tile.symbols + (g + i) * tile.pitch;
    lines[i] = buckets + tile.starts[g + i] * width + first;
  }
  for (size_t i_live = 0; i_live < live.n; ++i_live) {
    const size_t r = live.rows[i_live];
    hn::Vec<LineTag<double>> weight[V];
#pragma GCC unroll 4
    for (size_t v = 0; v < V; ++v) weight[v] = hn::LoadU(d, weights + r * width + first + v * lanes);
#pragma GCC unroll 4
    for (size_t i = 0; i < G; ++i) {
      double* line = lines[i] + symbols[i][r] * width;
#pragma GCC unroll 4
      for (size_t v = 0; v < V; ++v)
        hn::StoreU(hn::Add(hn::LoadU(d, line + v * lanes), weight[v]), d, line + v * lanes);
    }
  }
}

template <size_t V>
void add_weight_columns(const SymbolTile& tile, const double* weights, size_t width, size_t first, double* buckets) {
  LiveRows live;
  for (size_t r = 0; r < tile.n_rows; ++r) {
    bool any = false;
    for (size_t k = 0; k < V * hn::Lanes(LineTag<double>()); ++k) any |= weights[r * width + first + k] != 0;
    live.rows[live.n] = static_cast<std::uint16_t>(r);
    live.n += any ? 1 : 0;
  }
  const size_t groups = tile.starts.size();
  size_t g = 0;
  for (; g + groups_at_once <= groups; g += groups_at_once)
    add_weights<V, groups_at_once>(tile, live, g, weights, width, first, buckets);
  for (; g < groups; ++g) add_weights<V, 1>(tile, live, g, weights, width, first, buckets);
}

void AddTo(const SymbolTile& tile, const double* weights, size_t width, double* buckets) {
  const size_t lanes = hn::Lanes(LineTag<double>());
  size_t k = 0;
  for (; k + 4 * lanes <= width; k += 4 * lanes) add_weight_columns<4>(tile, weights, width, k, buckets);
  if (k + 3 * lanes == width) return add_weight_columns<3>(tile, weights, width, k, buckets);
  if (k + 2 * lanes == width) return add_weight_columns<2>(tile, weights, width, k, buckets);
  if (k + lanes == width) add_weight_columns<1>(tile, weights, width, k, buckets);
}

/// One vector of the lines of every symbol of a group, column by column.
void Fold(double* lines, size_t n_levels, size_t rest, size_t width, double* levels) {
  const LineTag<double> d;
  for (size_t k = 0; k < width; k += hn::Lanes(d)) {
    double* at = lines + k;
    auto sum = hn::Zero(d);
    for (size_t s = 0; s < rest; ++s) sum = hn::Add(sum, hn::LoadU(d, at + s * width));
    hn::StoreU(sum, d, levels + k);
    for (size_t level = 1; level < n_levels; ++level) {
      sum = hn::Zero(d);
      for (size_t s = 0; s < rest; ++s) {
        double* from = at + (level * rest + s) * width;
        const auto value = hn::LoadU(d, from);
        sum = hn::Add(sum, value);
        hn::StoreU(hn::Add(hn::LoadU(d, at + s * width), value), d, at + s * width);
        hn::StoreU(hn::Zero(d), d, from);
      }
      hn::StoreU(sum, d, levels + level * width + k);
    }
  }
}

template <class T>
void ToComponents(const T* HWY_RESTRICT sums, size_t width, size_t n_rows, const double* constant, size_t n_components,
                  double* HWY_RESTRICT joint, size_t pitch) {
  const size_t padded = (n_rows + 15) / 16 * 16;
  for (size_t k = 0; k < n_components; ++k) {
    const double c = constant[k];
    double* HWY_RESTRICT out = joint + k * pitch;
    for (size_t r = 0; r < n_rows; ++r) out[r] = c + static_cast<double>(sums[r * width + k]);
    for (size_t r = n_rows; r < padded; ++r) out[r] = c;
  }
}

void ToRows(const double* HWY_RESTRICT joint, size_t pitch, size_t n_components, size_t n_rows,
            double* HWY_RESTRICT rows, size_t width) {
  for (size_t r = 0; r < n_rows; ++r) {
    for (size_t k = 0; k < n_components; ++k) rows[r * width + k] = joint[k * pitch + r];
    for (size_t k = n_components; k < width; ++k) rows[r * width + k] = 0;
  }
}

void AddUpF32(const SymbolTile& tile, const float* table, size_t width, float* sums) {
  AddUp(tile, table, width, sums);
}
void AddUpF64(const SymbolTile& tile, const double* table, size_t width, double* sums) {
  AddUp(tile, table, width, sums);
}
void ToComponentsF32(const float* sums, size_t width, size_t n_rows, const double* constant, size_t n, double* joint,
                     size_t pitch) {
  ToComponents(sums, width, n_rows, constant, n, joint, pitch);
}
void ToComponentsF64(const double* sums, size_t width, size_t n_rows, const double* constant, size_t n, double* joint,
                     size_t pitch) {
  ToComponents(sums, width, n_rows, constant, n, joint, pitch);
}

}  // namespace shoal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shoal {

HWY_EXPORT(AddUpF32);
HWY_EXPORT(AddUpF64);
HWY_EXPORT(AddTo);
HWY_EXPORT(Fold);
HWY_EXPORT(ToComponentsF32);
HWY_EXPORT(ToComponentsF64);
HWY_EXPORT(ToRows);

template <>
void add_up_lines(const SymbolTile& tile, const float* table, std::size_t width, float* sums) {
  HWY_DYNAMIC_DISPATCH(AddUpF32)(tile, table, width, sums);
}

template <>
void add_up_lines(const SymbolTile& tile, const double* table, std::size_t width, double* sums) {
  HWY_DYNAMIC_DISPATCH(AddUpF64)(tile, table, width, sums);
}

void add_to_lines(const SymbolTile& tile, const double* weights, std::size_t width, double* buckets) {
  HWY_DYNAMIC_DISPATCH(AddTo)(tile, weights, width, buckets);
}

void fold_lines(double* lines, std::size_t n_levels, std::size_t rest, std::size_t width, double* levels) {
  HWY_DYNAMIC_DISPATCH(Fold)(lines, n_levels, rest, width, levels);
}

template <>
void to_components(const float* sums, std::size_t width, std::size_t n_rows, std::span<const double> constant,
                   double* joint, std::size_t pitch) {
  auto* const turn = &HWY_DYNAMIC_DISPATCH(ToComponentsF32);
  turn(sums, width, n_rows, constant.data(), constant.size(), joint, pitch);
}

template <>
void to_components(const double* sums, std::size_t width, std::size_t n_rows, std::span<const double> constant,
                   double* joint, std::size_t pitch) {
  auto* const turn = &HWY_DYNAMIC_DISPATCH(ToComponentsF64);
  turn(sums, width, n_rows, constant.data(), constant.size(), joint, pitch);
}

void to_rows(const double* joint, std::size_t pitch, std::size_t n_components, std::size_t n_rows, double* rows,
             std::size_t width) {
  HWY_DYNAMIC_DISPATCH(ToRows)(joint, pitch, n_components, n_rows, rows, width);
}

}  // namespace shoal
#endif
