// A whole set of images, looked at before a run: reads every image once and
// says all that is wrong with the set, where a run would stop at the first. A
// report is facts; how they are shown is the tool's.
#ifndef TERCET_DATA_IMAGE_CHECK_HPP_
#define TERCET_DATA_IMAGE_CHECK_HPP_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "data/image.hpp"

namespace caffe {

// What a layer wants of its images.
struct ImageNeeds {
  std::string layer;     // how messages call it; empty: nothing is wanted
  int least_images = 2;  // of an identity; who has fewer is named
  int least_people = 0;  // with that many images
  int to_height = 0, to_width = 0;  // 0: images are not resized
  int crop = 0;                     // 0: none
  bool one_size = false;  // all images must have one size
  bool skip_broken = false;
  // Folders must have a folder for each person: training and evaluation want
  // that, and what takes images alone does not.
  bool person_folders = true;
  bool labels = false;  // the lines of lists must have one
  int64_t max_pixels = kMaxImagePixels;
};

struct ImageCheckReport {
  struct Source {
    std::string path;
    bool folder = false;
    size_t images = 0, identities = 0;
    std::string left_out;  // LeftOut::text()
    std::vector<std::string> empty;  // person folders without an image
    size_t of_nobody = 0;  // images with label -1, which a run passes over
  };
  struct Identity {
    std::string name;
    size_t source = 0;
    size_t images = 0;
  };
  struct Shared {
    std::string name;
    std::vector<size_t> sources;
  };
  struct Group {
    std::vector<std::string> paths;
    bool across = false;  // they belong to several identities
  };

  std::vector<Source> sources;
  size_t images = 0;      // with one in two places counted twice
  size_t identities = 0;
  std::vector<std::string> faults;  // of folders and lists, with their place
  std::vector<std::string> broken;  // images that cannot be read, and why
  std::map<std::string, size_t> formats;
  size_t gray = 0, color = 0;
  std::map<std::pair<int, int>, size_t> sizes;  // by height, width
  std::map<int, size_t> turned;                 // by Exif's orientation
  size_t squeezed = 0, small = 0;               // by what is needed
  std::vector<Group> same_content, same_file;
  std::vector<Identity> few;
  std::vector<Shared> shared;      // identities in two sources
  std::vector<std::string> names;  // not UTF-8, or with control characters
  std::vector<std::string> stops;  // what would stop a run; empty: nothing
};

// Each source is a folder of images or of people, or a list of lines `path`,
// `path label` or `anchor positive negative`, relative to `root` or to the
// list's own folder. A folder or list that cannot be read is a fault of the
// report. The report is the same for any number of threads.
ImageCheckReport CheckImages(const std::vector<std::string>& sources,
                             const std::string& root, const ImageNeeds& needs);

}  // namespace caffe

#endif  // TERCET_DATA_IMAGE_CHECK_HPP_
