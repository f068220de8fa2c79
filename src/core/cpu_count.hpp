// How many cores this process may use: those that it may run on, and no more
// than the time that its control group is given. What is done with them is
// left to core/thread_pool.hpp.
#ifndef TERCET_CORE_CPU_COUNT_HPP_
#define TERCET_CORE_CPU_COUNT_HPP_

#include <string>

namespace caffe {

// The smaller of the affinity mask's cores and the quota, at least 1.
int UsableCpus();

// The cores that the calling thread may run on, at least 1.
int CpusOfAffinity();

// The cores that the control groups' quota of CPU time is worth, rounded up;
// 0 where there is none. The smallest one counts, of the group itself and of
// those above it. `groups` is where the groups are mounted (/sys/fs/cgroup),
// `own` the file that names the process's own (/proc/self/cgroup). Groups of
// version 1, of version 2, and both side by side are read; what cannot be read
// sets no limit.
int CpusOfQuota(const std::string& groups, const std::string& own);

}  // namespace caffe

#endif  // TERCET_CORE_CPU_COUNT_HPP_
