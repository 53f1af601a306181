#include "io/text_records.hpp"

#include <csv.h>
#include <fmt/format.h>

#include <array>
#include <exception>
#include <new>
#include <string_view>

#include "shoal/core/error.hpp"

namespace shoal {
namespace {

/// What is longer comes of a quote that was left open.
constexpr std::size_t most_field_bytes = std::size_t{1} << 24U;

class RecordParser {
 public:
  RecordParser(const TextPlace& place, const std::function<bool(const Record&)>& visit)
      : place_(place), visit_(visit), line_(place.first_line) {
    csv_init(&parser_, CSV_APPEND_NULL | CSV_STRICT | CSV_STRICT_FINI | CSV_EMPTY_IS_NULL);
    csv_set_delim(&parser_, static_cast<unsigned char>(place.delimiter));
  }
  RecordParser(const RecordParser&) = delete;
  RecordParser& operator=(const RecordParser&) = delete;
  ~RecordParser() { csv_free(&parser_); }

  /// False: nobody wants more.
  bool parse(std::string_view bytes) {
    while (!stop_ && !bytes.empty()) {
      const std::string_view piece = bytes.substr(0, piece_length(bytes));
      parse_piece(piece);
      bytes.remove_prefix(piece.size());
    }
    return !stop_;
  }

  void finish() {
    if (stop_) return;
    const bool open = csv_fini(&parser_, field, record, this) != 0;
    if (error_) std::rethrow_exception(error_);
    if (open)
      fail(record_.line, fmt::format("a quote opens in column {} and is never closed; close it, or double it where it "
                                     "belongs to the text",
                                     record_.fields.size()));
  }

 private:
  /// libcsv does not count lines, so it gets them one by one; or what there is of one.
  static std::size_t piece_length(std::string_view bytes) {
    std::size_t length = std::min(bytes.find('\n'), bytes.size() - 1) + 1;
    const std::size_t alone = bytes.substr(0, length).find('\r');  // the line end of old Macs
    if (alone != std::string_view::npos && (alone + 1 == length || bytes[alone + 1] != '\n')) length = alone + 1;
    return length;
  }

  void parse_piece(std::string_view piece) {
    if (!(after_return_ && piece == "\n")) begin_piece();
    if (piece.find('\0') != std::string_view::npos) fail(line_, "holds a byte 0; is it text? Write it again as UTF-8");
    const std::size_t done = csv_parse(&parser_, piece.data(), piece.size(), field, record, this);
    if (error_) std::rethrow_exception(error_);
    if (done != piece.size()) fail_parsing();
    if (parser_.entry_pos > most_field_bytes)
      fail(record_.line, fmt::format("column {} holds more than 16 MiB; is a quote left open?", record_.fields.size()));
    after_return_ = piece.back() == '\r';
    ended_ = after_return_ || piece.back() == '\n';
  }

  void begin_piece() {
    if (ended_) ++line_;
    ended_ = false;
    const bool amid_a_record = !record_.fields.empty() || parser_.entry_pos > 0;
    if (!amid_a_record) record_.line = line_;
  }

  void fail_parsing() {
    if (csv_error(&parser_) != CSV_EPARSE) throw std::bad_alloc();
    const std::string begin = record_.line == line_
                                  ? ""
                                  : fmt::format(" (its record begins in line {}; is a quote left open?)", record_.line);
    fail(line_, fmt::format("column {} has a quote within its text{}; quote the whole field, and double each quote "
                            "that belongs to the text",
                            record_.fields.size(), begin));
  }

  [[noreturn]] void fail(std::size_t line, const std::string& why) const {
    throw Error(ExitCode::bad_data, fmt::format("{}: line {}: {}", place_.file, line, why));
  }

  static void field(void* data, std::size_t length, void* self) {
    auto& parser = *static_cast<RecordParser*>(self);
    const bool nothing = data == nullptr;  // empty, and without quotes
    if (nothing && parser.place_.delimiter == ' ') return;
    try {  // no exception may cross the C library
      parser.record_.fields.emplace_back(nothing ? "" : static_cast<const char*>(data), nothing ? 0 : length);
    } catch (...) {
      parser.error_ = std::current_exception();
    }
  }

  static void record(int /*end*/, void* self) {
    auto& parser = *static_cast<RecordParser*>(self);
    if (parser.stop_ || parser.error_) return;
    try {
      parser.stop_ = !parser.record_.fields.empty() && !parser.visit_(parser.record_);
    } catch (...) {
      parser.error_ = std::current_exception();
    }
    parser.record_.fields.clear();
  }

  const TextPlace& place_;
  const std::function<bool(const Record&)>& visit_;
  csv_parser parser_{};
  Record record_;
  std::size_t line_;
  bool ended_ = false;         ///< the line that was begun last
  bool after_return_ = false;  ///< its end may go on with a line feed
  bool stop_ = false;
  std::exception_ptr error_;
};

}  // namespace

void read_records(std::istream& stream, const TextPlace& place, const std::function<bool(const Record&)>& visit) {
  RecordParser parser(place, visit);
  std::array<char, 1 << 16> buffer{};
  while (stream.read(buffer.data(), buffer.size()).gcount() > 0)
    if (!parser.parse({buffer.data(), static_cast<std::size_t>(stream.gcount())})) return;
  if (stream.bad()) throw Error(ExitCode::io_failure, fmt::format("{}: reading failed", place.file));
  parser.finish();
}

}  // namespace shoal
