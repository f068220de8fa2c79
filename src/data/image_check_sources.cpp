// Folders and lists, line by line, as said in the header.

#include "data/image_check_sources.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>

#include "caffe/check.hpp"
#include "data/identity_list.hpp"
#include "data/list_file.hpp"

namespace caffe {

namespace {

class Collector {
 public:
  Collector(const std::string& root, const ImageNeeds& needs)
      : root_(root), needs_(needs) {}

  void Add(const std::string& source);
  CheckedSources Take() { return std::move(result_); }

 private:
  void AddFolder(const std::string& folder);
  void AddList(const std::string& list);
  // A line's images, or its fault.
  void AddLine(const std::string& place, const ListPaths& make_path,
               const std::string& text);
  void AddImage(const std::string& path, const std::string& place,
                const ListPaths& make_path);
  void AddLabelled(const std::string& path, int64_t label,
                   const std::string& place, const ListPaths& make_path);
  // The lines that lack what other lines of their list have.
  void FindOddLines();
  void NamePeople(size_t first);

  const std::string root_;
  const ImageNeeds needs_;
  // Of the list that is read: places and texts of the lines that are a path
  // alone; how many have a label, or are a triplet; whether a file was missing.
  std::vector<std::pair<std::string, std::string>> bare_;
  size_t labelled_ = 0, triplets_ = 0;
  bool missing_ = false;
  std::map<int64_t, CheckedPerson> labels_;  // of the list that is read
  CheckedSources result_;
};

void Collector::Add(const std::string& source) {
  const size_t entries = result_.entries.size();
  const size_t people = result_.people.size();
  ImageCheckReport::Source added;
  added.path = source;
  std::error_code ignored;
  added.folder = std::filesystem::is_directory(source, ignored);
  result_.sources.push_back(added);
  try {
    CheckThere(source);
    if (added.folder) {
      AddFolder(source);
    } else if (HasImageName(source)) {
      result_.entries.push_back({source, ""});
    } else {
      AddList(source);
    }
  } catch (const Error& error) {
    result_.faults.push_back(error.what());
  }
  ImageCheckReport::Source& done = result_.sources.back();
  done.images = result_.entries.size() - entries;
  done.identities = result_.people.size() - people;
  if (done.images == 0 && added.folder) {
    result_.faults.push_back(source + ": folder has no image, nor have its "
                                      "folders");
  }
}

void Collector::AddFolder(const std::string& folder) {
  const FolderContent content = ReadFolderContent(folder);
  result_.sources.back().left_out = content.left_out;
  for (const std::string& path : content.images) {
    result_.entries.push_back({path, ""});
  }
  if (needs_.person_folders && content.people.empty() &&
      !content.images.empty()) {
    result_.faults.push_back(
        folder + ": folder has no person folder (it holds " +
        std::to_string(content.images.size()) +
        " images itself; training and evaluation want one folder with images "
        "a person, extract takes it as it is)");
  }
  for (const Identity& person : content.people) {
    if (person.images.empty()) {
      result_.sources.back().empty.push_back(person.name);
      continue;
    }
    CheckedPerson added;
    added.name = added.alias = person.name;
    added.source = result_.sources.size() - 1;
    for (const std::string& path : person.images) {
      added.entries.push_back(result_.entries.size());
      result_.entries.push_back({path, person.name});
    }
    result_.people.push_back(added);
  }
}

// Where the first missing image may be is told beside it.
void Collector::AddImage(const std::string& path, const std::string& place,
                         const ListPaths& make_path) {
  if (IsFile(make_path(path))) {
    result_.entries.push_back({make_path(path), ""});
    return;
  }
  const std::string comma = CommaHint(path);
  const std::string hint = comma.empty() ? make_path.Hint(path) : comma;
  result_.faults.push_back(place + ": no such image: " + make_path(path) +
                           (missing_ ? "" : hint));
  missing_ = true;
}

// Label -1 says: of nobody.
void Collector::AddLabelled(const std::string& path, int64_t label,
                            const std::string& place,
                            const ListPaths& make_path) {
  ++labelled_;
  if (label > kMaxListLabel || label < -1) {
    result_.faults.push_back(place + ": label " + std::to_string(label) +
                             " is out of range (0 to " +
                             std::to_string(kMaxListLabel) +
                             ", or -1: of nobody)");
    return;
  }
  // Passed over, whether there is such an image or not.
  if (label == -1) {
    ++result_.sources.back().of_nobody;
    return;
  }
  if (IsFile(make_path(path))) {
    labels_[label].entries.push_back(result_.entries.size());
  }
  AddImage(path, place, make_path);
}

void Collector::AddLine(const std::string& place, const ListPaths& make_path,
                        const std::string& text) {
  std::string path, word;
  int64_t label = 0;
  const bool two = CutLastWord(text, &path, &word);
  if (IsFile(make_path(text))) {
    bare_.push_back({place, text});
    AddImage(text, place, make_path);
    return;
  }
  if (two && ParseWholeNumber(word, &label)) {
    AddLabelled(path, label, place, make_path);
    return;
  }
  const std::vector<std::string> triplet = PathsOfTriplet(text);
  if (triplet.size() == 3) {
    ++triplets_;
    for (const std::string& part : triplet) AddImage(part, place, make_path);
  } else if (two && IsFile(make_path(path))) {
    result_.faults.push_back(place + ": label " + Quoted(word) +
                             " is no number");
  } else {
    AddImage(text, place, make_path);
  }
}

void Collector::FindOddLines() {
  const bool labels = needs_.labels || labelled_ > 0;
  if (!labels && triplets_ == 0) return;
  for (const auto& line : bare_) {
    result_.faults.push_back(
        line.first + ": found " + Quoted(line.second) + "; wanted `" +
        (labels ? "path label" : "anchor positive negative") + "`" +
        (needs_.labels ? "" : ", as other lines of the list are"));
  }
}

void Collector::AddList(const std::string& list) {
  const ListPaths make_path(list, root_);
  labels_.clear();
  bare_.clear();
  labelled_ = triplets_ = 0;
  missing_ = false;
  for (const ListLine& line : ReadListLines(list)) {
    AddLine(list + ":" + std::to_string(line.number), make_path, line.text);
  }
  FindOddLines();
  const size_t nobody = result_.sources.back().of_nobody;
  if (nobody > 0 && nobody == labelled_) {
    result_.faults.push_back(list + ": all of its " + std::to_string(nobody) +
                             " images have label -1: of nobody");
  }
  const size_t first = result_.people.size();
  for (auto& label : labels_) {
    label.second.name = std::to_string(label.first);
    label.second.source = result_.sources.size() - 1;
    result_.people.push_back(label.second);
  }
  NamePeople(first);
}

std::string FolderOf(const std::string& path) {
  return std::filesystem::path(path).parent_path().filename().string();
}

// Gives the people from the first on their aliases.
void Collector::NamePeople(size_t first) {
  std::map<std::string, std::set<size_t>> people_in;
  std::map<size_t, std::set<std::string>> folders_of;
  for (size_t i = first; i < result_.people.size(); ++i) {
    for (const size_t entry : result_.people[i].entries) {
      const std::string folder = FolderOf(result_.entries[entry].path);
      people_in[folder].insert(i);
      folders_of[i].insert(folder);
    }
  }
  for (size_t i = first; i < result_.people.size(); ++i) {
    CheckedPerson& person = result_.people[i];
    const std::string& folder = *folders_of[i].begin();
    const bool alone =
        folders_of[i].size() == 1 && people_in[folder].size() == 1;
    person.alias = alone && !folder.empty() ? folder : person.name;
    for (const size_t entry : person.entries) {
      result_.entries[entry].alias = person.alias;
    }
  }
}

// How many bytes the character at the front of the text has; 0: it is none.
size_t CharacterBytes(const unsigned char* text, size_t size) {
  const unsigned char first = text[0];
  if (first < 0x80) return 1;
  const size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || bytes > size) return 0;
  for (size_t i = 1; i < bytes; ++i) {
    if ((text[i] & 0xc0) != 0x80) return 0;
  }
  const bool overlong = (first == 0xe0 && text[1] < 0xa0) ||
                        (first == 0xf0 && text[1] < 0x90);
  const bool none = (first == 0xed && text[1] > 0x9f) ||
                    (first == 0xf4 && text[1] > 0x8f);
  return overlong || none ? 0 : bytes;
}

}  // namespace

bool IsPlainText(const std::string& text) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  for (size_t at = 0; at < text.size();) {
    const size_t count = CharacterBytes(bytes + at, text.size() - at);
    if (count == 0 || bytes[at] < ' ' || bytes[at] == 0x7f) return false;
    at += count;
  }
  return true;
}

CheckedSources CollectSources(const std::vector<std::string>& sources,
                              const std::string& root,
                              const ImageNeeds& needs) {
  Collector collector(root, needs);
  for (const std::string& source : sources) collector.Add(source);
  return collector.Take();
}

}  // namespace caffe
