/// Rows of one data set, wherever they lie, as elements.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/chunk_index.hpp"
#include "io/filters.hpp"
#include "io/row_parts.hpp"

namespace shoal {

/// Memory of one thread.
struct Scratch : FilterBuffers {
  std::vector<std::byte> source, column;  ///< rows of a source as they are read; elements of some of its columns
};

/// A file of data sets, open on this host.
class SourceFile;

/// Each file once, however many data sets lie in it.
class OpenFiles {
 public:
  OpenFiles();
  OpenFiles(const OpenFiles&) = delete;
  OpenFiles& operator=(const OpenFiles&) = delete;
  ~OpenFiles();

  /// Throws Error(no_input) where this host does not see it.
  const SourceFile& open(const std::string& name);

 private:
  std::map<std::string, std::unique_ptr<const SourceFile>> files_;
};

class PieceReader {
 public:
  PieceReader() = default;
  PieceReader(const PieceReader&) = delete;
  PieceReader& operator=(const PieceReader&) = delete;
  virtual ~PieceReader() = default;

  /// The rows as elements of info.type to `out`. Several threads may call this, unless in_order. Throws
  /// Error(io_failure or bad_data) naming data set and place.
  virtual void read(const Range& rows, std::byte* out, Scratch& scratch) const = 0;

  /// Whether each_slice's pieces must be read one after the other.
  [[nodiscard]] virtual bool in_order() const { return false; }
};

/// For slices of `height` rows. `chunks`: the places of the chunks of part.rows, for chunked data sets, source after
/// source; `memory`: what a process that reads for this one may take. `files` must outlive the reader. Throws
/// Error(no_input) where this host does not see a file.
std::unique_ptr<PieceReader> open_part(const RowPart& part, std::span<const ChunkPlace> chunks, std::int64_t height,
                                       std::uint64_t memory, OpenFiles& files);

/// Of stored rows that are neither assembled nor for HDF5 alone; `rows`: those that `chunks` hold; what is not among
/// `columns` may be left as it is.
std::unique_ptr<PieceReader> open_stored(const DatasetInfo& info, const Range& rows, const Range& columns,
                                         std::span<const ChunkPlace> chunks, OpenFiles& files);

}  // namespace shoal
