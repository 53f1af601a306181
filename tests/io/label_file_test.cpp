// Label files whose bytes were changed, or that claim what they do not hold: refused or read, by all ranks alike.
#include "shoal/io/label_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <tuple>

#include "shoal/comm/agree.hpp"
#include "shoal/core/error.hpp"
#include "shoal/io/durable_file.hpp"
#include "shoal/io/hdf5_handle.hpp"

namespace shoal {
namespace {

const Communicator& world() {
  static const Communicator comm = Communicator::world();
  return comm;
}

/// A file that all ranks see; rank 0 fills and removes it.
class LabelFile : public testing::Test {
 protected:
  void SetUp() override {
    silence_hdf5();
    folder_ = (std::filesystem::temp_directory_path() / "shoal-labels-XXXXXX").string();
    if (world().is_root() && mkdtemp(folder_.data()) == nullptr) FAIL();
    broadcast_object(world(), folder_);
    name_ = folder_ + "/labels.h5";
  }
  void TearDown() override {
    world().barrier();
    if (world().is_root()) std::filesystem::remove_all(folder_);
  }

  enum class Packing { deflate, scale_offset };
  /// n labels in order of 3 clusters, in compressed chunks, or as many as claimed and none written.
  void write(hsize_t n, bool written, hsize_t chunk = 16, Packing packing = Packing::deflate) const {
    if (!world().is_root()) return;
    const Hdf5Handle file(H5Fcreate(name_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose);
    const Hdf5Handle space(H5Screate_simple(1, &n, nullptr), H5Sclose),
        creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    H5Pset_chunk(creation, 1, &chunk);
    if (packing == Packing::deflate)
      H5Pset_deflate(creation, 4);
    else
      H5Pset_scaleoffset(creation, H5Z_SO_INT, H5Z_SO_INT_MINBITS_DEFAULT);
    const Hdf5Handle dataset(H5Dcreate2(file, "labels", H5T_NATIVE_INT32, space, H5P_DEFAULT, creation, H5P_DEFAULT),
                             H5Dclose);
    std::vector<std::int32_t> labels(written ? n : 0);
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(3 * i / n);
    if (written) H5Dwrite(dataset, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, labels.data());
  }
  void overwrite(const std::string& bytes) const {
    if (world().is_root()) std::ofstream(name_, std::ios::binary) << bytes;
    world().barrier();
  }
  std::vector<std::int64_t> read() const {
    return read_labels(world(), describe_datasets(world(), {name_}, Wanted::labels)[0]);
  }

  std::string folder_, name_;
};

TEST_F(LabelFile, IsReadInShares) {
  for (const auto& [n, chunk, packing] :
       {std::tuple(100, 16, Packing::deflate), std::tuple(9'000'000, 9'000'000, Packing::deflate),  // one chunk
        std::tuple(3'000'000, 1'000'000, Packing::scale_offset)}) {
    write(static_cast<hsize_t>(n), true, static_cast<hsize_t>(chunk), packing);
    world().barrier();
    const std::vector<std::int64_t> labels = read();
    const std::int64_t rows = n, first = rows * world().rank() / world().size();
    ASSERT_EQ(labels.size(), static_cast<std::size_t>(rows * (world().rank() + 1) / world().size() - first));
    for (std::size_t i = 0; i < labels.size(); ++i)
      ASSERT_EQ(labels[i], 3 * (first + static_cast<std::int64_t>(i)) / rows);
    world().barrier();
  }
}

TEST_F(LabelFile, OfMoreRowsThanMemoryIsRefused) {
  write(hsize_t{1} << 40U, false);
  world().barrier();
  try {
    read();
    FAIL() << "read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::no_memory);
    EXPECT_NE(std::string(error.what()).find("1099511627776 rows"), std::string::npos) << error.what();
  }
}

TEST_F(LabelFile, ChangedBytesNeverCrash) {
  write(100, true);
  world().barrier();
  const std::string bytes = read_bytes(name_);
  world().barrier();
  std::mt19937 generator(3);
  int refused = 0;
  const int n = world().size() == 1 ? 1200 : 120;
  for (int i = 0; i < n; ++i) {
    std::string damaged = bytes;
    if (i % 4 == 0)
      damaged.resize(generator() % damaged.size());
    else
      for (std::uint32_t flips = 1 + generator() % 16; flips > 0; --flips)
        damaged[generator() % damaged.size()] ^= static_cast<char>(1U << generator() % 8);
    overwrite(damaged);
    try {
      read();
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == ExitCode::bad_data || error.code() == ExitCode::no_memory) << error.what();
      ++refused;
    }
    world().barrier();
  }
  EXPECT_GT(refused, n / 4);  // all that were cut, and more
}

}  // namespace
}  // namespace shoal
