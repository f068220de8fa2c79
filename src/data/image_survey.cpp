// Counting images of each kind, as said in the header. Images are looked at on
// all threads and counted in their order, so that what is said does not depend
// on the threads.

#include "data/image_survey.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/parallel.hpp"

namespace caffe {

namespace {

// Proportions that differ by less are a matter of whole pixels, or of taste.
constexpr double kSqueeze = 1.1;

void NameFirst(const std::string& path, std::string* first) {
  if (first->empty()) *first = path;
}

// "3 of 12 images", or "3 of 4096 images looked at (of 90000)".
std::string Share(size_t count, const ImageSurvey& survey) {
  std::string text = std::to_string(count) + " of " +
                     std::to_string(survey.looked_at) + " images";
  if (survey.looked_at < survey.total) {
    text += " looked at (of " + std::to_string(survey.total) + ")";
  }
  return text;
}

std::string Size(int height, int width) {
  return std::to_string(height) + "x" + std::to_string(width);
}

}  // namespace

void ImageSurvey::Add(const std::string& path, const ImageInfo& info,
                      int to_height, int to_width) {
  ++looked_at;
  TakeSize(path, info);
  ++(info.channels == 1 ? gray : color);
  NameFirst(path, info.channels == 1 ? &first_gray : &first_color);
  if (info.orientation != 1) {
    ++turned;
    NameFirst(path, &first_turned);
  }
  if (to_height <= 0 || to_width <= 0) return;
  const double change = static_cast<double>(info.height) * to_width /
                        (static_cast<double>(info.width) * to_height);
  const double squeeze = std::max(change, 1 / change);
  if (squeeze <= kSqueeze) return;
  ++squeezed;
  if (squeeze <= squeeze_) return;
  squeeze_ = squeeze;
  most_squeezed = path;
  height = info.height;
  width = info.width;
}

void ImageSurvey::TakeSize(const std::string& path, const ImageInfo& info) {
  if (first.empty()) {
    first = path;
    first_height = info.height;
    first_width = info.width;
  } else if (other_size.empty() &&
             (info.height != first_height || info.width != first_width)) {
    other_size = path;
    other_height = info.height;
    other_width = info.width;
  }
}

void CheckOneSize(const std::string& place, const ImageSurvey& survey) {
  INPUT_CHECK(survey.other_size.empty())
      << place << ": " << survey.other_size << " is of "
      << Size(survey.other_height, survey.other_width) << ", and "
      << survey.first << " of "
      << Size(survey.first_height, survey.first_width)
      << " (height x width); wanted images of one size, or new_height and "
      << "new_width, to which all are resized";
}

void ImageSurvey::AddBroken(const std::string& message) {
  ++looked_at;
  ++broken;
  NameFirst(message, &first_broken);
}

ImageSurvey SurveyHeaders(const std::vector<std::string>& paths,
                          int64_t max_pixels, int to_height, int to_width) {
  constexpr size_t kMost = 4096;
  const size_t count = std::min(kMost, paths.size());
  std::vector<ImageInfo> infos(count);
  std::vector<std::string> faults(count);
  const auto place = [&](size_t i) { return i * paths.size() / count; };
  ParallelFor(count, kParallelGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      try {
        infos[i] = ReadImageInfo(paths[place(i)], max_pixels);
      } catch (const Error& error) {
        faults[i] = error.what();
      }
    }
  });
  ImageSurvey survey;
  survey.total = paths.size();
  for (size_t i = 0; i < count; ++i) {
    if (faults[i].empty()) {
      survey.Add(paths[place(i)], infos[i], to_height, to_width);
    } else {
      survey.AddBroken(faults[i]);
    }
  }
  return survey;
}

void TellColors(const std::string& place, const ImageSurvey& survey,
                const std::string& taken) {
  if (survey.gray == 0 || survey.color == 0 || taken.empty()) return;
  LOG(WARNING) << place << ": mixes gray and colour: "
               << Share(survey.gray, survey) << " are gray (the first: "
               << survey.first_gray << "), " << survey.color
               << " in colour (the first: " << survey.first_color << "); "
               << taken;
}

void TellTurned(const std::string& place, const ImageSurvey& survey) {
  if (survey.turned == 0) return;
  LOG(INFO) << place << ": " << Share(survey.turned, survey)
            << " are turned upright, as the orientation in their Exif says "
            << "(the first: " << survey.first_turned << ")";
}

void TellSqueezed(const std::string& place, const ImageSurvey& survey,
                  int to_height, int to_width) {
  if (survey.squeezed == 0) return;
  LOG(WARNING) << place << ": the resize to " << Size(to_height, to_width)
               << " (height x width) changes the proportions of "
               << Share(survey.squeezed, survey)
               << " by more than a tenth, most those of "
               << survey.most_squeezed << " ("
               << Size(survey.height, survey.width)
               << "): faces come out squeezed";
}

void TellBroken(const std::string& place, const ImageSurvey& survey) {
  if (survey.broken == 0) return;
  LOG(WARNING) << place << ": " << Share(survey.broken, survey)
               << " cannot be read, the first: " << survey.first_broken
               << " (tercet check names them all)";
}

Error WithWayOn(const Error& error, const std::string& more) {
  return error.With(error.kind(), std::string(error.what()) +
                                      " (tercet check names all such images" +
                                      more + ")");
}

int64_t CheckedMaxPixels(uint32_t max_pixels) {
  INPUT_CHECK(max_pixels >= 1 && max_pixels <= kMostMaxPixels)
      << "max_pixels is " << max_pixels << "; wanted 1 to " << kMostMaxPixels;
  return max_pixels;
}

std::vector<BrokenImage> FindBroken(const std::vector<std::string>& paths,
                                    int64_t max_pixels) {
  std::vector<std::string> faults(paths.size());
  ParallelFor(paths.size(), kParallelGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      try {
        ReadImage(paths[i], max_pixels);
      } catch (const Error& error) {
        faults[i] = error.what();
      }
    }
  });
  std::vector<BrokenImage> broken;
  for (size_t i = 0; i < paths.size(); ++i) {
    if (!faults[i].empty()) broken.push_back({i, faults[i]});
  }
  return broken;
}

std::set<std::string> WarnOfBroken(const std::vector<std::string>& paths,
                                   int64_t max_pixels,
                                   const std::string& place) {
  constexpr size_t kNamed = 20;
  if (paths.empty()) return {};
  const std::vector<BrokenImage> broken = FindBroken(paths, max_pixels);
  std::set<std::string> left_out;
  std::string names;
  for (const BrokenImage& image : broken) {
    if (left_out.size() < kNamed) names += "; " + image.message;
    left_out.insert(paths[image.place]);
  }
  if (!broken.empty()) {
    LOG(WARNING) << place << ": broken: SKIP: left out " << broken.size()
                 << " of " << paths.size() << " images that cannot be read"
                 << names
                 << (broken.size() > kNamed
                         ? "; ... (tercet check names them all)" : "");
  }
  INPUT_CHECK(broken.size() < paths.size())
      << place << ": none of " << paths.size()
      << " images can be read, the first: " << broken[0].message;
  return left_out;
}

std::vector<Identity> WithoutBroken(const std::vector<Identity>& people,
                                    int64_t max_pixels,
                                    const std::string& place) {
  const std::set<std::string> broken =
      WarnOfBroken(InARow(people).paths, max_pixels, place);
  std::vector<Identity> kept = people;
  for (Identity& person : kept) {
    std::vector<std::string>& images = person.images;
    images.erase(std::remove_if(images.begin(), images.end(),
                                [&](const std::string& path) {
                                  return broken.count(path) > 0;
                                }),
                 images.end());
  }
  return kept;
}

std::vector<ImageTriplet> WithoutBroken(
    const std::vector<ImageTriplet>& triplets, int64_t max_pixels,
    const std::string& place) {
  std::set<std::string> paths;
  for (const ImageTriplet& triplet : triplets) {
    paths.insert({triplet.anchor, triplet.positive, triplet.negative});
  }
  const std::set<std::string> broken =
      WarnOfBroken({paths.begin(), paths.end()}, max_pixels, place);
  std::vector<ImageTriplet> kept;
  for (const ImageTriplet& triplet : triplets) {
    if (broken.count(triplet.anchor) + broken.count(triplet.positive) +
            broken.count(triplet.negative) == 0) {
      kept.push_back(triplet);
    }
  }
  INPUT_CHECK(!kept.empty())
      << place << ": each of " << triplets.size()
      << " triplets has an image that cannot be read";
  return kept;
}

}  // namespace caffe
