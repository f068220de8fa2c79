// Counting what a folder holds beside images.

#include "data/left_out.hpp"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

#include "caffe/check.hpp"
#include "data/image.hpp"

namespace caffe {

void LeftOut::AddFile(const std::string& name) {
  // The solver's lock on snapshots is no stray file.
  if (name.size() > 5 && name.substr(name.size() - 5) == ".lock") return;
  const size_t dot = name.rfind('.');
  std::string ending = dot == std::string::npos ? "" : name.substr(dot);
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  ++endings_[ending];
}

std::string LeftOut::text() const {
  constexpr size_t kNamed = 8;
  std::vector<std::pair<std::string, size_t>> kinds(endings_.begin(),
                                                    endings_.end());
  std::stable_sort(kinds.begin(), kinds.end(),
                   [](const auto& a, const auto& b) {
                     return a.second > b.second;
                   });
  std::string text;
  const auto add = [&text](const std::string& part) {
    text += (text.empty() ? "" : ", ") + part;
  };
  for (size_t i = 0; i < std::min(kNamed, kinds.size()); ++i) {
    add(std::to_string(kinds[i].second) + " " +
        (kinds[i].first.empty() ? "without an ending" : kinds[i].first));
  }
  if (kinds.size() > kNamed) add("...");
  if (beside_ > 0) {
    add(std::to_string(beside_) + " images beside the people's folders");
  }
  if (folders_ > 0) {
    add(std::to_string(folders_) + " folders within the people's");
  }
  return text;
}

void LeftOut::Warn(const std::string& folder) const {
  if (text().empty()) return;
  LOG(WARNING) << folder << ": left out: " << text()
               << (endings_.empty()
                       ? ""
                       : "; names of images end in " + ImageEndings())
               << (endings_.count(".heic") + endings_.count(".heif") > 0
                       ? "; convert .heic and .heif to JPEG"
                       : "");
}

}  // namespace caffe
