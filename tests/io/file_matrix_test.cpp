// Files of every kind that h5py writes (make_matrix.py), read by all ranks, against what h5py reads: every bit.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>

#include "shoal/comm/agree.hpp"
#include "shoal/io/durable_file.hpp"
#include "shoal/io/hdf5_handle.hpp"
#include "shoal/io/reader_process.hpp"
#include "shoal/io/slice_reader.hpp"

namespace shoal {
namespace {

struct Case {
  std::string name, element, answer;
  std::int64_t rows = 0, columns = 0;
};

std::vector<Case> cases() {
  const char* folder = std::getenv("SHOAL_MATRIX");
  std::ifstream list(std::string(folder == nullptr ? "." : folder) + "/list.txt");
  std::vector<Case> all;
  for (Case c; list >> c.name >> c.element >> c.rows >> c.columns >> c.answer;) all.push_back(c);
  return all;
}

class FileMatrix : public testing::Test {
 protected:
  void SetUp() override {
    silence_hdf5();
    ASSERT_GE(cases_.size(), 500U) << "SHOAL_MATRIX names no folder of make_matrix.py's";
    std::vector<std::string> names;
    for (const Case& c : cases_) names.push_back(c.name);
    infos_ = describe_datasets(comm_, names, Wanted::matrix);
  }

  [[nodiscard]] Range rows(int rank, std::int64_t n) const {
    return {n * rank / comm_.size(), n * (rank + 1) / comm_.size()};
  }

  /// This rank's rows as bytes.
  [[nodiscard]] std::string read(const DatasetInfo& info, int threads, const SliceLimits& limits) const {
    const Range mine = rows(comm_.rank(), info.n_rows);
    std::string bytes(static_cast<std::size_t>(mine.size()) * info.row_bytes(), '?');
    read_slices(
        comm_, {info}, [&](int rank) { return rows(rank, info.n_rows); }, threads,
        [&](const Slice& slice) {
          std::memcpy(bytes.data() + static_cast<std::size_t>(slice.first_row - mine.first) * info.row_bytes(),
                      slice.bytes.data(), slice.bytes.size());
        },
        {}, limits);
    return bytes;
  }

  void check_all(int threads, const SliceLimits& limits = {}) const {
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      const Case& c = cases_[i];
      const DatasetInfo& info = infos_[i];
      ASSERT_EQ(to_string(info.type), c.element) << c.name;
      ASSERT_EQ(std::pair(info.n_rows, info.n_columns), std::pair(c.rows, c.columns)) << c.name;
      const Range mine = rows(comm_.rank(), info.n_rows);
      const std::string wanted = read_bytes(c.answer).substr(static_cast<std::size_t>(mine.first) * info.row_bytes(),
                                                             static_cast<std::size_t>(mine.size()) * info.row_bytes());
      const std::string found = read(info, threads, limits);
      EXPECT_TRUE(found == wanted) << c.name << " " << to_string(info.storage) << ": differs at byte "
                                   << std::mismatch(found.begin(), found.end(), wanted.begin()).first - found.begin();
    }
  }

  Communicator comm_ = Communicator::world();
  std::vector<Case> cases_ = cases();
  std::vector<DatasetInfo> infos_;
};

TEST_F(FileMatrix, IsReadAsH5pyReadsIt) { check_all(1); }

TEST_F(FileMatrix, SlicesOfAFewRowsInTwoThreads) {
  read_elsewhere = false;    // these files are sound: HDF5 may read them here
  check_all(2, {100, 100});  // cuts chunks, too
  read_elsewhere = true;
}

TEST_F(FileMatrix, HoldsEveryWayOfStoring) {
  std::array<int, 4> layouts{};
  int unwritten = 0, filtered = 0, outside = 0;
  for (const DatasetInfo& info : infos_) {
    ++layouts.at(static_cast<std::size_t>(info.storage.layout));
    unwritten += info.storage.layout == Layout::contiguous && info.storage.extents.empty() ? 1 : 0;
    outside += info.storage.extents.size() > 1 ? 1 : 0;
    filtered += info.storage.filters.empty() ? 0 : 1;
  }
  for (const int n : layouts) EXPECT_GT(n, 2);
  EXPECT_GT(unwritten, 2);
  EXPECT_GT(filtered, 300);
  EXPECT_GT(outside, 0);
}

}  // namespace
}  // namespace shoal
