// Finding the data that is no part of the repository, and temporary folders.
#include "test/data/shared_data.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace caffe {

namespace fs = std::filesystem;

std::string FindSharedData(const std::string& relative,
                           const std::string& folder) {
  const char* named = std::getenv("TERCET_SHARED");
  if (named != nullptr && *named != '\0') {
    const fs::path path = fs::path(named) / relative;
    return fs::exists(path) ? path.string() : "";
  }
  fs::path start = folder.empty() ? fs::current_path() : fs::path(folder);
  for (; start.has_relative_path(); start = start.parent_path()) {
    const fs::path path = start.parent_path() / "shared" / relative;
    if (fs::exists(path)) return path.string();
  }
  return "";
}

std::vector<std::string> FilesBelow(const std::string& folder,
                                    const std::string& end) {
  std::vector<std::string> files;
  if (folder.empty()) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string path = entry.path().string();
    if (entry.is_regular_file() && path.size() >= end.size() &&
        path.compare(path.size() - end.size(), end.size(), end) == 0) {
      files.push_back(path);
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

TempFolder::TempFolder() {
  std::string name = (fs::temp_directory_path() / "tercet_XXXXXX").string();
  path_ = mkdtemp(&name[0]) ? name : "";
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

}  // namespace caffe
