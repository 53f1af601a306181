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

constexpr size_t fields_at_once = 4;

/// Where G fields of a row stand in a table, from column `first` on.
template <class T, size_t G>
struct Lines {
  Lines(const SymbolTile& tile, size_t f, T* table, size_t line_width, size_t first) : width(line_width) {
    for (size_t i = 0; i < G; ++i) {
      symbols[i] = tile.symbols + (f + i) * tile.pitch;
      base[i] = table + tile.fields[f + i].first_line * width + first;
    }
  }
  HWY_INLINE T* line(size_t i, size_t row) const { return base[i] + symbols[i][row] * width; }
  const std::uint16_t* symbols[G];
  T* base[G];
  size_t width;
};

/// V vectors of every line, from column `first` on: G fields share each load and store of the sums.
template <class T, size_t V, size_t G>
HWY_INLINE void add_fields(const SymbolTile& tile, size_t g, const T* table, size_t width, size_t first,
                           T* HWY_RESTRICT sums) {
  const LineTag<T> d;
  const size_t lanes = hn::Lanes(d);
  const Lines<const T, G> lines(tile, g, table, width, first);
  for (size_t r = 0; r < tile.n_rows; ++r) {
    T* out = sums + r * width + first;
    hn::Vec<LineTag<T>> sum[V];
#pragma GCC unroll 4
    for (size_t v = 0; v < V; ++v) sum[v] = hn::LoadU(d, out + v * lanes);
#pragma GCC unroll 4
    for (size_t i = 0; i < G; ++i) {
      const T* line = lines.line(i, r);
#pragma GCC unroll 4
      for (size_t v = 0; v < V; ++v) sum[v] = hn::Add(sum[v], hn::LoadU(d, line + v * lanes));
    }
#pragma GCC unroll 4
    for (size_t v = 0; v < V; ++v) hn::StoreU(sum[v], d, out + v * lanes);
  }
}

template <class T, size_t V>
void add_columns(const SymbolTile& tile, const T* table, size_t width, size_t first, T* sums) {
  size_t g = 0;
  for (; g + fields_at_once <= tile.fields.size(); g += fields_at_once)
    add_fields<T, V, fields_at_once>(tile, g, table, width, first, sums);
  for (; g < tile.fields.size(); ++g) add_fields<T, V, 1>(tile, g, table, width, first, sums);
}

void Unpack(const std::uint8_t* HWY_RESTRICT rows, size_t row_bytes, size_t n, const SymbolField* fields,
            size_t n_fields, std::uint16_t* HWY_RESTRICT symbols, size_t pitch) {
  for (size_t f = 0; f < n_fields; ++f, symbols += pitch) {
    const SymbolField field = fields[f];
    for (size_t r = 0; r < n; ++r) symbols[r] = static_cast<std::uint16_t>(symbol_of(rows + r * row_bytes, field));
  }
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

/// The same backwards. Several fields at once also because a line must not be loaded right after its last store.
template <size_t V, size_t G>
HWY_INLINE void add_weights(const SymbolTile& tile, size_t g, const double* HWY_RESTRICT weights, size_t width,
                            size_t first, double* buckets) {
  const LineTag<double> d;
  const size_t lanes = hn::Lanes(d);
  const Lines<double, G> lines(tile, g, buckets, width, first);
  for (size_t r = 0; r < tile.n_rows; ++r) {
    hn::Vec<LineTag<double>> weight[V];
#pragma GCC unroll 4
    for (size_t v = 0; v < V; ++v) weight[v] = hn::LoadU(d, weights + r * width + first + v * lanes);
#pragma GCC unroll 4
    for (size_t i = 0; i < G; ++i) {
      double* line = lines.line(i, r);
#pragma GCC unroll 4
      for (size_t v = 0; v < V; ++v)
        hn::StoreU(hn::Add(hn::LoadU(d, line + v * lanes), weight[v]), d, line + v * lanes);
    }
  }
}

template <size_t V>
void add_weight_columns(const SymbolTile& tile, const double* weights, size_t width, size_t first, double* buckets) {
  size_t g = 0;
  for (; g + fields_at_once <= tile.fields.size(); g += fields_at_once)
    add_weights<V, fields_at_once>(tile, g, weights, width, first, buckets);
  for (; g < tile.fields.size(); ++g) add_weights<V, 1>(tile, g, weights, width, first, buckets);
}

/// The weights other than zero of up to most_tile_rows rows: at most four a row on average, else none are listed.
struct Entries {
  static constexpr size_t most = 4 * most_tile_rows;
  size_t n = 0;
  std::uint32_t row[most + 1];
  std::uint32_t column[most + 1];
};

/// Lists the weights and returns true if adding them one by one is less work than adding whole lines.
HWY_INLINE bool list_entries(const double* weights, size_t n_rows, size_t width, Entries& entries) {
  const LineTag<double> d;
  const size_t vectors = width / hn::Lanes(d);
  const size_t most = HWY_MIN(n_rows * vectors, 4 * n_rows);
  for (size_t r = 0; r < n_rows; ++r)
    for (size_t v = 0; v < vectors; ++v) {
      const double* w = weights + r * width + v * hn::Lanes(d);
      if (hn::AllTrue(d, hn::Eq(hn::LoadU(d, w), hn::Zero(d)))) continue;
      for (size_t k = 0; k < hn::Lanes(d); ++k) {
        if (w[k] == 0) continue;
        if (entries.n == most) return false;
        entries.row[entries.n] = static_cast<std::uint32_t>(r);
        entries.column[entries.n++] = static_cast<std::uint32_t>(v * hn::Lanes(d) + k);
      }
    }
  return true;
}

template <size_t G>
HWY_INLINE void add_entries(const SymbolTile& tile, size_t g, const Entries& entries, const double* weights,
                            size_t width, double* buckets) {
  const Lines<double, G> lines(tile, g, buckets, width, 0);
  for (size_t e = 0; e < entries.n; ++e) {
    const size_t k = entries.column[e];
    const size_t row = entries.row[e];
    const double weight = weights[row * width + k];
#pragma GCC unroll 4
    for (size_t i = 0; i < G; ++i) lines.line(i, row)[k] += weight;
  }
}

void AddTo(const SymbolTile& tile, const double* weights, size_t width, bool may_be_few, double* buckets) {
  Entries entries;
  if (may_be_few && list_entries(weights, tile.n_rows, width, entries)) {
    size_t g = 0;
    for (; g + fields_at_once <= tile.fields.size(); g += fields_at_once)
      add_entries<fields_at_once>(tile, g, entries, weights, width, buckets);
    for (; g < tile.fields.size(); ++g) add_entries<1>(tile, g, entries, weights, width, buckets);
    return;
  }
  const size_t lanes = hn::Lanes(LineTag<double>());
  size_t k = 0;
  for (; k + 4 * lanes <= width; k += 4 * lanes) add_weight_columns<4>(tile, weights, width, k, buckets);
  if (k + 3 * lanes == width) return add_weight_columns<3>(tile, weights, width, k, buckets);
  if (k + 2 * lanes == width) return add_weight_columns<2>(tile, weights, width, k, buckets);
  if (k + lanes == width) add_weight_columns<1>(tile, weights, width, k, buckets);
}

/// ones_d += weight for the bits that are set.
HWY_INLINE void add_bits(const std::uint8_t* bits, size_t n_bytes, double weight, double* HWY_RESTRICT ones) {
  const hn::CappedTag<double, 8> d;
  constexpr size_t lanes = hn::MaxLanes(d);
  const auto w = hn::Set(d, weight);
  for (size_t byte = 0; byte < n_bytes; ++byte)
    for (size_t j = 0; j < 8; j += lanes, ones += lanes) {
      alignas(8) std::uint8_t some[8] = {};  // as many as LoadMaskBits may read
      some[0] = static_cast<std::uint8_t>(bits[byte] >> j);
      const auto set = hn::LoadMaskBits(d, some);
      hn::StoreU(hn::Add(hn::LoadU(d, ones), hn::IfThenElseZero(set, w)), d, ones);
    }
}

bool AddToBits(const BitRows& rows, const double* weights, size_t pitch, size_t n_components, size_t most, double* ones,
               double* taken) {
  size_t live = 0;
  for (size_t k = 0; k < n_components; ++k)
    for (size_t r = 0; r < rows.n_rows; ++r) live += weights[k * pitch + r] != 0 ? 1 : 0;
  if (live > most) return false;
  for (size_t k = 0; k < n_components; ++k, weights += pitch, ones += 8 * rows.row_bytes)
    for (size_t r = 0; r < rows.n_rows; ++r) {
      if (weights[r] == 0) continue;
      add_bits(rows.first + r * rows.row_bytes, rows.row_bytes, weights[r], ones);
      taken[k] += weights[r];
    }
  return true;
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
HWY_EXPORT(AddToBits);
HWY_EXPORT(Unpack);
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

void add_to_lines(const SymbolTile& tile, const double* weights, std::size_t width, bool may_be_few, double* buckets) {
  HWY_DYNAMIC_DISPATCH(AddTo)(tile, weights, width, may_be_few, buckets);
}

bool add_to_bits(const BitRows& rows, const double* weights, std::size_t pitch, std::size_t n_components,
                 std::size_t most, double* ones, double* taken) {
  return HWY_DYNAMIC_DISPATCH(AddToBits)(rows, weights, pitch, n_components, most, ones, taken);
}

void unpack_symbols(const std::uint8_t* rows, std::size_t row_bytes, std::size_t n, std::span<const SymbolField> fields,
                    std::uint16_t* symbols, std::size_t pitch) {
  HWY_DYNAMIC_DISPATCH(Unpack)(rows, row_bytes, n, fields.data(), fields.size(), symbols, pitch);
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
