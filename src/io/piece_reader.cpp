#include "io/piece_reader.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "io/descriptor.hpp"
#include "io/numbers.hpp"
#include "shoal/core/error.hpp"

namespace shoal {

class SourceFile {
 public:
  explicit SourceFile(const std::string& name) {
    file_ = Descriptor(open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status {};
    if (file_.get() < 0 && errno == EMFILE)
      throw Error(ExitCode::io_failure,
                  fmt::format("{}: cannot be opened: too many files are open; raise `ulimit -n`", name));
    if (file_.get() < 0 || fstat(file_.get(), &status) != 0 || !S_ISREG(status.st_mode))
      throw Error(
          ExitCode::no_input,
          fmt::format("{}: some hosts do not see this file; put it on a file system that all hosts share", name));
    size_ = static_cast<std::uint64_t>(status.st_size);
  }

  [[nodiscard]] bool holds(std::uint64_t first, std::uint64_t bytes) const {
    return first <= size_ && bytes <= size_ - first;
  }

  void read(std::span<std::byte> bytes, std::uint64_t first, const std::string& dataset) const {
    if (read_fully(file_.get(), bytes, first) == bytes.size()) return;
    throw Error(ExitCode::io_failure,
                fmt::format("{}: reading {} bytes at byte {} failed ({})", dataset, bytes.size(), first,
                            errno == 0 ? "the file became shorter" : std::strerror(errno)));
  }

 private:
  Descriptor file_;
  std::uint64_t size_ = 0;
};

const SourceFile& OpenFiles::open(const std::string& name) {
  std::unique_ptr<const SourceFile>& file = files_[name];
  if (!file) file = std::make_unique<const SourceFile>(name);
  return *file;
}

OpenFiles::OpenFiles() = default;
OpenFiles::~OpenFiles() = default;

namespace {

void fill_elements(const Storage& storage, std::size_t n, std::byte* out) {
  for (std::size_t i = 0; i < n; ++i)
    std::memcpy(out + i * storage.fill.size(), storage.fill.data(), storage.fill.size());
}

void resize(std::vector<std::byte>& buffer, std::size_t bytes) {
  if (buffer.size() < bytes) buffer.resize(bytes);
}

template <std::size_t n_bytes>
void copy_short_rows(const std::byte* in, std::size_t in_step, std::size_t rows, std::byte* out, std::size_t out_step) {
  for (std::size_t r = 0; r < rows; ++r) std::memcpy(out + r * out_step, in + r * in_step, n_bytes);
}

/// Parts of rows, which begin so many bytes apart.
void copy_rows(const std::byte* in, std::size_t in_step, std::size_t rows, std::size_t n_bytes, std::byte* out,
               std::size_t out_step) {
  if (n_bytes == 4) return copy_short_rows<4>(in, in_step, rows, out, out_step);
  if (n_bytes == 8) return copy_short_rows<8>(in, in_step, rows, out, out_step);
  for (std::size_t r = 0; r < rows; ++r) std::memcpy(out + r * out_step, in + r * in_step, n_bytes);
}

/// Rows one after the other: in one or several runs of bytes, in the header, or nowhere.
class ContiguousRows : public PieceReader {
 public:
  ContiguousRows(const DatasetInfo& info, const Range& columns, OpenFiles& files) : info_(info), columns_(columns) {
    for (const Extent& extent : info.storage.extents) files_.push_back(&files.open(extent.file));
  }

  void read(const Range& rows, std::byte* out, Scratch& scratch) const override {
    constexpr std::size_t long_row = 16384;  // below, a read for each costs more than the bytes that are not wanted
    if (info_.row_bytes() < long_row || columns_.size() > info_.n_columns / 4)
      return read_elements(rows.first * info_.n_columns, rows.size() * info_.n_columns, out, scratch);
    for (std::int64_t r = 0; r < rows.size(); ++r)
      read_elements((rows.first + r) * info_.n_columns + columns_.first, columns_.size(),
                    out + static_cast<std::size_t>(r * info_.n_columns + columns_.first) * size_of(info_.type),
                    scratch);
  }

 private:
  void read_elements(std::int64_t first_element, std::int64_t n_elements, std::byte* out, Scratch& scratch) const {
    const Storage& storage = info_.storage;
    const auto n = static_cast<std::size_t>(n_elements);
    const std::size_t first = static_cast<std::size_t>(first_element) * storage.number.size;
    const std::size_t bytes = n * storage.number.size;
    if (storage.layout == Layout::compact)
      return decode_numbers(storage.number, info_.type,
                            reinterpret_cast<const std::byte*>(storage.compact.data()) + first, n, out);
    if (files_.empty()) return fill_elements(storage, n, out);
    if (stored_as_element(storage.number, info_.type)) return read_bytes(first, {out, bytes});
    resize(scratch.from, bytes);
    read_bytes(first, {scratch.from.data(), bytes});
    decode_numbers(storage.number, info_.type, scratch.from.data(), n, out);
  }

  /// Bytes counted through all extents.
  void read_bytes(std::uint64_t first, std::span<std::byte> bytes) const {
    for (std::size_t i = 0; i < files_.size() && !bytes.empty(); ++i) {
      const Extent& extent = info_.storage.extents[i];
      if (first < extent.bytes) {
        const std::size_t n = std::min<std::uint64_t>(bytes.size(), extent.bytes - first);
        files_[i]->read(bytes.first(n), extent.first + first, info_.name());
        bytes = bytes.subspan(n);
        first += n;
      }
      first -= extent.bytes;
    }
  }

  const DatasetInfo& info_;
  Range columns_;  ///< others need not be read
  std::vector<const SourceFile*> files_;
};

class ChunkedRows : public PieceReader {
 public:
  ChunkedRows(const DatasetInfo& info, const Range& columns, const ChunkGrid& grid, std::span<const ChunkPlace> chunks,
              OpenFiles& files)
      : info_(info),
        columns_(columns),
        grid_(grid),
        chunks_(chunks),
        file_(files.open(info.storage.extents.front().file)) {}

  void read(const Range& rows, std::byte* out, Scratch& scratch) const override {
    const std::int64_t height = info_.storage.chunk_rows, width = info_.storage.chunk_columns;
    for (std::int64_t row = rows.first / height; row * height < rows.last; ++row)
      for (std::int64_t column = columns_.first / width; column * width < columns_.last; ++column)
        read_chunk(row, column, rows, out, scratch);
  }

 private:
  /// The part of a chunk that is among the rows wanted.
  struct Part {
    Range rows;  ///< of the data set
    Range columns;
    std::int64_t chunk_first;  ///< row of the data set at which the chunk begins
  };

  void read_chunk(std::int64_t row, std::int64_t column, const Range& wanted, std::byte* out, Scratch& scratch) const {
    const Storage& storage = info_.storage;
    const std::int64_t first = row * storage.chunk_rows;
    const std::int64_t left = column * storage.chunk_columns;
    const Part part{{std::max(wanted.first, first), std::min(wanted.last, first + storage.chunk_rows)},
                    {left, std::min(left + storage.chunk_columns, info_.n_columns)},
                    first};
    const bool partial = first + storage.chunk_rows > info_.n_rows || left + storage.chunk_columns > info_.n_columns;
    const ChunkPlace& place = chunks_[static_cast<std::size_t>((row - grid_.first_row) * grid_.n_columns + column)];
    std::byte* const target =
        out + static_cast<std::size_t>((part.rows.first - wanted.first) * info_.n_columns + left) * size_of(info_.type);
    if (place.address == unwritten_chunk) return fill(part, target);
    try {
      if (storage.filters.empty() || (storage.whole_chunks_only && partial))
        read_plain(place, part, target, scratch);
      else
        read_filtered(place, part, target, scratch);
    } catch (const Error& error) {
      if (error.code() != ExitCode::bad_data) throw;
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: is damaged: the chunk at row {}, column {}: {}; copy the file or write it again",
                              info_.name(), first, left, error.what()));
    }
  }

  void fill(const Part& part, std::byte* out) const {
    for (std::int64_t r = 0; r < part.rows.size(); ++r)
      fill_elements(info_.storage, static_cast<std::size_t>(part.columns.size()),
                    out + static_cast<std::size_t>(r) * info_.row_bytes());
  }

  /// Only the rows wanted; where they may lie.
  void read_plain(const ChunkPlace& place, const Part& part, std::byte* out, Scratch& scratch) const {
    const Storage& storage = info_.storage;
    if (place.bytes != storage.chunk_bytes()) throw wrong_size(place);
    require_in_file(place);
    const std::size_t row_bytes = static_cast<std::size_t>(storage.chunk_columns) * storage.number.size;
    const std::size_t bytes = static_cast<std::size_t>(part.rows.size()) * row_bytes;
    const std::uint64_t first =
        place.address + static_cast<std::uint64_t>(part.rows.first - part.chunk_first) * row_bytes;
    if (is_wide() && stored_as_element(storage.number, info_.type))
      return file_.read({out, bytes}, first, info_.name());
    resize(scratch.from, bytes);
    file_.read({scratch.from.data(), bytes}, first, info_.name());
    decode(scratch.from.data(), part, out, scratch);
  }

  void read_filtered(const ChunkPlace& place, const Part& part, std::byte* out, Scratch& scratch) const {
    const Storage& storage = info_.storage;
    if (place.bytes == 0 || place.bytes > most_filtered_bytes(storage.chunk_bytes())) throw wrong_size(place);
    require_in_file(place);
    scratch.from.resize(place.bytes);
    file_.read(scratch.from, place.address, info_.name());
    const std::span<const std::byte> chunk =
        undo_filters(storage.filters, place.filter_mask, storage.number, storage.chunk_bytes(), scratch);
    const std::size_t row_bytes = static_cast<std::size_t>(storage.chunk_columns) * storage.number.size;
    decode(chunk.data() + static_cast<std::size_t>(part.rows.first - part.chunk_first) * row_bytes, part, out, scratch);
  }

  /// From rows of a chunk, in `scratch.from`, to rows of the data set.
  void decode(const std::byte* in, const Part& part, std::byte* out, Scratch& scratch) const {
    const StoredNumber& number = info_.storage.number;
    const auto rows = static_cast<std::size_t>(part.rows.size());
    const auto chunk_columns = static_cast<std::size_t>(info_.storage.chunk_columns);
    if (is_wide()) return decode_numbers(number, info_.type, in, rows * chunk_columns, out);
    const std::size_t size = size_of(info_.type);
    if (info_.type == ElementType::boolean) {  // what lies beyond the data set's edge may be anything
      for (std::size_t r = 0; r < rows; ++r)
        decode_numbers(number, info_.type, in + r * chunk_columns, static_cast<std::size_t>(part.columns.size()),
                       out + r * info_.row_bytes());
      return;
    }
    if (!stored_as_element(number, info_.type)) {  // all at once: a call a row is dear where rows are short
      resize(scratch.to, rows * chunk_columns * size);
      decode_numbers(number, info_.type, in, rows * chunk_columns, scratch.to.data());
      in = scratch.to.data();
    }
    copy_rows(in, chunk_columns * size, rows, static_cast<std::size_t>(part.columns.size()) * size, out,
              info_.row_bytes());
  }

  /// A chunk holds whole rows.
  [[nodiscard]] bool is_wide() const { return info_.storage.chunk_columns == info_.n_columns; }

  [[nodiscard]] Error wrong_size(const ChunkPlace& place) const {
    return {ExitCode::bad_data, fmt::format("it takes {} bytes in the file, where {} make a chunk", place.bytes,
                                            info_.storage.chunk_bytes())};
  }

  void require_in_file(const ChunkPlace& place) const {
    if (!file_.holds(place.address, place.bytes))
      throw Error(ExitCode::bad_data, fmt::format("its bytes {} to {} lie beyond the end of the file", place.address,
                                                  place.address + place.bytes));
  }

  const DatasetInfo& info_;
  Range columns_;  ///< others need not be read
  ChunkGrid grid_;
  std::span<const ChunkPlace> chunks_;
  const SourceFile& file_;
};

}  // namespace

std::unique_ptr<PieceReader> open_stored(const DatasetInfo& info, const Range& rows, const Range& columns,
                                         std::span<const ChunkPlace> chunks, OpenFiles& files) {
  if (info.storage.layout == Layout::chunked)
    return std::make_unique<ChunkedRows>(info, columns, chunk_grid(info, rows), chunks, files);
  return std::make_unique<ContiguousRows>(info, columns, files);
}

}  // namespace shoal
