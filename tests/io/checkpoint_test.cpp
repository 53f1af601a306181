// Checkpoints come back to the bit, and damaged or made-up ones are refused, whatever is done to their bytes.
#include "shoal/io/checkpoint.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "shoal/core/error.hpp"
#include "shoal/io/checkpoint_store.hpp"
#include "shoal/io/durable_file.hpp"
#include "shoal/io/envelope.hpp"

namespace shoal {
namespace {

Checkpoint example() {
  Checkpoint checkpoint;
  checkpoint.identity = {{"shoal", "0.1.0"}, {"seed", "7"}, {"empty", ""}};
  FitState& state = checkpoint.state;
  state.n_iterations = 3, state.history = {-4.5, -0.0, 1e300}, state.falls = 1, state.repairs = {2, 0, 5};
  state.moved_before = 1, state.before = {{"means", {1, 2}, {7, -8}}}, state.n_passes = 5;
  checkpoint.state.acceleration = {
      Acceleration::Phase::settling, 2, {{"means", {2, 3}, {6, 5, 4, 3, 2, 1}}}, 2.5, 8, 30, 1, 2, {-9, -8}, 1};
  checkpoint.state.remaining = 0.125;
  checkpoint.parameters = {{"weights", {2}, {0.25, 0.75}}, {"means", {2, 3}, {1, 2, 3, 4, 5, -0.0}}};
  checkpoint.finished = true;
  checkpoint.starts.records = {{true, -12.5, 100, 311.5, 0, 20, 0.1}, {false, -250, 2000, 41, 0, 390, 0.1}};
  checkpoint.starts.found = {checkpoint.parameters};
  checkpoint.starts.kept = 1;
  checkpoint.starts.parameters = checkpoint.parameters;
  ScanLine line;
  line.n_clusters = 2, line.kind = "diag", line.bic = -7.5, line.silhouette = 0.25, line.sound = false;
  checkpoint.scan = {{line}, {{0, checkpoint.starts}}, checkpoint.parameters};
  checkpoint.stop_reason = "tolerance";
  checkpoint.outputs = {{"model", "xxh3:00"}};
  checkpoint.inputs = {{"data.h5:/X", "12 4096"}};
  return checkpoint;
}

TEST(Checkpoint, ComesBackToTheBit) {
  const std::string bytes = to_bytes(example());
  const Checkpoint back = checkpoint_from(bytes, "test");
  EXPECT_EQ(to_bytes(back), bytes);
  EXPECT_EQ(back.identity, example().identity);
  EXPECT_TRUE(same_bits(back.state.history, example().state.history));
  EXPECT_EQ(back.state.repairs.collapsed, 5);
  EXPECT_EQ(back.starts.records.size(), 2U);
  EXPECT_EQ(back.starts.found.at(0).at(0).values, example().parameters[0].values);
  EXPECT_EQ(back.starts.kept, 1);
  EXPECT_EQ(back.scan.lines.at(0).kind, "diag");
  EXPECT_TRUE(same_bits({back.scan.lines[0].bic, back.scan.lines[0].silhouette}, {-7.5, 0.25}));
  EXPECT_FALSE(back.scan.lines[0].sound);
  EXPECT_EQ(back.scan.kept.at(0).starts.parameters.at(1).values, example().parameters[1].values);
  EXPECT_EQ(back.scan.last.at(1).values, example().parameters[1].values);
  EXPECT_EQ(back.state.acceleration.phase, Acceleration::Phase::settling);
  const Acceleration &left = back.state.acceleration, kept = example().state.acceleration;
  EXPECT_TRUE(same_bits(to_vector(left.fallback), to_vector(kept.fallback)));
  EXPECT_TRUE(same_bits({left.length, left.longest, left.slowest, back.state.remaining}, {2.5, 8, 30, 0.125}));
  EXPECT_EQ(left.em_steps, kept.em_steps);
  EXPECT_EQ(left.cycles_to_go, kept.cycles_to_go);
  EXPECT_EQ(left.cycles_to_wait, kept.cycles_to_wait);
  EXPECT_EQ(left.rejected, kept.rejected);
  EXPECT_EQ(left.milestones, kept.milestones);
  EXPECT_EQ(back.state.n_passes, 5);
  EXPECT_TRUE(back.finished);
}

void expect_refused(const std::string& bytes, const std::string& what) {
  try {
    checkpoint_from(bytes, "name.ckpt");
    ADD_FAILURE() << "accepted: " << what;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_data);
    EXPECT_TRUE(std::string(error.what()).starts_with("name.ckpt: ")) << error.what();
  }
}

TEST(Checkpoint, EveryTruncationAndTenThousandFlipsAreRefused) {
  const std::string bytes = to_bytes(example());
  for (std::size_t n = 0; n < bytes.size(); ++n) expect_refused(bytes.substr(0, n), "cut at " + std::to_string(n));
  expect_refused(bytes + '\0', "a byte more");
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    expect_refused(damaged, "bit " + std::to_string(bit));
  }
  std::mt19937 generator(1);
  for (int i = 0; i < 10000; ++i) {
    std::string damaged = bytes;
    for (std::uint32_t flips = 1 + generator() % 16; flips > 0; --flips)
      damaged[generator() % damaged.size()] ^= static_cast<char>(1U << generator() % 8);
    if (generator() % 4 == 0) damaged.resize(generator() % damaged.size());
    if (damaged != bytes) expect_refused(damaged, "trial " + std::to_string(i));
  }
}

/// The most memory that this process has used.
std::int64_t peak_bytes() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line))
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1024;
  return 0;
}

/// Someone who knows the format: the checksum is right, the content is not. Either it is refused, or it makes sense.
TEST(Checkpoint, MadeUpContentNeitherCrashesNorTakesMemory) {
  const std::string bytes = to_bytes(example());
  const std::string payload(unseal(bytes, "test"));
  std::mt19937 generator(2);
  int accepted = 0;
  [[maybe_unused]] const std::int64_t before = peak_bytes();
  for (int i = 0; i < 10000; ++i) {
    std::string other = payload;
    for (std::uint32_t changes = 1 + generator() % 8; changes > 0; --changes) {
      const std::size_t at = generator() % other.size();
      const int kind = static_cast<int>(generator() % 3);
      other[at] = kind == 0 ? static_cast<char>(generator()) : kind == 1 ? '\xff' : '\0';
    }
    if (generator() % 8 == 0) other.resize(generator() % other.size());
    try {
      const Checkpoint found = checkpoint_from(seal(other), "test");
      EXPECT_EQ(found.state.history.size(), static_cast<std::size_t>(found.state.n_iterations));
      EXPECT_GE(found.parameters.size(), 1U);
      ++accepted;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::bad_data);
    }
  }
  EXPECT_GT(accepted, 0);     // a changed double, say
#ifndef __SANITIZE_ADDRESS__  // which keeps what was freed
  EXPECT_LT(peak_bytes() - before, std::int64_t{64} << 20U);
#endif
}

TEST(Checkpoint, AnotherVersionIsNamed) {
  std::string bytes = to_bytes(example());
  bytes[8] = 9;
  try {
    checkpoint_from(bytes, "test");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("format version 9, this shoal reads 4"), std::string::npos);
  }
}

class Store : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = (std::filesystem::temp_directory_path() / "shoal-store-XXXXXX").string();
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string name() const { return folder_ + "/fit.ckpt"; }
  Checkpoint at(std::int64_t iteration) {
    Checkpoint checkpoint = example();
    checkpoint.state = {};
    checkpoint.state.n_iterations = checkpoint.state.n_passes = iteration;
    checkpoint.state.history.assign(static_cast<std::size_t>(iteration), 1.0);
    return checkpoint;
  }
  Communicator comm_ = Communicator::self();
  std::string folder_;
};

TEST_F(Store, KeepsTwoGenerations) {
  CheckpointStore store(comm_, name(), false);
  const CheckpointStore::Found nothing = store.read();
  EXPECT_FALSE(nothing.checkpoint);
  EXPECT_TRUE(nothing.complaints.empty());
  store.take_lease({});
  for (std::int64_t i = 1; i <= 3; ++i) store.write(at(i));
  EXPECT_EQ(store.read().checkpoint->state.n_iterations, 3);
  EXPECT_EQ(checkpoint_from(read_bytes(name() + ".previous"), "previous").state.n_iterations, 2);
  store.release_lease();
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 2);
}

TEST_F(Store, ADamagedOneDoesNotPushAGoodOneOut) {
  CheckpointStore first(comm_, name(), false);
  first.take_lease({});
  first.write(at(1)), first.write(at(2));
  std::ofstream(name()) << "SHOALCKP and then nonsense";
  CheckpointStore second(comm_, name(), false);
  const CheckpointStore::Found found = second.read();
  EXPECT_EQ(found.checkpoint->state.n_iterations, 1);
  ASSERT_EQ(found.complaints.size(), 1U);
  second.take_lease({});
  second.write(at(5));
  EXPECT_EQ(second.read().checkpoint->state.n_iterations, 5);
  EXPECT_EQ(checkpoint_from(read_bytes(name() + ".previous"), "previous").state.n_iterations, 1);
}

TEST_F(Store, ARunThatWasSucceededWritesNoMore) {
  CheckpointStore old_run(comm_, name(), false);
  old_run.take_lease({});
  old_run.write(at(1));
  CheckpointStore new_run(comm_, name(), false);
  new_run.read();
  new_run.take_lease({});
  new_run.write(at(2));
  EXPECT_FALSE(old_run.holds_lease());
  EXPECT_THROW(old_run.write(at(9)), Error);
  EXPECT_EQ(new_run.read().checkpoint->state.n_iterations, 2);
  old_run.release_lease();
  EXPECT_TRUE(new_run.holds_lease());
}

std::string lease_of(const std::string& mark) { return "shoal-lease " + mark + "\n"; }

/// Of a run that was killed, only what it alone can have made goes: under a temporary's name, a file, not through a
/// link.
TEST_F(Store, OnlyOwnLeftoversAreRemoved) {
  const std::string mark = new_mark(), other_mark = new_mark(), model = folder_ + "/model.h5";
  const std::string foreign = folder_ + "/thesis.tex", link = temporary_name(folder_ + "/labels.h5", mark);
  const std::vector<std::string> own = {temporary_name(model, mark), temporary_name(name(), mark)};
  const std::vector<std::string> others = {foreign, link, temporary_name(model, other_mark), model + "." + mark,
                                           temporary_name(folder_ + "/other.h5", mark)};
  for (const std::string& file : own) write_durably(file, "x");
  for (const std::string& file : others)
    if (file != link) write_durably(file, "x");
  std::filesystem::create_symlink(foreign, link);
  write_durably(name() + ".lease", lease_of(mark));
  CheckpointStore store(comm_, name(), false);
  store.take_lease({model, folder_ + "/labels.h5"});
  for (const std::string& file : own) EXPECT_FALSE(std::filesystem::exists(file)) << file;
  for (const std::string& file : others) EXPECT_TRUE(std::filesystem::exists(file)) << file;
}

/// Files of others are neither removed nor replaced: the run ends.
TEST_F(Store, ForeignFilesAreLeftAlone) {
  const std::string private_file = folder_ + "/private";
  write_durably(private_file, "x");
  const auto refused = [&] {
    try {
      CheckpointStore store(comm_, name(), false);
      store.read();
      store.take_lease({});
    } catch (const Error& error) {
      return error.code() == ExitCode::cannot_create;
    }
    return false;
  };
  EXPECT_FALSE(refused());
  std::filesystem::remove(name());
  for (const std::string end : {"", ".previous", ".lease"}) {
    const std::string file = name() + end;
    for (const std::string& text :
         {std::string("a thesis"), lease_of("../private"), lease_of(new_mark()) + "more", std::string(1 << 20, 'x')}) {
      write_durably(file, text);
      EXPECT_TRUE(refused()) << file;
      EXPECT_EQ(read_bytes(file), text);
      std::filesystem::remove(file);
    }
    if (end.empty()) continue;  // a link as --checkpoint is followed
    std::filesystem::create_symlink(private_file, file);
    EXPECT_TRUE(refused()) << file;
    std::filesystem::remove(file);
    ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
    EXPECT_TRUE(refused()) << file;
    std::filesystem::remove(file);
  }
  EXPECT_EQ(read_bytes(private_file), "x");
}

TEST_F(Store, PermissionsAreKept) {
  CheckpointStore store(comm_, name(), false);
  store.take_lease({});
  store.write(at(1));
  const auto mode = [](const std::string& file) { return std::filesystem::status(file).permissions(); };
  constexpr auto secret = std::filesystem::perms(0600);
  std::filesystem::permissions(name(), secret);
  for (std::int64_t i = 2; i < 5; ++i) store.write(at(i));
  EXPECT_EQ(mode(name()), secret);
  EXPECT_EQ(mode(name() + ".previous"), secret);
}

TEST_F(Store, ALinkIsFollowed) {
  std::filesystem::create_directory(folder_ + "/scratch");
  std::filesystem::create_symlink("scratch/real.ckpt", name());
  EXPECT_THROW(CheckpointStore(comm_, name(), false), Error);  // it points nowhere
  {
    CheckpointStore store(comm_, name(), true);
    store.take_lease({});
    store.write(at(1)), store.write(at(2));
  }
  EXPECT_TRUE(std::filesystem::is_symlink(name()));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 2);
  CheckpointStore again(comm_, name(), false);
  EXPECT_EQ(again.read().checkpoint->state.n_iterations, 2);
}

}  // namespace
}  // namespace shoal
