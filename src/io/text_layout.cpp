#include "io/text_layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <sstream>
#include <string_view>

#include "io/cell.hpp"
#include "io/foreign_kind.hpp"
#include "shoal/core/error.hpp"

namespace shoal {
namespace {

constexpr std::size_t head_bytes = std::size_t{1} << 20U;
constexpr std::size_t sample_records = 200;

std::string head_of(const RereadableFile& file, std::size_t most) {
  std::ifstream stream = file.open();
  std::string head(most, '\0');
  stream.read(head.data(), static_cast<std::streamsize>(most));
  head.resize(static_cast<std::size_t>(stream.gcount()));
  return head;
}

/// What --delimiter says; nothing (0) where it is to be found.
char wanted_delimiter(const std::string& text) {
  if (text == "auto") return '\0';
  if (text == "tab" || text == "\\t") return '\t';
  if (text == "space") return ' ';
  const auto character = text.size() == 1 ? static_cast<unsigned char>(text[0]) : 0U;
  const bool possible = character == '\t' || (character >= ' ' && character < 0x7F && std::isalnum(character) == 0 &&
                                              std::string_view("\"+-.").find(text[0]) == std::string_view::npos);
  if (!possible)
    throw Error(ExitCode::usage,
                fmt::format("--delimiter {}: must be one character that no number contains, tab, space or auto", text));
  return text[0];
}

bool is_named_tsv(std::string name) {
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name.ends_with(".tsv") || name.ends_with(".tab");
}

/// The first records, up to where they make no sense or the text is cut off.
std::vector<Record> first_records(std::istream& stream, const TextPlace& place, std::size_t most) {
  std::vector<Record> records;
  std::size_t bytes = 0;
  try {
    read_records(stream, place, [&](const Record& record) {
      records.push_back(record);
      for (const std::string& field : record.fields) bytes += field.size() + 1;
      return records.size() < most && bytes < head_bytes;
    });
  } catch (const Error& error) {
    if (error.code() != ExitCode::bad_data || records.empty()) throw;  // the reading of all records tells it
  }
  return records;
}

std::vector<Record> first_records(std::string_view text, const TextPlace& place, std::size_t most) {
  std::istringstream stream{std::string(text)};
  try {
    return first_records(stream, place, most);
  } catch (const Error&) {  // not with this delimiter
    return {};
  }
}

/// How well a delimiter explains records: the share of those that have the most frequent number of fields, times a
/// little more than the share of cells below the first line that are numbers. 0: not at all.
double fitness(const std::vector<Record>& records, char delimiter) {
  std::map<std::size_t, std::size_t> counts;
  for (const Record& record : records) ++counts[record.fields.size()];
  if (counts.empty()) return 0;
  const auto most = std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; });
  if (most->first < 2) return 0;
  double cells = 0, numbers = 0;
  for (std::size_t r = records.size() > 1 ? 1 : 0; r < records.size(); ++r)
    for (const std::string& field : records[r].fields) cells += 1, numbers += is_like_number(field) ? 1 : 0;
  const double share = numbers / cells;
  if (delimiter == ' ' && share < 0.5) return 0;  // words of a text
  return static_cast<double>(most->second) / static_cast<double>(records.size()) * (0.1 + share);
}

char find_delimiter(std::string_view text, TextPlace place) {
  char best = ',';
  double best_fitness = 0;
  for (const char candidate : {',', '\t', ';', '|', ' '}) {
    place.delimiter = candidate;
    const double found = fitness(first_records(text, place, sample_records), candidate);
    if (found > best_fitness) best = candidate, best_fitness = found;
  }
  return best;
}

/// Goes through the lines before the table.
class Preamble {
 public:
  Preamble(std::string_view head, TextLayout& layout) : head_(head), layout_(layout) {
    constexpr std::string_view mark = "\xef\xbb\xbf";
    if (head_.starts_with(mark)) layout_.start = mark.size();
    skip_sep_line();
    while (layout_.start < head_.size()) {
      const std::string_view text = line();
      if (text.starts_with('#'))
        comment_ = layout_.start, comment_line_ = layout_.first_line, ++layout_.comments;
      else if (!trimmed(text).empty())
        break;
      next();
    }
  }

  /// Takes the last comment as names where it has as many fields as the first record, and that one alone has numbers.
  void look_for_names(const std::string& file) {
    if (layout_.comments == 0) return;
    const std::uint64_t begin = std::min<std::uint64_t>(head_.find_first_not_of("# \t", comment_), head_.size());
    const auto records = first_records(head_.substr(begin), {file, layout_.delimiter, comment_line_}, 2);
    const auto has_numbers = [](const Record& record) {
      return std::ranges::any_of(record.fields, [](const auto& field) { return is_like_number(field); });
    };
    if (records.size() < 2 || records[0].fields.size() != records[1].fields.size() || records[0].fields.size() < 2 ||
        has_numbers(records[0]) || !has_numbers(records[1]))
      return;
    layout_.start = begin;
    layout_.first_line = comment_line_;
    layout_.names_in_comment = true;
    --layout_.comments;
  }

 private:
  [[nodiscard]] std::string_view line() const {
    return head_.substr(layout_.start, head_.find_first_of("\r\n", layout_.start) - layout_.start);
  }

  void next() {
    layout_.start += line().size();
    if (head_.substr(layout_.start, 2) == "\r\n") ++layout_.start;
    layout_.start = std::min<std::uint64_t>(layout_.start + 1, head_.size());
    ++layout_.first_line;
  }

  /// A first line by which Excel is told the delimiter.
  void skip_sep_line() {
    const std::string_view text = line();
    if (!text.starts_with("sep=") || text.size() != 5) return;
    layout_.delimiter = text[4];
    next();
  }

  std::string_view head_;
  TextLayout& layout_;
  std::uint64_t comment_ = 0;
  std::size_t comment_line_ = 1;
};

}  // namespace

std::string first_bytes(const RereadableFile& file) {
  std::string bytes = head_of(file, kind_bytes);
  const std::string kind = foreign_kind(file.name(), bytes);
  if (!kind.empty()) throw Error(ExitCode::bad_data, fmt::format("{}: {}", file.name(), kind));
  return bytes;
}

TextLayout find_layout(const RereadableFile& file, const TableOptions& options) {
  const char wanted = wanted_delimiter(options.delimiter);
  const std::string head = head_of(file, head_bytes);
  TextLayout layout;
  layout.delimiter = '\0';
  Preamble preamble(head, layout);
  if (wanted != '\0') layout.delimiter = wanted;
  if (layout.delimiter == '\0' && is_named_tsv(file.name())) layout.delimiter = '\t';
  if (layout.delimiter == '\0') {
    const std::string_view text = std::string_view(head).substr(layout.start);
    layout.delimiter = find_delimiter(text, {file.name(), ',', layout.first_line});
    layout.delimiter_found = true;
  }
  if (options.header != "no") preamble.look_for_names(file.name());
  std::ifstream stream = file.open();  // a record may be longer than the head
  stream.seekg(static_cast<std::streamoff>(layout.start));
  layout.sample = first_records(stream, {file.name(), layout.delimiter, layout.first_line}, sample_records);
  return layout;
}

}  // namespace shoal
