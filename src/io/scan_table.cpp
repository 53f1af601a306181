#include "io/scan_table.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "shoal/io/hdf5_file.hpp"

namespace shoal {
namespace {

constexpr const char* name = "selection";
constexpr std::size_t text_size = 16;  ///< of kinds and health
constexpr hsize_t most_lines = 1U << 20U;
const std::string failed = "/selection could not be written; is the disk full?";

/// A record: numbers of eight bytes each, and two texts.
struct Field {
  std::string name;
  hid_t type;  ///< not owned
  std::size_t offset;
};

Hdf5Handle fixed_text() {
  Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  check_hdf5(H5Tset_size(type, text_size), failed);
  check_hdf5(H5Tset_strpad(type, H5T_STR_NULLPAD), failed);
  return type;
}

/// Texts follow the number of clusters, and the numbers.
std::vector<Field> fields_of(bool mixture, hid_t text) {
  std::vector<Field> fields;
  std::size_t offset = 0;
  const auto add = [&](const std::string& field, hid_t type) {
    fields.push_back({field, type, offset});
    offset += type == text ? text_size : sizeof(double);
  };
  const ScanLine line;
  ScanLine::visit_numbers(line, mixture, [&]<class Value>(const char* field, const Value&) {
    add(field, std::is_floating_point_v<Value> ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64);
    if (fields.size() == 1) add("type", text);
  });
  add("health", text);
  return fields;
}

std::size_t size_of(const std::vector<Field>& fields) {
  return fields.size() * sizeof(double) + 2 * (text_size - sizeof(double));
}

Hdf5Handle record_type(const std::vector<Field>& fields) {
  Hdf5Handle type(H5Tcreate(H5T_COMPOUND, size_of(fields)), H5Tclose);
  for (const Field& field : fields) check_hdf5(H5Tinsert(type, field.name.c_str(), field.offset, field.type), failed);
  return type;
}

template <class Line, class Number, class Text>
void visit_record(Line& line, bool mixture, const Number& number, const Text& text) {
  std::size_t offset = 0;
  ScanLine::visit_numbers(line, mixture, [&](const char* /*field*/, auto& value) {
    number(value, offset);
    offset += sizeof(double);
    if (offset == sizeof(double)) text(true, std::exchange(offset, offset + text_size));
  });
  text(false, offset);
}

std::string text_at(const char* record) { return {record, strnlen(record, text_size)}; }

/// Whether the table's type has fields of these names and classes.
bool has_fields(hid_t type, const std::vector<Field>& fields) {
  return std::ranges::all_of(fields, [&](const Field& field) {
    const int i = H5Tget_member_index(type, field.name.c_str());
    return i >= 0 && H5Tget_member_class(type, static_cast<unsigned>(i)) == H5Tget_class(field.type);
  });
}

}  // namespace

void write_scan(hid_t file, const ScanTable& scan, bool mixture) {
  const Hdf5Handle text = fixed_text();
  const std::vector<Field> fields = fields_of(mixture, text);
  const Hdf5Handle type = record_type(fields);
  std::vector<char> records(scan.lines.size() * size_of(fields), '\0');
  for (std::size_t i = 0; i < scan.lines.size(); ++i) {
    const ScanLine& line = scan.lines[i];
    char* const record = records.data() + i * size_of(fields);
    visit_record(
        line, mixture,
        [&]<class Value>(const Value& value, std::size_t offset) {
          std::conditional_t<std::is_floating_point_v<Value>, double, std::int64_t> number = value;
          std::memcpy(record + offset, &number, sizeof(number));
        },
        [&](bool kind, std::size_t offset) {
          const std::string word = kind ? line.kind : line.health();
          std::memcpy(record + offset, word.data(), std::min(word.size(), text_size));
        });
  }
  const hsize_t size = scan.lines.size();
  const Hdf5Handle space(H5Screate_simple(1, &size, nullptr), H5Sclose);
  const Hdf5Handle dataset = hold(H5Dcreate2(file, name, type, space, H5P_DEFAULT, plain_dataset(), H5P_DEFAULT),
                                  H5Dclose, ExitCode::io_failure, failed);
  check_hdf5(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, records.data()), failed);
  write_attribute(dataset, "criterion", scan.criterion);
}

ScanTable read_scan(hid_t file, bool mixture) {
  if (H5Lexists(file, name, H5P_DEFAULT) <= 0) return {};
  const hid_t id = H5Dopen2(file, name, H5P_DEFAULT);
  if (id < 0) return {};
  const Hdf5Handle dataset(id, H5Dclose), stored(H5Dget_type(dataset), H5Tclose),
      space(H5Dget_space(dataset), H5Sclose), text = fixed_text();
  const std::vector<Field> fields = fields_of(mixture, text);
  hsize_t n = 0;
  if (H5Tget_class(stored) != H5T_COMPOUND || !has_fields(stored, fields) || H5Sget_simple_extent_ndims(space) != 1 ||
      H5Sget_simple_extent_dims(space, &n, nullptr) != 1 || n > most_lines)
    return {};
  std::vector<char> records(n * size_of(fields), '\0');
  const Hdf5Handle type = record_type(fields);
  if (n == 0 || H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, records.data()) < 0) return {};
  ScanTable scan{read_text_attribute(dataset, "criterion").value_or(""), std::vector<ScanLine>(n)};
  for (std::size_t i = 0; i < n; ++i) {
    const char* const record = records.data() + i * size_of(fields);
    visit_record(
        scan.lines[i], mixture,
        [&]<class Value>(Value& value, std::size_t offset) {
          std::conditional_t<std::is_floating_point_v<Value>, double, std::int64_t> number{};
          std::memcpy(&number, record + offset, sizeof(number));
          value = static_cast<Value>(number);
        },
        [&](bool kind, std::size_t offset) {
          if (kind) scan.lines[i].kind = text_at(record + offset);
        });
  }
  return scan;
}

}  // namespace shoal
