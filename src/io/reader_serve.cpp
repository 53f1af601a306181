// The reader's side: what each question does with a foreign file.

#include <array>

#include "io/chunk_index.hpp"
#include "io/describe.hpp"
#include "io/foreign_file.hpp"
#include "io/model_reading.hpp"
#include "io/reader.hpp"

namespace shoal {
namespace {

using Answer = std::function<void(const std::string&)>;

void serve_descriptions(const std::string& arguments, const Answer& answer) {
  std::vector<std::string> names;
  Wanted wanted{};
  unpack(arguments, names, wanted);
  for (const std::string& name : names) answer(pack(describe_dataset(name, wanted)));
}

void serve_chunks(const std::string& arguments, const Answer& answer) {
  std::vector<std::vector<ChunkWish>> wishes;
  unpack(arguments, wishes);
  constexpr std::size_t at_once = std::size_t{1} << 18U;  // looked up in well under a second, so nobody loses patience
  for (const std::vector<ChunkWish>& of_a_rank : wishes) {
    std::string bytes;
    look_up_chunks(of_a_rank, [&](const ChunkPlace& place) {
      bytes.append(reinterpret_cast<const char*>(&place), sizeof place);
      if (bytes.size() < at_once * sizeof place) return;
      answer(bytes);
      bytes.clear();
    });
    if (!bytes.empty()) answer(bytes);
  }
}

/// Bit fields are read as such: HDF5 does not convert them.
hid_t memory_type(hid_t dataset, ElementType element) {
  const Hdf5Handle type(H5Dget_type(dataset), H5Tclose);
  if (H5Tget_class(type) != H5T_BITFIELD) return native_type(element);
  const std::size_t size = size_of(element);
  return size == 1 ? H5T_NATIVE_B8 : size == 2 ? H5T_NATIVE_B16 : size == 4 ? H5T_NATIVE_B32 : H5T_NATIVE_B64;
}

/// Slices of `rows` rows, their borders multiples of that, by HDF5's own reading.
void serve_rows(const std::string& arguments, const Answer& answer) {
  DatasetInfo info;
  Range all;
  std::int64_t rows = 1;
  unpack(arguments, info, all.first, all.last, rows);
  const std::string failed = info.name() + ": is damaged: HDF5 cannot read it; copy it again or write it anew";
  const Hdf5Handle file = open_file(info.file);
  const Hdf5Handle dataset = hold(H5Dopen2(file, info.path.c_str(), H5P_DEFAULT), H5Dclose, ExitCode::bad_data, failed);
  const Hdf5Handle space(H5Dget_space(dataset), H5Sclose);
  std::string bytes;
  for (std::int64_t first = all.first; first < all.last; first = (first / rows + 1) * rows) {
    const std::int64_t n = std::min(all.last, (first / rows + 1) * rows) - first;
    const std::array<hsize_t, 2> start = {static_cast<hsize_t>(first), 0};
    const std::array<hsize_t, 2> count = {static_cast<hsize_t>(n), static_cast<hsize_t>(info.n_columns)};
    const Hdf5Handle memory(H5Screate_simple(info.rank, count.data(), nullptr), H5Sclose);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr);
    bytes.assign(static_cast<std::size_t>(n) * info.row_bytes(), '\0');
    if (H5Dread(dataset, memory_type(dataset, info.type), memory, space, H5P_DEFAULT, bytes.data()) < 0)
      throw Error(ExitCode::bad_data, failed);
    answer(bytes);
  }
}

}  // namespace

void serve(Question question, const std::string& arguments, const Answer& answer) {
  if (question == Question::describe) return serve_descriptions(arguments, answer);
  if (question == Question::chunks) return serve_chunks(arguments, answer);
  if (question == Question::rows) return serve_rows(arguments, answer);
  std::string name;
  std::vector<std::string> kinds, sources;
  if (question == Question::model) {
    unpack(arguments, name, kinds);
    return answer(pack(read_model_from(name, kinds)));
  }
  unpack(arguments, name);
  if (question == Question::summarise) return answer(pack(summarise(name)));
  const NamedArrays arrays = read_parameters_from(name, sources);
  answer(pack(arrays, sources));
}

}  // namespace shoal
