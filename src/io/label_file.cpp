#include "shoal/io/label_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "shoal/comm/agree.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/elements.hpp"
#include "shoal/io/hdf5_file.hpp"
#include "shoal/io/label_text.hpp"
#include "shoal/io/row_writer.hpp"
#include "shoal/io/slice_reader.hpp"

namespace shoal {

std::vector<std::int64_t> read_labels(const Communicator& comm, const DatasetInfo& info) {
  if (info.storage.number.is_float)
    throw Error(ExitCode::bad_data,
                fmt::format("{}: holds {}, labels are integers", info.name(), info.storage.number.name));
  const auto rows = [&](int rank) {
    return Range{info.n_rows * rank / comm.size(), info.n_rows * (rank + 1) / comm.size()};
  };
  const Range mine = rows(comm.rank());
  std::vector<std::int64_t> labels;
  agree(comm, [&] {
    const double host = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
    if (static_cast<double>(mine.size()) * sizeof(std::int64_t) > host)
      throw Error(ExitCode::no_memory, fmt::format("{}: its {} rows take more memory than a host has; use more hosts",
                                                   info.name(), info.n_rows));
    labels.resize(static_cast<std::size_t>(mine.size()));
  });
  read_slices(comm, {info}, rows, 1, [&](const Slice& slice) {
    with_elements(slice, [&](const auto* elements) {
      const auto first = labels.begin() + (slice.first_row - mine.first);
      std::transform(elements, elements + slice.n_rows, first, [](auto x) { return static_cast<std::int64_t>(x); });
      for (std::int64_t r = 0; info.type == ElementType::uint64 && r < slice.n_rows; ++r)
        if (first[r] < 0)
          throw Error(ExitCode::bad_data,
                      fmt::format("{}: row {}: {} is not a label; labels are below 2^63", info.name(),
                                  slice.file_row(r), static_cast<std::uint64_t>(first[r])),
                      slice.first_row + r);
    });
  });
  return labels;
}

void write_labels(const Communicator& comm, const OutputFile& output, const Partition& partition,
                  const RowResults& results) {
  if (is_text_name(output.name())) return write_label_text(comm, output, partition, results);
  const std::int64_t k = results.n_clusters;
  std::vector<RowArray> arrays = {{"/labels", ElementType::int32, 0, results.labels->data()}};
  const auto add = [&](const char* path, std::int64_t n_columns, const std::vector<double>* values) {
    if (values != nullptr) arrays.push_back({path, ElementType::float64, n_columns, values->data()});
  };
  add("/responsibilities", k, results.responsibilities);
  add("/log_density", 0, results.log_density);
  add("/distances", k, results.distances);
  const auto rows = [&](int rank) { return partition.rows_of_rank(rank, comm.size()); };
  write_rows(comm, output, partition.n_rows, rows, arrays, [&](hid_t file) {
    write_attribute(file, "format", std::string("shoal-labels"));
    write_attribute(file, "format_version", std::int64_t{1});
    write_attribute(file, "n_clusters", k);
  });
}

}  // namespace shoal
