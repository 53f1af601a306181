#include "shoal/io/data_file.hpp"

#include "shoal/io/hdf5_file.hpp"
#include "shoal/io/row_writer.hpp"

namespace shoal {
namespace {

constexpr const char* failed = "writing failed; is the disk full?";

/// Writes rows to an open data set in pieces of bounded size.
class RowAppender {
 public:
  RowAppender(hid_t dataset, std::int64_t n_columns) : dataset_(dataset), n_columns_(static_cast<hsize_t>(n_columns)) {}
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
    check_hdf5(H5Dwrite(dataset_, H5T_NATIVE_DOUBLE, memory_space, file_space, H5P_DEFAULT, buffer_.data()), failed);
    written_ += n;
    buffer_.clear();
  }

 private:
  hid_t dataset_;
  hsize_t n_columns_;
  hsize_t written_ = 0;
  std::vector<double> buffer_;
};

void annotate(hid_t dataset, const DataHead& head) {
  if (!head.levels.empty()) write_attribute(dataset, "levels", head.levels);
  if (!head.feature_names.empty()) write_attribute(dataset, "feature_names", head.feature_names);
}

void write_table_labels(hid_t file, const std::vector<std::int32_t>& labels, const std::vector<std::string>& names) {
  const Hdf5Handle dataset = create_dataset(file, "/labels", ElementType::int32, {labels.size()},
                                            "/labels could not be written; is the disk full?");
  check_hdf5(H5Dwrite(dataset, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, labels.data()), failed);
  write_attribute(dataset, "label_names", names);
}

}  // namespace

void write_data(const Communicator& comm, const OutputFile& output, const DataHead& head,
                const std::function<Range(int rank)>& rows_of_rank, const void* rows, const std::int32_t* labels) {
  write_rows(comm, output, head.n_rows, rows_of_rank,
             {{"/X", head.type, head.n_columns, rows}, {"/labels", ElementType::int32, 0, labels}},
             [&](hid_t file) { annotate(Hdf5Handle(H5Dopen2(file, "/X", H5P_DEFAULT), H5Dclose), head); });
}

void write_table(const OutputFile& output, const DataHead& head, const std::vector<std::string>& label_names,
                 const std::function<void(const AppendRow& append)>& each_row) {
  const auto row_bytes = static_cast<std::size_t>(head.n_columns) * size_of(head.type) + sizeof(std::int32_t);
  Hdf5Handle file = output.create(static_cast<std::int64_t>(row_bytes) * head.n_rows + 65536);
  Hdf5Handle dataset =
      create_dataset(file, "/X", head.type, {static_cast<hsize_t>(head.n_rows), static_cast<hsize_t>(head.n_columns)},
                     "/X could not be written; is the disk full?");
  RowAppender appender(dataset, head.n_columns);
  std::vector<std::int32_t> labels;
  each_row([&](std::span<const double> values, std::int32_t label) {
    appender.append(values);
    if (!label_names.empty()) labels.push_back(label);
  });
  appender.flush();
  annotate(dataset, head);
  if (!labels.empty()) write_table_labels(file, labels, label_names);
  dataset.close(output.name());
  file.close(output.name());
}

}  // namespace shoal
