// Limits of memory, read from systems that are made up here: files below a folder of the test's own.
#include "app/memory_limits.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace shoal::app {
namespace {

constexpr std::int64_t mib = std::int64_t{1} << 20;
using Of = MemoryLimit::Of;

class MemoryLimits : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/limits-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  void cgroup(const std::string& text) const { write("/proc/self/cgroup", text); }
  void mounts(const std::string& text) const { write("/proc/self/mountinfo", text); }

  void version_1(const std::string& folder, std::int64_t limit, std::int64_t used, const std::string& stat = "") const {
    write(folder + "/memory.limit_in_bytes", std::to_string(limit) + "\n");
    write(folder + "/memory.usage_in_bytes", std::to_string(used) + "\n");
    write(folder + "/memory.stat", stat);
  }
  void version_2(const std::string& folder, const std::string& limit, std::int64_t used,
                 const std::string& stat = "") const {
    write(folder + "/memory.max", limit + "\n");
    write(folder + "/memory.current", std::to_string(used) + "\n");
    write(folder + "/memory.stat", stat);
  }

  [[nodiscard]] std::vector<MemoryLimit> limits() const { return memory_limits(root_); }

  void expect_one(Of of, const std::string& name, std::int64_t limit, std::int64_t available) const {
    const std::vector<MemoryLimit> all = limits();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].of, of);
    EXPECT_EQ(all[0].name, name);
    EXPECT_EQ(all[0].limit, limit);
    EXPECT_EQ(all[0].available, available);
  }

  std::string root_;
};

const char* const mount_1 = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n";
const char* const mount_2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 master:1 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr std::int64_t none_1 = 9223372036854771712;        // of pages of 4 KiB
constexpr std::int64_t none_1_large = 9223372036854710272;  // of pages of 64 KiB

TEST_F(MemoryLimits, NoneWhereTheSystemTellsNothing) { EXPECT_TRUE(limits().empty()); }

TEST_F(MemoryLimits, OfTheHost) {
  write("/proc/meminfo", "MemTotal:       24684084 kB\nMemFree:        1 kB\nMemAvailable:   23700000 kB\n");
  expect_one(Of::host, "", 24684084 * 1024LL, 23700000 * 1024LL);
  EXPECT_TRUE(limits()[0].shared());
}

TEST_F(MemoryLimits, OfVersion1LessWhatCannotBeDropped) {
  cgroup("5:cpu,cpuacct:/other\n4:memory:/job\n0::/\n");
  mounts(std::string("34 31 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n") + mount_1);
  version_1("/sys/fs/cgroup/cpu/job", mib, 0);
  version_1("/sys/fs/cgroup/memory", none_1, 900 * mib);
  version_1("/sys/fs/cgroup/memory/job", 120 * mib, 50 * mib,
            "inactive_file 1\nactive_file 1\ntotal_inactive_file 20971520\ntotal_active_file 10485760\n");
  expect_one(Of::cgroup, "/sys/fs/cgroup/memory/job", 120 * mib, 100 * mib);
  EXPECT_TRUE(limits()[0].shared());
}

TEST_F(MemoryLimits, OfVersion2LessWhatCannotBeDropped) {
  cgroup("0::/system.slice/job.scope\n");
  mounts(mount_2);
  version_2("/sys/fs/cgroup/system.slice/job.scope", "125829120", 60 * mib,
            "anon 1\ninactive_file 20971520\nactive_file 10485760\nslab_reclaimable 10485760\n");
  expect_one(Of::cgroup, "/sys/fs/cgroup/system.slice/job.scope", 120 * mib, 100 * mib);
}

TEST_F(MemoryLimits, UnlimitedIsNone) {
  cgroup("4:memory:/a/b\n0::/c\n");
  mounts(std::string(mount_1) + "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  version_1("/sys/fs/cgroup/memory/a", none_1_large, 0, "hierarchical_memory_limit 9223372036854710272\n");
  version_1("/sys/fs/cgroup/memory/a/b", none_1, 0);
  version_2("/sys/fs/cgroup/unified/c", "max", 0);
  write("/proc/self/limits", "Max address space         unlimited            unlimited            bytes     \n");
  EXPECT_TRUE(limits().empty());
}

TEST_F(MemoryLimits, OfAllGroupsAround) {
  cgroup("0::/slurm/job_7/step_0/task_1\n");
  mounts(mount_2);
  version_2("/sys/fs/cgroup/slurm", "max", 0);
  version_2("/sys/fs/cgroup/slurm/job_7", "209715200", 150 * mib);
  version_2("/sys/fs/cgroup/slurm/job_7/step_0", "max", 0);
  version_2("/sys/fs/cgroup/slurm/job_7/step_0/task_1", "104857600", 4 * mib);
  const std::vector<MemoryLimit> all = limits();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].available, 96 * mib);
  EXPECT_EQ(all[1].available, 50 * mib);
  EXPECT_EQ(all[1].name, "/sys/fs/cgroup/slurm/job_7");
  EXPECT_NE(all[0].inode, all[1].inode);
}

/// The memory of a group may be accounted in the one around it, and a group may have gone.
TEST_F(MemoryLimits, MissingFilesAreNoLimits) {
  cgroup("0::/outer/inner/gone (deleted)\n");
  mounts(mount_2);
  write("/sys/fs/cgroup/outer/inner/cgroup.procs", "");
  write("/sys/fs/cgroup/outer/memory.max", "104857600\n");
  expect_one(Of::cgroup, "/sys/fs/cgroup/outer", 100 * mib, 100 * mib);
}

TEST_F(MemoryLimits, Hybrid) {
  cgroup("4:memory:/job\n1:name=systemd:/job\n0::/job\n");
  mounts(std::string(mount_1) + "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  version_1("/sys/fs/cgroup/memory/job", 64 * mib, 0);
  write("/sys/fs/cgroup/unified/job/cgroup.procs", "");
  expect_one(Of::cgroup, "/sys/fs/cgroup/memory/job", 64 * mib, 64 * mib);
}

/// The mount shows a part, which is named as on the host.
TEST_F(MemoryLimits, InAContainerWithTheHostsNames) {
  cgroup("4:memory:/docker/abc/child\n");
  mounts("35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n");
  version_1("/sys/fs/cgroup/memory", 200 * mib, 0);
  version_1("/sys/fs/cgroup/memory/child", 100 * mib, 0);
  version_1("/sys/fs/cgroup/memory/docker/abc/child", 1, 0);  // to be looked for by nobody
  const std::vector<MemoryLimit> all = limits();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].limit, 100 * mib);
  EXPECT_EQ(all[1].limit, 200 * mib);
}

/// The mount shows a part whose name has nothing to do with that of the process's group.
TEST_F(MemoryLimits, InAContainerWithNamesOfItsOwn) {
  cgroup("0::/kubepods/pod11\n");
  mounts("30 23 0:26 /kubepods/pod1 /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
  version_2("/sys/fs/cgroup", "104857600", 0);
  expect_one(Of::cgroup, "/sys/fs/cgroup", 100 * mib, 100 * mib);
}

/// As in a namespace of its own: the root of what is seen is the process's group.
TEST_F(MemoryLimits, InANamespace) {
  cgroup("0::/\n");
  mounts(mount_2);
  version_2("/sys/fs/cgroup", "104857600", 10 * mib);
  expect_one(Of::cgroup, "/sys/fs/cgroup", 100 * mib, 90 * mib);
}

TEST_F(MemoryLimits, OfAncestorsThatAreNotShown) {
  cgroup("4:memory:/\n");
  mounts(mount_1);
  version_1("/sys/fs/cgroup/memory", none_1, 10 * mib, "hierarchical_memory_limit 104857600\n");
  expect_one(Of::cgroup, "/sys/fs/cgroup/memory", 100 * mib, 90 * mib);
}

TEST_F(MemoryLimits, OneGroupSeenTwiceIsOne) {
  cgroup("0::/job\n");
  mounts(std::string(mount_2) + "99 23 0:26 / /mnt/also\\040here rw - cgroup2 cgroup2 rw\n");
  version_2("/sys/fs/cgroup/job", "104857600", 0);
  std::filesystem::create_directories(root_ + "/mnt");
  std::filesystem::create_directory_symlink(root_ + "/sys/fs/cgroup", root_ + "/mnt/also here");
  expect_one(Of::cgroup, "/sys/fs/cgroup/job", 100 * mib, 100 * mib);
  std::filesystem::remove_all(root_ + "/sys/fs/cgroup");
  std::filesystem::remove(root_ + "/mnt/also here");
  version_2("/mnt/also here/job", "52428800", 0);
  expect_one(Of::cgroup, "/mnt/also here/job", 50 * mib, 50 * mib);
}

TEST_F(MemoryLimits, OfTheProcess) {
  write("/proc/self/limits",
        "Limit                     Soft Limit           Hard Limit           Units     \n"
        "Max data size             52428800             unlimited            bytes     \n"
        "Max address space         104857600            209715200            bytes     \n");
  write("/proc/self/status", "Name:\tshoal\nVmSize:\t   40960 kB\nVmData:\t   61440 kB\n");
  const std::vector<MemoryLimit> all = limits();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].of, Of::address_space);
  EXPECT_EQ(all[0].limit, 100 * mib);
  EXPECT_EQ(all[0].available, 60 * mib);
  EXPECT_EQ(all[1].of, Of::data);
  EXPECT_EQ(all[1].available, 0);  // set lower than what is in use
  EXPECT_FALSE(all[0].shared() || all[1].shared());
}

TEST_F(MemoryLimits, OfThisSystem) {
  for (const MemoryLimit& limit : memory_limits()) {
    EXPECT_GT(limit.limit, 0);
    EXPECT_GE(limit.available, 0);
    EXPECT_LE(limit.available, limit.limit);
  }
}

}  // namespace
}  // namespace shoal::app
