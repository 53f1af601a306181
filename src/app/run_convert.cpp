#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "app/commands.hpp"
#include "app/terminal.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/io/data_file.hpp"
#include "shoal/io/durable_file.hpp"
#include "shoal/io/table_source.hpp"

namespace shoal::app {
namespace {

/// What a first pass over the table finds.
struct Census {
  std::int64_t n_rows = 0;
  std::int64_t n_missing = 0;
  bool all_integers = true;
  double least = std::numeric_limits<double>::infinity();
  double largest = -std::numeric_limits<double>::infinity();
  std::map<std::string, std::int32_t> labels;  ///< text to number, in sorted order
};

Census count(TableSource& table) {
  Census census;
  table.for_each_row([&](std::span<const double> values, const std::string& label) {
    ++census.n_rows;
    census.labels.emplace(label, 0);
    for (const double value : values) {
      census.n_missing += std::isnan(value) ? 1 : 0;
      census.all_integers = census.all_integers && value == std::floor(value) && std::abs(value) < 0x1p53;
      census.least = std::min(census.least, value);
      census.largest = std::max(census.largest, value);
    }
  });
  std::int32_t next = 0;
  for (auto& [text, number] : census.labels) number = next++;
  return census;
}

ElementType stored_type(const Arguments& arguments, const Census& census) {
  if (arguments.threshold) return ElementType::uint8;
  const std::map<std::string, ElementType> types = {{"float64", ElementType::float64},
                                                    {"float32", ElementType::float32},
                                                    {"uint8", ElementType::uint8},
                                                    {"int32", ElementType::int32},
                                                    {"int64", ElementType::int64}};
  const auto limits = [&](double low, double high) {
    return census.all_integers && census.least >= low && census.largest <= high;
  };
  if (arguments.type == "auto") {
    if (limits(0, 255)) return ElementType::uint8;
    if (limits(-0x1p31, 0x1p31 - 1)) return ElementType::int32;
    return census.all_integers ? ElementType::int64 : ElementType::float64;
  }
  const ElementType type = types.at(arguments.type);
  const double most = std::max(std::abs(census.least), std::abs(census.largest));
  if (type == ElementType::float32 && std::isfinite(most) && most > std::numeric_limits<float>::max())
    throw Error(ExitCode::bad_data,
                fmt::format("--type float32: {} holds {}, which does not fit", arguments.data[0], most));
  const bool fits = type == ElementType::uint8   ? limits(0, 255)
                    : type == ElementType::int32 ? limits(-0x1p31, 0x1p31 - 1)
                                                 : census.all_integers;
  if (type != ElementType::float64 && type != ElementType::float32 && !fits)
    throw Error(ExitCode::bad_data, fmt::format("--type {}: {} holds values that it cannot store (from {} to {}{})",
                                                arguments.type, arguments.data[0], census.least, census.largest,
                                                census.all_integers ? "" : ", not all integers"));
  return type;
}

void convert_rows(TableSource& table, const Census& census, ElementType type, const Arguments& arguments,
                  const OutputFile& output) {
  std::vector<std::string> label_names;
  if (!arguments.label_column.empty())
    for (const auto& [text, number] : census.labels) label_names.push_back(text);
  const DataHead head = {type, census.n_rows, static_cast<std::int64_t>(table.n_columns()), {}, table.names()};
  write_table(output, head, label_names, [&](const AppendRow& append) {
    std::vector<double> row;
    table.for_each_row([&](std::span<const double> values, const std::string& label) {
      row.assign(values.begin(), values.end());
      if (arguments.threshold)
        for (double& value : row) value = value > *arguments.threshold ? 1 : 0;
      append(row, census.labels.at(label));
    });
  });
}

char delimiter_of(const Arguments& arguments) {
  if (arguments.delimiter == "tab" || arguments.delimiter == "\\t" ||
      (arguments.delimiter == "," && arguments.data[0].ends_with(".tsv")))
    return '\t';
  if (arguments.delimiter.size() != 1)
    throw Error(ExitCode::usage, fmt::format("--delimiter {}: must be one character, or tab", arguments.delimiter));
  return arguments.delimiter[0];
}

}  // namespace

void run_convert(const Communicator& comm, const Arguments& arguments) {
  const char delimiter = delimiter_of(arguments);
  require_different_files(comm, {arguments.data[1]}, {arguments.data[0], arguments.config});
  OutputFile output(comm, arguments.data[1], arguments.overwrite);  // before a pipe is read
  std::unique_ptr<TableSource> table;
  Census census;
  ElementType type{};
  on_root(comm, [&] {
    table = open_table(arguments.data[0],
                       {arguments.header, delimiter, arguments.label_column, folder_of(arguments.data[1])});
    census = count(*table);
    if (census.n_rows == 0) throw Error(ExitCode::bad_data, fmt::format("{}: has no rows", arguments.data[0]));
    if (table->n_columns() == 0)
      throw Error(ExitCode::bad_data, fmt::format("{}: has no columns beside the labels", arguments.data[0]));
    if (arguments.threshold && census.n_missing > 0)
      throw Error(ExitCode::bad_data,
                  fmt::format("--threshold: {} holds {} missing values, which are neither above nor below",
                              arguments.data[0], census.n_missing));
    type = stored_type(arguments, census);
  });
  on_root(comm, [&] { convert_rows(*table, census, type, arguments, output); });
  output.commit();
  if (comm.is_root())
    say(comm, arguments,
        fmt::format("wrote {} rows x {} features as {} to {}", census.n_rows, table->n_columns(), to_string(type),
                    printable(arguments.data[1])));
}

}  // namespace shoal::app
