#include "shoal/io/slice_reader.hpp"

#include <algorithm>

#include "io/piece_reader.hpp"
#include "io/reader.hpp"
#include "shoal/comm/agree.hpp"
#include "shoal/core/large_vector.hpp"
#include "shoal/core/lowest_error.hpp"
#include "shoal/io/assembly.hpp"

namespace shoal {
namespace {

/// What a caller wants of its rows.
struct Request {
  int threads;
  const std::function<void(const Slice&)>& visit;
  const Destination& destination;
  const SliceLimits& limits;
};

/// Bytes of one stored row in all sources, or of the row that they make.
std::size_t bytes_for_row(const DatasetInfo& info) {
  std::size_t read = 0;
  for (const DatasetInfo* source : stored_of(info)) read += source->row_bytes();
  return std::max(info.row_bytes(), read);
}

/// Stored rows of a slice; its borders are multiples of this, so those of chunks.
std::int64_t stored_slice_rows(const DatasetInfo& info, const SliceLimits& limits) {
  const std::size_t row_bytes = bytes_for_row(info);
  std::int64_t chunk = 0;
  std::size_t most = limits.slice_bytes;
  for (const DatasetInfo* source : stored_of(info)) {
    chunk = std::max(chunk, source->storage.chunk_rows);
    if (source->storage.layout == Layout::other && source->storage.cache_bytes >= most_kept_bytes)
      most = std::max(most, limits.most_chunk_bytes / 2);  // each slice unpacks all chunks that it touches
  }
  const auto rows = static_cast<std::int64_t>(std::max<std::size_t>(1, most / row_bytes));
  if (chunk == 0) return rows;
  if (static_cast<std::size_t>(chunk) * row_bytes <= std::max(limits.most_chunk_bytes, limits.slice_bytes))
    return std::max<std::int64_t>(1, rows / chunk) * chunk;
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(limits.most_chunk_bytes / row_bytes));
}

std::int64_t slice_rows(const DatasetInfo& info, const SliceLimits& limits) {
  return std::max<std::int64_t>(1, stored_slice_rows(info, limits) / info.row_step);
}

std::size_t thread_bytes(const DatasetInfo& info, const SliceLimits& limits) {
  const std::int64_t rows = std::min(slice_rows(info, limits), std::max<std::int64_t>(info.n_rows, 1));
  std::size_t most = 0;  // of a source: they are read one after the other
  for (const DatasetInfo* source : stored_of(info)) {
    const std::int64_t stored = rows == 1 ? 1 : std::min(rows * info.row_step, source->n_rows);
    const std::size_t slice = static_cast<std::size_t>(stored) * source->row_bytes();
    const std::size_t chunk =
        source->storage.chunk_rows == 0 ? slice : most_filtered_bytes(source->storage.chunk_bytes());
    most = std::max(most, 2 * chunk + (info.assembled() ? slice : 0));
  }
  return static_cast<std::size_t>(rows) * info.row_bytes() + most;
}

/// Chunks that HDF5 keeps while it reads for this rank.
std::size_t kept_bytes(const DatasetInfo& info) {
  std::size_t bytes = 0;
  for (const DatasetInfo* source : stored_of(info))
    if (source->storage.layout == Layout::other) bytes += source->storage.cache_bytes;
  return bytes;
}

/// Large chunks are unpacked by fewer threads at a time, so that they take no more memory than 1 GiB, or one chunk.
int threads_for(const DatasetInfo& info, int threads, const SliceLimits& limits) {
  constexpr std::size_t most = std::size_t{1} << 30U;
  return static_cast<int>(
      std::clamp<std::size_t>(most / thread_bytes(info, limits), 1, static_cast<std::size_t>(threads)));
}

/// One slice of a part: into its place, or into a buffer.
void read_slice(const RowPart& part, const Range& rows, const PieceReader& reader, const Request& request,
                LargeVector<std::byte>& buffer, Scratch& scratch) {
  const std::size_t bytes = static_cast<std::size_t>(rows.size()) * part.info->row_bytes();
  std::byte* place = request.destination ? request.destination(*part.info, part.start + rows.first) : nullptr;
  if (place == nullptr) {
    buffer.resize(bytes);
    place = buffer.data();
  }
  try {
    reader.read(rows, place, scratch);
  } catch (const Error& error) {  // the lowest row's error is told
    throw Error(error.code(), error.what(), part.start + rows.first);
  }
  request.visit({*part.info, part.start + rows.first, rows.first, rows.size(), {place, bytes}});
}

void read_part(const RowPart& part, std::span<const ChunkPlace> chunks, const Request& request) {
  const std::int64_t rows = slice_rows(*part.info, request.limits);
  const std::uint64_t memory =
      memory_for_headers + 6 * thread_bytes(*part.info, request.limits) + kept_bytes(*part.info);
  OpenFiles files;
  const std::unique_ptr<PieceReader> reader = open_part(part, chunks, rows, memory, files);
  const int threads = reader->in_order() ? 1 : threads_for(*part.info, request.threads, request.limits);
  LowestError error;
#pragma omp parallel num_threads(threads)
  {
    LargeVector<std::byte> buffer;
    Scratch scratch;
#pragma omp for schedule(dynamic, 1)
    for (std::int64_t s = part.rows.first / rows; s <= (part.rows.last - 1) / rows; ++s)
      error.run(s, [&] {
        const Range slice{std::max(part.rows.first, s * rows), std::min(part.rows.last, (s + 1) * rows)};
        read_slice(part, slice, *reader, request, buffer, scratch);
      });
  }
  error.rethrow();
}

void read_parts(const std::vector<DatasetInfo>& datasets, const Range& rows, std::span<const ChunkPlace> chunks,
                const Request& request) {
  for (const RowPart& part : row_parts(datasets, rows)) {
    std::size_t n_chunks = 0;
    for (const DatasetInfo* source : stored_of(*part.info))
      n_chunks += chunk_grid(*source, stored_rows(*part.info, part.rows)).size();
    read_part(part, chunks.first(n_chunks), request);
    chunks = chunks.subspan(n_chunks);
  }
}

}  // namespace

void read_slices(const Communicator& comm, const std::vector<DatasetInfo>& datasets,
                 const std::function<Range(int rank)>& rows_of_rank, int threads,
                 const std::function<void(const Slice&)>& visit, const Destination& destination,
                 const SliceLimits& limits) {
  const std::vector<ChunkPlace> chunks = find_chunks(comm, datasets, rows_of_rank);
  agree(comm, [&] { read_parts(datasets, rows_of_rank(comm.rank()), chunks, {threads, visit, destination, limits}); });
}

std::size_t reading_bytes(const DatasetInfo& info, int threads) {
  const auto for_hdf5 = [](const DatasetInfo* source) { return source->storage.layout == Layout::other; };
  if (std::ranges::any_of(stored_of(info), for_hdf5))
    return 3 * thread_bytes(info, {}) + kept_bytes(info);  // it takes as much again
  return thread_bytes(info, {}) * static_cast<std::size_t>(threads_for(info, threads, {}));
}

}  // namespace shoal
