// Checking a set of images, as said in the header: what the sources name is
// collected in order (data/image_check_sources.hpp), each file is read once, on
// all threads, and what was found is counted in the order of the sources.

#include "data/image_check.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <unordered_map>

#include "caffe/check.hpp"
#include "core/hasher.hpp"
#include "core/parallel.hpp"
#include "data/image_check_sources.hpp"
#include "data/image_survey.hpp"

namespace caffe {

namespace {

// A file, whatever the number of its names in the sources.
struct File {
  std::string path;
  ImageInfo info;
  std::string message;  // why it cannot be read
  uint64_t content = 0;
  std::pair<uint64_t, uint64_t> inode;
};

void Look(int64_t max_pixels, File* file) {
  struct stat status;
  if (stat(file->path.c_str(), &status) == 0) {
    file->inode = {status.st_dev, status.st_ino};
  }
  try {
    const Image image = ReadImage(file->path, max_pixels, &file->info);
    const int shape[] = {image.height, image.width, image.channels};
    Hasher hasher;
    hasher.Add(shape, sizeof(shape));
    hasher.Add(image.pixels.data(), image.pixels.size());
    file->content = hasher.value();
  } catch (const Error& error) {
    file->message = error.what();
  }
}

class Checker {
 public:
  Checker(const ImageNeeds& needs, CheckedSources sources)
      : needs_(needs), sources_(std::move(sources)) {}

  ImageCheckReport Run();

 private:
  void LookAtAll();
  void CountFiles();
  void FindSameFiles();
  void FindSameContent();
  void CountIdentities();
  void FindStops();
  // The files of each key, where there are several with one key.
  template <typename Key, typename KeyOf>
  std::vector<ImageCheckReport::Group> Groups(const KeyOf& key_of) const;

  const ImageNeeds needs_;
  const CheckedSources sources_;
  std::vector<File> files_;
  std::vector<size_t> file_of_;  // of each entry
  ImageCheckReport report_;
};

void Checker::LookAtAll() {
  std::unordered_map<std::string, size_t> places;
  for (const CheckedEntry& entry : sources_.entries) {
    const auto added = places.emplace(entry.path, files_.size());
    if (added.second) {
      files_.emplace_back();
      files_.back().path = entry.path;
    }
    file_of_.push_back(added.first->second);
  }
  ParallelFor(files_.size(), kParallelGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) Look(needs_.max_pixels, &files_[i]);
  });
}

void Checker::CountFiles() {
  ImageSurvey survey;
  for (const File& file : files_) {
    if (!IsPlainText(file.path)) report_.names.push_back(file.path);
    if (!file.message.empty()) {
      report_.broken.push_back(file.message);
      continue;
    }
    const ImageInfo& info = file.info;
    ++report_.formats[info.format];
    ++report_.sizes[{info.height, info.width}];
    if (info.orientation != 1) ++report_.turned[info.orientation];
    survey.Add(file.path, info, needs_.to_height, needs_.to_width);
    const bool small = info.height < needs_.crop || info.width < needs_.crop;
    if (needs_.to_height == 0 && small) ++report_.small;
  }
  report_.gray = survey.gray;
  report_.color = survey.color;
  report_.squeezed = survey.squeezed;
}

template <typename Key, typename KeyOf>
std::vector<ImageCheckReport::Group> Checker::Groups(
    const KeyOf& key_of) const {
  std::map<Key, std::vector<size_t>> entries;
  std::vector<Key> order;
  for (size_t i = 0; i < sources_.entries.size(); ++i) {
    const File& file = files_[file_of_[i]];
    if (!file.message.empty()) continue;
    std::vector<size_t>& group = entries[key_of(file)];
    if (group.empty()) order.push_back(key_of(file));
    group.push_back(i);
  }
  std::vector<ImageCheckReport::Group> groups;
  for (const Key& key : order) {
    if (entries[key].size() < 2) continue;
    ImageCheckReport::Group group;
    std::set<std::string> people;
    for (const size_t i : entries[key]) {
      group.paths.push_back(sources_.entries[i].path);
      people.insert(sources_.entries[i].alias);
    }
    group.across = people.size() > 1;
    groups.push_back(group);
  }
  return groups;
}

void Checker::FindSameFiles() {
  report_.same_file = Groups<std::pair<uint64_t, uint64_t>>(
      [](const File& file) { return file.inode; });
}

// Files that are one file are told of as that alone.
void Checker::FindSameContent() {
  std::map<std::string, std::pair<uint64_t, uint64_t>> inodes;
  for (const File& file : files_) inodes[file.path] = file.inode;
  for (ImageCheckReport::Group& group :
       Groups<uint64_t>([](const File& file) { return file.content; })) {
    std::set<std::pair<uint64_t, uint64_t>> seen;
    std::vector<std::string> paths;
    for (const std::string& path : group.paths) {
      if (seen.insert(inodes[path]).second) paths.push_back(path);
    }
    group.paths = paths;
    if (paths.size() > 1) report_.same_content.push_back(group);
  }
}

void Checker::CountIdentities() {
  std::map<std::string, std::vector<size_t>> sources_of;
  std::vector<std::string> order;
  for (const CheckedPerson& person : sources_.people) {
    size_t readable = 0;
    for (const size_t i : person.entries) {
      readable += files_[file_of_[i]].message.empty();
    }
    if (static_cast<int>(readable) < needs_.least_images) {
      report_.few.push_back({person.name, person.source, readable});
    }
    std::vector<size_t>& sources = sources_of[person.alias];
    if (sources.empty()) order.push_back(person.alias);
    sources.push_back(person.source);
  }
  report_.identities = sources_.people.size();
  for (const std::string& alias : order) {
    const std::vector<size_t>& sources = sources_of[alias];
    if (sources.size() > 1) report_.shared.push_back({alias, sources});
  }
}

void Checker::FindStops() {
  const auto stop = [this](size_t count, const std::string& what) {
    if (count == 0) return;
    report_.stops.push_back(std::to_string(count) + " " + what);
  };
  stop(report_.faults.size(), "faults of folders and lists");
  if (!needs_.skip_broken || report_.broken.size() == files_.size()) {
    stop(report_.broken.size(), "images cannot be read");
  }
  if (needs_.layer.empty()) return;
  const std::string wants = ", and " + needs_.layer + " wants ";
  if (needs_.one_size && report_.sizes.size() > 1) {
    stop(report_.sizes.size(),
         "sizes of images" + wants + "one, or new_height and new_width");
  }
  stop(report_.small, "images are too small" + wants + "crop_size " +
                          std::to_string(needs_.crop));
  const size_t enough = report_.identities - report_.few.size();
  if (static_cast<int>(enough) < needs_.least_people) {
    report_.stops.push_back(
        std::to_string(enough) + " identities have " +
        std::to_string(needs_.least_images) + " images or more" + wants +
        std::to_string(needs_.least_people) + " such identities");
  }
}

ImageCheckReport Checker::Run() {
  report_.sources = sources_.sources;
  report_.faults = sources_.faults;
  report_.images = sources_.entries.size();
  LookAtAll();
  CountFiles();
  FindSameFiles();
  FindSameContent();
  CountIdentities();
  FindStops();
  return report_;
}

}  // namespace

ImageCheckReport CheckImages(const std::vector<std::string>& sources,
                             const std::string& root,
                             const ImageNeeds& needs) {
  return Checker(needs, CollectSources(sources, root, needs)).Run();
}

}  // namespace caffe
