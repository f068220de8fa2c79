// What the layers share that read images: options as ints, who is in a set, and
// the batches of a list of files by the options of one name (new_height,
// new_width, is_color, max_pixels, threads, prefetch), with a look at what the
// files are.
#ifndef TERCET_LAYERS_IMAGE_SOURCE_HPP_
#define TERCET_LAYERS_IMAGE_SOURCE_HPP_

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "caffe/common.hpp"
#include "caffe/layers/people_source.hpp"
#include "caffe/proto/caffe.pb.h"
#include "data/identity_list.hpp"
#include "data/image_batches.hpp"
#include "data/image_survey.hpp"

namespace caffe {

// An unsigned option as int; what does not fit is cut to the most, which
// fails with the same message as any number that is too large.
inline int AsInt(uint32_t value) {
  constexpr uint32_t kMost = std::numeric_limits<int>::max();
  return static_cast<int>(std::min(value, kMost));
}

inline PeopleSummary SummaryOf(const ImagesOfPeople& people,
                               const string& source) {
  PeopleSummary summary;
  summary.source = source;
  summary.people = static_cast<int64_t>(people.labels.size());
  summary.images = static_cast<int64_t>(people.paths.size());
  vector<int>& labels = summary.labels;
  labels.assign(people.labels.begin(), people.labels.end());
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  return summary;
}

// One line on who takes part: `taken`, of the people `all` in the source, of
// whom a split has left `within`.
inline string SummaryText(const string& source, const ImagesOfPeople& taken,
                          const std::vector<Identity>& all,
                          const std::vector<Identity>& within, bool split) {
  const auto count = [](size_t people, size_t images) {
    return std::to_string(people) + " people, " + std::to_string(images) +
           " images";
  };
  const size_t images = InARow(within).paths.size();
  string text =
      source + ": " + count(taken.counts.size(), taken.paths.size());
  if (split) {
    text += "; kept out by the split " +
            count(all.size() - within.size(),
                  InARow(all).paths.size() - images);
  }
  if (images > taken.paths.size() || within.size() > taken.counts.size()) {
    text += "; left out " + count(within.size() - taken.counts.size(),
                                  images - taken.paths.size()) +
            " (too few images, broken ones, or too small a group)";
  }
  return text;
}

// Looks at the files' headers, refuses sizes that do not go together, and logs
// what whoever trains on them should know. `gray`: all are made gray in the end.
inline void TellOfFiles(const vector<string>& paths,
                        const ImageLoader::Options& load, const string& source,
                        bool gray) {
  const ImageSurvey survey = SurveyHeaders(
      paths, load.max_pixels, load.new_height, load.new_width);
  if (load.new_height == 0 && !load.any_size) CheckOneSize(source, survey);
  const bool first_is_gray =
      !paths.empty() && survey.first_gray == paths[0];
  TellColors(source, survey,
             load.channels > 0 || gray
                 ? ""
                 : string("all are taken as ") +
                       (first_is_gray ? "gray (1 channel)"
                                      : "colour (3 channels)") +
                       ", as the first one is; force_color or force_gray in "
                       "transform_param says which is meant");
  TellTurned(source, survey);
  TellSqueezed(source, survey, load.new_height, load.new_width);
  TellBroken(source, survey);
}

// Batches of `items` of the files at `paths`, for a layer with the options
// `param` of its own.
template <typename Dtype, typename Param>
std::unique_ptr<ImageBatches<Dtype>> BatchesOfFiles(
    const vector<string>& paths, const Param& param,
    const LayerParameter& layer, Phase phase, int items) {
  ImageLoader::Options load;
  load.new_height = AsInt(param.new_height());
  load.new_width = AsInt(param.new_width());
  load.any_size = layer.transform_param().crop_size() > 0;
  load.max_pixels = CheckedMaxPixels(param.max_pixels());
  if (param.has_is_color()) {
    load.channels = param.is_color() ? 3 : 1;
  } else if (layer.transform_param().force_color()) {
    load.channels = 3;
  }
  TellOfFiles(paths, load, param.source(),
              layer.transform_param().force_gray());
  return std::make_unique<ImageBatches<Dtype>>(
      paths, load, layer.transform_param(), phase, items,
      AsInt(param.threads()), AsInt(param.prefetch()));
}

}  // namespace caffe

#endif  // TERCET_LAYERS_IMAGE_SOURCE_HPP_
