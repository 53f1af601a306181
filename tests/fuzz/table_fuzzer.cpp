// libFuzzer on CSV and NPY files: read twice, as `shoal convert` does.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "shoal/core/error.hpp"
#include "shoal/io/table_source.hpp"

namespace {

std::size_t count_rows(shoal::TableSource& table) {
  std::size_t rows = 0;
  table.for_each_row([&](std::span<const double> values, const std::string& /*label*/) {
    if (values.size() != table.n_columns()) __builtin_trap();
    ++rows;
  });
  return rows;
}

template <class Open>
void read(const Open& open) {
  try {
    const auto table = open();
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
  options.header = data[0] % 3 == 0 ? "auto" : data[0] % 3 == 1 ? "yes" : "no";
  options.delimiter = data[0] / 3 % 2 == 0 ? ',' : ';';
  options.label_column = data[0] / 6 % 3 == 0 ? "" : data[0] / 6 % 3 == 1 ? "0" : "y";
  read([&] { return shoal::open_csv(name, options); });
  read([&] { return shoal::open_npy(name); });
  close(file);
  return 0;
}
