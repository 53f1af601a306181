// Tables of text: CSV, and others of its kind.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <limits>

#include "io/cell.hpp"
#include "io/table_columns.hpp"
#include "io/table_files.hpp"
#include "io/text_layout.hpp"
#include "io/text_records.hpp"
#include "shoal/core/error.hpp"
#include "shoal/core/utf8.hpp"

namespace shoal {
namespace {

/// Names for a note, not all where there are many.
std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t most = 8;
  const std::size_t n = std::min(names.size(), most);
  return fmt::format("{}{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(n), ", "),
                     n < names.size() ? ", ..." : "");
}

/// A header that pandas wrote of a frame whose columns have no names: an empty cell, then 0, 1, 2, ...
bool is_frame_header(const std::vector<Record>& sample) {
  const std::vector<std::string>& first = sample[0].fields;
  if (first.size() < 2 || !trimmed(first[0]).empty()) return false;
  for (std::size_t j = 1; j < first.size(); ++j)
    if (trimmed(first[j]) != std::to_string(j - 1)) return false;
  return first.size() > 2 || (sample.size() > 1 && trimmed(sample[1].fields[0]) == "0");
}

/// Of texts alone: names do not occur in their own columns, but many levels do.
bool has_repeated_cell(const std::vector<Record>& sample, const std::vector<std::size_t>& columns) {
  for (const std::size_t column : columns) {
    const std::string_view first = trimmed(sample[0].fields[column]);
    const auto repeats = [&](const Record& record) {
      return column < record.fields.size() && trimmed(record.fields[column]) == first;
    };
    if (!first.empty() && std::any_of(sample.begin() + 1, sample.end(), repeats)) return true;
  }
  return false;
}

/// Numbers below a text: the text is their name.
bool has_numbers_below_text(const std::vector<Record>& sample, std::size_t column) {
  const auto is_number = [&](const Record& record) {
    return column < record.fields.size() && is_like_number(record.fields[column]);
  };
  return sample.size() > 1 && !is_number(sample[0]) && std::all_of(sample.begin() + 1, sample.end(), is_number);
}

bool looks_like_names(const std::vector<Record>& sample, const TableColumns& columns) {
  for (const std::optional<std::size_t>& column : {columns.id, columns.label})
    if (column && has_numbers_below_text(sample, *column)) return true;
  if (columns.all_categorical()) return !has_repeated_cell(sample, columns.features);
  for (std::size_t j = 0; j < columns.features.size(); ++j)
    if (!columns.categorical[j] && !is_like_number(sample[0].fields[columns.features[j]])) return true;
  return is_frame_header(sample);
}

class TextSource final : public TableSource {
 public:
  TextSource(RereadableFile file, const TableOptions& options)
      : file_(std::move(file)), layout_(find_layout(file_, options)) {
    if (layout_.sample.empty())
      throw Error(ExitCode::bad_data, fmt::format("{}: is empty; a table has at least one row", file_.name()));
    n_fields_ = layout_.sample[0].fields.size();
    find_header(options);
    columns_ = plan_columns(options, n_fields_, names_, file_.name());
    drop_empty_column(options);
    describe();
    note(options);
  }

  void for_each_row(const Visit& visit) override {
    std::ifstream stream = file_.open();
    stream.seekg(static_cast<std::streamoff>(layout_.start));
    std::vector<double> values(head_.n_features);
    std::vector<std::string_view> texts;
    bool first = true;
    read_records(stream, {file_.name(), layout_.delimiter, layout_.first_line}, [&](const Record& record) {
      if (!std::exchange(first, false) || !has_header_) {
        parse(record, values, texts);
        visit({values, texts});
      }
      return true;
    });
  }

  [[nodiscard]] const TableHead& head() const override { return head_; }

 private:
  void find_header(const TableOptions& options) {
    has_header_ = options.header == "yes" || layout_.names_in_comment;
    if (options.header == "auto" && !has_header_)
      has_header_ = gives_names(options, n_fields_) ||
                    looks_like_names(layout_.sample, plan_columns(options, n_fields_, {}, file_.name()));
    if (!has_header_) return;
    for (const std::string& field : layout_.sample[0].fields) names_.emplace_back(trimmed(field));
    for (std::size_t column = 0; column < n_fields_; ++column) require_utf8(layout_.sample[0], column);
  }

  /// Rows that end with a delimiter have one field more than they mean.
  void drop_empty_column(const TableOptions& options) {
    const std::size_t last = n_fields_ - 1;
    const bool is_last = n_fields_ > 1 && !columns_.features.empty() && columns_.features.back() == last;
    if (!is_last || !options.columns.empty() || (has_header_ && !names_[last].empty())) return;
    for (std::size_t r = has_header_ ? 1 : 0; r < layout_.sample.size(); ++r) {
      const std::vector<std::string>& fields = layout_.sample[r].fields;
      if (fields.size() == n_fields_ && !trimmed(fields[last]).empty()) return;
    }
    columns_.features.pop_back();
    columns_.categorical.pop_back();
    empty_column_ = last;
  }

  void describe() {
    head_.n_features = columns_.features.size();
    head_.has_ids = columns_.id.has_value();
    head_.has_labels = columns_.label.has_value();
    for (std::size_t j = 0; j < columns_.features.size(); ++j)
      if (columns_.categorical[j]) head_.categorical.push_back(j);
    if (!has_header_) return;
    const std::vector<std::string> all = distinct_names(names_, renamed_);
    for (const std::size_t column : columns_.features) head_.names.push_back(all[column]);
  }

  void note(const TableOptions& options) {
    const auto add = [&](const std::string& text) { head_.notes.push_back(fmt::format("{}: {}", file_.name(), text)); };
    if (layout_.delimiter_found && layout_.delimiter != ',')
      add(fmt::format("its fields are separated by {}", delimiter_name()));
    if (layout_.comments > 0) add(fmt::format("{} comment lines (#) before the table were left out", layout_.comments));
    if (options.header == "auto" && has_header_)
      add(fmt::format("line {} was taken as names ({}); --header no takes it as a row", layout_.sample[0].line,
                      some_of(head_.names)));
    if (options.header == "auto" && !has_header_)
      add(fmt::format("line {} was taken as a row; --header yes takes it as names", layout_.sample[0].line));
    if (has_header_ && names_[0].empty() && !columns_.features.empty() && columns_.features[0] == 0)
      add("the first column has no name; if it numbers the rows, --id-column 0 keeps it out of the features");
    const bool first_alone = renamed_ == 1 && has_header_ && names_[0].empty();
    if (renamed_ > 0 && !first_alone)
      add(fmt::format("{} names were missing or there twice, and were changed", renamed_));
    if (empty_column_) add("its lines end with a delimiter; the empty column behind it was left out");
  }

  [[nodiscard]] std::string delimiter_name() const {
    return layout_.delimiter == '\t'  ? "tabs"
           : layout_.delimiter == ' ' ? "blanks"
                                      : fmt::format("'{}'", layout_.delimiter);
  }

  void parse(const Record& record, std::vector<double>& values, std::vector<std::string_view>& texts) const {
    if (record.fields.size() != n_fields_) fail_ragged(record);
    if (empty_column_ && !trimmed(record.fields[*empty_column_]).empty())
      fail(record, *empty_column_, "has no name and was empty in the first lines; --columns : makes it a feature");
    texts.clear();
    const auto text_of = [&](std::size_t column) {
      require_utf8(record, column);
      return trimmed(record.fields[column]);
    };
    for (std::size_t j = 0; j < columns_.features.size(); ++j) {
      const std::size_t column = columns_.features[j];
      values[j] = columns_.categorical[j] ? std::numeric_limits<double>::quiet_NaN() : number(record, column);
      if (columns_.categorical[j]) texts.push_back(known(text_of(column)));
    }
    if (columns_.id) texts.push_back(text_of(*columns_.id));
    if (columns_.label) texts.push_back(known(text_of(*columns_.label)));
  }

  static std::string_view known(std::string_view text) { return is_missing(text) ? std::string_view() : text; }

  [[nodiscard]] double number(const Record& record, std::size_t column) const {
    const Cell cell = parse_cell(record.fields[column]);
    if (cell.kind == CellKind::infinite)
      fail(record, column,
           fmt::format("\"{}\" is not finite; write NA where a value is missing, or leave the row out",
                       trimmed(record.fields[column])));
    if (cell.kind == CellKind::no_number)
      fail(record, column,
           fmt::format("\"{}\" is not a number; {}", record.fields[column],
                       remedy(record.fields[column], option_name(column))));
    return cell.value;
  }

  void require_utf8(const Record& record, std::size_t column) const {
    if (!is_utf8(record.fields[column]))
      fail(record, column,
           fmt::format("\"{}\" is not UTF-8; convert the file: iconv -f LATIN1 -t UTF-8 {}", record.fields[column],
                       file_.name()));
  }

  /// A column as options take it.
  [[nodiscard]] std::string option_name(std::size_t column) const {
    const bool plain = has_header_ && std::ranges::count(names_, names_[column]) == 1 && !names_[column].empty() &&
                       names_[column].find_first_of(",:^\"' ") == std::string::npos &&
                       !std::isdigit(static_cast<unsigned char>(names_[column][0]));
    return plain ? names_[column] : std::to_string(column);
  }

  [[noreturn]] void fail(const Record& record, std::size_t column, const std::string& why) const {
    const std::string name =
        column < names_.size() && !names_[column].empty() ? fmt::format(" ({})", names_[column]) : "";
    throw Error(ExitCode::bad_data,
                fmt::format("{}: line {}, column {}{}: {}", file_.name(), record.line, column, name, why));
  }

  [[noreturn]] void fail_ragged(const Record& record) const {
    throw Error(ExitCode::bad_data,
                fmt::format("{}: line {} has {} fields, the first (line {}) has {}; {}", file_.name(), record.line,
                            record.fields.size(), layout_.sample[0].line, n_fields_, advice_on(record)));
  }

  [[nodiscard]] std::string advice_on(const Record& ragged) const {
    const bool one_more = ragged.fields.size() == n_fields_ + 1;
    if (ragged.fields[0].starts_with('#')) return "comment lines may stand only before the table";
    if (one_more && trimmed(ragged.fields.back()).empty())
      return "it ends with a delimiter, the first does not: take it away, or give the first one, too";
    const std::string text = fmt::format("is --delimiter right (now: {})?", delimiter_name());
    if (!one_more || !has_header_) return text;
    return text +
           " Are there commas within numbers? R writes no name above its row names: write.table(..., row.names = "
           "FALSE)";
  }

  RereadableFile file_;
  TextLayout layout_;
  std::size_t n_fields_ = 0;
  bool has_header_ = false;
  std::vector<std::string> names_;  ///< of all columns, as they stand there
  std::size_t renamed_ = 0;
  TableColumns columns_;
  std::optional<std::size_t> empty_column_;
  TableHead head_;
};

}  // namespace

std::unique_ptr<TableSource> open_text(RereadableFile file, const TableOptions& options) {
  return std::make_unique<TextSource>(std::move(file), options);
}

std::unique_ptr<TableSource> open_table(const std::string& name, const TableOptions& options) {
  RereadableFile file(name, options.folder);
  const bool is_array = first_bytes(file).starts_with(npy_magic);
  if (is_array || name.ends_with(".npy")) return open_npy(std::move(file), options);
  return open_text(std::move(file), options);
}

}  // namespace shoal
