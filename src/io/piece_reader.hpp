/// Rows of one data set, wherever they lie, as elements.
#pragma once

#include <memory>
#include <span>

#include "io/chunk_index.hpp"
#include "io/filters.hpp"
#include "io/row_parts.hpp"

namespace shoal {

/// Memory of one thread.
using Scratch = FilterBuffers;

class PieceReader {
 public:
  PieceReader() = default;
  PieceReader(const PieceReader&) = delete;
  PieceReader& operator=(const PieceReader&) = delete;
  virtual ~PieceReader() = default;

  /// The rows as elements of info.type to `out`. Several threads may call this. Throws Error(io_failure or bad_data)
  /// naming data set and place.
  virtual void read(const Range& rows, std::byte* out, Scratch& scratch) const = 0;
};

/// `chunks`: the places of the chunks of part.rows, for chunked data sets. Throws Error(no_input) where this host does
/// not see a file.
std::unique_ptr<PieceReader> open_part(const RowPart& part, std::span<const ChunkPlace> chunks);

}  // namespace shoal
