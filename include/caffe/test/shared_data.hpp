#ifndef CAFFE_TEST_SHARED_DATA_HPP_
#define CAFFE_TEST_SHARED_DATA_HPP_

// Where tests find data that is no part of the repository (golden outputs,
// public faces): the folder named by the environment's TERCET_SHARED, else
// `shared` beside the source folder or beside any folder above it. Also a
// folder of its own for each test's files.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace caffe {

// The path of e.g. "golden/ops", or "" where there is none.
inline std::string SharedData(const std::string& relative) {
  namespace fs = std::filesystem;
  const char* named = std::getenv("TERCET_SHARED");
  if (named != nullptr && *named != '\0') {
    const fs::path path = fs::path(named) / relative;
    return fs::exists(path) ? path.string() : "";
  }
#ifdef TERCET_SOURCE_DIR
  fs::path folder = fs::path(TERCET_SOURCE_DIR);
#else
  fs::path folder = fs::current_path();
#endif
  for (; folder.has_relative_path(); folder = folder.parent_path()) {
    const fs::path path = folder.parent_path() / "shared" / relative;
    if (fs::exists(path)) return path.string();
  }
  return "";
}

// All files below a shared folder whose name ends with `end`, sorted; none
// where it is absent.
inline std::vector<std::string> SharedFiles(const std::string& relative,
                                            const std::string& end) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  const std::string root = SharedData(relative);
  if (root.empty()) return files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const std::string path = entry.path().string();
    if (entry.is_regular_file() && path.size() >= end.size() &&
        path.compare(path.size() - end.size(), end.size(), end) == 0) {
      files.push_back(path);
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

// A fresh folder, removed with all in it at the end of the scope.
class TempFolder {
 public:
  TempFolder() {
    std::string name =
        (std::filesystem::temp_directory_path() / "tercet_XXXXXX").string();
    path_ = mkdtemp(&name[0]) ? name : "";
  }
  ~TempFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace caffe

// const std::string VARIABLE = path of shared data, or the test is skipped in
// one line.
#define TERCET_SHARED_OR_SKIP(variable, relative)                     \
  const std::string variable = ::caffe::SharedData(relative);         \
  if (variable.empty()) {                                             \
    GTEST_SKIP() << "no shared data '" << (relative)                  \
                 << "' (set TERCET_SHARED to the folder holding it)"; \
  }                                                                   \
  static_assert(true, "")

#endif  // CAFFE_TEST_SHARED_DATA_HPP_
