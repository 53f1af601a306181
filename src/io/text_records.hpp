/// Records of a table of text, by libcsv, which knows quoting.
#pragma once

#include <cstddef>
#include <functional>
#include <istream>
#include <string>
#include <vector>

namespace shoal {

struct Record {
  std::size_t line = 0;  ///< in which it begins, from 1
  std::vector<std::string> fields;
};

/// Where and how to read.
struct TextPlace {
  std::string file;  ///< for messages
  char delimiter = ',';
  std::size_t first_line = 1;  ///< the number of the line at which the stream stands
};

/// Streams records out of a text until `visit` returns false. Lines of white space alone are none. With a blank as the
/// delimiter any number of blanks is one. Throws Error: bad_data naming the line (a quote that is left open or stands
/// amid a field, a byte 0, a field beyond 16 MiB), io_failure.
void read_records(std::istream& stream, const TextPlace& place, const std::function<bool(const Record&)>& visit);

}  // namespace shoal
