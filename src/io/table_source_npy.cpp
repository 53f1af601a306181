// NPY, numpy's array file (format described in numpy.lib.format): a magic, a header that is a Python literal, raw data.
// Read here because the libraries that Debian has load the whole array at once.
#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstring>
#include <fstream>
#include <map>
#include <regex>

#include "io/rereadable.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/table_source.hpp"

namespace shoal {
namespace {

static_assert(std::endian::native == std::endian::little, "NPY is read as little-endian");

template <class T>
double load(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return static_cast<double>(value);
}

struct Element {
  std::size_t size;
  double (*load)(const char*);
};

const std::map<std::string, Element> elements = {
    {"<f8", {8, load<double>}},        {"<f4", {4, load<float>}},         {"|i1", {1, load<std::int8_t>}},
    {"<i2", {2, load<std::int16_t>}},  {"<i4", {4, load<std::int32_t>}},  {"<i8", {8, load<std::int64_t>}},
    {"|u1", {1, load<std::uint8_t>}},  {"<u2", {2, load<std::uint16_t>}}, {"<u4", {4, load<std::uint32_t>}},
    {"<u8", {8, load<std::uint64_t>}}, {"|b1", {1, load<std::int8_t>}}};

/// Bytes of a header. Those of plain arrays have 128; a regular expression takes much memory for long ones.
constexpr std::size_t most_header = 4096;

class NpySource final : public TableSource {
 public:
  explicit NpySource(const std::string& file) : file_(file), source_(file, "") {
    std::ifstream stream = source_.open();
    parse(read_header(stream));
    data_start_ = stream.tellg();
    stream.seekg(0, std::ios::end);
    require_all(static_cast<std::size_t>(stream.tellg() - data_start_));
  }

  void for_each_row(const Visit& visit) override {
    std::ifstream stream = source_.open();
    stream.seekg(data_start_);
    std::vector<char> bytes(n_columns_ * element_.size);
    std::vector<double> values(n_columns_);
    for (std::size_t r = 0; r < n_rows_; ++r) {
      if (!stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size())))
        throw Error(ExitCode::io_failure, fmt::format("{}: reading row {} failed", file_, r));
      for (std::size_t j = 0; j < n_columns_; ++j) values[j] = element_.load(bytes.data() + j * element_.size);
      visit(values, "");
    }
  }

  [[nodiscard]] std::size_t n_columns() const override { return n_columns_; }
  [[nodiscard]] const std::vector<std::string>& names() const override { return names_; }

 private:
  [[nodiscard]] std::string read_header(std::ifstream& stream) const {
    std::array<unsigned char, 12> start{};
    stream.read(reinterpret_cast<char*>(start.data()), 10);
    if (!stream || std::memcmp(start.data(), "\x93NUMPY", 6) != 0)
      throw Error(ExitCode::bad_data, fmt::format("{}: is not an NPY file", file_));
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
    const std::size_t row_bytes = n_columns_ * element_.size;  // no overflow: a number has 15 digits at most
    if (bytes / row_bytes < n_rows_)
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: ends in row {} of {}; copy it again", file_, bytes / row_bytes, n_rows_));
  }

  void parse(const std::string& header) {
    std::smatch type;
    std::smatch shape;
    const bool known = std::regex_search(header, type, std::regex("'descr': *'([^']*)'")) &&
                       std::regex_search(header, shape, std::regex(R"('shape': *\((\d{1,15}), *(\d{0,15})\))"));
    if (!known) throw Error(ExitCode::bad_data, fmt::format("{}: holds no array of one or two dimensions", file_));
    const auto element = elements.find(type[1]);
    if (element == elements.end())
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: type {} is not supported; save float32, float64, integers or booleans "
                              "in little-endian order",
                              file_, type[1].str()));
    element_ = element->second;
    n_rows_ = std::stoull(shape[1]);
    n_columns_ = shape[2].length() == 0 ? 1 : std::stoull(shape[2]);
    if (n_rows_ == 0 || n_columns_ == 0) throw Error(ExitCode::bad_data, fmt::format("{}: is empty", file_));
    if (header.find("'fortran_order': True") != std::string::npos && n_columns_ > 1)
      throw Error(ExitCode::bad_data, fmt::format("{}: is stored by columns; save numpy.ascontiguousarray(x)", file_));
  }

  std::string file_;
  RereadableFile source_;
  Element element_{};
  std::size_t n_rows_ = 0;
  std::size_t n_columns_ = 0;
  std::streampos data_start_;
  std::vector<std::string> names_;
};

}  // namespace

std::unique_ptr<TableSource> open_npy(const std::string& file) { return std::make_unique<NpySource>(file); }

}  // namespace shoal
