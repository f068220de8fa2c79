// Reading the affinity mask and the control groups' files.
#include "core/cpu_count.hpp"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <vector>

namespace caffe {
namespace {

constexpr int kNoLimit = 0;

int Smaller(int a, int b) {
  if (a == kNoLimit || b == kNoLimit) return std::max(a, b);
  return std::min(a, b);
}

// Cores for `quota` microseconds in each `period`; a quota that is none, as
// "max" or -1, sets no limit.
int Cores(double quota, double period) {
  if (!(quota > 0) || !(period > 0)) return kNoLimit;
  const double cores = std::ceil(quota / period);
  return cores < 1e6 ? static_cast<int>(cores) : kNoLimit;
}

// Version 2: "QUOTA PERIOD" or "max PERIOD" in one file.
int QuotaOfVersion2(const std::string& folder) {
  double quota = 0, period = 0;
  std::ifstream(folder + "/cpu.max") >> quota >> period;
  return Cores(quota, period);
}

// Version 1: a file each; -1 is no quota.
int QuotaOfVersion1(const std::string& folder) {
  double quota = 0, period = 0;
  std::ifstream(folder + "/cpu.cfs_quota_us") >> quota;
  std::ifstream(folder + "/cpu.cfs_period_us") >> period;
  return Cores(quota, period);
}

// The smallest quota of the group at `path` below `mount`, and of all above it
// up to the mount itself. Where only a part of the tree is mounted, as in many
// containers, the path is not there, and the mount is the process's own group.
int SmallestQuota(const std::string& mount, std::string path,
                  int (*quota_of)(const std::string&)) {
  int smallest = quota_of(mount);
  while (path.size() > 1) {
    smallest = Smaller(smallest, quota_of(mount + path));
    path.erase(path.rfind('/'));
  }
  return smallest;
}

bool ListsCpu(const std::string& controllers) {
  std::istringstream list(controllers);
  for (std::string name; std::getline(list, name, ',');) {
    if (name == "cpu") return true;
  }
  return false;
}

}  // namespace

int CpusOfQuota(const std::string& groups, const std::string& own) {
  int smallest = kNoLimit;
  std::ifstream file(own);
  // ID:CONTROLLERS:/PATH, one line a tree of groups; version 2's has no
  // controllers.
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(":/", first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    std::string path = line.substr(second + 1);
    // A group outside of what this process sees of the tree.
    if (path.find("/..") != std::string::npos) path = "/";
    if (controllers.empty()) {
      for (const char* const mount : {"", "/unified"}) {
        smallest = Smaller(
            smallest, SmallestQuota(groups + mount, path, QuotaOfVersion2));
      }
    } else if (ListsCpu(controllers)) {
      for (const std::string& mount : {controllers, std::string("cpu")}) {
        smallest = Smaller(smallest, SmallestQuota(groups + "/" + mount, path,
                                                   QuotaOfVersion1));
      }
    }
  }
  return smallest;
}

int CpusOfAffinity() {
  // A mask that is too small for the machine is refused with EINVAL.
  constexpr int kMostCpus = 1 << 16;
  for (int cpus = 1024; cpus <= kMostCpus; cpus *= 2) {
    cpu_set_t* const mask = CPU_ALLOC(cpus);
    if (mask == nullptr) break;
    const size_t size = CPU_ALLOC_SIZE(cpus);
    const bool read = sched_getaffinity(0, size, mask) == 0;
    const int count = read ? CPU_COUNT_S(size, mask) : 0;
    CPU_FREE(mask);
    if (count > 0) return count;
  }
  return 1;
}

int UsableCpus() {
  return std::max(1, Smaller(CpusOfAffinity(),
                             CpusOfQuota("/sys/fs/cgroup",
                                         "/proc/self/cgroup")));
}

}  // namespace caffe
