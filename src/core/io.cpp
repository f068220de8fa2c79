// Files in and out with errors that name the path; see the header.

#include "caffe/util/io.hpp"

#include <fcntl.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "caffe/check.hpp"
#include "core/path.hpp"
#include "core/text.hpp"

namespace caffe {

namespace {

namespace pb = google::protobuf;

std::string Reason(int error) {
  if (error == ENOENT) return "no such file or folder";
  return std::strerror(error);
}

// The rename is durable once the folder is. Some file systems cannot sync a
// folder; the file itself is whole there as well.
void SyncFolder(const std::string& path) {
  const int fd = open(FolderOf(path).c_str(), O_RDONLY | O_DIRECTORY);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

// What a name stands for that is there already. A symbolic link is followed,
// so that the link stays one.
std::string FollowLink(const std::string& path) {
  struct stat status = {};
  if (lstat(path.c_str(), &status) != 0 || !S_ISLNK(status.st_mode)) {
    return path;
  }
  char* target = realpath(path.c_str(), nullptr);
  if (target == nullptr) return path;
  const std::string followed = target;
  std::free(target);
  return followed;
}

// A device or a pipe: no file could take its name without destroying it.
bool IsDevice(const std::string& path) {
  struct stat status = {};
  return stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) &&
         !S_ISDIR(status.st_mode);
}

void WriteToDevice(const std::string& path,
                   const std::function<bool(int fd)>& write) {
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  bool done = fd >= 0 && write(fd);
  int error = errno;
  if (fd >= 0 && close(fd) != 0 && done) {
    done = false;
    error = errno;
  }
  INPUT_CHECK(done) << path << ": cannot be written: " << Reason(error);
}

}  // namespace

InputFile::InputFile(const std::string& path) : path_(path), fd_(-1), size_(0) {
  INPUT_CHECK(!path.empty()) << "a file name is empty";
  fd_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd_ < 0) {
    const int error = errno;
    if (error == ENOENT) {
      INPUT_FAIL() << path << ": no such file" << PathHint(path);
    }
    INPUT_FAIL() << path << ": " << Reason(error);
  }
  struct stat status = {};
  const bool known = fstat(fd_, &status) == 0;
  if (!known || !S_ISREG(status.st_mode)) {
    close(fd_);
    INPUT_CHECK(!known || !S_ISDIR(status.st_mode))
        << path << ": is a folder, a file was wanted";
    INPUT_FAIL() << path << ": is not a plain file";
  }
  size_ = status.st_size;
}

InputFile::~InputFile() { close(fd_); }

void InputFile::Read(void* out, int64_t bytes) const {
  char* to = static_cast<char*>(out);
  while (bytes > 0) {
    const ssize_t got =
        read(fd_, to, static_cast<size_t>(std::min<int64_t>(bytes, 1 << 30)));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) INPUT_FAIL() << path_ << ": " << Reason(errno);
    if (got == 0) {
      INPUT_FAIL() << path_ << ": ends " << bytes << " bytes too early";
    }
    to += got;
    bytes -= got;
  }
}

void InputFile::SeekTo(int64_t offset) const {
  if (lseek(fd_, offset, SEEK_SET) < 0) {
    INPUT_FAIL() << path_ << ": " << Reason(errno);
  }
}

std::string ReadFile(const std::string& path, int64_t most_bytes) {
  const InputFile file(path);
  INPUT_CHECK(file.size() <= most_bytes)
      << path << ": has " << file.size() << " bytes, at most " << most_bytes
      << " are read";
  std::string content(static_cast<size_t>(file.size()), '\0');
  file.Read(&content[0], file.size());
  return content;
}

// What has the name is never written to: a link there could lead anywhere.
int CreateNewFile(const std::string& path) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const int fd = open(path.c_str(), kFlags, 0666);
  if (fd >= 0 || errno != EEXIST || unlink(path.c_str()) != 0) return fd;
  return open(path.c_str(), kFlags, 0666);
}

bool WriteAll(int fd, const void* data, int64_t bytes) {
  const char* from = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t put =
        write(fd, from, static_cast<size_t>(std::min<int64_t>(bytes, 1 << 30)));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    from += put;
    bytes -= put;
  }
  return true;
}

void WriteFileAtomically(const std::string& path,
                         const std::function<bool(int fd)>& write) {
  INPUT_CHECK(!path.empty()) << "the name of a file to write is empty";
  if (IsDevice(path)) {
    WriteToDevice(path, write);
    return;
  }
  const std::string target = FollowLink(path);
  const std::string beside = target + ".tmp" + std::to_string(getpid());
  const int fd = CreateNewFile(beside);
  if (fd < 0) {
    INPUT_FAIL() << path << ": cannot be written: " << Reason(errno);
  }
  // Whatever `write` throws leaves no temporary file behind either.
  bool done = false;
  int error = 0;
  try {
    done = write(fd) && fsync(fd) == 0;
    error = errno;
  } catch (...) {
    close(fd);
    unlink(beside.c_str());
    throw;
  }
  if (close(fd) != 0 && done) {
    done = false;
    error = errno;
  }
  if (done && rename(beside.c_str(), target.c_str()) != 0) {
    done = false;
    error = errno;
  }
  if (!done) {
    unlink(beside.c_str());
    INPUT_FAIL() << path << ": cannot be written: " << Reason(error);
  }
  SyncFolder(target);
}

void WriteFileAtomically(const std::string& path, const std::string& content) {
  WriteFileAtomically(path, [&content](int fd) {
    return WriteAll(fd, content.data(), static_cast<int64_t>(content.size()));
  });
}

void WriteProtoAtomically(const std::string& path, const pb::Message& message) {
  WriteProtosAtomically(path, {&message});
}

void WriteProtosAtomically(const std::string& path,
                           const std::vector<const pb::Message*>& messages) {
  size_t bytes = 0;
  for (const pb::Message* message : messages) bytes += message->ByteSizeLong();
  INPUT_CHECK(bytes <= INT_MAX)
      << path << ": cannot be written: " << bytes
      << " bytes, and the format holds less than 2 GiB";
  WriteFileAtomically(path, [&messages](int fd) {
    pb::io::FileOutputStream stream(fd, 1 << 20);
    bool done = true;
    for (const pb::Message* message : messages) {
      done = done && message->SerializeToZeroCopyStream(&stream);
    }
    done = done && stream.Flush();
    if (!done) errno = stream.GetErrno();
    return done;
  });
}

void ReadBinaryProto(const std::string& path, const std::string& what,
                     pb::Message* message) {
  const InputFile file(path);
  INPUT_CHECK(file.size() > 0) << path << ": the file is empty";
  INPUT_CHECK(file.size() <= INT_MAX)
      << path << ": has " << file.size()
      << " bytes, and the format holds less than 2 GiB";
  pb::io::FileInputStream stream(file.fd(), 1 << 20);
  pb::io::CodedInputStream coded(&stream);
  coded.SetTotalBytesLimit(INT_MAX);
  message->Clear();
  INPUT_CHECK(message->ParseFromCodedStream(&coded) &&
              coded.ConsumedEntireMessage())
      << path << ": is not " << what << ", or is truncated";
}

}  // namespace caffe
