// Treatments of images and how they differ; see the header.
#include "data/image_treatment.hpp"

#include <algorithm>
#include <sstream>

namespace caffe {

namespace {

std::string Text(float value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

// One number where all channels have the same.
std::string MeanText(const TransformationParameter& transform) {
  if (transform.has_mean_file()) return "of " + transform.mean_file();
  const auto& means = transform.mean_value();
  const bool same = std::all_of(means.begin(), means.end(),
                                [&](float mean) { return mean == means[0]; });
  if (means.empty() || (same && means[0] == 0)) return "none";
  if (same) return Text(means[0]);
  std::string text;
  for (float mean : means) text += (text.empty() ? "" : ",") + Text(mean);
  return text;
}

std::string StandardizeText(const TransformationParameter& transform) {
  if (!transform.standardize()) return "false";
  return transform.standardize_over() == TransformationParameter::IMAGE
             ? "over IMAGE"
             : "over RESULT";
}

std::string SizeText(int height, int width) {
  return std::to_string(height) + "x" + std::to_string(width);
}

bool Crops(const ImageTreatment& treatment) {
  return treatment.crop_height > 0 &&
         (treatment.crop_height != treatment.height ||
          treatment.crop_width != treatment.width);
}

std::string FrameText(const ImageTreatment& treatment) {
  const std::string size = treatment.height > 0
                               ? SizeText(treatment.height, treatment.width)
                               : "their own size";
  if (!Crops(treatment)) return size;
  return "the middle " +
         SizeText(treatment.crop_height, treatment.crop_width) + " of " + size;
}

// Whether faces come out at other sizes, as far as the layers tell it.
bool FramesDiffer(const ImageTreatment& a, const ImageTreatment& b) {
  if (Crops(a) != Crops(b)) return true;
  if (Crops(a) && (a.crop_height != b.crop_height ||
                   a.crop_width != b.crop_width)) {
    return true;
  }
  const bool known = a.height > 0 && b.height > 0;
  return known && (a.height != b.height || a.width != b.width);
}

// new_height and new_width, which each kind of layer has in its own options.
template <typename Param>
void TakeSize(const Param& param, ImageTreatment* treatment) {
  if (param.new_height() == 0 || param.new_width() == 0) return;
  treatment->height = static_cast<int>(param.new_height());
  treatment->width = static_cast<int>(param.new_width());
}

}  // namespace

ImageTreatment TreatmentOf(const LayerParameter& layer) {
  ImageTreatment treatment;
  treatment.transform = layer.transform_param();
  TakeSize(layer.identity_data_param(), &treatment);
  TakeSize(layer.triplet_data_param(), &treatment);
  TakeSize(layer.image_data_param(), &treatment);
  TakeSize(layer.input_param(), &treatment);
  treatment.crop_height = static_cast<int>(treatment.transform.crop_size());
  treatment.crop_width = treatment.crop_height;
  return treatment;
}

std::string Differences(const ImageTreatment& found,
                        const ImageTreatment& other) {
  std::string text;
  const auto add = [&text](const std::string& what, const std::string& mine,
                           const std::string& theirs, bool differ) {
    if (!differ) return;
    text += (text.empty() ? "" : ", ") + what + " " + mine + " against " +
            theirs;
  };
  const auto compare = [&add](const std::string& what, const std::string& mine,
                              const std::string& theirs) {
    add(what, mine, theirs, mine != theirs);
  };
  compare("mean_value", MeanText(found.transform), MeanText(other.transform));
  compare("scale", Text(found.transform.scale()),
          Text(other.transform.scale()));
  // Without a crop, the image and what is left of it are one.
  add("standardize", StandardizeText(found.transform),
      StandardizeText(other.transform),
      found.transform.standardize() != other.transform.standardize() ||
          (found.transform.standardize() &&
           found.transform.standardize_over() !=
               other.transform.standardize_over() &&
           (Crops(found) || Crops(other))));
  add("size", FrameText(found), FrameText(other), FramesDiffer(found, other));
  compare("channels", found.rgb ? "rgb" : "bgr", other.rgb ? "rgb" : "bgr");
  return text;
}

}  // namespace caffe
