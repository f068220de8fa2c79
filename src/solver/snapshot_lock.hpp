// Who writes snapshots of a prefix: one run at a time. Two would overwrite each
// other's files and mix one's weights with the other's state.
#ifndef TERCET_SOLVER_SNAPSHOT_LOCK_HPP_
#define TERCET_SOLVER_SNAPSHOT_LOCK_HPP_

#include <sys/types.h>

#include <memory>
#include <string>

namespace caffe {

// The system's lock (flock) on PREFIX.lock, which names the process. It ends
// with the process, however that ends: a file that a killed run left behind
// locks nothing. The solvers of one process share one. Where the file system
// knows no locks, nothing is locked.
class SnapshotLock {
 public:
  // Error kInput: another process has it.
  static std::shared_ptr<SnapshotLock> Take(const std::string& prefix);
  ~SnapshotLock();
  SnapshotLock(const SnapshotLock&) = delete;
  SnapshotLock& operator=(const SnapshotLock&) = delete;

 private:
  SnapshotLock(const std::string& path, int fd);

  std::string path_;
  int fd_;
  pid_t pid_;
};

}  // namespace caffe

#endif  // TERCET_SOLVER_SNAPSHOT_LOCK_HPP_
