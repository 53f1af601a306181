// How a data set is stored, as HDF5's headers tell it.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "io/describe.hpp"
#include "io/filters.hpp"
#include "io/foreign_file.hpp"
#include "io/virtual_sources.hpp"
#include "shoal/core/error.hpp"

namespace shoal {
namespace {

namespace fs = std::filesystem;

/// The file that an object lies in: another than the one opened where a link leads out of it.
std::string file_of(hid_t object) {
  std::string name(4096, '\0');
  const ssize_t n = H5Fget_name(object, name.data(), name.size());
  name.resize(n > 0 ? std::min<std::size_t>(static_cast<std::size_t>(n), name.size() - 1) : 0);
  return name;
}

/// Bytes of a regular file; throws where there is none.
std::uint64_t regular_size(const std::string& name, const std::string& dataset) {
  struct stat status {};
  if (stat(name.c_str(), &status) != 0)
    throw Error(ExitCode::no_input, fmt::format("{}: its numbers lie in {}, which is missing", dataset, name));
  if (!S_ISREG(status.st_mode))
    throw Error(ExitCode::bad_data,
                fmt::format("{}: its numbers lie in {}, which is not a regular file", dataset, name));
  return static_cast<std::uint64_t>(status.st_size);
}

/// An HDF5 file may name any other as the place of its numbers; only one beside it (or where the user says so by
/// HDF5_EXTFILE_PREFIX) is read, lest a file from elsewhere lead to what it has no business with.
void require_near(const std::string& outside, const std::string& file, const std::string& dataset) {
  const char* prefix = std::getenv("HDF5_EXTFILE_PREFIX");  // NOLINT: one thread
  for (const fs::path& folder : {fs::absolute(file).parent_path(), fs::canonical(file).parent_path(),
                                 fs::path(prefix == nullptr ? "" : prefix)}) {
    if (folder.empty()) continue;
    const fs::path inside = fs::relative(fs::canonical(outside), fs::weakly_canonical(folder));
    if (!inside.empty() && *inside.begin() != "..") return;
  }
  throw Error(
      ExitCode::bad_data,
      fmt::format("{}: its numbers lie in {}, outside of its folder; put that file beside it, or name its folder "
                  "in HDF5_EXTFILE_PREFIX",
                  dataset, outside));
}

std::vector<Extent> external_extents(hid_t creation, const std::string& file, const std::string& dataset) {
  std::vector<Extent> extents;
  const char* prefix = std::getenv("HDF5_EXTFILE_PREFIX");  // NOLINT: one thread
  for (unsigned i = 0; i < static_cast<unsigned>(H5Pget_external_count(creation)); ++i) {
    std::string name(4096, '\0');
    off_t first = 0;
    hsize_t bytes = 0;
    if (H5Pget_external(creation, i, name.size() - 1, name.data(), &first, &bytes) < 0 || first < 0)
      throw Error(ExitCode::bad_data, dataset + ": its list of external files is damaged");
    name.resize(name.find('\0'));
    if (prefix != nullptr && *prefix != '\0' && fs::path(name).is_relative()) {
      const std::string folder(prefix);
      const std::string origin = "${ORIGIN}";
      name = folder.starts_with(origin)
                 ? (fs::absolute(file).parent_path().string() + folder.substr(origin.size()) + "/" + name)
                 : (fs::path(folder) / name).string();
    }
    const std::uint64_t size = regular_size(name, dataset);
    require_near(name, file, dataset);
    const auto start = static_cast<std::uint64_t>(first);
    if (bytes == H5F_UNLIMITED) bytes = start < size ? size - start : 0;
    extents.push_back({name, start, bytes});
  }
  return extents;
}

/// The first `needed` bytes of the extents, each within its file.
void trim(std::vector<Extent>& extents, std::uint64_t needed, const std::string& dataset) {
  for (std::size_t i = 0; i < extents.size(); ++i) {
    Extent& extent = extents[i];
    extent.bytes = std::min(extent.bytes, needed);
    const std::uint64_t size = regular_size(extent.file, dataset);
    if (extent.first > size || extent.bytes > size - extent.first)
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: is truncated: {} has {} bytes, and its numbers end at byte {}; copy it again",
                              dataset, extent.file, size, extent.first + extent.bytes));
    needed -= extent.bytes;
    if (needed == 0) extents.resize(i + 1);
  }
  if (needed > 0)
    throw Error(ExitCode::bad_data,
                fmt::format("{}: is damaged: {} bytes of its numbers are in no file", dataset, needed));
}

void read_contiguous(hid_t dataset, hid_t creation, DatasetInfo& info) {
  Storage& storage = info.storage;
  const std::uint64_t needed =
      static_cast<std::uint64_t>(info.n_rows) * static_cast<std::uint64_t>(info.n_columns) * storage.number.size;
  if (H5Pget_external_count(creation) > 0) {
    storage.extents = external_extents(creation, file_of(dataset), info.name());
  } else {
    const haddr_t first = H5Dget_offset(dataset);
    if (first == HADDR_UNDEF) return;  // never written
    storage.extents = {{file_of(dataset), first, H5Dget_storage_size(dataset)}};
  }
  trim(storage.extents, needed, info.name());
}

void read_filters(hid_t creation, DatasetInfo& info) {
  for (int i = 0; i < H5Pget_nfilters(creation); ++i) {
    unsigned flags = 0;
    unsigned config = 0;
    std::size_t n = 0;
    std::string name(256, '\0');
    const auto number = static_cast<unsigned>(i);
    H5Pget_filter2(creation, number, &flags, &n, nullptr, name.size(), name.data(), nullptr);
    std::vector<unsigned> values(std::min<std::size_t>(n, 1U << 16U));
    n = values.size();
    const H5Z_filter_t id =
        H5Pget_filter2(creation, number, &flags, &n, values.data(), name.size(), name.data(), &config);
    if (id < 0) throw Error(ExitCode::bad_data, info.name() + ": its filters cannot be read; is the file damaged?");
    name.resize(std::min(name.find('\0'), name.size()));
    info.storage.filters.push_back({id, name, {values.begin(), values.end()}});
  }
}

/// Whether rows follow each other as the axes do in the file; axes of size 1 may stand anywhere.
bool in_order(const DatasetInfo& info) {
  std::vector<std::int64_t> rows, leading;
  for (const std::int64_t axis : info.row_axes)
    if (info.shape[static_cast<std::size_t>(axis)] > 1) rows.push_back(axis);
  for (std::size_t axis = 0; axis < info.shape.size() && leading.size() < rows.size(); ++axis)
    if (info.shape[axis] > 1) leading.push_back(static_cast<std::int64_t>(axis));
  return rows == leading;
}

/// Whether a chunk is some rows and columns: of arrays of more than two axes, all columns.
bool chunks_hold_rows(const DatasetInfo& info, const std::vector<hsize_t>& chunk) {
  if (info.row_axes != std::vector<std::int64_t>{0}) return false;
  for (std::size_t axis = 1; axis < chunk.size() && chunk.size() > 2; ++axis)
    if (static_cast<std::int64_t>(chunk[axis]) != info.shape[axis]) return false;
  return true;
}

/// The chunks that hold a row's neighbours along all axes but the rows' first, so that none is unpacked over and over;
/// at least one, and no more than is fair where there are many ranks.
std::uint64_t bytes_to_keep(const DatasetInfo& info, const std::vector<hsize_t>& chunk) {
  constexpr auto most = static_cast<long double>(most_kept_bytes);
  long double one = info.storage.number.size;
  for (const hsize_t n : chunk) one *= static_cast<long double>(n);
  long double all = one;
  for (std::size_t axis = 0; axis < chunk.size(); ++axis)
    if (static_cast<std::int64_t>(axis) != info.row_axes.front())
      all *= std::ceil(static_cast<long double>(info.shape[axis]) / static_cast<long double>(chunk[axis]));
  return static_cast<std::uint64_t>(std::max(one, std::min(all, most)));
}

void read_chunks(hid_t dataset, hid_t creation, DatasetInfo& info) {
  std::vector<hsize_t> chunk(info.shape.size());
  H5Pget_chunk(creation, static_cast<int>(chunk.size()), chunk.data());
  for (const hsize_t n : chunk)
    if (n < 1 || n > 0xFFFFFFFFU) throw Error(ExitCode::bad_data, info.name() + ": its chunks are damaged");
  Storage& storage = info.storage;
  if (chunks_hold_rows(info, chunk)) {
    storage.chunk_rows = static_cast<std::int64_t>(chunk[0]);
    storage.chunk_columns = chunk.size() == 2 ? static_cast<std::int64_t>(chunk[1]) : info.n_columns;
  }
  storage.cache_bytes = bytes_to_keep(info, chunk);
  unsigned options = 0;
  H5Pget_chunk_opts(creation, &options);
  storage.whole_chunks_only = (options & H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS) != 0;
  storage.extents = {{file_of(dataset), 0, 0}};
  read_filters(creation, info);
}

/// The numbers of a small data set, which stand in its header, as HDF5 gives them: the stored bytes.
void read_compact(hid_t dataset, DatasetInfo& info) {
  const Hdf5Handle type(H5Dget_type(dataset), H5Tclose);
  const std::uint64_t bytes =
      static_cast<std::uint64_t>(info.n_rows) * static_cast<std::uint64_t>(info.n_columns) * info.storage.number.size;
  if (bytes > 65536) throw Error(ExitCode::bad_data, info.name() + ": its size is damaged");
  info.storage.compact.resize(bytes);
  if (H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, info.storage.compact.data()) < 0)
    throw Error(ExitCode::bad_data, info.name() + ": is damaged: its numbers cannot be read");
}

bool has_fill(hid_t creation) {
  H5D_fill_value_t defined{};
  H5D_fill_time_t time{};
  H5Pfill_value_defined(creation, &defined);
  H5Pget_fill_time(creation, &time);
  return defined == H5D_FILL_VALUE_USER_DEFINED && time != H5D_FILL_TIME_NEVER;
}

/// A record as fill value is left to HDF5.
bool fills_records(hid_t creation, const DatasetInfo& info) { return info.form == Form::records && has_fill(creation); }

/// What h5py reads where nothing was written: the fill value; zeros where it is never to be used.
void read_fill(hid_t creation, DatasetInfo& info) {
  info.storage.fill.assign(size_of(info.type), '\0');
  if (info.form == Form::records || !has_fill(creation)) return;
  const hid_t memory = native_type(info.type);
  if (H5Pget_fill_value(creation, memory, info.storage.fill.data()) < 0)
    throw Error(ExitCode::bad_data, info.name() + ": its fill value cannot be read");
}

}  // namespace

void require_filters(const DatasetInfo& info) {
  for (const Filter& filter : info.storage.filters) {
    if (can_undo(filter, info.storage.number) || H5Zfilter_avail(filter.id) > 0) continue;
    throw Error(ExitCode::bad_data,
                fmt::format("{}: is compressed with {}, which this HDF5 does not have; name the folder of its plugin "
                            "in HDF5_PLUGIN_PATH, or unpack it where the filter is: h5repack -f NONE {} unpacked.h5",
                            info.name(), describe_filter(filter.id, filter.name), info.file));
  }
}

void read_storage(hid_t dataset, const NumberType& type, DatasetInfo& info) {
  const Hdf5Handle creation(H5Dget_create_plist(dataset), H5Pclose);
  info.type = type.element;
  info.storage.number = type.stored;
  read_fill(creation, info);
  const H5D_layout_t layout = H5Pget_layout(creation);
  switch (layout) {
    case H5D_CONTIGUOUS:
      info.storage.layout = Layout::contiguous;
      read_contiguous(dataset, creation, info);
      break;
    case H5D_COMPACT:
      info.storage.layout = Layout::compact;
      read_compact(dataset, info);
      break;
    case H5D_CHUNKED: {
      read_chunks(dataset, creation, info);
      const auto known = [&](const Filter& filter) { return can_undo(filter, type.stored); };
      const bool all = std::all_of(info.storage.filters.begin(), info.storage.filters.end(), known);
      info.storage.layout = all && info.storage.chunk_rows > 0 ? Layout::chunked : Layout::other;
      break;
    }
    default:
      info.storage.layout = Layout::other;
      info.storage.extents = {{file_of(dataset), 0, 0}};
      if (layout == H5D_VIRTUAL) {
        require_sources(creation, info);
        open_sources(creation, info.storage.extents.front().file);
      }
  }
  if (!type.plain || !in_order(info) || fills_records(creation, info)) info.storage.layout = Layout::other;
}

}  // namespace shoal
