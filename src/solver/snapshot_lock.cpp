// The lock of a prefix; see the header.
#include "solver/snapshot_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include "caffe/check.hpp"
#include "caffe/util/io.hpp"

namespace caffe {
namespace {

typedef std::pair<dev_t, ino_t> FileId;

// The locks of this process, by the file that each is on.
struct Registry {
  std::mutex mutex;
  std::map<FileId, std::weak_ptr<SnapshotLock>> locks;
  pid_t pid = getpid();  // a child of fork has none of them
};

Registry& TheRegistry() {
  static Registry registry;
  return registry;
}

bool IdOf(int fd, FileId* id) {
  struct stat status = {};
  if (fstat(fd, &status) != 0) return false;
  *id = {status.st_dev, status.st_ino};
  return true;
}

bool IsStillAt(const std::string& path, const FileId& id) {
  struct stat status = {};
  return stat(path.c_str(), &status) == 0 &&
         FileId(status.st_dev, status.st_ino) == id;
}

std::string Host() {
  char name[256] = {};
  return gethostname(name, sizeof(name) - 1) == 0 ? name : "";
}

// "process 4711 on host a", as the one who has the lock wrote it.
std::string Holder(int fd) {
  char text[300] = {};
  const ssize_t bytes = pread(fd, text, sizeof(text) - 1, 0);
  const std::string line(text, bytes > 0 ? static_cast<size_t>(bytes) : 0);
  for (const char c : line) {
    if (c < ' ' || c > '~') return "another process";
  }
  return line.empty() ? "another process" : line;
}

void WriteHolder(int fd) {
  const std::string text =
      "process " + std::to_string(getpid()) + " on host " + Host();
  // Only for the message of another run.
  if (ftruncate(fd, 0) == 0) {
    WriteAll(fd, text.data(), static_cast<int64_t>(text.size()));
  }
}

// False where the file system knows no locks.
bool Lock(int fd, const std::string& path, const std::string& prefix) {
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
  INPUT_CHECK(errno != EWOULDBLOCK)
      << "snapshots of '" << prefix << "' are being written by " << Holder(fd)
      << " (it holds " << path << "): wait until it has ended, or give this "
      << "run another snapshot_prefix";
  return false;
}

// Closed at the end of its scope, unless it was released.
struct Descriptor {
  explicit Descriptor(int opened) : fd(opened) {}
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int Release() {
    const int released = fd;
    fd = -1;
    return released;
  }

  int fd;
};

}  // namespace

SnapshotLock::SnapshotLock(const std::string& path, int fd)
    : path_(path), fd_(fd), pid_(getpid()) {}

// While the lock is held, so that nobody gets one on a file without a name.
SnapshotLock::~SnapshotLock() {
  if (pid_ == getpid()) unlink(path_.c_str());
  close(fd_);
}

std::shared_ptr<SnapshotLock> SnapshotLock::Take(const std::string& prefix) {
  Registry& registry = TheRegistry();
  const std::lock_guard<std::mutex> guard(registry.mutex);
  if (registry.pid != getpid()) {
    registry.locks.clear();
    registry.pid = getpid();
  }
  const std::string path = prefix + ".lock";
  // Again where whoever had it ended, and took the file away, meanwhile.
  constexpr int kMostTries = 100;
  for (int i = 0; i < kMostTries; ++i) {
    Descriptor file(open(
        path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666));
    INPUT_CHECK(file.fd >= 0)
        << path << ": cannot be written: " << std::strerror(errno);
    FileId id;
    if (!IdOf(file.fd, &id)) return nullptr;
    const auto own = registry.locks.find(id);
    if (own != registry.locks.end()) {
      if (const auto shared = own->second.lock()) return shared;
    }
    if (!Lock(file.fd, path, prefix)) return nullptr;
    if (!IsStillAt(path, id)) continue;
    WriteHolder(file.fd);
    std::shared_ptr<SnapshotLock> lock(
        new SnapshotLock(path, file.Release()));
    registry.locks[id] = lock;
    return lock;
  }
  return nullptr;
}

}  // namespace caffe
