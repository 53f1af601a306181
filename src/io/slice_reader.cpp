#include "shoal/io/slice_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "shoal/comm/agree.hpp"
#include "shoal/comm/mpi_interop.hpp"
#include "shoal/core/large_vector.hpp"
#include "shoal/io/hdf5_file.hpp"

namespace shoal {
namespace {

/// The part of a rank's rows that lies in the data set which begins at global row `start`, counted from there.
Range part_in(const Range& rows, std::int64_t start, std::int64_t n_rows) {
  const std::int64_t first = std::clamp(rows.first - start, std::int64_t{0}, n_rows);
  return {first, std::max(first, std::min(rows.last - start, n_rows))};
}

/// Slice borders are multiples of slice_rows, so the first slice of a rank may be short.
std::int64_t n_slices(const Range& part, std::int64_t rows) {
  return part.size() == 0 ? 0 : (part.last - 1) / rows - part.first / rows + 1;
}

/// An HDF5 data set open for collective reading in its own type.
class CollectiveDataset {
 public:
  CollectiveDataset(const Communicator& comm, const DatasetInfo& info) : info_(info) {
    const Hdf5Handle access = file_access();
    H5Pset_fapl_mpio(access, comm.handle().comm, MPI_INFO_NULL);
    H5Pset_all_coll_metadata_ops(access, true);
    const std::string failed = info.name() + ": could not be opened by all ranks; is the file on a shared file system?";
    file_ = hold(H5Fopen(info.file.c_str(), H5F_ACC_RDONLY, access), H5Fclose, ExitCode::io_failure, failed);
    dataset_ = hold(H5Dopen2(file_, info.path.c_str(), H5P_DEFAULT), H5Dclose, ExitCode::io_failure, failed);
    const Hdf5Handle stored(H5Dget_type(dataset_), H5Tclose);
    type_ = Hdf5Handle(H5Tget_native_type(stored, H5T_DIR_ASCEND), H5Tclose);
    transfer_ = Hdf5Handle(H5Pcreate(H5P_DATASET_XFER), H5Pclose);
    H5Pset_dxpl_mpio(transfer_, H5FD_MPIO_COLLECTIVE);
  }

  /// Rows of `range` into the buffer; an empty range takes part and reads nothing.
  void read(const Range& range, std::byte* buffer) const {
    const Hdf5Handle file_space(H5Dget_space(dataset_), H5Sclose);
    const std::array<hsize_t, 2> start = {static_cast<hsize_t>(range.first), 0};
    const std::array<hsize_t, 2> count = {static_cast<hsize_t>(range.size()), static_cast<hsize_t>(info_.n_columns)};
    const Hdf5Handle memory_space(H5Screate_simple(info_.rank, count.data(), nullptr), H5Sclose);
    if (range.size() == 0) {
      H5Sselect_none(file_space);
      H5Sselect_none(memory_space);
    } else {
      H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr);
    }
    check_hdf5(
        H5Dread(dataset_, type_, memory_space, file_space, transfer_, buffer),
        fmt::format("{}: reading rows {} to {} failed; is the file complete?", info_.name(), range.first, range.last));
  }

 private:
  const DatasetInfo& info_;
  Hdf5Handle file_, dataset_, type_, transfer_;
};

}  // namespace

std::int64_t slice_rows(const DatasetInfo& dataset) {
  const std::size_t row_bytes = static_cast<std::size_t>(dataset.n_columns) * size_of(dataset.type);
  const auto rows = static_cast<std::int64_t>(std::max<std::size_t>(1, slice_bytes / row_bytes));
  constexpr std::size_t most = std::size_t{1} << 30U;
  if (dataset.chunk_rows == 0 || static_cast<std::size_t>(dataset.chunk_rows) * row_bytes > most) return rows;
  return std::max<std::int64_t>(1, rows / dataset.chunk_rows) * dataset.chunk_rows;
}

void read_slices(const Communicator& comm, const std::vector<DatasetInfo>& datasets,
                 const std::function<Range(int rank)>& rows_of_rank, const std::function<void(const Slice&)>& visit,
                 const Destination& destination) {
  LargeVector<std::byte> buffer;
  std::int64_t start = 0;
  for (const DatasetInfo& info : datasets) {
    const std::int64_t rows = slice_rows(info);
    std::int64_t calls = 0;
    for (int rank = 0; rank < comm.size(); ++rank)
      calls = std::max(calls, n_slices(part_in(rows_of_rank(rank), start, info.n_rows), rows));
    const Range mine = part_in(rows_of_rank(comm.rank()), start, info.n_rows);
    const std::size_t row_bytes = static_cast<std::size_t>(info.n_columns) * size_of(info.type);
    std::optional<CollectiveDataset> dataset;
    agree(comm, [&] { require_visible(info.file); });  // opening is collective: no rank may fail at it alone
    agree(comm, [&] { dataset.emplace(comm, info); });
    for (std::int64_t call = 0; call < calls; ++call) {
      const std::int64_t slot = mine.first / rows + call;
      Range part{std::max(mine.first, slot * rows), std::min(mine.last, (slot + 1) * rows)};
      if (part.size() <= 0) part = {0, 0};
      const std::size_t bytes = static_cast<std::size_t>(part.size()) * row_bytes;
      std::byte* place = part.size() > 0 && destination ? destination(info, start + part.first) : nullptr;
      agree(comm, [&] {
        if (place != nullptr) return;
        buffer.resize(std::max<std::size_t>(1, bytes));
        place = buffer.data();
      });
      agree(comm, [&] { dataset->read(part, place); });
      agree(comm, [&] {
        if (part.size() > 0) visit({info, start + part.first, part.first, part.size(), {place, bytes}});
      });
    }
    start += info.n_rows;
  }
}

}  // namespace shoal
