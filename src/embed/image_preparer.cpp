// Channels, size and crop of an image before it becomes numbers.
#include "embed/image_preparer.hpp"

#include <algorithm>
#include <utility>

#include "caffe/blob.hpp"
#include "data/image_survey.hpp"
#include "embed/image_settings.hpp"

namespace caffe {
namespace {

void SwapRedAndBlue(Image* image) {
  for (size_t i = 0; i + 2 < image->pixels.size(); i += 3) {
    std::swap(image->pixels[i], image->pixels[i + 2]);
  }
}

// The middle of an image that is at least of this size.
Image CropCentre(const Image& image, const ImageSize& size) {
  const int top = (image.height - size.height) / 2;
  const int left = (image.width - size.width) / 2;
  Image middle(size.height, size.width, image.channels);
  const size_t row = static_cast<size_t>(size.width) * image.channels;
  for (int h = 0; h < size.height; ++h) {
    const size_t from =
        static_cast<size_t>(top + h) * image.width + left;
    std::copy_n(image.pixels.begin() + from * image.channels, row,
                middle.pixels.begin() + h * row);
  }
  return middle;
}

// The layer's transform_param with the options in it; shape: N x C x H x W.
TransformationParameter TransformOf(const string& model,
                                    const LayerParameter& input,
                                    const vector<int>& shape,
                                    const ImageOptions& options) {
  TransformationParameter transform = input.transform_param();
  CheckImageOptions(options);
  const int channels = shape[1];
  const int means = static_cast<int>(options.mean_values.size());
  INPUT_CHECK(means <= 1 || means == channels)
      << "--mean_value: found " << means << " numbers, and the input of "
      << model << " has " << channels
      << (channels == 1 ? " channel" : " channels");
  INPUT_CHECK(!options.rgb || channels == 3)
      << "--channels=rgb: the input of " << model << " is gray";
  if (means > 0) {
    transform.clear_mean_file();
    transform.clear_mean_value();
    for (const float mean : options.mean_values) {
      transform.add_mean_value(mean);
    }
  }
  if (options.scale) transform.set_scale(*options.scale);
  if (options.crop.height == 0) return transform;
  INPUT_CHECK(!transform.has_mean_file())
      << "--crop: the mean_file of " << model
      << " is for uncropped images; give --mean_value in its place";
  INPUT_CHECK(options.crop.height == shape[2] &&
              options.crop.width == shape[3])
      << "--crop=" << options.crop.height << "x" << options.crop.width
      << ": the input of " << model << " is " << shape[2] << "x" << shape[3]
      << " (height x width)";
  transform.clear_crop_size();
  return transform;
}

// What images are resized to, before they are cropped.
ImageSize SizeBeforeCrop(const InputParameter& input,
                         const TransformationParameter& transform,
                         const vector<int>& shape,
                         const ImageOptions& options) {
  if (options.resize.height > 0) return options.resize;
  if (input.new_height() > 0 && input.new_width() > 0) {
    return {static_cast<int>(input.new_height()),
            static_cast<int>(input.new_width())};
  }
  if (options.crop.height == 0 && transform.crop_size() == 0) {
    return {shape[2], shape[3]};
  }
  return {};
}

}  // namespace

ImagePreparer::ImagePreparer(const string& model, const LayerParameter& input,
                             const vector<int>& shape,
                             const ImageOptions& options)
    : shape_(shape.begin() + 1, shape.end()),
      options_(options),
      transform_(TransformOf(model, input, shape, options)),
      size_(SizeBeforeCrop(input.input_param(), transform_, shape, options)),
      max_pixels_(CheckedMaxPixels(input.input_param().max_pixels())),
      transformer_(transform_, TEST) {}

Image ImagePreparer::Fit(const Image& given, const string& name) const {
  Image image = ConvertChannels(given, shape_[0]);
  if (options_.rgb) SwapRedAndBlue(&image);
  if (size_.height > 0) image = ResizeImage(image, size_.height, size_.width);
  const ImageSize& crop = options_.crop;
  if (crop.height == 0) return image;
  INPUT_CHECK(crop.height <= image.height && crop.width <= image.width)
      << name << ": --crop=" << crop.height << "x" << crop.width
      << " is larger than the image of " << image.height << "x" << image.width
      << " (height x width)";
  return CropCentre(image, crop);
}

ImageTreatment ImagePreparer::treatment() const {
  ImageTreatment treatment;
  treatment.transform = transform_;
  treatment.height = size_.height;
  treatment.width = size_.width;
  const int crop = static_cast<int>(transform_.crop_size());
  treatment.crop_height = crop > 0 ? crop : options_.crop.height;
  treatment.crop_width = crop > 0 ? crop : options_.crop.width;
  treatment.rgb = options_.rgb;
  return treatment;
}

void ImagePreparer::Prepare(const Image& given, const string& name,
                            float* out) const {
  const Image image = Fit(given, name);
  const vector<int> made = transformer_.OutputShape(
      image.channels, image.height, image.width);
  INPUT_CHECK(made == shape_)
      << name << ": becomes " << ShapeString(made)
      << " where the net wants " << shape_[0] << " " << shape_[1] << " "
      << shape_[2];
  Rng unused;
  transformer_.Transform(image, &unused, out);
}

}  // namespace caffe
