// Reading by all ranks in slices, against the array that was written: every layout, slices smaller than a chunk or a
// row, ranks without rows, several files.
#include "shoal/io/slice_reader.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "shoal/comm/agree.hpp"
#include "shoal/io/elements.hpp"
#include "shoal/io/hdf5_file.hpp"
#include "shoal/io/output_file.hpp"
#include "shoal/io/row_writer.hpp"

namespace shoal {
namespace {

class Slices : public testing::Test {
 protected:
  void SetUp() override {
    silence_hdf5();
    if (comm_.is_root()) {
      std::string name = (std::filesystem::temp_directory_path() / "shoal-XXXXXX").string();
      folder_ = mkdtemp(name.data());
    }
    comm_.broadcast(folder_);
  }
  void TearDown() override {
    comm_.barrier();
    if (comm_.is_root()) std::filesystem::remove_all(folder_);
  }

  /// Rows of `columns` int32 counting up from `first`; chunk_rows 0: contiguous.
  std::string write(const std::string& name, std::int64_t rows, std::int64_t columns, std::int32_t first,
                    std::int64_t chunk_rows, bool compress) const {
    const std::string path = folder_ + "/" + name;
    on_root(comm_, [&] {
      std::vector<std::int32_t> values(static_cast<std::size_t>(rows * columns));
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = first + static_cast<std::int32_t>(i);
      const Hdf5Handle file = create_file(path, file_access());
      const hsize_t size[2] = {static_cast<hsize_t>(rows), static_cast<hsize_t>(columns)};
      const Hdf5Handle space(H5Screate_simple(2, size, nullptr), H5Sclose);
      const Hdf5Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
      const hsize_t chunk[2] = {static_cast<hsize_t>(chunk_rows), 2};
      if (chunk_rows > 0) H5Pset_chunk(properties, 2, chunk);
      if (compress) H5Pset_deflate(properties, 1);
      const Hdf5Handle dataset(H5Dcreate2(file, "X", H5T_NATIVE_INT32, space, H5P_DEFAULT, properties, H5P_DEFAULT),
                               H5Dclose);
      H5Dwrite(dataset, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    });
    return path;
  }

  /// This rank's values, read with the given slice limit under an even split over ranks.
  [[nodiscard]] std::vector<std::int32_t> read(const std::vector<std::string>& names, std::size_t limit,
                                               Range* mine) const {
    const std::vector<DatasetInfo> infos = describe_datasets(comm_, names, Wanted::matrix);
    std::int64_t total = 0;
    for (const DatasetInfo& info : infos) total += info.n_rows;
    const auto rows = [&](int rank) { return Range{total * rank / comm_.size(), total * (rank + 1) / comm_.size()}; };
    *mine = rows(comm_.rank());
    std::vector<std::int32_t> values;
    std::int64_t next = mine->first;
    const auto visit = [&](const Slice& slice) {
      EXPECT_EQ(slice.first_row, next);
      next += slice.n_rows;
      with_elements(slice, [&](const auto* elements) {
        for (std::int64_t i = 0; i < slice.n_rows * slice.dataset.n_columns; ++i)
          values.push_back(static_cast<std::int32_t>(elements[i]));
      });
    };
    read_slices(comm_, infos, rows, 1, visit, {}, {.slice_bytes = limit});
    EXPECT_EQ(next, mine->last);
    return values;
  }

  Communicator comm_ = Communicator::world();
  std::string folder_;
};

TEST_F(Slices, EveryLayoutAndSize) {
  for (const auto& [chunk, compress] : std::vector<std::pair<std::int64_t, bool>>{{0, false}, {7, false}, {7, true}}) {
    for (const std::int64_t rows : {1, 5, 100}) {
      const std::string name = write("a.h5", rows, 3, 0, std::min(chunk, rows), compress);
      for (const std::size_t limit : {std::size_t{1}, std::size_t{100}, std::size_t{1} << 20U}) {
        Range mine;
        const std::vector<std::int32_t> values = read({name}, limit, &mine);
        ASSERT_EQ(values.size(), static_cast<std::size_t>(mine.size() * 3));
        for (std::size_t i = 0; i < values.size(); ++i)
          EXPECT_EQ(values[i], mine.first * 3 + static_cast<std::int64_t>(i));
      }
    }
  }
}

TEST_F(Slices, SeveralFilesAreOne) {
  const std::vector<std::string> names = {write("a.h5", 10, 2, 0, 0, false), write("b.h5", 1, 2, 20, 1, false),
                                          write("c.h5", 13, 2, 22, 4, true)};
  Range mine;
  const std::vector<std::int32_t> values = read(names, 24, &mine);
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], mine.first * 2 + static_cast<std::int64_t>(i));
}

TEST_F(Slices, AnErrorInOneRanksSliceIsEverybodys) {
  const std::string name = write("a.h5", 50, 2, 0, 0, false);
  const std::vector<DatasetInfo> infos = describe_datasets(comm_, {name}, Wanted::matrix);
  const auto rows = [&](int rank) { return Range{50 * rank / comm_.size(), 50 * (rank + 1) / comm_.size()}; };
  EXPECT_THROW(read_slices(comm_, infos, rows, 1,
                           [&](const Slice&) {
                             if (comm_.rank() == comm_.size() - 1) throw Error(ExitCode::bad_data, "bad", 49);
                           }),
               Error);
}

TEST_F(Slices, RowsAreWrittenInSlicesAndInOrder) {
  {
    OutputFile output(comm_, folder_ + "/out.h5", false);
    const auto rows = [&](int rank) { return Range{17 * rank / comm_.size(), 17 * (rank + 1) / comm_.size()}; };
    const Range mine = rows(comm_.rank());
    std::vector<std::int32_t> values;
    for (std::int64_t i = mine.first * 2; i < mine.last * 2; ++i) values.push_back(static_cast<std::int32_t>(i));
    write_rows(
        comm_, output, 17, rows, {{"/X", ElementType::int32, 2, values.data()}}, [](hid_t) {}, 20);
    output.commit();
  }
  EXPECT_THROW(OutputFile(comm_, folder_ + "/out.h5", false), Error);
  Range mine;
  const std::vector<std::int32_t> values = read({folder_ + "/out.h5"}, 1U << 20U, &mine);
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], mine.first * 2 + static_cast<std::int64_t>(i));
}

TEST_F(Slices, NothingIsLeftOfAnOutputThatIsNotCommitted) {
  { const OutputFile output(comm_, folder_ + "/out.h5", false); }
  comm_.barrier();
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

}  // namespace
}  // namespace shoal
