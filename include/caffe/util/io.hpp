#ifndef CAFFE_UTIL_IO_HPP_
#define CAFFE_UTIL_IO_HPP_

// Whole files in and out. Every failure is one line, Error(kInput) "path:
// reason". What is in the file is the caller's business: prototxt.hpp,
// weights.hpp, npy.hpp.

#include <google/protobuf/message.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace caffe {

// A file open for reading, closed by the destructor. Throws for what is
// missing, a folder, or no plain file.
class InputFile {
 public:
  explicit InputFile(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  int fd() const { return fd_; }
  int64_t size() const { return size_; }
  const std::string& path() const { return path_; }
  // Exactly `bytes` bytes from where the file stands; throws where it ends
  // before.
  void Read(void* out, int64_t bytes) const;
  void SeekTo(int64_t offset) const;

 private:
  std::string path_;
  int fd_;
  int64_t size_;
};

// The content of a file of at most `most_bytes`.
std::string ReadFile(const std::string& path, int64_t most_bytes);

// Writes path.tmp<pid>, makes it durable, renames it to `path`: after a kill or
// on a full disk `path` is the whole new file or what it was before. `write`
// gets the descriptor, and returns false, errno set, where it fails; the
// temporary file is then removed. A symbolic link stays one. A device or a pipe
// is written to as it stands.
void WriteFileAtomically(const std::string& path,
                         const std::function<bool(int fd)>& write);
void WriteFileAtomically(const std::string& path, const std::string& content);

// Opens a new file of this name for writing; what had the name, such as what a
// killed process left, is removed, and a link is not followed. -1, errno set,
// on failure.
int CreateNewFile(const std::string& path);

// All of data[0, bytes) to a descriptor; false, errno set, on failure.
bool WriteAll(int fd, const void* data, int64_t bytes);

// A message in binary form (at most 2 GiB, protobuf's bound).
void WriteProtoAtomically(const std::string& path,
                          const google::protobuf::Message& message);
// Several messages of one type, one behind the other, which a reader takes for
// one.
void WriteProtosAtomically(
    const std::string& path,
    const std::vector<const google::protobuf::Message*>& messages);
// `what` says what the file should have been: "a mean image".
void ReadBinaryProto(const std::string& path, const std::string& what,
                     google::protobuf::Message* message);

}  // namespace caffe

#endif  // CAFFE_UTIL_IO_HPP_
