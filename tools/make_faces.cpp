// Renders a folder of made-up people to train and verify on, one folder a
// person. This file holds the command line and the writing of files;
// the pictures themselves come from make_faces/face_renderer.hpp.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "data/image.hpp"
#include "core/parallel.hpp"
#include "tools/common/tool_main.hpp"
#include "tools/make_faces/face_renderer.hpp"

namespace caffe {
namespace {

FlagGroup flags;
TERCET_FLAG(std::string, out, "", "the folder to make; a new or an empty one");
TERCET_FLAG(int32_t, identities, 200, "how many people");
TERCET_FLAG(int32_t, images, 12, "how many pictures of each");
TERCET_FLAG(uint64_t, seed, 1, "which people and pictures");
TERCET_FLAG(int32_t, size, 64, "width and height of a picture in pixels");

namespace fs = std::filesystem;

constexpr int kMostIdentities = 1000000;
constexpr int kMostImages = 10000;

void CheckFlags() {
  RequireFlag("out");
  RequireAtLeast("identities", FLAGS_identities, 1);
  RequireAtLeast("images", FLAGS_images, 1);
  RequireAtLeast("size", FLAGS_size, faces::kMinSize);
  USAGE_CHECK(FLAGS_identities <= kMostIdentities)
      << "--identities=" << FLAGS_identities << ": at most "
      << kMostIdentities;
  USAGE_CHECK(FLAGS_images <= kMostImages)
      << "--images=" << FLAGS_images << ": at most " << kMostImages;
  USAGE_CHECK(FLAGS_size <= faces::kMaxSize)
      << "--size=" << FLAGS_size << ": at most " << faces::kMaxSize;
}

// The folder's name without slashes at its end.
std::string OutFolder() {
  std::string out = FLAGS_out;
  while (out.size() > 1 && out.back() == '/') out.pop_back();
  return out;
}

void CheckFree(const std::string& out) {
  std::error_code error;
  const fs::file_status status = fs::status(out, error);
  if (status.type() == fs::file_type::not_found) return;
  INPUT_CHECK(!error) << out << ": " << error.message();
  INPUT_CHECK(fs::is_directory(status)) << out << ": is no folder";
  const bool empty = fs::is_empty(out, error);
  INPUT_CHECK(!error) << out << ": " << error.message();
  INPUT_CHECK(empty) << out
                     << ": the folder is not empty; wanted a new or an empty "
                        "one";
}

// A folder beside the final one, OUT.partial-PID, so that the final name never
// stands for half a set. It removes itself unless it was renamed; what a killed
// process left of its own is removed by the next one.
class PartialFolder {
 public:
  explicit PartialFolder(const std::string& out) : out_(out) {
    RemoveLeftovers(out + kMark);
    const std::string path = out + kMark + std::to_string(getpid());
    INPUT_CHECK(mkdir(path.c_str(), 0777) == 0)
        << out << ": cannot be made: " << std::strerror(errno);
    path_ = path;
  }
  ~PartialFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  PartialFolder(const PartialFolder&) = delete;
  PartialFolder& operator=(const PartialFolder&) = delete;

  const std::string& path() const { return path_; }

  // Gives the folder its final name; an empty folder there is replaced.
  void Finish() {
    std::error_code error;
    fs::rename(path_, out_, error);
    INPUT_CHECK(!error) << out_ << ": " << error.message();
    path_.clear();
  }

 private:
  static constexpr const char* kMark = ".partial-";

  static void RemoveLeftovers(const std::string& start) {
    std::error_code ignored;
    const fs::path folder = fs::path(start).parent_path();
    const std::string name = fs::path(start).filename().string();
    std::vector<fs::path> found;
    for (fs::directory_iterator entry(folder.empty() ? "." : folder, ignored),
         end;
         !ignored && entry != end; entry.increment(ignored)) {
      const std::string other = entry->path().filename().string();
      if (other.compare(0, name.size(), name) != 0) continue;
      char* rest = nullptr;
      const long pid = std::strtol(other.c_str() + name.size(), &rest, 10);
      // Only what belongs to no process that lives.
      if (pid > 0 && *rest == '\0' && kill(static_cast<pid_t>(pid), 0) != 0 &&
          errno == ESRCH) {
        found.push_back(entry->path());
      }
    }
    for (const fs::path& path : found) fs::remove_all(path, ignored);
  }

  std::string out_, path_;
};

std::string Numbered(const char* format, int number) {
  char text[32];
  std::snprintf(text, sizeof(text), format, number);
  return text;
}

void WritePicture(const std::string& path, const std::string& shown,
                  const std::vector<uint8_t>& bytes) {
  std::FILE* file = std::fopen(path.c_str(), "wbx");
  INPUT_CHECK(file != nullptr) << shown << ": " << std::strerror(errno);
  const bool written =
      std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  const int reason = errno;
  const bool closed = std::fclose(file) == 0;
  INPUT_CHECK(written && closed)
      << shown << ": cannot be written: "
      << std::strerror(written ? errno : reason);
}

// All pictures of one person.
void MakePerson(const std::string& folder, const std::string& out,
                int person) {
  const std::string name = Numbered("/person_%04d", person);
  std::error_code error;
  fs::create_directory(folder + name, error);
  INPUT_CHECK(!error) << out << name << ": " << error.message();
  const faces::Identity identity = faces::DrawIdentity(FLAGS_seed, person);
  Image picture(FLAGS_size, FLAGS_size, 1);
  for (int image = 1; image <= FLAGS_images; ++image) {
    picture.pixels = faces::RenderFace(
        identity, faces::DrawShot(FLAGS_seed, person, image, identity),
        FLAGS_size);
    const std::string file = name + Numbered("/%02d.pgm", image);
    WritePicture(folder + file, out + file, EncodePnm(picture));
  }
}

int Run() {
  CheckFlags();
  UseThreads(FLAGS_threads);
  const std::string out = OutFolder();
  CheckFree(out);
  PartialFolder partial(out);
  // A picture costs some millions of operations, so threads always pay.
  const int64_t work = kParallelGrain;
  ParallelFor(FLAGS_identities, work, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      MakePerson(partial.path(), out, static_cast<int>(i) + 1);
    }
  });
  partial.Finish();
  std::printf("%s: %d people, %d pictures of each, %dx%d pixels\n",
              out.c_str(), FLAGS_identities, FLAGS_images, FLAGS_size,
              FLAGS_size);
  return 0;
}

const Command command(
    "make_faces", "renders made-up people",
    "tercet make_faces --out=DIR [--identities=N] [--images=N] [--seed=N] "
    "[--size=N]\n\n"
    "Renders made-up people, one folder each.",
    Run, {&flags, &threads_flag});

}  // namespace
}  // namespace caffe
