#include "shoal/io/table_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "io/data_attributes.hpp"
#include "io/level_group.hpp"

namespace shoal {
namespace {

constexpr const char* failed = "writing failed; is the disk full?";

std::optional<std::int64_t> plain_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool plain = error == std::errc{} && end == text.data() + text.size() && std::to_string(value) == text;
  return plain ? std::optional(value) : std::nullopt;  // 007 is a text
}

/// Writes rows of a fixed size in bytes to an open data set, in pieces of bounded size.
class Appender {
 public:
  Appender(hid_t dataset, hid_t memory_type, std::size_t row_bytes, hsize_t n_columns)
      : dataset_(dataset), type_(memory_type), row_bytes_(row_bytes), n_columns_(n_columns) {}

  void append(const void* row) {
    const auto* const bytes = static_cast<const char*>(row);
    buffer_.insert(buffer_.end(), bytes, bytes + row_bytes_);
    if (buffer_.size() >= (std::size_t{1} << 24U)) flush();
  }

  void flush() {
    const hsize_t n = buffer_.size() / row_bytes_;
    if (n == 0) return;
    const hsize_t start[2] = {written_, 0};
    const hsize_t size[2] = {n, n_columns_};
    const Hdf5Handle file_space(H5Dget_space(dataset_), H5Sclose);
    H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, nullptr, size, nullptr);
    const Hdf5Handle memory_space(H5Screate_simple(H5Sget_simple_extent_ndims(file_space), size, nullptr), H5Sclose);
    check_hdf5(H5Dwrite(dataset_, type_, memory_space, file_space, H5P_DEFAULT, buffer_.data()), failed);
    written_ += n;
    buffer_.clear();
  }

 private:
  hid_t dataset_;
  hid_t type_;
  std::size_t row_bytes_;
  hsize_t n_columns_;
  hsize_t written_ = 0;
  std::vector<char> buffer_;
};

/// /ids, as they come.
class IdWriter {
 public:
  IdWriter(hid_t file, const IdColumn& ids, std::int64_t n_rows)
      : integers_(ids.all_integers),
        text_(ids.longest, '\0'),
        type_(text_type(ids.longest)),
        dataset_(
            create_texts(file, "/ids", integers_ ? H5T_NATIVE_INT64 : hid_t(type_), static_cast<std::size_t>(n_rows))),
        appender_(dataset_, integers_ ? H5T_NATIVE_INT64 : hid_t(type_), integers_ ? sizeof(std::int64_t) : ids.longest,
                  1) {}

  void append(std::string_view id) {
    if (integers_) {
      const std::int64_t value = plain_integer(id).value_or(0);
      return appender_.append(&value);
    }
    std::ranges::fill(text_, '\0');
    id.copy(text_.data(), text_.size());
    appender_.append(text_.data());
  }
  void finish() { appender_.flush(); }

 private:
  bool integers_;
  std::string text_;
  Hdf5Handle type_;
  Hdf5Handle dataset_;
  Appender appender_;
};

void write_table_labels(hid_t file, const std::vector<std::int32_t>& labels, const std::vector<std::string>& names) {
  const Hdf5Handle dataset = create_dataset(file, "/labels", ElementType::int32, {labels.size()},
                                            "/labels could not be written; is the disk full?");
  check_hdf5(H5Dwrite(dataset, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, labels.data()), failed);
  write_attribute(dataset, "label_names", names);
}

/// Room for everything, headers included.
std::int64_t bytes_of(const DataHead& head, const BesideRows& beside) {
  auto row_bytes = static_cast<std::size_t>(head.n_columns) * size_of(head.type) + sizeof(std::int32_t);
  if (beside.ids) row_bytes += std::max(beside.ids->longest, sizeof(std::int64_t));
  return static_cast<std::int64_t>(row_bytes) * head.n_rows + 65536 + bytes_of_levels(head.level_names);
}

}  // namespace

void IdColumn::add(std::string_view id) {
  all_integers = all_integers && plain_integer(id).has_value();
  longest = std::max(longest, id.size());
}

void write_table(const OutputFile& output, const DataHead& head, const BesideRows& beside,
                 const std::function<void(const AppendRow& append)>& each_row) {
  Hdf5Handle file = output.create(bytes_of(head, beside));
  Hdf5Handle dataset =
      create_dataset(file, "/X", head.type, {static_cast<hsize_t>(head.n_rows), static_cast<hsize_t>(head.n_columns)},
                     "/X could not be written; is the disk full?");
  const auto n_columns = static_cast<std::size_t>(head.n_columns);
  Appender rows(dataset, H5T_NATIVE_DOUBLE, n_columns * sizeof(double), n_columns);
  std::optional<IdWriter> ids;
  if (beside.ids) ids.emplace(file, *beside.ids, head.n_rows);
  std::vector<std::int32_t> labels;
  std::int64_t n_rows = 0;
  each_row([&](const LabelledRow& row) {
    if (++n_rows > head.n_rows) return;
    rows.append(row.values.data());
    if (ids) ids->append(row.id);
    if (beside.label_names) labels.push_back(row.label);
  });
  if (n_rows != head.n_rows)
    throw Error(ExitCode::io_failure, fmt::format("{}: was not written: the table had {} rows, and then {}",
                                                  output.name(), head.n_rows, n_rows));
  rows.flush();
  annotate(file, head);
  if (beside.label_names) write_table_labels(file, labels, *beside.label_names);
  if (ids) ids->finish();
  ids.reset();
  dataset.close(output.name());
  file.close(output.name());
}

}  // namespace shoal
