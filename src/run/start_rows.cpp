#include "shoal/run/start_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "shoal/comm/agree.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/elements.hpp"
#include "shoal/io/shard_reader.hpp"

namespace shoal {
namespace {

Error row_error(const Slice& slice, std::int64_t row, const std::string& what) {
  return {ExitCode::bad_data, fmt::format("--init {}: row {}: {}", slice.dataset.name(), slice.file_row(row), what),
          slice.first_row + row};
}

void store_label(const Slice& slice, std::int64_t r, double value, std::size_t n_clusters, std::int32_t& label) {
  if (!(value >= -1 && value < static_cast<double>(n_clusters)) || value != std::floor(value))
    throw row_error(slice, r,
                    fmt::format("{} is no label of {} clusters; they are -1 to {}", value, n_clusters, n_clusters - 1));
  label = static_cast<std::int32_t>(value);
}

/// The label is the largest share's, of a tie the lowest.
void store_shares(const Slice& slice, std::int64_t r, std::span<double> shares, std::int32_t& label) {
  double sum = 0;
  for (const double share : shares) {
    if (!(share >= 0 && share <= 1 + 1e-6)) throw row_error(slice, r, fmt::format("{} is no responsibility", share));
    sum += share;
  }
  label = sum == 0 ? -1 : static_cast<std::int32_t>(std::ranges::max_element(shares) - shares.begin());
  if (sum == 0) return;
  if (std::abs(sum - 1) > 1e-6) throw row_error(slice, r, fmt::format("responsibilities sum to {}, not to 1", sum));
  for (double& share : shares) share /= sum;
}

}  // namespace

void read_start_rows(const Communicator& comm, const std::vector<DatasetInfo>& datasets, const Partition& partition,
                     const std::string& rows, std::size_t n_clusters, bool mixture, StartOptions& start) {
  if (!start.of_rows) return;
  const std::string name = start.file.name + (start.has_responsibilities ? ":/responsibilities" : ":/labels");
  const auto matrix = [](const std::string& one) { return describe_here({one}, Wanted::matrix); };
  const std::vector<DatasetInfo> found = start.has_responsibilities
                                             ? describe_beside(comm, datasets, name, "--init", rows, matrix)
                                             : describe_beside(comm, datasets, name, "--init", rows);
  const auto width = static_cast<std::size_t>(found.front().n_columns);
  if (start.has_responsibilities && width != n_clusters)
    throw Error(ExitCode::bad_data, fmt::format("--init {}: has {} columns, there are {} clusters",
                                                found.front().name(), width, n_clusters));
  const auto rows_of = [&](int rank) { return partition.rows_of_rank(rank, comm.size()); };
  const Range mine = rows_of(comm.rank());
  const auto n = static_cast<std::size_t>(mine.size());
  std::vector<double> shares;
  agree(comm, [&] {
    start.labels.assign(n, -1);
    shares.assign(start.has_responsibilities ? n * n_clusters : 0, 0.0);
  });
  read_slices(comm, found, rows_of, 1, [&](const Slice& slice) {
    with_elements(slice, [&](const auto* elements) {
      for (std::int64_t r = 0; r < slice.n_rows; ++r) {
        const auto local = static_cast<std::size_t>(slice.first_row + r - mine.first);
        if (!start.has_responsibilities) {
          store_label(slice, r, static_cast<double>(elements[r]), n_clusters, start.labels[local]);
          continue;
        }
        const std::span<double> line = std::span(shares).subspan(local * n_clusters, n_clusters);
        for (std::size_t k = 0; k < n_clusters; ++k)
          line[k] = static_cast<double>(elements[static_cast<std::size_t>(r) * width + k]);
        store_shares(slice, r, line, start.labels[local]);
      }
    });
  });
  if (mixture) start.responsibilities = std::move(shares);
}

}  // namespace shoal
