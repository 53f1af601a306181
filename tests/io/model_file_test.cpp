// Model files whose bytes were changed: refused or read, never a crash.
#include "shoal/io/model_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "shoal/core/error.hpp"
#include "shoal/io/dataset.hpp"
#include "shoal/io/durable_file.hpp"
#include "shoal/io/hdf5_handle.hpp"

namespace shoal {
namespace {

ModelFile example() {
  ModelFile model;
  model.model = "kmeans";
  model.n_clusters = 2, model.n_features = 3, model.n_rows = 10;
  model.parameters = {{"means", {2, 3}, {1, 2, 3, 4, 5, 6}}, {"counts", {2}, {4, 6}}};
  model.history = {9, 8, 7};
  model.scaling = {{1, 0, -1}, {1, 2, 3}};
  model.feature_names = {"a", "b", "c"};
  ScanLine line;
  line.n_clusters = 2, line.objective = 7, line.silhouette = 0.5, line.kind = "median", line.chosen = true;
  model.scan = {"silhouette", {line, line}};
  model.scan.lines[1].sound = false;
  model.options = "[fit]\nmodel = \"kmeans\"\n";
  return model;
}

TEST(ModelFile, ChangedBytesNeverCrash) {
  silence_hdf5();
  const Communicator comm = Communicator::self();
  std::string folder = (std::filesystem::temp_directory_path() / "shoal-model-XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string name = folder + "/model.h5";
  {
    OutputFile output(comm, name, false);
    write_model(comm, output, example());
    output.commit();
  }
  const std::string bytes = read_bytes(name);
  const ModelFile back = read_model(comm, name, {});
  EXPECT_EQ(back.counts(), example().counts());
  EXPECT_EQ(back.scan.criterion, "silhouette");
  ASSERT_EQ(back.scan.lines.size(), 2U);
  EXPECT_EQ(back.scan.lines[0].kind, "median");
  EXPECT_EQ(back.scan.lines[0].silhouette, 0.5);
  EXPECT_TRUE(back.scan.lines[0].chosen);
  EXPECT_EQ(back.scan.lines[1].health(), "degenerate");
  std::mt19937 generator(3);
  int refused = 0;
  for (int i = 0; i < 600; ++i) {
    std::string damaged = bytes;
    if (i % 4 == 0)
      damaged.resize(generator() % damaged.size());
    else
      for (std::uint32_t flips = 1 + generator() % 4; flips > 0; --flips)
        damaged[generator() % damaged.size()] ^= static_cast<char>(1U << generator() % 8);
    std::ofstream(name, std::ios::binary) << damaged;
    try {
      read_model(comm, name, {});
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::bad_data) << error.what();
      ++refused;
    }
    try {
      describe_datasets(comm, {name + ":/parameters/counts"}, Wanted::labels);
      std::vector<std::string> sources;
      read_parameters(comm, name, sources);
    } catch (const Error&) {  // any, but no crash
    }
  }
  EXPECT_GT(refused, 150);  // all that were cut, and more
  std::filesystem::remove_all(folder);
}

TEST(ModelFile, NamesOfLevelsComeBack) {
  const Communicator comm = Communicator::self();
  std::string folder = (std::filesystem::temp_directory_path() / "shoal-model-XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  ModelFile model = example();
  model.parameters.push_back({"level_offsets", {4}, {0, 2, 3, 5}, true});  // with these, names are looked for
  for (const bool named : {true, false}) {
    if (!named) model.feature_names.clear();
    model.level_names = {{0, {"no", "yes"}}, {2, {"", "Chur "}}};
    OutputFile output(comm, folder + "/model.h5", true);
    write_model(comm, output, model);
    output.commit();
    EXPECT_EQ(read_model(comm, folder + "/model.h5", {}).level_names, model.level_names);
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace shoal
