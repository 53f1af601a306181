/// Tile kernels of mixtures over discrete features. A row is a list of symbols (data/row_coding.hpp), a table holds a
/// line of numbers, one per component, for every symbol; scoring a row adds up its lines ("four Russians", Arlazarov et
/// al. 1970), and the M-step runs the same table backwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
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

/// Where a symbol stands in a row, and its first table line: ((32 bits from `byte` on) >> shift) & mask.
struct SymbolField {
  std::uint32_t byte;
  std::uint32_t shift;
  std::uint32_t mask;
  std::uint32_t first_line;
};

/// The number of the line of field `f` in a row, counted from its first; four bytes from a field on must be readable,
/// at most four beyond the row.
inline std::uint32_t symbol_of(const std::uint8_t* row, const SymbolField& f) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, row + f.byte, sizeof bits);
  return (bits >> f.shift) & f.mask;
}

/// The symbols of a tile: symbols[f * pitch + r].
struct SymbolTile {
  const std::uint16_t* symbols;
  std::size_t pitch;
  std::size_t n_rows;
  std::span<const SymbolField> fields;
};

/// symbols[f * pitch + r] = symbol_of row r, for n rows of row_bytes.
void unpack_symbols(const std::uint8_t* rows, std::size_t row_bytes, std::size_t n, std::span<const SymbolField> fields,
                    std::uint16_t* symbols, std::size_t pitch);

/// sums[r * width + k] = sum over fields, in order, of table[line * width + k].
template <class T>
void add_up_lines(const SymbolTile& tile, const T* table, std::size_t width, T* sums);

/// buckets[line * width + k] += weights[r * width + k] for every row and field. At most most_tile_rows rows. With
/// `may_be_few`, where few weights are other than zero only those are added.
void add_to_lines(const SymbolTile& tile, const double* weights, std::size_t width, bool may_be_few, double* buckets);

/// Rows of bits, eight features to a byte, the first one lowest.
struct BitRows {
  const std::uint8_t* first;
  std::size_t row_bytes;
  std::size_t n_rows;
};

/// Adds for each component k and row r with weights[k * pitch + r] other than zero that weight to ones[k * width + d]
/// for the bits d that are set, and to taken[k]; width: 8 row_bytes. Does nothing and returns false where there are
/// more than `most` such weights.
bool add_to_bits(const BitRows& rows, const double* weights, std::size_t pitch, std::size_t n_components,
                 std::size_t most, double* ones, double* taken);

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
