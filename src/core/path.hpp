// The folder and the name in a path, by its text alone.
#ifndef TERCET_CORE_PATH_HPP_
#define TERCET_CORE_PATH_HPP_

#include <string>
#include <utility>

namespace caffe {

// "folder/", or "" where the path names none, and the name in it.
inline std::pair<std::string, std::string> SplitPath(const std::string& path) {
  const size_t begin = path.rfind('/') + 1;  // 0 where there is no slash
  return {path.substr(0, begin), path.substr(begin)};
}

// The folder that a path's name lies in; "." where it names none.
inline std::string FolderOf(const std::string& path) {
  const std::string folder = SplitPath(path).first;
  if (folder.empty()) return ".";
  return folder.size() == 1 ? folder : folder.substr(0, folder.size() - 1);
}

}  // namespace caffe

#endif  // TERCET_CORE_PATH_HPP_
