// CSV by libcsv, which knows quoting; what the fields mean is decided here.
#include <csv.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <limits>
#include <optional>

#include "io/rereadable.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/table_source.hpp"

namespace shoal {
namespace {

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

bool is_missing_word(const std::string& text) {
  static const std::array<const char*, 8> words = {"", "NA", "N/A", "NaN", "nan", "null", "NULL", "?"};
  return std::find(words.begin(), words.end(), text) != words.end();
}

/// The number a field holds, NaN where it is missing, nothing where it is neither.
std::optional<double> number(const std::string& field) {
  const std::string text = trimmed(field);
  if (is_missing_word(text)) return std::numeric_limits<double>::quiet_NaN();
  const char* first = text.data() + (text[0] == '+' ? 1 : 0);
  double value = 0;
  const auto [end, error] = std::from_chars(first, text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Streams records of fields out of a file.
class RecordReader {
 public:
  using Record = std::vector<std::string>;
  /// `visit` returns false to stop.
  static void read(const RereadableFile& file, char delimiter, const std::function<bool(const Record&)>& visit) {
    std::ifstream stream = file.open();
    csv_parser parser{};
    csv_init(&parser, CSV_APPEND_NULL);
    csv_set_delim(&parser, static_cast<unsigned char>(delimiter));
    State state{visit, {}, false, nullptr};
    std::array<char, 1 << 16> buffer{};
    while (!state.stop && stream.read(buffer.data(), buffer.size()).gcount() > 0) {
      const auto got = static_cast<std::size_t>(stream.gcount());
      if (csv_parse(&parser, buffer.data(), got, field, record, &state) != got) break;
    }
    if (!state.stop) csv_fini(&parser, field, record, &state);
    csv_free(&parser);
    if (state.error) std::rethrow_exception(state.error);
    if (stream.bad()) throw Error(ExitCode::io_failure, fmt::format("{}: reading failed", file.name()));
  }

 private:
  struct State {
    const std::function<bool(const Record&)>& visit;
    Record fields;
    bool stop;
    std::exception_ptr error;
  };
  static void field(void* data, std::size_t length, void* state) {
    static_cast<State*>(state)->fields.emplace_back(static_cast<const char*>(data), length);
  }
  static void record(int /*end*/, void* opaque) {
    auto& state = *static_cast<State*>(opaque);
    if (state.stop) return;
    try {  // no exception may cross the C library
      state.stop = !state.visit(state.fields);
    } catch (...) {
      state.error = std::current_exception();
      state.stop = true;
    }
    state.fields.clear();
  }
};

class CsvSource final : public TableSource {
 public:
  CsvSource(const std::string& file, const TableOptions& options)
      : file_(file), source_(file, options.folder), delimiter_(options.delimiter) {
    RecordReader::Record first;
    RecordReader::read(source_, delimiter_, [&](const RecordReader::Record& record) {
      first = record;
      return false;
    });
    if (first.empty()) throw Error(ExitCode::bad_data, fmt::format("{}: is empty", file_));
    n_fields_ = first.size();
    find_label_column(first, options);
    decide_header(first, options);
    for (std::size_t i = 0; has_header_ && i < first.size(); ++i)
      if (i != label_) names_.push_back(trimmed(first[i]));
  }

  void for_each_row(const Visit& visit) override {
    std::size_t line = 0;
    std::vector<double> values(n_columns());
    std::string label;
    RecordReader::read(source_, delimiter_, [&](const RecordReader::Record& record) {
      ++line;
      if (line == 1 && has_header_) return true;
      if (record.size() == 1 && trimmed(record[0]).empty()) return true;  // an empty line
      parse(record, line, values, label);
      visit(values, label);
      return true;
    });
  }

  [[nodiscard]] std::size_t n_columns() const override { return n_fields_ - (label_ < n_fields_ ? 1 : 0); }
  [[nodiscard]] const std::vector<std::string>& names() const override { return names_; }

 private:
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

  /// By position where it is a number, else by name.
  void find_label_column(const RecordReader::Record& first, const TableOptions& options) {
    const std::string& wanted = options.label_column;
    if (wanted.empty()) return;
    const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), label_);
    if (error != std::errc{} || end != wanted.data() + wanted.size()) {
      const auto named =
          std::find_if(first.begin(), first.end(), [&](const auto& field) { return trimmed(field) == wanted; });
      label_ = static_cast<std::size_t>(named - first.begin());
      named_label_ = true;
    }
    if (label_ >= first.size())
      throw Error(ExitCode::usage, fmt::format("--label-column {}: {} has no such column; its first line has {} fields",
                                               wanted, file_, first.size()));
  }

  void decide_header(const RecordReader::Record& first, const TableOptions& options) {
    has_header_ = options.header == "yes" || named_label_;
    if (options.header != "auto" || has_header_) return;
    for (std::size_t i = 0; i < first.size(); ++i) has_header_ = has_header_ || (i != label_ && !number(first[i]));
  }

  void parse(const RecordReader::Record& record, std::size_t line, std::vector<double>& values,
             std::string& label) const {
    if (record.size() != n_fields_)
      throw Error(ExitCode::bad_data, fmt::format("{}: line {} has {} fields, the first has {}; is --delimiter right?",
                                                  file_, line, record.size(), n_fields_));
    std::size_t next = 0;
    for (std::size_t i = 0; i < record.size(); ++i) {
      if (i == label_) {
        label = trimmed(record[i]);
        continue;
      }
      const auto value = number(record[i]);
      if (!value)
        throw Error(
            ExitCode::bad_data,
            fmt::format("{}: line {}, field {}: \"{}\" is not a number; name a text column with --label-column, or "
                        "number its levels first",
                        file_, line, i, record[i]));
      values[next++] = *value;
    }
  }

  std::string file_;
  RereadableFile source_;
  char delimiter_;
  std::size_t n_fields_ = 0;
  std::size_t label_ = none;
  bool named_label_ = false;
  bool has_header_ = false;
  std::vector<std::string> names_;
};

}  // namespace

std::unique_ptr<TableSource> open_csv(const std::string& file, const TableOptions& options) {
  return std::make_unique<CsvSource>(file, options);
}

std::unique_ptr<TableSource> open_table(const std::string& file, const TableOptions& options) {
  if (file.ends_with(".npy")) return open_npy(file);
  return open_csv(file, options);
}

}  // namespace shoal
