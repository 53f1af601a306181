#include "shoal/io/label_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <new>

#include "shoal/comm/agree.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/elements.hpp"
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
    try {
      labels.resize(static_cast<std::size_t>(mine.size()));
    } catch (const std::bad_alloc&) {
      throw Error(ExitCode::no_memory,
                  fmt::format("{}: its {} rows take more memory than there is; use more ranks on more hosts",
                              info.name(), info.n_rows));
    }
  });
  read_slices(comm, {info}, rows, 1, [&](const Slice& slice) {
    with_elements(slice, [&](const auto* elements) {
      const auto first = labels.begin() + (slice.first_row - mine.first);
      std::transform(elements, elements + slice.n_rows, first, [](auto x) { return static_cast<std::int64_t>(x); });
    });
  });
  return labels;
}

}  // namespace shoal
