#ifndef TERCET_TEST_DATA_SHARED_DATA_HPP_
#define TERCET_TEST_DATA_SHARED_DATA_HPP_

// Where tests find data that is no part of the repository (golden outputs,
// public faces): the folder named by the environment's TERCET_SHARED, else
// `shared` beside the source folder or beside any folder above it. Also a
// folder of its own for each test's files.

#include <string>
#include <vector>

namespace caffe {

// SharedData for a search that begins beside `folder`; "" is the current one.
std::string FindSharedData(const std::string& relative,
                           const std::string& folder);

// The path of e.g. "golden/ops", or "" where there is none.
inline std::string SharedData(const std::string& relative) {
#ifdef TERCET_SOURCE_DIR
  return FindSharedData(relative, TERCET_SOURCE_DIR);
#else
  return FindSharedData(relative, "");
#endif
}

// All files below a folder whose name ends with `end`, sorted; none where the
// folder is "".
std::vector<std::string> FilesBelow(const std::string& folder,
                                    const std::string& end);

// All files below a shared folder whose name ends with `end`, sorted; none
// where it is absent.
inline std::vector<std::string> SharedFiles(const std::string& relative,
                                            const std::string& end) {
  return FilesBelow(SharedData(relative), end);
}

// A fresh folder, removed with all in it at the end of the scope.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace caffe

// const std::string VARIABLE = path of shared data, or the test is skipped in
// one line. For files that include gtest.
#define TERCET_SHARED_OR_SKIP(variable, relative)                     \
  const std::string variable = ::caffe::SharedData(relative);         \
  if (variable.empty()) {                                             \
    GTEST_SKIP() << "no shared data '" << (relative)                  \
                 << "' (set TERCET_SHARED to the folder holding it)"; \
  }                                                                   \
  static_assert(true, "")

#endif  // TERCET_TEST_DATA_SHARED_DATA_HPP_
