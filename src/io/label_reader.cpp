#include "shoal/io/label_reader.hpp"

#include <fmt/format.h>

#include "shoal/core/error.hpp"
#include "shoal/io/elements.hpp"

namespace shoal {

std::vector<std::int64_t> read_labels(const Communicator& comm, const DatasetInfo& info) {
  if (info.type == ElementType::float32 || info.type == ElementType::float64)
    throw Error(ExitCode::bad_data,
                fmt::format("{}: holds {}, labels are integers", info.name(), to_string(info.type)));
  const auto rows = [&](int rank) {
    return Range{info.n_rows * rank / comm.size(), info.n_rows * (rank + 1) / comm.size()};
  };
  std::vector<std::int64_t> labels;
  read_slices(comm, {info}, rows, [&](const Slice& slice) {
    with_elements(slice, [&](const auto* elements) {
      for (std::int64_t r = 0; r < slice.n_rows; ++r) labels.push_back(static_cast<std::int64_t>(elements[r]));
    });
  });
  return labels;
}

}  // namespace shoal
