// Images as a net wants them: what the net's Input layer says, and ImageOptions
// in its place. The steps are told in caffe/embedder.hpp; mean, scale and the
// layer's own crop are data/transformer.hpp's.
#ifndef TERCET_EMBED_IMAGE_PREPARER_HPP_
#define TERCET_EMBED_IMAGE_PREPARER_HPP_

#include <string>
#include <vector>

#include "caffe/embedder.hpp"
#include "data/image.hpp"
#include "data/image_treatment.hpp"
#include "data/transformer.hpp"

namespace caffe {

// Constant once made: Prepare may be called from any thread.
class ImagePreparer {
 public:
  // `input` is the layer of an input of this shape, N x C x H x W, of the net
  // `model`, which errors name. Error kInput: options that do not fit it.
  ImagePreparer(const std::string& model, const LayerParameter& input,
                const std::vector<int>& shape, const ImageOptions& options);

  // Writes C x H x W values. Error kInput, with `name` in front: an image that
  // is too small, or becomes another shape.
  void Prepare(const Image& image, const std::string& name, float* out) const;

  // What images are resized to; 0: they are not. And the most pixels of a file.
  const ImageSize& size() const { return size_; }
  int64_t max_pixels() const { return max_pixels_; }
  // What Prepare does, to compare it with what was done in training.
  ImageTreatment treatment() const;

 private:
  // An image of the size that the layer's crop is cut from, or the net's.
  Image Fit(const Image& image, const std::string& name) const;

  const std::vector<int> shape_;  // C H W
  const ImageOptions options_;
  const TransformationParameter transform_;
  const ImageSize size_;  // before any crop; 0: as the image is
  const int64_t max_pixels_;
  const DataTransformer<float> transformer_;
};

}  // namespace caffe

#endif  // TERCET_EMBED_IMAGE_PREPARER_HPP_
