// The files of a folder of images that are passed over, by ending, for the one
// warning that tells of them.
#ifndef TERCET_DATA_LEFT_OUT_HPP_
#define TERCET_DATA_LEFT_OUT_HPP_

#include <map>
#include <string>

namespace caffe {

class LeftOut {
 public:
  // A file whose name does not end like an image's.
  void AddFile(const std::string& name);
  // Images where no person's images are looked for: beside the people's
  // folders, or in folders within these.
  void AddBeside(size_t images) { beside_ += images; }
  void AddFolder() { ++folders_; }

  // "4 .bmp, 1 .webp, 1 without an ending"; empty where there is nothing.
  std::string text() const;
  void Warn(const std::string& folder) const;

 private:
  std::map<std::string, size_t> endings_;
  size_t beside_ = 0, folders_ = 0;
};

}  // namespace caffe

#endif  // TERCET_DATA_LEFT_OUT_HPP_
