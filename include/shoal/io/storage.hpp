/// Where and how the numbers of a data set lie in its files, as HDF5's headers tell it: what a rank needs to know to
/// read its rows without HDF5.
#pragma once

#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace shoal {

/// The types in which numbers leave the reader.
enum class ElementType { float32, float64, int8, int16, int32, int64, uint8, uint16, uint32, uint64, boolean };
std::string to_string(ElementType type);
std::size_t size_of(ElementType type);

/// One number as it is stored: `precision` bits from bit `bit_offset` (counted from the lowest) of `size` bytes.
struct StoredNumber {
  bool is_float = false;  ///< IEEE 754 of 2, 4 or 8 bytes
  bool is_signed = false;
  bool big_endian = false;
  std::uint32_t size = 8;
  std::uint32_t bit_offset = 0;
  std::uint32_t precision = 64;
  std::string name;  ///< for people: "float16", "int32", "boolean"

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& is_float& is_signed& big_endian& size& bit_offset& precision& name;
  }
};

/// How elements lie in memory.
StoredNumber native_number(ElementType type);

/// One step of what a chunk went through when it was written.
struct Filter {
  int id = 0;
  std::string name;
  std::vector<std::uint32_t> values;  ///< its parameters

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& id& name& values;
  }
};

/// A run of bytes of a file.
struct Extent {
  std::string file;
  std::uint64_t first = 0;
  std::uint64_t bytes = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& file& first& bytes;
  }
};

/// Contiguous: the extents, one after the other (several where the numbers lie outside of the HDF5 file); none: never
/// written. Compact: within the headers. Chunked: in `extents[0].file`, by filters that undo_filters knows. Other:
/// virtual, or behind another filter; only HDF5 can read these.
enum class Layout { contiguous, compact, chunked, other };

/// Of chunks, beside those that are read, where rows that lie far apart share them: a rank keeps no more.
inline constexpr std::uint64_t most_kept_bytes = std::uint64_t{1} << 28U;

struct Storage {
  Layout layout = Layout::contiguous;
  StoredNumber number;
  std::vector<Extent> extents;
  std::string compact;          ///< the bytes themselves
  std::string fill;             ///< an element, in its ElementType: what was never written holds this
  std::int64_t chunk_rows = 0;  ///< 0: not in chunks
  std::int64_t chunk_columns = 1;
  std::vector<Filter> filters;       ///< in the order in which they were applied
  std::vector<std::string> sources;  ///< every file that HDF5 opened to find the numbers
  std::uint64_t cache_bytes = 0;   ///< of chunks that HDF5 keeps, where it must read: rows beside each other share them
  bool whole_chunks_only = false;  ///< chunks across the edge of the data set went through no filter

  [[nodiscard]] std::uint64_t chunk_bytes() const {
    return static_cast<std::uint64_t>(chunk_rows) * static_cast<std::uint64_t>(chunk_columns) * number.size;
  }

  template <class Archive>
  void serialize(Archive& archive, unsigned /*version*/) {
    archive& layout& number& extents& compact& fill& chunk_rows& chunk_columns& filters& sources& cache_bytes&
        whole_chunks_only;
  }
};

/// "contiguous", "chunks of 100 x 3, deflate", ...
std::string to_string(const Storage& storage);

/// Where a chunk lies; never written: `bytes` is 0 and `address` unwritten_chunk.
struct ChunkPlace {
  std::uint64_t address = 0;
  std::uint32_t bytes = 0;
  std::uint32_t filter_mask = 0;  ///< bit f: filter f was left out
};
inline constexpr std::uint64_t unwritten_chunk = ~std::uint64_t{0};

}  // namespace shoal
