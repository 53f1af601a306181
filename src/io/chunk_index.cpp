#include "io/chunk_index.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "io/foreign_file.hpp"
#include "io/reader.hpp"
#include "io/row_parts.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/io/assembly.hpp"

namespace shoal {
namespace {

/// HDF5 is asked to read a chunk, and its driver notes where that would be: H5Dget_chunk_info walks the whole index for
/// each chunk, and leaves a user block out of account.
ChunkPlace look_up(hid_t dataset, const ChunkWish& wish, std::int64_t row, std::int64_t column) {
  std::array<hsize_t, H5S_MAX_RANK> offset{};  // of further axes each chunk has the whole
  offset[0] = static_cast<hsize_t>(row * wish.chunk_rows);
  offset[1] = static_cast<hsize_t>(column * wish.chunk_columns);
  std::uint32_t mask = 0;
  std::byte nothing{};
  herr_t status = -1;
  const auto place = where_read([&] { status = H5Dread_chunk(dataset, H5P_DEFAULT, offset.data(), &mask, &nothing); });
  const auto failed = [&] {
    return Error(
        ExitCode::bad_data,
        fmt::format("{}:{}: is damaged: its index of chunks cannot be read at row {}; copy it or write it again",
                    wish.file, wish.path, row * wish.chunk_rows));
  };
  if (status >= 0) {
    if (!place || place->bytes > 0xFFFFFFFFU) throw failed();
    return {place->first, static_cast<std::uint32_t>(place->bytes), mask};
  }
  if (hdf5_says("chunk address isn't defined") || hdf5_says("storage is not initialized"))
    return {unwritten_chunk, 0, 0};
  throw failed();
}

/// The chunks that hold these rows, source after source.
std::vector<ChunkWish> chunk_wishes(const std::vector<DatasetInfo>& datasets, const Range& rows) {
  std::vector<ChunkWish> wishes;
  for (const RowPart& part : row_parts(datasets, rows))
    for (const DatasetInfo* source : stored_of(*part.info))
      if (const ChunkGrid grid = chunk_grid(*source, stored_rows(*part.info, part.rows)); grid.size() > 0)
        wishes.push_back({source->file, source->path, source->storage.chunk_rows, source->storage.chunk_columns, grid});
  return wishes;
}

}  // namespace

ChunkGrid chunk_grid(const DatasetInfo& info, const Range& part) {
  const std::int64_t rows = info.storage.chunk_rows;
  if (info.storage.layout != Layout::chunked || part.size() <= 0) return {};
  const std::int64_t first = part.first / rows;
  return {first, (part.last - 1) / rows - first + 1,
          (info.n_columns + info.storage.chunk_columns - 1) / info.storage.chunk_columns};
}

void look_up_chunks(const std::vector<ChunkWish>& wishes, const std::function<void(const ChunkPlace&)>& take) {
  std::string open_name;
  Hdf5Handle file, dataset;
  for (const ChunkWish& wish : wishes) {
    const std::string name = wish.file + ":" + wish.path;
    if (name != open_name) {  // many ranks' wishes for one data set come one after the other
      dataset = Hdf5Handle();
      file = open_file(wish.file);
      dataset = hold(H5Dopen2(file, wish.path.c_str(), H5P_DEFAULT), H5Dclose, ExitCode::bad_data,
                     name + ": is damaged: it cannot be opened again");
      open_name = name;
    }
    for (std::int64_t row = 0; row < wish.grid.n_rows; ++row)
      for (std::int64_t column = 0; column < wish.grid.n_columns; ++column)
        take(look_up(dataset, wish, wish.grid.first_row + row, column));
  }
}

std::vector<ChunkPlace> find_chunks(const Communicator& comm, const std::vector<DatasetInfo>& datasets,
                                    const std::function<Range(int rank)>& rows_of_rank) {
  const auto has_chunks = [](const DatasetInfo& info) {
    return std::ranges::any_of(stored_of(info), [](auto* source) { return source->storage.layout == Layout::chunked; });
  };
  if (std::ranges::none_of(datasets, has_chunks)) return {};
  const auto wishes_of = [&](int rank) { return chunk_wishes(datasets, rows_of_rank(rank)); };
  const auto size_of_wishes = [&](int rank) {
    std::size_t n = 0;
    for (const ChunkWish& wish : wishes_of(rank)) n += wish.grid.size();
    return n;
  };
  std::vector<std::vector<ChunkPlace>> found(static_cast<std::size_t>(comm.size()));
  on_root(comm, [&] {
    std::vector<std::vector<ChunkWish>> wishes;
    for (int rank = 0; rank < comm.size(); ++rank) wishes.push_back(wishes_of(rank));
    Reader reader(Question::chunks, pack(wishes), memory_for_headers);
    for (int rank = 0; rank < comm.size(); ++rank) {
      const std::size_t wanted = size_of_wishes(rank) * sizeof(ChunkPlace);
      std::string bytes;
      while (bytes.size() < wanted) bytes += reader.next(datasets.front().file);
      std::vector<ChunkPlace>& places = found[static_cast<std::size_t>(rank)];
      places.resize(bytes.size() / sizeof(ChunkPlace));
      if (!bytes.empty()) std::memcpy(places.data(), bytes.data(), bytes.size());
    }
  });
  if (comm.is_root()) {
    for (int rank = 1; rank < comm.size(); ++rank)
      comm.send(std::as_bytes(std::span(found[static_cast<std::size_t>(rank)])), rank);
    return std::move(found.front());
  }
  std::vector<ChunkPlace> mine(size_of_wishes(comm.rank()));
  comm.receive(std::as_writable_bytes(std::span(mine)), 0);
  return mine;
}

}  // namespace shoal
