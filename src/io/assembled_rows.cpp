// Rows put together from one or more sources.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "io/numbers.hpp"
#include "io/piece_reader.hpp"
#include "io/reader.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/assembly.hpp"
#include "shoal/io/elements.hpp"

namespace shoal {
namespace {

/// What only HDF5 can decode, from a process of its own: the sources' rows slice by slice, source after source.
class Hdf5Stream {
 public:
  Hdf5Stream(const RowPart& part, std::int64_t height, std::uint64_t memory)
      : reader_(Question::rows, request(part, height), memory) {}

  void next(const DatasetInfo& source, const Range& rows, std::byte* out) {
    const std::string bytes = reader_.next(source.name());
    if (bytes.size() != static_cast<std::size_t>(rows.size()) * source.row_bytes())
      throw Error(ExitCode::bad_data, source.name() + ": is damaged: HDF5 gives too few rows");
    std::copy_n(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size(), out);
  }

 private:
  static std::string request(const RowPart& part, std::int64_t height) {
    std::vector<DatasetInfo> sources;
    for (const DatasetInfo* source : stored_of(*part.info))
      if (source->storage.layout == Layout::other) sources.push_back(*source);
    return pack(sources, part.info->first_row, part.info->row_step, part.rows.first, part.rows.last, height);
  }
  Reader reader_;
};

class Hdf5Rows : public PieceReader {
 public:
  Hdf5Rows(const DatasetInfo& source, std::shared_ptr<Hdf5Stream> stream)
      : source_(source), stream_(std::move(stream)) {}

  void read(const Range& rows, std::byte* out, Scratch&) const override { stream_->next(source_, rows, out); }
  [[nodiscard]] bool in_order() const override { return true; }

 private:
  const DatasetInfo& source_;
  std::shared_ptr<Hdf5Stream> stream_;
};

/// A column of a block, and the feature that it becomes.
struct Placed {
  std::int64_t column;
  std::int64_t feature;
};

/// What stands in a source's row as elements of type In, undone.
template <class In>
class Unpacking {
 public:
  explicit Unpacking(const Packing& packing)
      : scale_(packing.scale),
        offset_(packing.offset),
        scales_(packing.scales()),
        may_miss_(packing.may_miss()),
        least_(packing.least),
        greatest_(packing.greatest) {
    for (const long double value : packing.missing) missing_.push_back(static_cast<In>(value));
  }

  template <class Out>
  Out operator()(In value) const {
    if constexpr (std::numeric_limits<Out>::has_quiet_NaN)
      if (may_miss_ && is_missing(value)) return std::numeric_limits<Out>::quiet_NaN();
    return scales_ ? static_cast<Out>(static_cast<double>(value) * scale_ + offset_) : static_cast<Out>(value);
  }

 private:
  [[nodiscard]] bool is_missing(In value) const {
    return value < least_ || value > greatest_ || std::ranges::find(missing_, value) != missing_.end();
  }
  double scale_, offset_;
  bool scales_, may_miss_;
  long double least_, greatest_;
  std::vector<In> missing_;
};

class AssembledRows : public PieceReader {
 public:
  AssembledRows(const DatasetInfo& info, std::vector<std::unique_ptr<PieceReader>> sources)
      : info_(info), sources_(std::move(sources)), placed_(info.blocks.size()) {
    std::vector<std::pair<std::size_t, std::int64_t>> all;  // block and column of each column
    for (std::size_t b = 0; b < info.blocks.size(); ++b)
      for (std::int64_t c = 0; c < info.blocks[b].n_columns; ++c) all.emplace_back(b, c);
    for (std::int64_t feature = 0; feature < info.n_columns; ++feature) {
      const auto column = info.columns.empty() ? feature : info.columns[static_cast<std::size_t>(feature)];
      const auto [block, place] = all[static_cast<std::size_t>(column)];
      placed_[block].push_back({place, feature});
    }
  }

  [[nodiscard]] bool in_order() const override {
    return std::ranges::any_of(sources_, [](const auto& source) { return source->in_order(); });
  }

  void read(const Range& rows, std::byte* out, Scratch& scratch) const override {
    const Range stored = stored_rows(info_, rows);
    for (std::size_t s = 0; s < sources_.size(); ++s) {
      const DatasetInfo& source = info_.sources[s];
      scratch.source.resize(static_cast<std::size_t>(stored.size()) * source.row_bytes());
      read_source(s, rows, scratch);
      for (std::size_t b = 0; b < info_.blocks.size(); ++b)
        if (info_.blocks[b].source == s) take(b, rows.size(), out, scratch);
    }
  }

 private:
  /// Rows far apart one by one, where nothing needs to be unpacked for each.
  void read_source(std::size_t s, const Range& rows, Scratch& scratch) const {
    const DatasetInfo& source = info_.sources[s];
    const std::size_t step = static_cast<std::size_t>(info_.row_step) * source.row_bytes();
    constexpr std::size_t far_apart = 16384;
    if (source.storage.layout != Layout::contiguous || info_.row_step == 1 || step < far_apart)
      return sources_[s]->read(stored_rows(info_, rows), scratch.source.data(), scratch);
    for (std::int64_t r = 0; r < rows.size(); ++r)
      sources_[s]->read(stored_rows(info_, {rows.first + r, rows.first + r + 1}),
                        scratch.source.data() + static_cast<std::size_t>(r) * step, scratch);
  }

  /// The features that come from a block.
  void take(std::size_t b, std::int64_t n_rows, std::byte* out, Scratch& scratch) const {
    const ColumnBlock& block = info_.blocks[b];
    const DatasetInfo& source = info_.sources[block.source];
    const std::byte* in = scratch.source.data();
    std::size_t row_bytes = static_cast<std::size_t>(info_.row_step) * source.row_bytes();
    if (source.form == Form::records) {  // bytes so far
      const std::size_t width = static_cast<std::size_t>(block.n_columns) * size_of(block.type);
      scratch.column.resize(static_cast<std::size_t>(n_rows) * width);
      for (std::int64_t r = 0; r < n_rows; ++r)
        decode_numbers(block.number, block.type, in + static_cast<std::size_t>(r) * row_bytes + block.first_byte,
                       static_cast<std::size_t>(block.n_columns),
                       scratch.column.data() + static_cast<std::size_t>(r) * width);
      in = scratch.column.data();
      row_bytes = width;
    }
    with_type(block.type, [&]<class In>(In) {
      with_type(info_.type, [&]<class Out>(Out) { unpack_block<In, Out>(b, in, row_bytes, n_rows, out); });
    });
  }

  template <class In, class Out>
  void unpack_block(std::size_t b, const std::byte* in, std::size_t row_bytes, std::int64_t n_rows,
                    std::byte* out) const {
    const Unpacking<In> unpacking(info_.blocks[b].packing);
    for (std::int64_t r = 0; r < n_rows; ++r) {
      const auto* from = reinterpret_cast<const In*>(in + static_cast<std::size_t>(r) * row_bytes);
      auto* to = reinterpret_cast<Out*>(out) + r * info_.n_columns;
      for (const Placed& placed : placed_[b])
        to[placed.feature] = unpacking.template operator()<Out>(from[placed.column]);
    }
  }

  const DatasetInfo& info_;
  std::vector<std::unique_ptr<PieceReader>> sources_;
  std::vector<std::vector<Placed>> placed_;  ///< of each block
};

/// The columns of a source from the first to the last that is a feature; those of tables are bytes.
Range wanted_columns(const DatasetInfo& info, const DatasetInfo& source) {
  Range wanted{0, source.n_columns};
  if (info.columns.empty() || source.form != Form::array) return wanted;
  std::int64_t first = 0;  // of the block's columns, counted over all
  for (const ColumnBlock& block : info.blocks) {
    if (&info.sources[block.source] == &source) {
      std::swap(wanted.first, wanted.last);
      for (const std::int64_t column : info.columns) {
        if (column < first || column >= first + block.n_columns) continue;
        wanted.first = std::min(wanted.first, column - first);
        wanted.last = std::max(wanted.last, column - first + 1);
      }
    }
    first += block.n_columns;
  }
  return wanted;
}

}  // namespace

std::unique_ptr<PieceReader> open_part(const RowPart& part, std::span<const ChunkPlace> chunks, std::int64_t height,
                                       std::uint64_t memory, OpenFiles& files) {
  std::shared_ptr<Hdf5Stream> stream;
  std::vector<std::unique_ptr<PieceReader>> readers;
  const Range rows = stored_rows(*part.info, part.rows);
  for (const DatasetInfo* source : stored_of(*part.info)) {
    if (source->storage.layout == Layout::other) {
      if (!stream) stream = std::make_shared<Hdf5Stream>(part, height, memory);
      readers.push_back(std::make_unique<Hdf5Rows>(*source, stream));
      continue;
    }
    const std::size_t n_chunks = chunk_grid(*source, rows).size();
    readers.push_back(open_stored(*source, rows, wanted_columns(*part.info, *source), chunks.first(n_chunks), files));
    chunks = chunks.subspan(n_chunks);
  }
  if (!part.info->assembled()) return std::move(readers.front());
  return std::make_unique<AssembledRows>(*part.info, std::move(readers));
}

}  // namespace shoal
