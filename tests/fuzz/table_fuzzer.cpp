// libFuzzer on tables of text and NPY files: read twice, as `shoal convert` does.
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "shoal/core/error.hpp"
#include "shoal/io/table_source.hpp"

namespace {

std::size_t count_rows(shoal::TableSource& table) {
  const shoal::TableHead& head = table.head();
  const std::size_t n_texts = head.categorical.size() + (head.has_ids ? 1 : 0) + (head.has_labels ? 1 : 0);
  std::size_t rows = 0;
  table.for_each_row([&](const shoal::TableRow& row) {
    if (row.values.size() != head.n_features || row.texts.size() != n_texts) __builtin_trap();
    for (const double value : row.values)
      if (std::isinf(value)) __builtin_trap();
    ++rows;
  });
  return rows;
}

void read(const std::string& name, const shoal::TableOptions& options) {
  try {
    const auto table = shoal::open_table(name, options);
    if (count_rows(*table) != count_rows(*table)) __builtin_trap();
  } catch (const shoal::Error& error) {
    if (error.code() != shoal::ExitCode::bad_data && error.code() != shoal::ExitCode::usage) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const int file = memfd_create("table", 0);
  if (write(file, data + 1, size - 1) != static_cast<ssize_t>(size - 1)) __builtin_trap();
  const std::string name = "/proc/self/fd/" + std::to_string(file);
  shoal::TableOptions options;
  auto choose = [rest = static_cast<unsigned>(data[0])](std::initializer_list<const char*> values) mutable {
    const char* const chosen = values.begin()[rest % values.size()];
    rest /= static_cast<unsigned>(values.size());
    return std::string(chosen);
  };
  options.header = choose({"auto", "yes", "no"});
  options.delimiter = choose({"auto", ";", " "});
  options.label_column = choose({"", "0", "y"});
  options.categorical = choose({"", "all", "1"});
  options.columns = choose({"", "^0", "2,0:2"});
  read(name, options);
  close(file);
  return 0;
}
