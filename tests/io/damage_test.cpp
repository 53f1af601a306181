// Damage to chunks, to what an index or a header says of them, and to whole files: refused or read, never a crash; and
// where a checksum tells, nothing that was changed is accepted.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <random>

#include "io/piece_reader.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/durable_file.hpp"
#include "shoal/io/hdf5_handle.hpp"
#include "shoal/io/reader_process.hpp"
#include "shoal/io/slice_reader.hpp"

namespace shoal {
namespace {

constexpr std::int64_t n_rows = 90, n_columns = 5;

/// 32 bits at a time.
class Random {
 public:
  explicit Random(int seed) : engine_(static_cast<std::uint32_t>(seed)) {}
  std::uint32_t operator()() { return static_cast<std::uint32_t>(engine_()); }

 private:
  std::mt19937 engine_;
};

/// How a file is stored, and whether that holds a checksum of the numbers.
struct Storing {
  std::string name;
  bool has_checksum;
  hid_t type;
  std::function<void(hid_t)> set;
};

std::vector<Storing> ways() {
  const auto chunks = [](hid_t p) {
    const hsize_t chunk[2] = {16, 3};
    H5Pset_chunk(p, 2, chunk);
  };
  return {
      {"contiguous", false, H5T_IEEE_F64LE, [](hid_t) {}},
      {"chunks", false, H5T_STD_I16BE, chunks},
      {"fletcher32", true, H5T_IEEE_F32LE, [=](hid_t p) { chunks(p), H5Pset_fletcher32(p); }},
      {"deflate", true, H5T_IEEE_F64LE, [=](hid_t p) { chunks(p), H5Pset_shuffle(p), H5Pset_deflate(p, 6); }},
      {"all", true, H5T_IEEE_F64BE,
       [=](hid_t p) { chunks(p), H5Pset_shuffle(p), H5Pset_deflate(p, 1), H5Pset_fletcher32(p); }},
      {"nbit", false, H5T_STD_U16LE, [=](hid_t p) { chunks(p), H5Pset_nbit(p); }},
      {"scaleoffset", false, H5T_STD_I32LE, [=](hid_t p) { chunks(p), H5Pset_scaleoffset(p, H5Z_SO_INT, 0); }},
  };
}

class Damage : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    silence_hdf5();
    folder_ = (std::filesystem::temp_directory_path() / "shoal-damage-XXXXXX").string();
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    name_ = folder_ + "/x.h5";
    write();
    good_ = read_bytes(name_);
    info_ = describe_here({name_}, Wanted::matrix).front();
    if (info_.storage.layout == Layout::chunked)
      look_up_chunks(
          {{name_, "/X", info_.storage.chunk_rows, info_.storage.chunk_columns, chunk_grid(info_, {0, n_rows})}},
          [&](const ChunkPlace& place) { chunks_.push_back(place); });
    numbers_ = read(info_, chunks_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] Storing way() const { return ways()[static_cast<std::size_t>(GetParam())]; }

  void write() const {
    const Hdf5Handle file(H5Fcreate(name_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose);
    const hsize_t size[2] = {n_rows, n_columns};
    const Hdf5Handle space(H5Screate_simple(2, size, nullptr), H5Sclose);
    const Hdf5Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose), type(H5Tcopy(way().type), H5Tclose);
    if (way().name == "nbit") H5Tset_precision(type, 11);
    way().set(creation);
    const Hdf5Handle data(H5Dcreate2(file, "X", type, space, H5P_DEFAULT, creation, H5P_DEFAULT), H5Dclose);
    std::vector<double> values(n_rows * n_columns);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>((i * i) % 1987);
    H5Dwrite(data, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
  }

  /// All rows in this process, as a sanitizer sees it.
  static std::string read(const DatasetInfo& info, const std::vector<ChunkPlace>& chunks) {
    std::string bytes(static_cast<std::size_t>(n_rows) * n_columns * size_of(info.type), '\0');
    Scratch scratch;
    OpenFiles files;
    open_stored(info, {0, n_rows}, {0, n_columns}, chunks, files)
        ->read({0, n_rows}, reinterpret_cast<std::byte*>(bytes.data()), scratch);
    return bytes;
  }

  /// Whether it was read; an error must say whose fault it is.
  bool attempt(const DatasetInfo& info, const std::vector<ChunkPlace>& chunks, bool content_was_changed) {
    try {
      const std::string found = read(info, chunks);
      if (content_was_changed && way().has_checksum) {
        EXPECT_TRUE(found == numbers_) << "changed numbers were accepted";
      }
      return true;
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == ExitCode::bad_data || error.code() == ExitCode::io_failure) << error.what();
      EXPECT_NE(std::string(error.what()).find("x.h5"), std::string::npos) << error.what();
      return false;
    }
  }

  [[nodiscard]] Extent some_data(Random& random) const {
    if (chunks_.empty()) return info_.storage.extents.front();
    const ChunkPlace& place = chunks_[random() % chunks_.size()];
    return {name_, place.address, place.bytes};
  }

  std::string folder_, name_, good_, numbers_;
  DatasetInfo info_;
  std::vector<ChunkPlace> chunks_;
};

TEST_P(Damage, ToTheNumbers) {
  Random random(GetParam());
  int refused = 0;
  for (int i = 0; i < 500; ++i) {
    std::string bytes = good_;
    const Extent place = some_data(random);
    for (std::uint32_t n = 1 + random() % 4; n > 0; --n)
      bytes[place.first + random() % place.bytes] ^= static_cast<char>(1 + random() % 255);
    if (i % 10 == 0) bytes.resize(place.first + random() % place.bytes);
    std::ofstream(name_, std::ios::binary | std::ios::trunc) << bytes;
    refused += attempt(info_, chunks_, true) ? 0 : 1;
  }
  EXPECT_GE(refused, way().has_checksum ? 490 : 40);
}

TEST_P(Damage, ToWhatTheIndexSays) {
  if (chunks_.empty()) chunks_ = {{0, 0, 0}};
  Random random(100 + GetParam());
  for (int i = 0; i < 300; ++i) {
    std::vector<ChunkPlace> chunks = chunks_;
    ChunkPlace& place = chunks[random() % chunks.size()];
    const std::uint64_t wild = std::uint64_t{random()} << random() % 33U;
    switch (random() % 4) {
      case 0:
        place.address = i % 2 == 0 ? wild : place.address + random() % 64;
        break;
      case 1:
        place.bytes = i % 2 == 0 ? static_cast<std::uint32_t>(wild) : place.bytes + random() % 16 - 8;
        break;
      case 2:
        place.filter_mask = random() % 16;
        break;
      default:
        place = {unwritten_chunk, 0, 0};
    }
    attempt(info_, chunks, false);
  }
}

TEST_P(Damage, ToWhatTheHeaderSays) {
  Random random(200 + GetParam());
  for (int i = 0; i < 200; ++i) {
    DatasetInfo info = info_;
    if (info.storage.filters.empty()) info.storage.filters.push_back({1 + static_cast<int>(random() % 6), "", {}});
    Filter& filter = info.storage.filters[random() % info.storage.filters.size()];
    if (i % 3 == 0) filter.id = static_cast<int>(random() % 8);
    if (i % 3 == 1 && !filter.values.empty()) filter.values[random() % filter.values.size()] = random() % 100;
    if (i % 3 == 2) filter.values.resize(random() % 24);
    const auto known = [&](const Filter& f) { return can_undo(f, info.storage.number); };
    if (std::ranges::all_of(info.storage.filters, known)) attempt(info, chunks_, false);
  }
}

/// The whole file, its headers too: HDF5 meets these in a process of its own.
TEST_P(Damage, ToTheWholeFile) {
  Random random(300 + GetParam());
  reader_patience = 5;
  int refused = 0;
  for (int i = 0; i < 30; ++i) {
    std::string bytes = good_;
    for (std::uint32_t n = 1 + random() % 12; n > 0; --n)
      bytes[random() % bytes.size()] ^= static_cast<char>(1U << random() % 8);
    if (i % 5 == 0) bytes.resize(random() % bytes.size());
    std::ofstream(name_, std::ios::binary | std::ios::trunc) << bytes;
    try {
      const DatasetInfo info = describe_here({name_}, Wanted::matrix).front();
      if (info.n_rows * info.n_columns > 1000000) continue;
      read_slices(
          Communicator::self(), {info},
          [&](int) {
            return Range{0, info.n_rows};
          },
          2, [](const Slice&) {});
    } catch (const Error& error) {
      EXPECT_NE(static_cast<int>(error.code()), static_cast<int>(ExitCode::internal)) << error.what();
      ++refused;
    }
  }
  EXPECT_GE(refused, 6);
}

INSTANTIATE_TEST_SUITE_P(EveryWay, Damage, testing::Range(0, 7),
                         [](const auto& way) { return ways()[static_cast<std::size_t>(way.param)].name; });

}  // namespace
}  // namespace shoal
