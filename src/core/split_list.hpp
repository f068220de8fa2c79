// Lists of words in one string, as options and flags have them.
#ifndef TERCET_CORE_SPLIT_LIST_HPP_
#define TERCET_CORE_SPLIT_LIST_HPP_

#include <sstream>
#include <string>
#include <vector>

namespace caffe {

// "a,b,c" as its parts; no empty ones.
inline std::vector<std::string> SplitList(const std::string& list) {
  std::vector<std::string> parts;
  std::istringstream stream(list);
  for (std::string part; std::getline(stream, part, ',');) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

}  // namespace caffe

#endif  // TERCET_CORE_SPLIT_LIST_HPP_
