// Tables that have other rows when they are read for the second time.
#include "shoal/io/table_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "shoal/core/error.hpp"

namespace shoal {
namespace {

/// Whether a table that promised three rows and has `n_rows` is written.
bool is_written(const std::string& folder, int n_rows) {
  const Communicator comm = Communicator::world();
  const OutputFile output(comm, folder + "/x.h5", false);
  BesideRows beside;
  beside.ids.emplace().add("a");
  beside.label_names = {"u"};
  const double value = 1.5;
  const auto rows = [&](const AppendRow& append) {
    for (int r = 0; r < n_rows; ++r) append({{&value, 1}, 0, "a"});
  };
  try {
    write_table(output, {ElementType::float64, 3, 1, {}, {}}, beside, rows);
    return true;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::io_failure);
    EXPECT_NE(std::string(error.what()).find("x.h5"), std::string::npos);
    return false;
  }
}

TEST(TableFile, HasTheRowsThatWereCounted) {
  std::string folder = (std::filesystem::temp_directory_path() / "shoal-table-XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  EXPECT_TRUE(is_written(folder, 3));
  for (const int other : {0, 2, 4, 7}) EXPECT_FALSE(is_written(folder, other)) << other;
  EXPECT_TRUE(std::filesystem::is_empty(folder));  // nothing was committed
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace shoal
