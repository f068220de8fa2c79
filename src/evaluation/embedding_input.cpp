// Reading embeddings and the lists that go with them.
#include "evaluation/embedding_input.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "caffe/check.hpp"
#include "data/identity_list.hpp"
#include "data/list_file.hpp"
#include "data/npy.hpp"

namespace caffe {

namespace fs = std::filesystem;

std::vector<float> ReadRows(const std::string& npy, int* width) {
  NpyArray<float> array = ReadNpy<float>(npy);
  INPUT_CHECK(array.shape.size() == 2)
      << npy << ": is of rank " << array.shape.size()
      << "; wanted embeddings, one a row (rank 2)";
  INPUT_CHECK(array.shape[0] > 0 && array.shape[1] > 0)
      << npy << ": holds no embedding (its shape is " << array.shape[0] << " "
      << array.shape[1] << ")";
  *width = array.shape[1];
  return std::move(array.data);
}

namespace {

// The rows' images, and people where `labelled`, from a list of which no image
// is looked at.
void ReadNames(const std::string& list, bool labelled, EmbeddingSet* set) {
  const std::vector<ListLine> lines = ReadListLines(list);
  ListFault form;
  RepeatedImages repeated;
  for (const ListLine& line : lines) {
    std::string path = line.text, word;
    int64_t label = 0;
    if (labelled) {
      if (!CutLastWord(line.text, &path, &word) ||
          !ParseWholeNumber(word, &label) || label < -1 ||
          label > kMaxListLabel) {
        form.Add(line.number, "wanted `path label`, the label a whole number "
                              "from 0 to 16777216 (or -1: of nobody)");
        continue;
      }
      set->labels.push_back(static_cast<int>(label));
    }
    set->names.push_back(path);
    repeated.Add(line.number, path);
  }
  form.Throw(list, "lines", lines.size());
  repeated.Warn(list, lines.size());
}

// Images of a folder that lie beside the people's folders have label -1, and
// in a list those that show nobody.
void LeaveOutNobodys(const std::string& list, EmbeddingSet* set) {
  std::string first;
  size_t kept = 0;
  for (size_t i = 0; i < set->names.size(); ++i) {
    if (set->labels[i] < 0) {
      if (first.empty()) first = set->names[i];
      continue;
    }
    std::copy_n(set->rows.begin() + i * set->width, set->width,
                set->rows.begin() + kept * set->width);
    set->names[kept] = set->names[i];
    set->labels[kept++] = set->labels[i];
  }
  const size_t left_out = set->names.size() - kept;
  if (left_out == 0) return;
  set->rows.resize(kept * set->width);
  set->names.resize(kept);
  set->labels.resize(kept);
  LOG(WARNING) << list << ": left out " << left_out
               << (fs::is_directory(list)
                       ? " images that lie in no person's folder, the first: "
                       : " images whose label is -1, of nobody, the first: ")
               << first;
}

}  // namespace

EmbeddingSet ReadEmbeddings(const std::string& npy, const std::string& list,
                            bool labelled) {
  EmbeddingSet set;
  set.rows = ReadRows(npy, &set.width);
  if (fs::is_directory(list)) {
    for (const LabelledImage& image : ListImages(list, "")) {
      set.names.push_back(image.path);
      if (labelled) set.labels.push_back(image.label);
    }
  } else {
    ReadNames(list, labelled, &set);
  }
  const int64_t rows = static_cast<int64_t>(set.rows.size()) / set.width;
  INPUT_CHECK(set.size() == rows)
      << list << ": names " << set.size() << " images, and " << npy
      << " holds " << rows << " embeddings; wanted one for each";
  if (labelled) LeaveOutNobodys(list, &set);
  return set;
}

namespace {

std::string FolderName(const std::string& path) {
  return fs::path(path).parent_path().filename().string();
}

std::string PictureName(const std::string& path) {
  return FolderName(path) + "/" + fs::path(path).filename().string();
}

// The folders whose images all have one label.
std::set<std::string> FoldersOfOne(const std::vector<std::string>& paths,
                                   const std::vector<int>& labels) {
  std::map<std::string, int> first;
  std::set<std::string> mixed = {""}, folders;
  for (size_t i = 0; i < paths.size(); ++i) {
    const std::string folder = FolderName(paths[i]);
    const auto found = first.emplace(folder, labels[i]).first;
    if (found->second != labels[i]) mixed.insert(folder);
  }
  for (const auto& entry : first) {
    if (mixed.count(entry.first) == 0) folders.insert(entry.first);
  }
  return folders;
}

std::vector<int> NumbersOfFolders(const std::vector<std::string>& paths) {
  std::map<std::string, int> numbers;
  std::vector<int> result;
  for (const std::string& path : paths) {
    const int next = static_cast<int>(numbers.size());
    result.push_back(numbers.emplace(FolderName(path), next).first->second);
  }
  return result;
}

}  // namespace

TrainingImages ReadTrainingImages(const std::string& list,
                                  const std::string& root) {
  constexpr int kUnlabelled = -1;
  std::vector<std::string> paths;
  std::vector<int> labels;
  if (fs::is_directory(list)) {
    for (const LabelledImage& image : ListImages(list, root)) {
      paths.push_back(image.path);
      labels.push_back(image.label);
    }
  } else {
    // Where the label is missing, the line's text is the path.
    for (const ListLine& line : ReadListLines(list)) {
      std::string path, word;
      int64_t label;
      const bool labelled = CutLastWord(line.text, &path, &word) &&
                            ParseWholeNumber(word, &label);
      paths.push_back(labelled ? path : line.text);
      labels.push_back(labelled ? static_cast<int>(label) : kUnlabelled);
    }
  }
  TrainingImages training;
  training.people = FoldersOfOne(paths, labels);
  for (const std::string& path : paths) {
    training.pictures.insert(PictureName(path));
  }
  return training;
}

Overlap FindOverlap(const std::vector<std::string>& images,
                    const std::vector<int>& labels,
                    const TrainingImages& training) {
  constexpr size_t kNamed = 3;
  const std::vector<int> people =
      labels.empty() ? NumbersOfFolders(images) : labels;
  const std::set<std::string> folders = FoldersOfOne(images, people);
  std::set<int> seen;
  Overlap overlap;
  for (size_t i = 0; i < images.size(); ++i) {
    const std::string folder = FolderName(images[i]);
    const bool by_folder =
        folders.count(folder) > 0 && training.people.count(folder) > 0;
    const bool pictured = training.pictures.count(PictureName(images[i])) > 0;
    overlap.images += pictured ? 1 : 0;
    if (!(by_folder || pictured) || !seen.insert(people[i]).second) continue;
    if (overlap.names.size() < kNamed) {
      overlap.names.push_back(by_folder ? folder : images[i]);
    }
  }
  overlap.people = static_cast<int>(seen.size());
  return overlap;
}

}  // namespace caffe
