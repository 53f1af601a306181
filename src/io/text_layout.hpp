/// How a table of text is laid out, found from its first lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "io/rereadable.hpp"
#include "io/text_records.hpp"
#include "shoal/io/table_source.hpp"

namespace shoal {

struct TextLayout {
  char delimiter = ',';
  bool delimiter_found = false;   ///< from the first lines
  std::uint64_t start = 0;        ///< the byte at which its first record begins, behind a mark of UTF-8 and comments
  std::size_t first_line = 1;     ///< the line of this byte
  std::size_t comments = 0;       ///< lines before it that begin with #
  bool names_in_comment = false;  ///< the first record is such a line, which holds the names
  std::vector<Record> sample;     ///< the first records; none where there are none
};

/// The first bytes of a file. Throws Error(bad_data) where they are neither text nor an array of numpy's.
std::string first_bytes(const RereadableFile& file);

/// Throws Error: usage (no such delimiter), bad_data.
TextLayout find_layout(const RereadableFile& file, const TableOptions& options);

}  // namespace shoal
