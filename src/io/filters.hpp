/// What a chunk went through when it was written, undone.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "shoal/io/storage.hpp"

namespace shoal {

/// Whether undo_filters can undo this filter on numbers of this kind.
bool can_undo(const Filter& filter, const StoredNumber& number);

/// "deflate", or "filter 32015 (zstd)".
std::string describe_filter(int id, const std::string& stored_name);

/// Memory that a thread keeps from chunk to chunk.
struct FilterBuffers {
  std::vector<std::byte> from, to;
};

/// How many bytes a chunk of `chunk_bytes` may take between filters: they add checksums and headers.
std::size_t most_filtered_bytes(std::size_t chunk_bytes);

/// The bytes of a chunk, from those in `buffers.from` as they are stored; bit f of `mask`: filter f was left out. What
/// comes back lies in `buffers`. Throws Error(bad_data), saying what is wrong, where the bytes cannot come from
/// `chunk_bytes` bytes by these filters.
std::span<const std::byte> undo_filters(const std::vector<Filter>& filters, std::uint32_t mask,
                                        const StoredNumber& number, std::size_t chunk_bytes, FilterBuffers& buffers);

/// Lets HDF5 undo what it cannot by itself: lzf. Not for writing.
void register_filters();

}  // namespace shoal
