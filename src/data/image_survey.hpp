// What a set of images is made of: gray and colour, pictures that a camera
// turned, proportions that a resize changes, files that cannot be read; and the
// lines of the log that say so. What is done with the images is the callers'.
#ifndef TERCET_DATA_IMAGE_SURVEY_HPP_
#define TERCET_DATA_IMAGE_SURVEY_HPP_

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "caffe/check.hpp"
#include "data/identity_list.hpp"
#include "data/image.hpp"

namespace caffe {

// Counts, of the images that were looked at, with a name for each kind.
struct ImageSurvey {
  size_t total = 0;  // in the set
  size_t looked_at = 0;
  size_t gray = 0, color = 0, turned = 0, squeezed = 0, broken = 0;
  std::string first_gray, first_color, first_turned;
  std::string first_broken;  // with what is wrong with it
  // That whose proportions change most, and its size.
  std::string most_squeezed;
  int height = 0, width = 0;
  // The first, and the first of another size; empty where there is none.
  std::string first, other_size;
  int first_height = 0, first_width = 0, other_height = 0, other_width = 0;

  // to_height, to_width: what images are resized to; 0: they are not.
  void Add(const std::string& path, const ImageInfo& info, int to_height,
           int to_width);
  void AddBroken(const std::string& message);

 private:
  void TakeSize(const std::string& path, const ImageInfo& info);

  double squeeze_ = 1;
};

// Error(kInput), with two of the images, where they are of several sizes.
void CheckOneSize(const std::string& place, const ImageSurvey& survey);

// The headers of all images, or of 4096 of them, evenly from the first on.
ImageSurvey SurveyHeaders(const std::vector<std::string>& paths,
                          int64_t max_pixels, int to_height, int to_width);

// One line each for what there is of it. `place` goes in front. `taken` says
// what became of gray and colour where both were found; where it is empty
// nothing is said about that.
void TellColors(const std::string& place, const ImageSurvey& survey,
                const std::string& taken);
void TellTurned(const std::string& place, const ImageSurvey& survey);
void TellSqueezed(const std::string& place, const ImageSurvey& survey,
                  int to_height, int to_width);
void TellBroken(const std::string& place, const ImageSurvey& survey);

// The error of an image that cannot be read, with the way to find all such;
// `more` is said beside it.
Error WithWayOn(const Error& error, const std::string& more = "");

// max_pixels of a layer. Error(kInput): out of range.
int64_t CheckedMaxPixels(uint32_t max_pixels);

struct BrokenImage {
  size_t place;         // in the list of paths
  std::string message;  // with the path
};

// Reads all images, on all threads; those that cannot be read, in order.
std::vector<BrokenImage> FindBroken(const std::vector<std::string>& paths,
                                    int64_t max_pixels);

// Reads all images, and warns once, with a count and the first names, of those
// that cannot be read, which `place` goes in front of; their paths. Error: none
// can be read.
std::set<std::string> WarnOfBroken(const std::vector<std::string>& paths,
                                   int64_t max_pixels,
                                   const std::string& place);

// The people without their images that cannot be read, and the triplets
// without one, as WarnOfBroken has it. People may be left without an image.
std::vector<Identity> WithoutBroken(const std::vector<Identity>& people,
                                    int64_t max_pixels,
                                    const std::string& place);
std::vector<ImageTriplet> WithoutBroken(
    const std::vector<ImageTriplet>& triplets, int64_t max_pixels,
    const std::string& place);

}  // namespace caffe

#endif  // TERCET_DATA_IMAGE_SURVEY_HPP_
