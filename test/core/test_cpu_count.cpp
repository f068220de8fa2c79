// The number of cores that a process may use: quota files of both versions of
// control groups, and the affinity mask.
#include "core/cpu_count.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "test/data/shared_data.hpp"

namespace caffe {
namespace {

// A made-up /sys/fs/cgroup with a /proc/self/cgroup beside it.
class CpuQuotaTest : public testing::Test {
 protected:
  void Write(const std::string& file, const std::string& text) {
    const std::filesystem::path path = folder_.path() + "/groups/" + file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }

  int Cpus(const std::string& own_groups) {
    const std::string own = folder_.path() + "/own";
    std::ofstream(own) << own_groups;
    return CpusOfQuota(folder_.path() + "/groups", own);
  }

  TempFolder folder_;
};

TEST_F(CpuQuotaTest, NothingToReadIsNoLimit) {
  EXPECT_EQ(CpusOfQuota("/no/such/folder", "/no/such/file"), 0);
  EXPECT_EQ(Cpus("0::/a/b\n1:cpu:/a\nnonsense\n\n:\n"), 0);
}

TEST_F(CpuQuotaTest, Version2) {
  Write("a/cpu.max", "150000 100000\n");
  EXPECT_EQ(Cpus("0::/a\n"), 2);
  Write("a/cpu.max", "100000 100000\n");
  EXPECT_EQ(Cpus("0::/a\n"), 1);
  Write("a/cpu.max", "5000 100000\n");
  EXPECT_EQ(Cpus("0::/a\n"), 1);
  Write("a/cpu.max", "max 100000\n");
  EXPECT_EQ(Cpus("0::/a\n"), 0);
}

TEST_F(CpuQuotaTest, TheSmallestOfAllAboveCounts) {
  Write("a/cpu.max", "300000 100000\n");
  Write("a/b/cpu.max", "max 100000\n");
  Write("a/b/c/cpu.max", "400000 100000\n");
  EXPECT_EQ(Cpus("0::/a/b/c\n"), 3);
  EXPECT_EQ(Cpus("0::/\n"), 0);
  Write("cpu.max", "200000 100000\n");
  EXPECT_EQ(Cpus("0::/a/b/c\n"), 2);
}

// A container may see its own group as the root, whatever its path says.
TEST_F(CpuQuotaTest, TheMountIsOursWhereThePathIsNotThere) {
  Write("cpu.max", "100000 100000\n");
  EXPECT_EQ(Cpus("0::/docker/0123\n"), 1);
  EXPECT_EQ(Cpus("0::/../other\n"), 1);
}

TEST_F(CpuQuotaTest, Version1) {
  Write("cpu,cpuacct/a/cpu.cfs_quota_us", "250000\n");
  Write("cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(Cpus("9:memory:/a\n4:cpu,cpuacct:/a\n0::/\n"), 3);
  Write("cpu,cpuacct/a/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(Cpus("4:cpu,cpuacct:/a\n"), 0);
  Write("cpu/b/cpu.cfs_quota_us", "50000\n");
  Write("cpu/b/cpu.cfs_period_us", "50000\n");
  EXPECT_EQ(Cpus("4:cpuset:/b\n"), 0);
  EXPECT_EQ(Cpus("4:cpuacct,cpu:/b\n"), 1);
}

TEST_F(CpuQuotaTest, BothVersionsSideBySide) {
  Write("cpu/a/cpu.cfs_quota_us", "400000\n");
  Write("cpu/a/cpu.cfs_period_us", "100000\n");
  Write("unified/a/cpu.max", "300000 100000\n");
  EXPECT_EQ(Cpus("1:cpu:/a\n0::/a\n"), 3);
}

TEST(CpuCountTest, OneCoreOfTheMaskIsOneThread) {
  EXPECT_GE(CpusOfAffinity(), 1);
  int pinned = 0, usable = 0;
  std::thread([&] {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    CPU_SET(sched_getcpu(), &mask);
    if (sched_setaffinity(0, sizeof(mask), &mask) != 0) return;
    pinned = CpusOfAffinity();
    usable = UsableCpus();
  }).join();
  EXPECT_EQ(pinned, 1);
  EXPECT_EQ(usable, 1);
}

}  // namespace
}  // namespace caffe
