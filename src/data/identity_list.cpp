// Folders and lists of images, as said in the header. A list is read whole
// before anything is said about it, so that an error can tell how many of its
// lines share the fault.

#include "data/identity_list.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "caffe/check.hpp"
#include "data/list_file.hpp"
#include "data/image.hpp"
#include "data/left_out.hpp"
#include "core/suggest.hpp"
#include "core/text.hpp"

namespace caffe {

namespace {

namespace fs = std::filesystem;

// Up to kNamed names with their counts, for a message.
class CountedNames {
 public:
  void Add(const std::string& name, size_t count) {
    constexpr int kNamed = 5;
    if (number_ < kNamed) {
      text_ += (number_ > 0 ? ", " : "") + name + " (" +
               std::to_string(count) + ")";
    } else if (number_ == kNamed) {
      text_ += ", ...";
    }
    ++number_;
  }
  int number() const { return number_; }
  const std::string& text() const { return text_; }

 private:
  int number_ = 0;
  std::string text_;
};

bool IsFolder(const std::string& path) {
  std::error_code code;
  return fs::is_directory(path, code);
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 32; }

// What may be wrong with the name of a folder or list that is not there.
std::string SourceHint(const std::string& source) {
  std::error_code code;
  if (source.size() > 1 && source[0] == '/' &&
      fs::exists(source.substr(1), code)) {
    return "; there is " + source.substr(1);
  }
  return PathHint(source);
}

// Of the first that is missing, which alone is told: also where it may be.
std::string NoSuchImage(const ListFault& missing, const ListPaths& make_path,
                        const std::string& path) {
  if (!missing.empty()) return "";
  const std::string comma = CommaHint(path);
  return "no such image: " + make_path(path) +
         (comma.empty() ? make_path.Hint(path) : comma);
}

// The sorted names in a folder that are folders, or that are images; in the
// second case what is neither is told to `left_out`.
std::vector<std::string> Names(const std::string& folder, bool folders,
                               LeftOut* left_out = nullptr) {
  std::vector<std::string> names;
  std::error_code code;
  for (fs::directory_iterator entry(folder, code), end;
       !code && entry != end; entry.increment(code)) {
    const std::string name = entry->path().filename().string();
    if (name[0] == '.') continue;
    std::error_code ignored;
    const bool is_folder = entry->is_directory(ignored);
    if (is_folder == folders && (folders || HasImageName(name))) {
      names.push_back(name);
    } else if (!folders && !is_folder && left_out != nullptr) {
      left_out->AddFile(name);
    }
  }
  INPUT_CHECK(!code) << folder << ": folder cannot be read: "
                     << code.message();
  std::sort(names.begin(), names.end(), NaturalLess);
  return names;
}

std::vector<std::string> ImagesIn(const std::string& folder,
                                  LeftOut* left_out) {
  std::vector<std::string> paths;
  for (const std::string& name : Names(folder, false, left_out)) {
    paths.push_back((fs::path(folder) / name).string());
  }
  return paths;
}

std::vector<Identity> ReadPersonFolders(const std::string& folder,
                                        LeftOut* left_out) {
  std::vector<Identity> people;
  for (const std::string& name : Names(folder, true)) {
    Identity person;
    person.name = name;
    person.label = static_cast<int>(people.size());
    const std::string own = (fs::path(folder) / name).string();
    person.images = ImagesIn(own, left_out);
    for (size_t i = Names(own, true).size(); i > 0; --i) left_out->AddFolder();
    people.push_back(person);
  }
  return people;
}

std::string HoldsInstead(const LeftOut& left_out) {
  return left_out.text().empty() ? "" : "; found " + left_out.text();
}

// Folders without an image are no people, so that they move nobody to another
// fold.
std::vector<Identity> ReadFolder(const std::string& folder) {
  LeftOut left_out;
  std::vector<Identity> people = ReadPersonFolders(folder, &left_out);
  const size_t beside = Names(folder, false, &left_out).size();
  INPUT_CHECK(!people.empty())
      << folder << ": folder has no person folder (it holds " << beside
      << " images itself; wanted one folder with images a person)";
  left_out.AddBeside(beside);
  size_t images = 0;
  for (const Identity& person : people) images += person.images.size();
  INPUT_CHECK(images > 0)
      << folder << ": folder has " << people.size()
      << " person folders but no image in them (names that end in "
      << ImageEndings() << ")" << HoldsInstead(left_out);
  left_out.Warn(folder);
  people = KeepWithImages(people, 1, 1, folder);
  for (size_t i = 0; i < people.size(); ++i) {
    people[i].label = static_cast<int>(i);
  }
  return people;
}

// In the sets of re-identification a label of -1 says: of nobody, or of no
// single person.
constexpr int kNobody = -1;

void WarnOfNobody(const std::string& list, size_t count, size_t lines) {
  if (count == 0) return;
  INPUT_CHECK(count < lines)
      << list << ": all of its " << lines << " images have label -1: of nobody";
  LOG(WARNING) << list << ": passed over " << count << " of " << lines
               << " images: their label is -1, of nobody";
}

std::vector<Identity> ReadList(const std::string& list,
                               const std::string& root_folder) {
  const ListPaths make_path(list, root_folder);
  const std::vector<ListLine> lines = ReadListLines(list);
  ListFault form, label, missing;
  RepeatedImages repeated;
  std::map<int, Identity> people;
  size_t of_nobody = 0;
  for (const ListLine& line : lines) {
    std::string path, word;
    int64_t number = 0;
    if (!CutLastWord(line.text, &path, &word)) {
      form.Add(line.number,
               "found " + Quoted(line.text) + "; wanted `path label`" +
                   CommaHint(line.text));
    } else if (!ParseWholeNumber(word, &number)) {
      label.Add(line.number, "label " + Quoted(word) + " is no number" +
                                 CommaHint(line.text));
    } else if (number < kNobody || number > kMaxListLabel) {
      label.Add(line.number, "label " + word + " is out of range (0 to " +
                                 std::to_string(kMaxListLabel) +
                                 ", or -1: of nobody)");
    } else if (number == kNobody) {
      ++of_nobody;
    } else if (!IsFile(make_path(path))) {
      missing.Add(line.number, NoSuchImage(missing, make_path, path));
    } else {
      Identity& person = people[static_cast<int>(number)];
      person.label = static_cast<int>(number);
      person.name = std::to_string(number);
      person.images.push_back(make_path(path));
      repeated.Add(line.number, path);
    }
  }
  form.Throw(list, "lines", lines.size());
  label.Throw(list, "lines", lines.size());
  missing.Throw(list, "lines", lines.size());
  WarnOfNobody(list, of_nobody, lines.size());
  repeated.Warn(list, lines.size());
  std::vector<Identity> result;
  for (auto& entry : people) {
    std::vector<std::string>& images = entry.second.images;
    std::sort(images.begin(), images.end(), NaturalLess);
    result.push_back(entry.second);
  }
  return result;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The run of digits of `text` from *at on, without leading zeros.
std::string TakeDigits(const std::string& text, size_t* at) {
  while (*at + 1 < text.size() && text[*at] == '0' && IsDigit(text[*at + 1])) {
    ++*at;
  }
  const size_t begin = *at;
  while (*at < text.size() && IsDigit(text[*at])) ++*at;
  return text.substr(begin, *at - begin);
}

}  // namespace

void CheckThere(const std::string& source) {
  INPUT_CHECK(!source.empty())
      << "source is empty; wanted a folder or a list file";
  std::error_code code;
  const bool plain = std::none_of(source.begin(), source.end(), IsControl);
  INPUT_CHECK(fs::exists(source, code))
      << (plain ? source : Quoted(source)) << ": no such folder or list file"
      << SourceHint(source);
}

bool NaturalLess(const std::string& a, const std::string& b) {
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (IsDigit(a[i]) && IsDigit(b[j])) {
      const std::string left = TakeDigits(a, &i), right = TakeDigits(b, &j);
      if (left.size() != right.size()) return left.size() < right.size();
      if (left != right) return left < right;
    } else {
      const unsigned char left = a[i++], right = b[j++];
      if (left != right) return left < right;
    }
  }
  const size_t left = a.size() - i, right = b.size() - j;
  return left != right ? left < right : a < b;
}

std::vector<Identity> ReadIdentities(const std::string& source,
                                     const std::string& root_folder) {
  CheckThere(source);
  return IsFolder(source) ? ReadFolder(source)
                          : ReadList(source, root_folder);
}

std::vector<Identity> KeepFold(const std::vector<Identity>& people, int fold,
                               int of, bool inside) {
  INPUT_CHECK(of >= 2) << "split: of is " << of << "; wanted at least 2";
  INPUT_CHECK(fold >= 0 && fold < of)
      << "split: fold " << fold << " of " << of << " does not exist; wanted 0"
      << " to " << of - 1;
  std::vector<Identity> kept;
  for (size_t i = 0; i < people.size(); ++i) {
    if ((static_cast<int>(i % of) == fold) == inside) {
      kept.push_back(people[i]);
    }
  }
  INPUT_CHECK(!kept.empty())
      << "split: fold " << fold << " of " << of << " leaves nobody of "
      << people.size() << " people";
  return kept;
}

std::vector<Identity> KeepWithImages(const std::vector<Identity>& people,
                                     int min_images, int min_people,
                                     const std::string& source) {
  std::vector<Identity> kept;
  CountedNames left_out;
  for (const Identity& person : people) {
    if (static_cast<int>(person.images.size()) >= min_images) {
      kept.push_back(person);
    } else {
      left_out.Add(person.name, person.images.size());
    }
  }
  const bool any = left_out.number() > 0;
  INPUT_CHECK(static_cast<int>(kept.size()) >= min_people)
      << source << ": " << kept.size() << " of " << people.size()
      << " people have " << min_images << " images or more; wanted at least "
      << min_people << " people"
      << (any ? " (too few images: " + left_out.text() + ")" : "");
  if (any) {
    LOG(WARNING) << source << ": left out " << left_out.number() << " of "
                 << people.size() << " people "
                 << (min_images == 1 ? "without images"
                                     : "with fewer than " +
                                           std::to_string(min_images) +
                                           " images")
                 << ": " << left_out.text();
  }
  return kept;
}

namespace {

std::string PersonHint(const std::string& person,
                       const std::vector<std::string>& names) {
  const std::string form = FormHint(person, names);
  return form.empty() ? DidYouMean(person, names) : form;
}

// The group of each person of a file, by the person's name.
std::map<std::string, std::string> GroupsByName(
    const std::string& file, const std::vector<Identity>& all) {
  std::vector<std::string> names;
  for (const Identity& person : all) names.push_back(person.name);
  const std::set<std::string> known(names.begin(), names.end());
  const std::vector<ListLine> lines = ReadListLines(file);
  ListFault form, unknown, twice;
  std::map<std::string, std::string> groups;
  for (const ListLine& line : lines) {
    std::string person, group;
    if (!CutLastWord(line.text, &person, &group)) {
      form.Add(line.number,
               "found " + Quoted(line.text) + "; wanted `person group`");
    } else if (known.count(person) == 0) {
      unknown.Add(line.number, "no person '" + person + "' among " +
                                   std::to_string(all.size()) + " people" +
                                   PersonHint(person, names));
    } else if (!groups.emplace(person, group).second) {
      twice.Add(line.number,
                "person '" + person + "' has a group in an earlier line");
    }
  }
  form.Throw(file, "lines", lines.size());
  unknown.Throw(file, "lines", lines.size());
  twice.Throw(file, "lines", lines.size());
  return groups;
}

}  // namespace

PeopleInGroups ReadGroups(const std::string& file,
                          const std::vector<Identity>& all,
                          const std::vector<Identity>& people, int min_people,
                          int min_groups) {
  const std::map<std::string, std::string> groups = GroupsByName(file, all);
  std::map<std::string, std::vector<Identity>, decltype(&NaturalLess)> members(
      &NaturalLess);
  CountedNames without, small;
  for (const Identity& person : people) {
    const auto found = groups.find(person.name);
    if (found == groups.end()) {
      without.Add(person.name, person.images.size());
    } else {
      members[found->second].push_back(person);
    }
  }
  INPUT_CHECK(without.number() == 0)
      << file << ": " << without.number() << " of " << people.size()
      << " people have no group: " << without.text();
  PeopleInGroups kept;
  int count = 0;
  for (const auto& group : members) {
    if (static_cast<int>(group.second.size()) < min_people) {
      small.Add(group.first, group.second.size());
      continue;
    }
    kept.people.insert(kept.people.end(), group.second.begin(),
                       group.second.end());
    kept.group.resize(kept.people.size(), count++);
  }
  INPUT_CHECK(count >= min_groups)
      << file << ": " << count << " of " << members.size() << " groups have "
      << min_people << " people or more; wanted at least " << min_groups
      << " groups"
      << (small.number() > 0 ? " (too few people: " + small.text() + ")" : "");
  if (small.number() > 0) {
    LOG(WARNING) << file << ": left out " << small.number() << " of "
                 << members.size() << " groups with fewer than " << min_people
                 << " people: " << small.text();
  }
  return kept;
}

ImagesOfPeople InARow(const std::vector<Identity>& people) {
  ImagesOfPeople row;
  for (const Identity& person : people) {
    row.begin.push_back(row.paths.size());
    row.counts.push_back(static_cast<int>(person.images.size()));
    row.labels.push_back(person.label);
    row.paths.insert(row.paths.end(), person.images.begin(),
                     person.images.end());
  }
  return row;
}

FolderContent ReadFolderContent(const std::string& folder) {
  FolderContent content;
  LeftOut left_out;
  content.images = ImagesIn(folder, &left_out);
  content.people = ReadPersonFolders(folder, &left_out);
  content.left_out = left_out.text();
  return content;
}

std::vector<LabelledImage> ListImages(const std::string& source,
                                      const std::string& root_folder) {
  CheckThere(source);
  std::vector<LabelledImage> images;
  if (IsFolder(source)) {
    LeftOut left_out;
    for (const std::string& path : ImagesIn(source, &left_out)) {
      images.push_back({path, -1});
    }
    int label = 0;
    for (const Identity& person : ReadPersonFolders(source, &left_out)) {
      if (person.images.empty()) continue;
      for (const std::string& path : person.images) {
        images.push_back({path, label});
      }
      ++label;
    }
    INPUT_CHECK(!images.empty())
        << source << ": folder has no image (names that end in "
        << ImageEndings() << "), nor have its folders"
        << HoldsInstead(left_out);
    left_out.Warn(source);
    return images;
  }
  if (HasImageName(source)) return {{source, -1}};
  const ListPaths make_path(source, root_folder);
  const std::vector<ListLine> lines = ReadListLines(source);
  ListFault missing;
  for (const ListLine& line : lines) {
    const std::string whole = make_path(line.text);
    std::string path, word;
    int64_t number = 0;
    if (IsFile(whole)) {
      images.push_back({whole, -1});
    } else if (CutLastWord(line.text, &path, &word) &&
               ParseWholeNumber(word, &number) && number >= 0 &&
               number <= kMaxListLabel) {
      if (!IsFile(make_path(path))) {
        missing.Add(line.number, NoSuchImage(missing, make_path, path));
      }
      images.push_back({make_path(path), static_cast<int>(number)});
    } else {
      missing.Add(line.number, NoSuchImage(missing, make_path, line.text));
    }
  }
  missing.Throw(source, "lines", lines.size());
  return images;
}

// What lies between tabs, if these make three paths; else the words.
std::vector<std::string> PathsOfTriplet(const std::string& text) {
  std::vector<std::string> paths;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, '\t');) {
    paths.push_back(StripBlanks(part));
  }
  const bool empty =
      std::any_of(paths.begin(), paths.end(),
                  [](const std::string& path) { return path.empty(); });
  if (paths.size() == 3 && !empty) return paths;
  paths.clear();
  std::istringstream words(text);
  for (std::string word; words >> word;) paths.push_back(word);
  return paths;
}

std::vector<ImageTriplet> ReadTripletList(const std::string& source,
                                          const std::string& root_folder) {
  CheckThere(source);
  const ListPaths make_path(source, root_folder);
  const std::vector<ListLine> lines = ReadListLines(source);
  ListFault form, missing;
  std::vector<ImageTriplet> triplets;
  for (const ListLine& line : lines) {
    std::vector<std::string> paths = PathsOfTriplet(line.text);
    if (paths.size() != 3) {
      form.Add(line.number, "found " + std::to_string(paths.size()) +
                                " words; wanted `anchor positive negative`" +
                                CommaHint(line.text));
      continue;
    }
    for (std::string& path : paths) {
      const std::string written = path;
      path = make_path(written);
      if (IsFile(path)) continue;
      missing.Add(line.number, NoSuchImage(missing, make_path, written));
    }
    triplets.push_back({paths[0], paths[1], paths[2]});
  }
  form.Throw(source, "lines", lines.size());
  missing.Throw(source, "lines", lines.size());
  return triplets;
}

}  // namespace caffe
