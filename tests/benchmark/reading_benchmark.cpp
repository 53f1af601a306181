// Seconds to read a matrix, several ways in turn, each into fresh memory: one line of CSV each.
//
//   reading_benchmark ROUNDS FILE...      (under mpirun for several ranks: each reads its share)
//
// raw: the bytes of contiguous data by pread; shoal-T: read_shard with T threads, values checked, and the digest of a
// sample; hdf5: H5Dread of the serial driver; collective: H5Dread by all ranks through MPI-IO, as shoal 0.1 read.
#include <fcntl.h>
#include <fmt/format.h>
#include <hdf5.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "shoal/comm/environment.hpp"
#include "shoal/comm/mpi_interop.hpp"
#include "shoal/core/large_vector.hpp"
#include "shoal/io/digest.hpp"
#include "shoal/io/hdf5_file.hpp"
#include "shoal/io/reader_process.hpp"
#include "shoal/io/shard_reader.hpp"

namespace {

using namespace shoal;

double seconds(const Communicator& comm, const std::function<void()>& work) {
  comm.barrier();
  const auto start = std::chrono::steady_clock::now();
  work();
  comm.barrier();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void read_raw(const DatasetInfo& info, const Range& rows) {
  const Extent& extent = info.storage.extents.front();
  const int file = open(extent.file.c_str(), O_RDONLY);
  LargeVector<std::byte> bytes(static_cast<std::size_t>(rows.size()) * info.row_bytes());
  const std::uint64_t first = extent.first + static_cast<std::uint64_t>(rows.first) * info.row_bytes();
  constexpr std::size_t piece = std::size_t{1} << 20U;
  for (std::size_t done = 0; done < bytes.size(); done += piece) {
    const std::size_t n = std::min(piece, bytes.size() - done);
    if (pread(file, bytes.data() + done, n, static_cast<off_t>(first + done)) != static_cast<ssize_t>(n)) std::abort();
  }
  close(file);
}

template <class Row>
void read_rows(const Communicator& comm, const DatasetInfo& info, int threads) {
  ReadOptions options;
  options.threads = threads;
  const Partition blocks = partition(info.n_rows, static_cast<std::size_t>(info.n_columns), false);
  const Shard<Row> shard = read_shard<Row>(comm, {info}, blocks, options);
  rows_digest(comm, shard.digest);
}

void read_hdf5(const Communicator& comm, const DatasetInfo& info, const Range& rows, bool collective) {
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose), transfer(H5Pcreate(H5P_DATASET_XFER), H5Pclose);
  if (collective) H5Pset_fapl_mpio(access, comm.handle().comm, MPI_INFO_NULL);
  if (collective) H5Pset_dxpl_mpio(transfer, H5FD_MPIO_COLLECTIVE);
  const Hdf5Handle file(H5Fopen(info.file.c_str(), H5F_ACC_RDONLY, access), H5Fclose);
  const Hdf5Handle dataset(H5Dopen2(file, info.path.c_str(), H5P_DEFAULT), H5Dclose);
  const Hdf5Handle space(H5Dget_space(dataset), H5Sclose);
  const std::array<hsize_t, 2> start = {static_cast<hsize_t>(rows.first), 0};
  const std::array<hsize_t, 2> count = {static_cast<hsize_t>(rows.size()), static_cast<hsize_t>(info.n_columns)};
  const Hdf5Handle memory(H5Screate_simple(2, count.data(), nullptr), H5Sclose);
  H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr);
  LargeVector<std::byte> bytes(static_cast<std::size_t>(rows.size()) * info.row_bytes());
  if (H5Dread(dataset, native_type(info.type), memory, space, transfer, bytes.data()) < 0) std::abort();
}

void measure(const Communicator& comm, const std::string& file, int rounds) {
  const DatasetInfo info = describe_datasets(comm, {file}, Wanted::matrix).front();
  const Range rows{info.n_rows * comm.rank() / comm.size(), info.n_rows * (comm.rank() + 1) / comm.size()};
  std::map<std::string, std::vector<double>> all;
  const auto shoal_with = [&](int threads) {
    return info.type == ElementType::float32 ? read_rows<float>(comm, info, threads)
                                             : read_rows<double>(comm, info, threads);
  };
  for (int round = 0; round <= rounds; ++round) {
    std::map<std::string, double> now;
    if (info.storage.layout == Layout::contiguous) now["raw"] = seconds(comm, [&] { read_raw(info, rows); });
    for (const int threads : {1, 2})
      now[fmt::format("shoal-{}", threads)] = seconds(comm, [&] { shoal_with(threads); });
    now["hdf5"] = seconds(comm, [&] { read_hdf5(comm, info, rows, false); });
    now["collective"] = seconds(comm, [&] { read_hdf5(comm, info, rows, true); });
    for (const auto& [name, time] : now)
      if (round > 0) all[name].push_back(time);  // the first round brings the file into the page cache
  }
  for (auto& [name, times] : all) {
    std::sort(times.begin(), times.end());
    if (comm.is_root())
      fmt::print("{},{},{},{:.5f},{:.5f},{:.5f}\n", file, comm.size(), name, times.front(), times[times.size() / 2],
                 times.back());
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = shoal::serve_as_reader(argc, argv)) return *code;
  const shoal::Environment environment(argc, argv);
  shoal::silence_hdf5();
  const shoal::Communicator comm = shoal::Communicator::world();
  if (argc < 3) return 64;
  if (comm.is_root()) fmt::print("file,ranks,way,least,median,most\n");
  for (int i = 2; i < argc; ++i) measure(comm, argv[i], std::atoi(argv[1]));
  return 0;
}
