// The images that folders and lists name, for a check of them: where a run
// stops at the first fault, here each is noted and the rest goes on. Images are
// not opened here.
#ifndef TERCET_DATA_IMAGE_CHECK_SOURCES_HPP_
#define TERCET_DATA_IMAGE_CHECK_SOURCES_HPP_

#include <cstddef>
#include <string>
#include <vector>

#include "data/image_check.hpp"

namespace caffe {

struct CheckedEntry {
  std::string path;
  std::string alias;  // its person's; empty: it is nobody's
};

struct CheckedPerson {
  std::string name;  // the folder's, or the label
  // By what he is known in other sources: of a label the folder of its images,
  // where they have one and it has no other label; else the name.
  std::string alias;
  size_t source;
  std::vector<size_t> entries;
};

struct CheckedSources {
  std::vector<ImageCheckReport::Source> sources;
  std::vector<CheckedEntry> entries;
  std::vector<CheckedPerson> people;
  std::vector<std::string> faults;
};

CheckedSources CollectSources(const std::vector<std::string>& sources,
                              const std::string& root,
                              const ImageNeeds& needs);

// Whether a name is UTF-8 without control characters.
bool IsPlainText(const std::string& text);

}  // namespace caffe

#endif  // TERCET_DATA_IMAGE_CHECK_SOURCES_HPP_
