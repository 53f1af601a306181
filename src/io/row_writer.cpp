#include "shoal/io/row_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "shoal/comm/agree.hpp"
#include "shoal/comm/mpi_interop.hpp"
#include "shoal/io/hdf5_file.hpp"

namespace shoal {
namespace {

int dimensions(const RowArray& array) { return array.n_columns == 0 ? 1 : 2; }

std::string failed(const OutputFile& output) { return output.name() + ": writing failed; is the disk full?"; }

/// Rank 0 lays the file out, so its structure cannot depend on the other ranks.
void lay_out(const OutputFile& output, std::int64_t n_rows, const std::vector<RowArray>& arrays,
             const std::function<void(hid_t)>& annotate) {
  std::int64_t bytes = 65536;  // headers
  for (const RowArray& array : arrays)
    bytes += n_rows * std::max<std::int64_t>(1, array.n_columns) * static_cast<std::int64_t>(size_of(array.type));
  Hdf5Handle file = output.create(bytes);
  for (const RowArray& array : arrays) {
    std::vector<hsize_t> size = {static_cast<hsize_t>(n_rows), static_cast<hsize_t>(array.n_columns)};
    size.resize(static_cast<std::size_t>(dimensions(array)));
    create_dataset(file, array.path, array.type, size, failed(output));
  }
  annotate(file);
  file.close(output.name());
}

/// How a file is opened and written to: by all ranks at once through MPI-IO, by a rank alone through HDF5's own driver.
struct Access {
  Hdf5Handle file = file_access();
  Hdf5Handle transfer{H5Pcreate(H5P_DATASET_XFER), H5Pclose};

  explicit Access(const Communicator& comm) {
    if (comm.size() == 1) return;
    H5Pset_fapl_mpio(file, comm.handle().comm, MPI_INFO_NULL);
    H5Pset_dxpl_mpio(transfer, H5FD_MPIO_COLLECTIVE);
  }
};

/// This rank's rows of an array; every rank makes as many calls.
struct Slices {
  Range rows;
  std::int64_t calls, rows_a_call;
};

void write_array(hid_t file, hid_t transfer, const OutputFile& output, const RowArray& array, const Slices& slices) {
  const auto& [rows, calls, rows_a_call] = slices;
  const Hdf5Handle dataset =
      hold(H5Dopen2(file, array.path.c_str(), H5P_DEFAULT), H5Dclose, ExitCode::io_failure, failed(output));
  const std::int64_t columns = std::max<std::int64_t>(1, array.n_columns);
  for (std::int64_t call = 0; call < calls; ++call) {
    const std::int64_t first = std::min(rows.first + call * rows_a_call, rows.last);
    const std::int64_t n = std::min(rows_a_call, rows.last - first);
    const std::array<hsize_t, 2> start = {static_cast<hsize_t>(first), 0};
    const std::array<hsize_t, 2> count = {static_cast<hsize_t>(n), static_cast<hsize_t>(columns)};
    const Hdf5Handle file_space(H5Dget_space(dataset), H5Sclose);
    const Hdf5Handle memory_space(H5Screate_simple(dimensions(array), count.data(), nullptr), H5Sclose);
    if (n == 0) {
      H5Sselect_none(file_space);
      H5Sselect_none(memory_space);
    } else {
      H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr);
    }
    const std::byte nothing{};
    const auto offset = static_cast<std::size_t>((first - rows.first) * columns) * size_of(array.type);
    const void* data = n == 0 ? &nothing : static_cast<const std::byte*>(array.data) + offset;
    check_hdf5(H5Dwrite(dataset, native_type(array.type), memory_space, file_space, transfer, data), failed(output));
  }
}

void require_visible(const OutputFile& output) {
  std::error_code ignored;
  if (!std::filesystem::exists(output.temporary(), ignored))
    throw Error(ExitCode::cannot_create,
                fmt::format("{}: some hosts do not see this file; put it on a file system that all hosts share",
                            output.name()));
}

}  // namespace

void write_rows(const Communicator& comm, const OutputFile& output, std::int64_t n_rows,
                const std::function<Range(int rank)>& rows_of_rank, const std::vector<RowArray>& arrays,
                const std::function<void(hid_t file)>& annotate, std::size_t bytes_a_call) {
  on_root(comm, [&] { lay_out(output, n_rows, arrays, annotate); });
  agree(comm, [&] {
    require_visible(output);
    require_memory_to_write();
  });
  agree(comm, [&] {
    const Access access(comm);
    Hdf5Handle file = hold(H5Fopen(output.temporary().c_str(), H5F_ACC_RDWR, access.file), H5Fclose,
                           ExitCode::io_failure, failed(output));
    for (const RowArray& array : arrays) {
      const std::size_t row_bytes =
          static_cast<std::size_t>(std::max<std::int64_t>(1, array.n_columns)) * size_of(array.type);
      const auto rows_a_call = static_cast<std::int64_t>(std::max<std::size_t>(1, bytes_a_call / row_bytes));
      std::int64_t most = 0;
      for (int rank = 0; rank < comm.size(); ++rank) most = std::max(most, rows_of_rank(rank).size());
      write_array(file, access.transfer, output, array,
                  {rows_of_rank(comm.rank()), (most + rows_a_call - 1) / rows_a_call, rows_a_call});
    }
    file.close(output.name());
  });
}

}  // namespace shoal
