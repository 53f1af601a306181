#include "shoal/io/label_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "io/guarded.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/elements.hpp"
#include "shoal/io/hdf5_file.hpp"

namespace shoal {
namespace {

void require_labels(const DatasetInfo& info) {
  if (info.type == ElementType::float32 || info.type == ElementType::float64)
    throw Error(ExitCode::bad_data,
                fmt::format("{}: holds {}, labels are integers", info.name(), to_string(info.type)));
  if (static_cast<std::uint64_t>(info.n_rows) > info.most_bytes / size_of(info.type))  // HDF5 would make them up
    throw Error(ExitCode::bad_data, fmt::format("{}: claims {} rows, of which not all were ever written; write it anew",
                                                info.name(), info.n_rows));
}

std::string read_piece(const DatasetInfo& info, const Range& rows) {
  const Hdf5Handle file = open_file(info.file);
  const std::string failed =
      fmt::format("{}: is damaged: rows {} to {} cannot be read", info.name(), rows.first, rows.last);
  const Hdf5Handle dataset = hold(H5Dopen2(file, info.path.c_str(), H5P_DEFAULT), H5Dclose, ExitCode::bad_data, failed);
  const Hdf5Handle stored(H5Dget_type(dataset), H5Tclose), space(H5Dget_space(dataset), H5Sclose);
  const Hdf5Handle type(H5Tget_native_type(stored, H5T_DIR_ASCEND), H5Tclose);
  const std::array<hsize_t, 2> start = {static_cast<hsize_t>(rows.first), 0};
  const std::array<hsize_t, 2> count = {static_cast<hsize_t>(rows.size()), 1};
  const Hdf5Handle memory(H5Screate_simple(info.rank, count.data(), nullptr), H5Sclose);
  H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr);
  std::string bytes(static_cast<std::size_t>(rows.size()) * size_of(info.type), '\0');
  if (H5Tget_size(type) != size_of(info.type) || H5Dread(dataset, type, memory, space, H5P_DEFAULT, bytes.data()) < 0)
    throw Error(ExitCode::bad_data, failed);
  return bytes;
}

/// The same in a process of its own: on damaged files HDF5 may write anywhere and yet report success.
std::string read_piece_guarded(const DatasetInfo& info, const Range& rows) {
  const std::size_t n_bytes = static_cast<std::size_t>(rows.size()) * size_of(info.type);
  std::string bytes = read_guarded(
      info.file, [&] { return read_piece(info, rows); }, n_bytes);
  if (bytes.size() != n_bytes) throw Error(ExitCode::bad_data, info.name() + ": is damaged");
  return bytes;
}

/// The part of a piece that is a rank's goes from rank 0 to that rank.
void deal(const Communicator& comm, const DatasetInfo& info, const Range& piece, const std::string& bytes, int rank,
          const Range& share, std::vector<std::int64_t>& labels) {
  const Range part{std::max(piece.first, share.first), std::min(piece.last, share.last)};
  if (part.size() <= 0 || (!comm.is_root() && comm.rank() != rank)) return;
  const std::size_t first = static_cast<std::size_t>(part.first - piece.first) * size_of(info.type);
  std::vector<std::byte> mine(static_cast<std::size_t>(part.size()) * size_of(info.type));
  if (comm.is_root()) std::memcpy(mine.data(), bytes.data() + first, mine.size());
  if (comm.is_root() && rank != 0) return comm.send(mine, rank);
  if (!comm.is_root()) comm.receive(mine, 0);
  with_elements({info, part.first, 0, part.size(), mine}, [&](const auto* elements) {
    for (std::int64_t r = 0; r < part.size(); ++r) labels.push_back(static_cast<std::int64_t>(elements[r]));
  });
}

}  // namespace

std::vector<std::int64_t> read_labels(const Communicator& comm, const DatasetInfo& info) {
  on_root(comm, [&] { require_labels(info); });
  std::vector<std::int64_t> labels;
  const std::int64_t at_once = slice_rows(info);
  for (std::int64_t first = 0; first < info.n_rows; first += at_once) {
    const Range piece{first, std::min(first + at_once, info.n_rows)};
    std::string bytes;
    on_root(comm, [&] { bytes = read_piece_guarded(info, piece); });
    for (int rank = 0; rank < comm.size(); ++rank)
      deal(comm, info, piece, bytes, rank, {info.n_rows * rank / comm.size(), info.n_rows * (rank + 1) / comm.size()},
           labels);
  }
  return labels;
}

}  // namespace shoal
