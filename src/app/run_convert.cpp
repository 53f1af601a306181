#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "app/commands.hpp"
#include "app/terminal.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/io/durable_file.hpp"
#include "shoal/io/hdf5_file.hpp"
#include "shoal/io/row_writer.hpp"
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

/// Writes rows to an open data set in pieces of bounded size; HDF5 converts to the stored type.
class RowAppender {
 public:
  RowAppender(hid_t dataset, std::size_t n_columns) : dataset_(dataset), n_columns_(n_columns) {}
  void append(std::span<const double> row) {
    buffer_.insert(buffer_.end(), row.begin(), row.end());
    if (buffer_.size() >= (std::size_t{1} << 21U)) flush();
  }
  void flush() {
    const hsize_t n = buffer_.size() / n_columns_;
    if (n == 0) return;
    const hsize_t start[2] = {written_, 0};
    const hsize_t size[2] = {n, n_columns_};
    const Hdf5Handle file_space(H5Dget_space(dataset_), H5Sclose);
    H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, nullptr, size, nullptr);
    const Hdf5Handle memory_space(H5Screate_simple(2, size, nullptr), H5Sclose);
    check_hdf5(H5Dwrite(dataset_, H5T_NATIVE_DOUBLE, memory_space, file_space, H5P_DEFAULT, buffer_.data()),
               "writing failed; is the disk full?");
    written_ += n;
    buffer_.clear();
  }

 private:
  hid_t dataset_;
  std::size_t n_columns_;
  hsize_t written_ = 0;
  std::vector<double> buffer_;
};

void write_labels(hid_t file, const std::vector<std::int32_t>& labels, const Census& census) {
  const hsize_t size = labels.size();
  const Hdf5Handle space(H5Screate_simple(1, &size, nullptr), H5Sclose);
  const Hdf5Handle dataset =
      hold(H5Dcreate2(file, "/labels", H5T_NATIVE_INT32, space, H5P_DEFAULT, plain_dataset(), H5P_DEFAULT), H5Dclose,
           ExitCode::io_failure, "/labels could not be written; is the disk full?");
  check_hdf5(H5Dwrite(dataset, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, labels.data()),
             "writing failed; is the disk full?");
  std::vector<std::string> names;
  for (const auto& [text, number] : census.labels) names.push_back(text);
  write_attribute(dataset, "label_names", names);
}

void write_table(TableSource& table, const Census& census, ElementType type, const Arguments& arguments,
                 const OutputFile& output) {
  const auto bytes =
      static_cast<std::int64_t>(table.n_columns() * size_of(type) + sizeof(std::int32_t)) * census.n_rows + 65536;
  Hdf5Handle file = output.create(bytes);
  const hsize_t size[2] = {static_cast<hsize_t>(census.n_rows), table.n_columns()};
  const Hdf5Handle space(H5Screate_simple(2, size, nullptr), H5Sclose);
  Hdf5Handle dataset = hold(H5Dcreate2(file, "/X", native_type(type), space, H5P_DEFAULT, plain_dataset(), H5P_DEFAULT),
                            H5Dclose, ExitCode::io_failure, "/X could not be written; is the disk full?");
  RowAppender appender(dataset, table.n_columns());
  std::vector<std::int32_t> labels;
  std::vector<double> row;
  table.for_each_row([&](std::span<const double> values, const std::string& label) {
    row.assign(values.begin(), values.end());
    if (arguments.threshold)
      for (double& value : row) value = value > *arguments.threshold ? 1 : 0;
    appender.append(row);
    if (!arguments.label_column.empty()) labels.push_back(census.labels.at(label));
  });
  appender.flush();
  if (!table.names().empty()) write_attribute(dataset, "feature_names", table.names());
  if (!labels.empty()) write_labels(file, labels, census);
  dataset.close(arguments.data[1]);
  file.close(arguments.data[1]);
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
  on_root(comm, [&] { write_table(*table, census, type, arguments, output); });
  output.commit();
  if (comm.is_root())
    say(comm, arguments,
        fmt::format("wrote {} rows x {} features as {} to {}", census.n_rows, table->n_columns(), to_string(type),
                    printable(arguments.data[1])));
}

}  // namespace shoal::app
