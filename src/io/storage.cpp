#include "shoal/io/storage.hpp"

#include <fmt/format.h>

#include <array>

#include "io/filters.hpp"

namespace shoal {

std::string to_string(ElementType type) {
  return std::array{"float32", "float64", "int8",   "int16",  "int32",  "int64",
                    "uint8",   "uint16",  "uint32", "uint64", "boolean"}
      .at(static_cast<std::size_t>(type));
}

std::size_t size_of(ElementType type) {
  return std::array<std::size_t, 11>{4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 1}.at(static_cast<std::size_t>(type));
}

StoredNumber native_number(ElementType type) {
  const auto size = static_cast<std::uint32_t>(size_of(type));
  const bool is_float = type == ElementType::float32 || type == ElementType::float64;
  return {is_float, !to_string(type).starts_with('u'), false, size, 0, 8 * size, to_string(type)};
}

std::string to_string(const Storage& storage) {
  std::string text;
  if (storage.layout == Layout::compact) text = "compact";
  if (storage.layout == Layout::contiguous) text = storage.extents.empty() ? "not written" : "contiguous";
  if (storage.layout == Layout::other && storage.chunk_rows == 0)
    text = storage.cache_bytes > 0                                          ? "chunks"
           : !storage.extents.empty() && storage.extents.front().bytes == 0 ? "virtual"
                                                                            : "contiguous";
  if (storage.chunk_rows > 0) text = fmt::format("chunks of {} x {}", storage.chunk_rows, storage.chunk_columns);
  for (const Filter& filter : storage.filters) text += ", " + describe_filter(filter.id, filter.name);
  return text;
}

}  // namespace shoal
