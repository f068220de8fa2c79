// Folders are listed once each. Names are found from their ends by a search in
// the sorted list of the reversed names.
#include "evaluation/image_finder.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "data/identity_list.hpp"
#include "data/image.hpp"
#include "core/suggest.hpp"
#include "core/text.hpp"

namespace caffe {

namespace {

namespace fs = std::filesystem;

std::string LfwStem(const std::string& name, int64_t number) {
  char digits[24];
  std::snprintf(digits, sizeof(digits), "%04lld",
                static_cast<long long>(number));
  return name + "_" + digits;
}

// Without "./" and the like, and without an image's ending.
std::string StemOf(const std::string& path) {
  fs::path stem = fs::path(path).lexically_normal();
  if (HasImageName(path)) stem.replace_extension();
  return stem.string();
}

}  // namespace

ImagesOnDisk::ImagesOnDisk(const std::string& list, const std::string& root)
    : path_of_(list, root) {}

const ImagesOnDisk::FilesByStem* ImagesOnDisk::FolderOf(
    const std::string& name) {
  const auto known = folders_.find(name);
  if (known != folders_.end()) return &known->second;
  FilesByStem files;
  std::error_code code;
  for (fs::directory_iterator entry(path_of_(name), code), end;
       !code && entry != end; entry.increment(code)) {
    const fs::path file = entry->path().filename();
    if (!HasImageName(file.string())) continue;
    std::string& kept = files[file.stem().string()];
    if (kept.empty() || NaturalLess(file.string(), kept)) kept = file.string();
  }
  if (code) return nullptr;
  return &(folders_[name] = std::move(files));
}

// Looks for a near name once only: where the whole root is wrong, each line
// comes here.
std::string ImagesOnDisk::NoFolder(const std::string& name) {
  const std::string fault =
      "no folder of '" + name + "': " + path_of_(name);
  if (suggested_) return fault;
  suggested_ = true;
  std::vector<std::string> names;
  std::error_code code;
  for (fs::directory_iterator entry(path_of_(""), code), end;
       !code && entry != end; entry.increment(code)) {
    names.push_back(entry->path().filename().string());
  }
  const std::string form = FormHint(name, names);
  return fault + (form.empty() ? DidYouMean(name, names) : form);
}

FoundImage ImagesOnDisk::Take(const std::string& path) {
  const auto added =
      place_.emplace(path, static_cast<int>(images_.size()));
  if (added.second) images_.push_back(path);
  return FoundImage{added.first->second, ""};
}

FoundImage ImagesOnDisk::OfPerson(const std::string& name, int64_t number) {
  const FilesByStem* const files = FolderOf(name);
  if (files == nullptr) return FoundImage{-1, NoFolder(name)};
  const std::string stem = LfwStem(name, number);
  const auto found = files->find(stem);
  if (found != files->end()) {
    return Take((fs::path(path_of_(name)) / found->second).string());
  }
  std::vector<std::string> stems;
  if (!hinted_) {
    for (const auto& file : *files) stems.push_back(file.first);
  }
  const std::string hint = FormHint(stem, stems);
  hinted_ = true;
  return FoundImage{-1, "no such image: " +
                            (fs::path(path_of_(name)) / stem).string() +
                            ".* (that folder has " +
                            std::to_string(files->size()) + " images)" + hint};
}

std::string ImagesOnDisk::HintOnce(const std::string& path) {
  if (hinted_) return "";
  hinted_ = true;
  return FormHintOnDisk(path);
}

FoundImage ImagesOnDisk::OfPath(const std::string& path) {
  const std::string whole =
      fs::path(path_of_(path)).lexically_normal().string();
  if (IsFile(whole)) return Take(whole);
  return FoundImage{-1, "no such image: " + path_of_(path) + HintOnce(whole)};
}

ImagesInList::ImagesInList(const std::vector<std::string>& names)
    : names_(names) {
  for (size_t row = 0; row < names_.size(); ++row) {
    exact_.emplace(names_[row], static_cast<int>(row));
    std::string stem = StemOf(names_[row]);
    std::reverse(stem.begin(), stem.end());
    reversed_.emplace_back(std::move(stem), static_cast<int>(row));
  }
  std::sort(reversed_.begin(), reversed_.end());
}

void ImagesInList::AppendRows(const std::string& reversed, bool whole,
                              std::vector<int>* rows) const {
  auto at = std::lower_bound(reversed_.begin(), reversed_.end(),
                             std::make_pair(reversed, -1));
  for (; at != reversed_.end() && rows->size() < 2; ++at) {
    if (whole ? at->first != reversed
              : at->first.compare(0, reversed.size(), reversed) != 0) {
      break;
    }
    rows->push_back(at->second);
  }
}

FoundImage ImagesInList::ByEnd(const std::string& stem) const {
  const std::string reversed(stem.rbegin(), stem.rend());
  std::vector<int> rows;
  AppendRows(reversed, true, &rows);
  AppendRows(reversed + "/", false, &rows);
  if (rows.size() == 1) return FoundImage{rows[0], ""};
  if (rows.empty()) {
    return FoundImage{-1, "none of the " + std::to_string(names_.size()) +
                              " embeddings is of '" + stem + "'"};
  }
  return FoundImage{-1, "several embeddings are of '" + stem + "': '" +
                            names_[rows[0]] + "' and '" + names_[rows[1]] +
                            "'"};
}

FoundImage ImagesInList::OfPerson(const std::string& name, int64_t number) {
  return ByEnd(name + "/" + LfwStem(name, number));
}

FoundImage ImagesInList::OfPath(const std::string& path) {
  const auto found = exact_.find(path);
  if (found != exact_.end()) return FoundImage{found->second, ""};
  return ByEnd(StemOf(path));
}

}  // namespace caffe
