#include "io/reader_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <type_traits>

#include "io/describe.hpp"
#include "io/filters.hpp"
#include "io/foreign_file.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/elements.hpp"
#include "shoal/io/hdf5_file.hpp"

namespace shoal {
namespace {

Error unreadable(const std::string& name) {
  return {ExitCode::bad_data, name + ": is damaged: HDF5 cannot read it; copy it or write it again"};
}

/// A data set, or a part of one at `path`; chunks that many rows share are kept until these are read.
Hdf5Handle open_part(hid_t file, const std::string& path, const DatasetInfo& info) {
  const Hdf5Handle access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
  constexpr std::size_t places = 100'003;  // a prime far above the number of chunks, as HDF5 advises
  H5Pset_chunk_cache(access, places, info.storage.cache_bytes, H5D_CHUNK_CACHE_W0_DEFAULT);
  const hid_t id = H5Dopen2(file, path.c_str(), access);
  if (id < 0) throw unreadable(info.name());
  return {id, H5Dclose};
}

/// Bit fields are read as such: HDF5 does not convert them.
hid_t memory_type(hid_t dataset, ElementType element) {
  const Hdf5Handle type(H5Dget_type(dataset), H5Tclose);
  if (H5Tget_class(type) != H5T_BITFIELD) return native_type(element);
  const std::size_t size = size_of(element);
  return size == 1 ? H5T_NATIVE_B8 : size == 2 ? H5T_NATIVE_B16 : size == 4 ? H5T_NATIVE_B32 : H5T_NATIVE_B64;
}

/// Part of a dataset, as elements of `type`.
void read_box(hid_t dataset, hid_t type, const std::vector<Range>& box, void* out, const std::string& name) {
  const Hdf5Handle space(H5Dget_space(dataset), H5Sclose);
  std::vector<hsize_t> start, count;
  for (const Range& range : box) {
    start.push_back(static_cast<hsize_t>(range.first));
    count.push_back(static_cast<hsize_t>(range.size()));
  }
  const Hdf5Handle memory(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr), H5Sclose);
  if (H5Sget_simple_extent_ndims(space) != static_cast<int>(box.size()) ||
      H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr) < 0 ||
      H5Dread(dataset, type, memory, space, H5P_DEFAULT, out) < 0)
    throw unreadable(name);
}

using Boxes = std::vector<std::vector<Range>>;

/// Rows numbered over several axes, as boxes: a row of boxes at each end, and what is whole between them.
void add_boxes(const std::vector<std::int64_t>& size, const Range& rows, const std::vector<Range>& outer,
               Boxes& boxes) {
  const std::size_t axis = outer.size();
  std::int64_t inner = 1;
  for (std::size_t a = axis + 1; a < size.size(); ++a) inner *= size[a];
  const auto add = [&](const Range& range, const Range& rest) {
    std::vector<Range> box = outer;
    box.push_back(range);
    if (box.size() < size.size() && rest.size() < inner) return add_boxes(size, rest, box, boxes);
    while (box.size() < size.size()) box.push_back({0, size[box.size()]});
    boxes.push_back(std::move(box));
  };
  Range whole{(rows.first + inner - 1) / inner, rows.last / inner};
  if (whole.first > whole.last) return add({whole.last, whole.first}, {rows.first % inner, rows.last % inner});
  if (rows.first % inner != 0) add({whole.first - 1, whole.first}, {rows.first % inner, inner});
  if (whole.size() > 0) add(whole, {0, inner});
  if (rows.last % inner != 0) add({whole.last, whole.last + 1}, {0, rows.last % inner});
}

/// One axis of a box: how many there are, and how far apart they go.
struct Stride {
  std::int64_t count;
  std::int64_t step;
};

template <class Word>
const Word* scatter(const Word* in, std::span<const Stride> axes, Word* out) {
  for (std::int64_t i = 0; i < axes.front().count; ++i, out += axes.front().step) {
    if (axes.size() == 1)
      *out = *in++;
    else
      in = scatter(in, axes.subspan(1), out);
  }
  return in;
}

/// An array some of whose axes make the rows.
class ArrayRows : public OpenRows {
 public:
  explicit ArrayRows(const DatasetInfo& info)
      : info_(info), file_(open_file(info.file)), dataset_(open_part(file_, info.path, info)) {
    for (const std::int64_t axis : info.row_axes) row_size_.push_back(info.shape[static_cast<std::size_t>(axis)]);
    std::vector<std::int64_t> order = info.row_axes;
    for (std::size_t axis = 0; axis < info.shape.size(); ++axis)
      if (std::ranges::find(order, static_cast<std::int64_t>(axis)) == order.end())
        order.push_back(static_cast<std::int64_t>(axis));
    step_.resize(info.shape.size());
    std::int64_t step = 1;
    for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
      step_[static_cast<std::size_t>(*axis)] = step;
      step *= info.shape[static_cast<std::size_t>(*axis)];
    }
  }

  std::string read(const Range& rows) override {
    std::string bytes(static_cast<std::size_t>(rows.size()) * info_.row_bytes(), '\0');
    Boxes boxes;
    add_boxes(row_size_, rows, {}, boxes);
    std::string elements;
    for (const std::vector<Range>& row_box : boxes) {
      std::vector<Range> box;
      for (const std::int64_t n : info_.shape) box.push_back({0, n});
      for (std::size_t a = 0; a < row_box.size(); ++a) box[static_cast<std::size_t>(info_.row_axes[a])] = row_box[a];
      place(box, rows, elements, bytes);
    }
    return bytes;
  }

 private:
  void place(const std::vector<Range>& box, const Range& rows, std::string& elements, std::string& bytes) const {
    std::vector<Stride> axes;
    std::int64_t first = -rows.first * info_.n_columns;
    std::int64_t n = 1;
    for (std::size_t axis = 0; axis < box.size(); ++axis) {
      axes.push_back({box[axis].size(), step_[axis]});
      first += box[axis].first * step_[axis];
      n *= box[axis].size();
    }
    elements.resize(static_cast<std::size_t>(n) * size_of(info_.type));
    read_box(dataset_, memory_type(dataset_, info_.type), box, elements.data(), info_.name());
    with_type(info_.type, [&]<class Word>(Word) {
      scatter(reinterpret_cast<const Word*>(elements.data()), std::span<const Stride>(axes),
              reinterpret_cast<Word*>(bytes.data()) + first);
    });
  }

  const DatasetInfo& info_;
  Hdf5Handle file_, dataset_;
  std::vector<std::int64_t> row_size_;  ///< of the axes that make the rows
  std::vector<std::int64_t> step_;      ///< of each axis, in the rows' elements
};

/// Records as their bytes; only numbers are asked for, as texts of any length would be pointers.
class RecordRows : public OpenRows {
 public:
  explicit RecordRows(const DatasetInfo& info)
      : info_(info), file_(open_file(info.file)), dataset_(open_part(file_, info.path, info)) {
    const Hdf5Handle stored(H5Dget_type(dataset_), H5Tclose);
    type_ = Hdf5Handle(H5Tcreate(H5T_COMPOUND, H5Tget_size(stored)), H5Tclose);
    for (int i = 0; i < H5Tget_nmembers(stored); ++i) {
      const auto member = static_cast<unsigned>(i);
      const Hdf5Handle of_member(H5Tget_member_type(stored, member), H5Tclose);
      if (holds_pointers(of_member)) continue;
      char* name = H5Tget_member_name(stored, member);
      H5Tinsert(type_, name, H5Tget_member_offset(stored, member), of_member);
      H5free_memory(name);
    }
  }

  std::string read(const Range& rows) override {
    std::string bytes(static_cast<std::size_t>(rows.size()) * info_.row_bytes(), '\0');
    read_box(dataset_, type_, {rows}, bytes.data(), info_.name());
    return bytes;
  }

 private:
  const DatasetInfo& info_;
  Hdf5Handle file_, dataset_, type_;
};

/// Integers wrap around, as numpy's do.
template <class T>
T sum(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return a + b;
  else
    return static_cast<T>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

/// Compressed sparse rows, as AnnData stores them (scipy.sparse.csr_matrix): those of row r are `data` and `indices`
/// from indptr[r] to indptr[r + 1]; what stands twice in a row is summed.
class SparseRows : public OpenRows {
 public:
  explicit SparseRows(const DatasetInfo& info)
      : info_(info),
        file_(open_file(info.file)),
        data_(open_part(file_, info.path + "/data", info)),
        indices_(open_part(file_, info.path + "/indices", info)),
        starts_(open_part(file_, info.path + "/indptr", info)) {
    const Hdf5Handle space(H5Dget_space(data_), H5Sclose);
    n_entries_ = H5Sget_simple_extent_npoints(space);
  }

  std::string read(const Range& rows) override {
    std::vector<std::int64_t> starts(static_cast<std::size_t>(rows.size()) + 1);
    read_box(starts_, H5T_NATIVE_INT64, {{rows.first, rows.last + 1}}, starts.data(), info_.name());
    for (std::int64_t r = 0; r < rows.size(); ++r) require_order(starts, rows.first, r);
    const Range entries{starts.front(), starts.back()};
    std::string bytes(static_cast<std::size_t>(rows.size()) * info_.row_bytes(), '\0');
    if (entries.size() == 0) return bytes;
    std::vector<std::int64_t> columns(static_cast<std::size_t>(entries.size()));
    read_box(indices_, H5T_NATIVE_INT64, {entries}, columns.data(), info_.name());
    with_type(info_.type, [&]<class T>(T) {
      std::vector<T> values(columns.size());
      read_box(data_, memory_type(data_, info_.type), {entries}, values.data(), info_.name());
      auto* row = reinterpret_cast<T*>(bytes.data());
      for (std::int64_t r = 0; r < rows.size(); ++r, row += info_.n_columns)
        for (std::int64_t e = starts[static_cast<std::size_t>(r)]; e < starts[static_cast<std::size_t>(r) + 1]; ++e) {
          const auto place = static_cast<std::size_t>(e - entries.first);
          T& value = row[column_at(columns[place], rows.first + r)];
          value = sum(value, values[place]);
          if (info_.type == ElementType::boolean) value = value != T(0) ? T(1) : T(0);
        }
    });
    return bytes;
  }

 private:
  void require_order(const std::vector<std::int64_t>& starts, std::int64_t first, std::int64_t r) const {
    const auto row = static_cast<std::size_t>(r);
    const bool begins = first + r > 0 || starts[row] == 0;
    if (begins && starts[row] >= 0 && starts[row] <= starts[row + 1] && starts[row + 1] <= n_entries_) return;
    throw Error(ExitCode::bad_data, fmt::format("{}: row {}: is damaged: its entries go from {} to {} of {} (indptr)",
                                                info_.name(), first + r, starts[row], starts[row + 1], n_entries_));
  }
  [[nodiscard]] std::int64_t column_at(std::int64_t column, std::int64_t row) const {
    if (column >= 0 && column < info_.n_columns) return column;
    throw Error(ExitCode::bad_data, fmt::format("{}: row {}: is damaged: an entry stands in column {} of {} (indices)",
                                                info_.name(), row, column, info_.n_columns));
  }

  const DatasetInfo& info_;
  Hdf5Handle file_, data_, indices_, starts_;
  std::int64_t n_entries_ = 0;
};

}  // namespace

std::unique_ptr<OpenRows> open_rows(const DatasetInfo& info) {
  register_filters();
  if (info.form == Form::records) return std::make_unique<RecordRows>(info);
  if (info.form == Form::sparse) return std::make_unique<SparseRows>(info);
  return std::make_unique<ArrayRows>(info);
}

}  // namespace shoal
