#include "shoal/io/row_ids.hpp"

#include <algorithm>
#include <string_view>

#include "shoal/comm/agree.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/assembly.hpp"
#include "shoal/io/elements.hpp"
#include "shoal/io/slice_reader.hpp"

namespace shoal {
namespace {

/// Ids have the rows that are chosen of the data.
void take_rows_of(const DatasetInfo& data, DatasetInfo& ids) {
  if (data.n_rows == ids.n_rows) return;
  assemble(ids);
  ids.first_row = data.first_row;
  ids.row_step = data.row_step;
  ids.n_rows = data.n_rows;
}

/// Empty where some file has none.
std::vector<DatasetInfo> describe_ids(const Communicator& comm, const std::vector<DatasetInfo>& datasets) {
  std::vector<DatasetInfo> ids;
  on_root(comm, [&] {
    std::vector<std::string> names;
    for (const DatasetInfo& info : datasets) names.push_back(info.file + ":/ids");
    try {
      ids = describe_here(names, Wanted::ids);
    } catch (const Error& error) {
      if (error.code() != ExitCode::bad_data) throw;  // there is none, or of another kind
      ids.clear();
    }
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (ids[i].n_rows != stored_of(datasets[i]).front()->n_rows || ids[i].storage.number.is_float) return ids.clear();
      take_rows_of(datasets[i], ids[i]);
    }
  });
  broadcast_object(comm, ids);
  return ids;
}

std::string text_of(const std::byte* bytes, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(bytes), size);
  text.erase(text.find_last_not_of('\0') + 1);
  return text;
}

}  // namespace

std::optional<std::vector<std::string>> read_ids(const Communicator& comm, const std::vector<DatasetInfo>& datasets,
                                                 const Partition& partition) {
  const std::vector<DatasetInfo> files = describe_ids(comm, datasets);
  if (files.empty()) return std::nullopt;
  const auto rows_of_rank = [&](int rank) { return partition.rows_of_rank(rank, comm.size()); };
  const Range mine = rows_of_rank(comm.rank());
  std::vector<std::string> ids;
  agree(comm, [&] { ids.resize(static_cast<std::size_t>(mine.size())); });
  read_slices(comm, files, rows_of_rank, 1, [&](const Slice& slice) {
    const auto first = ids.begin() + (slice.first_row - mine.first);
    const auto size = static_cast<std::size_t>(slice.dataset.n_columns);
    const auto n = static_cast<std::size_t>(slice.n_rows);
    if (slice.dataset.rank == 2) {
      for (std::size_t r = 0; r < n; ++r)
        first[static_cast<std::ptrdiff_t>(r)] = text_of(slice.bytes.data() + r * size, size);
      return;
    }
    with_elements(slice, [&](const auto* values) {
      std::transform(values, values + n, first, [](auto value) { return std::to_string(value); });
    });
  });
  return ids;
}

}  // namespace shoal
