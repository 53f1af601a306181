// NPY, numpy's array file (format described in numpy.lib.format): a magic, a header that is a Python literal, raw data.
// Read here because the libraries that Debian has load the whole array at once.
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstring>
#include <map>
#include <numeric>
#include <regex>

#include "io/numbers.hpp"
#include "io/table_files.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/column_list.hpp"

namespace shoal {
namespace {

template <class T>
double load(const std::byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return static_cast<double>(value);
}

struct Element {
  bool is_float = false, is_signed = false;
  ElementType type = ElementType::float64;  ///< in memory
  double (*load)(const std::byte*) = nullptr;
  StoredNumber stored{};
};

/// A type as numpy writes it: byte order, kind, bytes.
std::optional<Element> element_of(const std::string& name) {
  static const std::map<std::string, Element> elements = {
      {"f2", {true, true, ElementType::float32, load<float>}},
      {"f4", {true, true, ElementType::float32, load<float>}},
      {"f8", {true, true, ElementType::float64, load<double>}},
      {"i1", {false, true, ElementType::int8, load<std::int8_t>}},
      {"i2", {false, true, ElementType::int16, load<std::int16_t>}},
      {"i4", {false, true, ElementType::int32, load<std::int32_t>}},
      {"i8", {false, true, ElementType::int64, load<std::int64_t>}},
      {"u1", {false, false, ElementType::uint8, load<std::uint8_t>}},
      {"b1", {false, false, ElementType::uint8, load<std::uint8_t>}},
      {"u2", {false, false, ElementType::uint16, load<std::uint16_t>}},
      {"u4", {false, false, ElementType::uint32, load<std::uint32_t>}},
      {"u8", {false, false, ElementType::uint64, load<std::uint64_t>}}};
  if (name.size() != 3 || std::string_view("<>|").find(name[0]) == std::string_view::npos) return std::nullopt;
  const auto found = elements.find(name.substr(1));
  if (found == elements.end()) return std::nullopt;
  Element element = found->second;
  element.stored.is_float = element.is_float;
  element.stored.is_signed = element.is_signed;
  element.stored.size = static_cast<std::uint32_t>(name[2] - '0');
  element.stored.precision = 8 * element.stored.size;
  element.stored.big_endian = name[0] == '>';
  return element;
}

/// Bytes of a header. Those of plain arrays have 128; a regular expression takes much memory for long ones.
constexpr std::size_t most_header = 4096;

class NpySource final : public TableSource {
 public:
  NpySource(RereadableFile file, const TableOptions& options) : source_(std::move(file)), file_(source_.name()) {
    refuse_text_options(options);
    std::ifstream stream = source_.open();
    parse(read_header(stream));
    data_start_ = stream.tellg();
    stream.seekg(0, std::ios::end);
    require_all(static_cast<std::size_t>(stream.tellg() - data_start_));
    columns_ = columns_of(options.columns.empty() ? ":" : options.columns, n_columns_, {},
                          fmt::format("{}: --columns", file_));
    head_.n_features = columns_.size();
    if (element_.type == ElementType::float32) head_.type = ElementType::float32;
  }

  void for_each_row(const Visit& visit) override {
    std::ifstream stream = source_.open();
    stream.seekg(data_start_);
    const std::size_t size = size_of(element_.type);
    std::vector<std::byte> bytes(n_columns_ * element_.stored.size), elements(n_columns_ * size);
    std::vector<double> values(columns_.size());
    for (std::size_t r = 0; r < n_rows_; ++r) {
      if (!stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size())))
        throw Error(ExitCode::io_failure, fmt::format("{}: reading row {} failed", file_, r));
      decode_numbers(element_.stored, element_.type, bytes.data(), n_columns_, elements.data());
      for (std::size_t j = 0; j < columns_.size(); ++j) {
        values[j] = element_.load(elements.data() + columns_[j] * size);
        if (std::isinf(values[j]))
          throw Error(ExitCode::bad_data,
                      fmt::format("{}: row {}, column {}: is infinite; write NaN where a value is missing, or leave "
                                  "the row out",
                                  file_, r, columns_[j]));
      }
      visit({values, {}});
    }
  }

  [[nodiscard]] const TableHead& head() const override { return head_; }

 private:
  void refuse_text_options(const TableOptions& options) const {
    const TableOptions standard;
    for (const auto& [given, name] : {std::pair(!options.id_column.empty(), "--id-column"),
                                      std::pair(!options.label_column.empty(), "--label-column"),
                                      std::pair(!options.categorical.empty(), "--categorical"),
                                      std::pair(options.header != standard.header, "--header"),
                                      std::pair(options.delimiter != standard.delimiter, "--delimiter")})
      if (given)
        throw Error(ExitCode::usage, fmt::format("{}: is for tables of text; {} is an array of numbers", name, file_));
  }

  [[nodiscard]] std::string read_header(std::ifstream& stream) const {
    std::array<unsigned char, 12> start{};
    stream.read(reinterpret_cast<char*>(start.data()), 10);
    if (!stream || std::memcmp(start.data(), npy_magic.data(), npy_magic.size()) != 0)
      throw Error(ExitCode::bad_data, fmt::format("{}: is not an NPY file; write it by numpy.save", file_));
    std::size_t length = start[8] | static_cast<std::size_t>(start[9]) << 8U;
    if (start[6] >= 2) {
      stream.read(reinterpret_cast<char*>(start.data() + 10), 2);
      length |= static_cast<std::size_t>(start[10]) << 16U | static_cast<std::size_t>(start[11]) << 24U;
    }
    if (length > most_header) throw Error(ExitCode::bad_data, fmt::format("{}: its header is damaged", file_));
    std::string header(length, ' ');
    stream.read(header.data(), static_cast<std::streamsize>(length));
    if (!stream) throw Error(ExitCode::bad_data, fmt::format("{}: its header is cut off", file_));
    return header;
  }

  /// Before rows of a size that only the header knows are made room for.
  void require_all(std::size_t bytes) const {
    const std::size_t row_bytes = n_columns_ * element_.stored.size;  // no overflow: a number has 15 digits at most
    if (bytes / row_bytes < n_rows_)
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: ends in row {} of {}; copy it again", file_, bytes / row_bytes, n_rows_));
  }

  void parse(const std::string& header) {
    std::smatch type;
    std::smatch shape;
    const bool known = std::regex_search(header, type, std::regex("'descr': *'([^']*)'")) &&
                       std::regex_search(header, shape, std::regex(R"('shape': *\((\d{1,15}), *(\d{0,15})\))"));
    if (!known)
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: holds no array of numbers with one or two dimensions; save x.reshape(rows, columns)",
                              file_));
    const auto element = element_of(type[1]);
    if (!element)
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: type {} is not supported; save float16 to float64, integers or booleans", file_,
                              type[1].str()));
    element_ = *element;
    n_rows_ = std::stoull(shape[1]);
    n_columns_ = shape[2].length() == 0 ? 1 : std::stoull(shape[2]);
    if (n_rows_ == 0 || n_columns_ == 0) throw Error(ExitCode::bad_data, fmt::format("{}: is empty", file_));
    if (header.find("'fortran_order': True") != std::string::npos && n_columns_ > 1)
      throw Error(ExitCode::bad_data, fmt::format("{}: is stored by columns; save numpy.ascontiguousarray(x)", file_));
  }

  RereadableFile source_;
  std::string file_;
  Element element_{};
  std::size_t n_rows_ = 0;
  std::size_t n_columns_ = 0;
  std::vector<std::size_t> columns_;  ///< the features
  std::streampos data_start_;
  TableHead head_;
};

}  // namespace

std::unique_ptr<TableSource> open_npy(RereadableFile file, const TableOptions& options) {
  return std::make_unique<NpySource>(std::move(file), options);
}

}  // namespace shoal
