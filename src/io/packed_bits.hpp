/// HDF5's filters nbit and scaleoffset: numbers as so many bits each, the highest first, side by side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "shoal/io/storage.hpp"

namespace shoal {

/// Whether the filter's parameters speak of single numbers of `size` bytes (not of arrays or compounds).
bool is_simple_nbit(const std::vector<std::uint32_t>& values, std::uint32_t size);

/// Whether they speak of integers like `number`.
bool is_simple_scale_offset(const std::vector<std::uint32_t>& values, const StoredNumber& number);

/// Both require parameters that are simple. Throw Error(bad_data) where `in` is too short for them.
void undo_nbit(const std::vector<std::uint32_t>& values, std::uint32_t size, std::size_t chunk_bytes,
               const std::vector<std::byte>& in, std::vector<std::byte>& out);
void undo_scale_offset(const std::vector<std::uint32_t>& values, const StoredNumber& number, std::size_t chunk_bytes,
                       const std::vector<std::byte>& in, std::vector<std::byte>& out);

}  // namespace shoal
