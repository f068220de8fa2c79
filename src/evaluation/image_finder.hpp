// Where the images are that a file of pairs speaks of: on disk, or among the
// rows of embeddings whose images have names. What a pair is, and what is said
// where an image is not found, is pairs_file.hpp's.
#ifndef TERCET_EVALUATION_IMAGE_FINDER_HPP_
#define TERCET_EVALUATION_IMAGE_FINDER_HPP_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "data/list_file.hpp"

namespace caffe {

struct FoundImage {
  int place = -1;     // among images(); -1: not found
  std::string fault;  // then: what was looked for, such as "no such image: ..."
};

class ImageFinder {
 public:
  virtual ~ImageFinder() = default;
  // Image `number`, from 1, of a person in the layout of LFW:
  // Name/Name_0001.jpg, or with another ending of an image.
  virtual FoundImage OfPerson(const std::string& name, int64_t number) = 0;
  virtual FoundImage OfPath(const std::string& path) = 0;
  // The paths, or names, by place.
  virtual const std::vector<std::string>& images() const = 0;
};

// Image files. Their places are in the order in which they were found first.
class ImagesOnDisk : public ImageFinder {
 public:
  // What `list` names is relative to `root`, or, where that is empty, to the
  // list's own folder.
  ImagesOnDisk(const std::string& list, const std::string& root);
  // Of several files that differ in their ending the naturally first.
  FoundImage OfPerson(const std::string& name, int64_t number) override;
  FoundImage OfPath(const std::string& path) override;
  const std::vector<std::string>& images() const override { return images_; }

 private:
  typedef std::map<std::string, std::string> FilesByStem;
  // The images of the person's folder; null where there is no such folder.
  const FilesByStem* FolderOf(const std::string& name);
  std::string NoFolder(const std::string& name);
  // At the first image that is missing: is its name there in another form?
  std::string HintOnce(const std::string& path);
  FoundImage Take(const std::string& path);

  const ListPaths path_of_;
  std::map<std::string, FilesByStem> folders_;
  std::map<std::string, int> place_;
  std::vector<std::string> images_;
  bool suggested_ = false, hinted_ = false;
};

// The rows of a list. A path finds the row of just that name; or, in whole
// parts between slashes and without an image's ending, the only row whose name
// ends in it.
class ImagesInList : public ImageFinder {
 public:
  explicit ImagesInList(const std::vector<std::string>& names);
  FoundImage OfPerson(const std::string& name, int64_t number) override;
  FoundImage OfPath(const std::string& path) override;
  const std::vector<std::string>& images() const override { return names_; }

 private:
  // As many rows as begin with `reversed`, up to two, are appended.
  void AppendRows(const std::string& reversed, bool whole,
                  std::vector<int>* rows) const;
  FoundImage ByEnd(const std::string& stem) const;

  const std::vector<std::string> names_;
  std::map<std::string, int> exact_;
  // The names without their endings, back to front, sorted, with their rows.
  std::vector<std::pair<std::string, int>> reversed_;
};

}  // namespace caffe

#endif  // TERCET_EVALUATION_IMAGE_FINDER_HPP_
