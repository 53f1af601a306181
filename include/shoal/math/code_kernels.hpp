/// Tile kernels of mixtures over discrete features. A row is a list of symbols (data/row_coding.hpp), a table holds a
/// line of numbers, one a component, for every symbol; scoring a row adds up its lines ("four Russians", Arlazarov et
/// al. 1970), and the M-step runs the same table backwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace shoal {

/// A level of a discrete feature, 0-based. missing_code marks an entry that is not observed.
using Code = std::uint16_t;
inline constexpr Code missing_code = 0xFFFF;

/// Components of a table line: K rounded up to 32 bytes.
template <class T>
constexpr std::size_t line_width(std::size_t n_components) {
  constexpr std::size_t unit = 32 / sizeof(T);
  return (n_components + unit - 1) / unit * unit;
}

/// The symbols of a tile: symbols[g * pitch + r]; the table lines of group g begin with line starts[g].
struct SymbolTile {
  const std::uint16_t* symbols;
  std::size_t pitch;
  std::size_t n_rows;
  std::span<const std::size_t> starts;  ///< one a group
};

/// sums[r * width + k] = sum over groups, in order, of table[(starts[g] + symbol_gr) * width + k].
template <class T>
void add_up_lines(const SymbolTile& tile, const T* table, std::size_t width, T* sums);

/// buckets[(starts[g] + symbol_gr) * width + k] += weights[r * width + k]. At most most_tile_rows rows; those without
/// weight in a few neighbouring columns are passed over there.
void add_to_lines(const SymbolTile& tile, const double* weights, std::size_t width, double* buckets);

/// Takes the last feature off the symbols of a group: lines[l * rest + s] belongs to its level l. levels[l] = the sum
/// of its lines, lines[s] = the sum over levels for s < rest, zero beyond.
void fold_lines(double* lines, std::size_t n_levels, std::size_t rest, std::size_t width, double* levels);

/// joint[k * pitch + r] = constant[k] + sums[r * width + k] for K components; padding up to the next 16 rows repeats
/// the constants.
template <class T>
void to_components(const T* sums, std::size_t width, std::size_t n_rows, std::span<const double> constant,
                   double* joint, std::size_t pitch);

/// rows[r * width + k] = joint[k * pitch + r] for K components, zeros beyond them.
void to_rows(const double* joint, std::size_t pitch, std::size_t n_components, std::size_t n_rows, double* rows,
             std::size_t width);

}  // namespace shoal
