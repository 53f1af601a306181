#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "app/commands.hpp"
#include "app/table_census.hpp"
#include "app/terminal.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/durable_file.hpp"
#include "shoal/io/table_file.hpp"
#include "shoal/io/table_source.hpp"

namespace shoal::app {
namespace {

/// Throws Error where a type that was asked for cannot hold the values.
void require_fit(ElementType type, const Arguments& arguments, const Census& census) {
  const double most = std::max(std::abs(census.least), std::abs(census.largest));
  if (type == ElementType::float32 && std::isfinite(most) && most > std::numeric_limits<float>::max())
    throw Error(ExitCode::bad_data,
                fmt::format("--type float32: {} holds {}, which does not fit", arguments.data[0], most));
  const bool fits = type == ElementType::uint8   ? census.holds_integers(0, 255)
                    : type == ElementType::int32 ? census.holds_integers(-0x1p31, 0x1p31 - 1)
                                                 : census.all_integers;
  if (type != ElementType::float64 && type != ElementType::float32 && !fits)
    throw Error(
        ExitCode::bad_data,
        fmt::format("--type {}: {} holds values that it cannot store (from {} to {}{}{})", arguments.type,
                    arguments.data[0], census.least, census.largest, census.all_integers ? "" : ", not all integers",
                    census.n_missing > 0 ? fmt::format(", {} missing", census.n_missing) : ""));
}

ElementType stored_type(const Arguments& arguments, const TableHead& head, const Census& census) {
  if (arguments.threshold) return ElementType::uint8;
  const std::map<std::string, ElementType> types = {{"float64", ElementType::float64},
                                                    {"float32", ElementType::float32},
                                                    {"uint8", ElementType::uint8},
                                                    {"int32", ElementType::int32},
                                                    {"int64", ElementType::int64}};
  if (arguments.type == "auto") {
    if (head.type) return *head.type;
    if (census.holds_integers(0, 255)) return ElementType::uint8;
    if (census.holds_integers(-0x1p31, 0x1p31 - 1)) return ElementType::int32;
    return census.all_integers ? ElementType::int64 : ElementType::float64;
  }
  const ElementType type = types.at(arguments.type);
  require_fit(type, arguments, census);
  return type;
}

void require_usable(const Arguments& arguments, const TableHead& head, const Census& census) {
  const std::string& file = arguments.data[0];
  constexpr std::size_t longest_id = 4096;
  if (census.n_rows == 0)
    throw Error(
        ExitCode::bad_data,
        fmt::format("{}: has no rows{}", file,
                    head.names.empty() ? "" : " below the line of names (--header no takes that line as a row)"));
  if (census.ids.longest > longest_id)
    throw Error(ExitCode::bad_data, fmt::format("{}: --id-column {}: an id has {} bytes; at most {} are possible", file,
                                                arguments.table.id_column, census.ids.longest, longest_id));
  if (arguments.threshold && !head.categorical.empty())
    throw Error(ExitCode::usage,
                "--threshold: cannot be combined with --categorical: codes are neither above nor below");
  if (arguments.threshold && census.n_missing > 0)
    throw Error(ExitCode::bad_data,
                fmt::format("--threshold: {} holds {} missing values, which are neither above nor below", file,
                            census.n_missing));
  for (const std::size_t feature : head.categorical) {
    const std::string name = feature_name(head, feature);
    if (name.find('/') != std::string::npos || name == ".")
      throw Error(
          ExitCode::bad_data,
          fmt::format("{}: --categorical: \"{}\" cannot be the name of a data set (/levels/{}); rename the column",
                      file, name, name));
  }
}

DataHead head_of(const TableHead& table, const Census& census, ElementType type) {
  DataHead head{type, census.n_rows, static_cast<std::int64_t>(table.n_features), {}, table.names};
  for (std::size_t i = 0; i < table.categorical.size(); ++i)
    head.level_names.emplace(table.categorical[i], census.levels[i].names());
  if (table.categorical.size() != table.n_features) return head;
  for (const Levels& levels : census.levels)  // one at least: a feature whose values are all missing
    head.levels.push_back(std::max<std::int64_t>(1, static_cast<std::int64_t>(levels.names().size())));
  return head;
}

/// A row as it is written; its numbers are made in `values`.
class RowMaker {
 public:
  RowMaker(const Arguments& arguments, const TableHead& head, const Census& census)
      : arguments_(arguments), head_(head), census_(census) {}

  LabelledRow make(const TableRow& row) {
    values_.assign(row.values.begin(), row.values.end());
    if (arguments_.threshold)
      for (double& value : values_) value = value > *arguments_.threshold ? 1 : 0;
    std::size_t next = 0;
    for (const std::size_t feature : head_.categorical) {
      const std::int32_t code = number(census_.levels[next], row.texts[next]);
      if (code >= 0) values_[feature] = code;
      ++next;
    }
    LabelledRow made{values_, -1, {}};
    if (head_.has_ids) made.id = row.texts[next++];
    if (head_.has_labels) made.label = number(census_.labels, row.texts[next]);
    return made;
  }

 private:
  [[nodiscard]] std::int32_t number(const Levels& levels, std::string_view text) const {
    const std::int32_t found = levels.number_of(text);
    if (found < -1)
      throw Error(ExitCode::io_failure,
                  fmt::format("{}: changed while it was read; convert it again", arguments_.data[0]));
    return found;
  }

  const Arguments& arguments_;
  const TableHead& head_;
  const Census& census_;
  std::vector<double> values_;
};

void convert_rows(TableSource& table, const Census& census, ElementType type, const Arguments& arguments,
                  const OutputFile& output) {
  const TableHead& head = table.head();
  BesideRows beside;
  if (head.has_ids) beside.ids = census.ids;
  if (head.has_labels) beside.label_names = census.labels.names();
  RowMaker maker(arguments, head, census);
  write_table(output, head_of(head, census, type), beside, [&](const AppendRow& append) {
    table.for_each_row([&](const TableRow& row) { append(maker.make(row)); });
  });
}

std::string summary(const Arguments& arguments, const TableHead& head, const Census& census, ElementType type) {
  std::string more;
  if (census.n_missing > 0)
    more += fmt::format(", {} missing {}", census.n_missing, census.n_missing == 1 ? "value" : "values");
  if (census.n_without_label > 0) more += fmt::format(", {} rows without a label (-1)", census.n_without_label);
  return fmt::format("wrote {} rows x {} features as {} to {}{}", census.n_rows, head.n_features, to_string(type),
                     printable(arguments.data[1]), more);
}

}  // namespace

void run_convert(const Communicator& comm, const Arguments& arguments) {
  require_different_files(comm, {arguments.data[1]}, {arguments.data[0], arguments.config});
  OutputFile output(comm, arguments.data[1], arguments.overwrite);  // before a pipe is read
  std::string done;
  on_root(comm, [&] {
    const std::string& file = arguments.data[0];
    TableOptions options = arguments.table;
    options.folder = folder_of(arguments.data[1]);
    const std::unique_ptr<TableSource> table = open_table(file, options);
    const TableHead& head = table->head();
    if (head.n_features == 0)
      throw Error(ExitCode::bad_data, fmt::format("{}: has no columns left to be features", file));
    for (const std::string& note : head.notes) say(comm, arguments, "note: " + one_message(note));
    const Census census = count(*table, file);
    require_usable(arguments, head, census);
    const ElementType type = stored_type(arguments, head, census);
    if (census.n_beyond > 0)
      say(comm, arguments,
          fmt::format("note: {} whole numbers of 2^53 or more are held as the nearest float64; --id-column keeps a "
                      "column of numbers as they are",
                      census.n_beyond));
    convert_rows(*table, census, type, arguments, output);
    done = summary(arguments, head, census, type);
  });
  output.commit();
  say(comm, arguments, done);
}

}  // namespace shoal::app
