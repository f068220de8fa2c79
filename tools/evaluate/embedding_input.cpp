// Reading embeddings and lists for evaluate.
#include "tools/evaluate/embedding_input.hpp"

#include <filesystem>
#include <set>

#include "caffe/check.hpp"
#include "caffe/data/identity_list.hpp"
#include "caffe/data/list_file.hpp"
#include "caffe/util/npy.hpp"

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
  for (const ListLine& line : lines) {
    std::string path = line.text, word;
    int64_t label = 0;
    if (labelled) {
      if (!CutLastWord(line.text, &path, &word) ||
          !ParseWholeNumber(word, &label) || label < 0 ||
          label > kMaxListLabel) {
        form.Add(line.number, "wanted `path label`, the label a whole number "
                              "from 0 to 16777216");
        continue;
      }
      set->labels.push_back(static_cast<int>(label));
    }
    set->names.push_back(path);
  }
  form.Throw(list, "lines", lines.size());
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
  return set;
}

EmbeddingSet EmbedPeople(const std::string& images, const std::string& root,
                         Embedder* embedder) {
  EmbeddingSet set;
  for (const Identity& person : ReadIdentities(images, root)) {
    for (const std::string& path : person.images) {
      set.names.push_back(path);
      set.labels.push_back(person.label);
    }
  }
  set.rows = embedder->Embed(set.names);
  set.width = embedder->width();
  return set;
}

namespace {

std::string FolderName(const std::string& path) {
  return fs::path(path).parent_path().filename().string();
}

}  // namespace

Overlap FindOverlap(const std::vector<std::string>& images,
                    const std::string& train_list, const std::string& root) {
  constexpr size_t kNamed = 3;
  std::set<std::string> people, pictures;
  const auto picture = [](const std::string& path) {
    return FolderName(path) + "/" + fs::path(path).filename().string();
  };
  const auto add = [&](const std::string& path) {
    people.insert(FolderName(path));
    pictures.insert(picture(path));
  };
  if (fs::is_directory(train_list)) {
    for (const LabelledImage& image : ListImages(train_list, root)) {
      add(image.path);
    }
  } else {
    // Where the label is missing, the line's text is the path.
    for (const ListLine& line : ReadListLines(train_list)) {
      std::string path, word;
      int64_t label;
      const bool labelled = CutLastWord(line.text, &path, &word) &&
                            ParseWholeNumber(word, &label);
      add(labelled ? path : line.text);
    }
  }
  people.erase("");
  Overlap overlap;
  std::set<std::string> seen;
  for (const std::string& path : images) {
    overlap.images += static_cast<int64_t>(pictures.count(picture(path)));
    const std::string name = FolderName(path);
    if (people.count(name) == 0 || !seen.insert(name).second) continue;
    ++overlap.people;
    if (overlap.names.size() < kNamed) overlap.names.push_back(name);
  }
  return overlap;
}

}  // namespace caffe
