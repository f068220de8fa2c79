// Images through a net: what tools/extract, tools/evaluate and tools/verify
// share. A deploy net with one Input layer says how: its shape gives the batch
// size, the channels and the size that images are resized to, and its
// transform_param the mean, the scale and the crop. ImageOptions replace what
// it says; the flags for them are image_flags.hpp's.
//
// An image goes through these steps: its channels become as many as the
// input has; blue and red change places (rgb); it is resized, to `resize`, or
// to the layer's new_height and new_width, or, without a crop, to the input's
// size; it is cropped about its centre; each value becomes
// (value - mean) * scale.
#ifndef TERCET_EMBED_EMBEDDER_HPP_
#define TERCET_EMBED_EMBEDDER_HPP_

#include <optional>
#include <string>
#include <vector>

#include "caffe/net.hpp"
#include "data/image.hpp"

namespace caffe {

struct ImageSize {
  int height = 0;  // 0: none is given
  int width = 0;
};

// How images are prepared, where it is not to be as the net says.
struct ImageOptions {
  // One, or one a channel in the net's order; in place of mean_value and
  // mean_file. Empty: the net's.
  vector<float> mean_values;
  std::optional<float> scale;
  // The net wants red, green, blue, where Caffe has blue, green, red.
  bool rgb = false;
  ImageSize resize;
  // In place of crop_size.
  ImageSize crop;
  // A row is the mean of the image's row and of its mirror image's. Where both
  // have length 1, within kUnitTolerance, the mean is scaled to length 1 too,
  // unless it is 0.
  bool flip = false;
};

constexpr double kUnitTolerance = 1e-3;

class Embedder {
 public:
  // Loads the net in phase TEST, and the weights (a list with commas) where
  // any are named. Error kInput: no Input layer, or more than one; no 4-axis
  // image input; a blob that does not exist (empty: the net's only output);
  // options that do not fit the net. pixels: the rows are the images as the
  // net gets them, nothing is run.
  Embedder(const string& model, const string& weights, const string& blob,
           bool pixels = false, const ImageOptions& options = ImageOptions());

  // Embeds the images in their order: rows x width() values. Where stderr is a
  // terminal, a line shows how far it is.
  vector<float> Embed(const vector<string>& paths);

  // The number of values a row; known after the first batch.
  int width() const { return width_; }
  // The shape of a row: the blob's without its first axis.
  const vector<int>& row_shape() const { return row_shape_; }
  // The hash of the net's weights, as a solver state has it (net/weights.hpp).
  uint64_t WeightsHash() const;

 private:
  void FindInput();
  void FindOutput(const string& name);
  // Takes the options into transform_.
  void ApplyOptions();
  // An image of the size that the crop is cut from, or the net's.
  Image Prepare(const string& path, const vector<int>& shape) const;
  // Reads images into the rows of the input, from its first on.
  void Load(const string* paths, int count, const vector<int>& shape);
  // Appends the rows of `count` images; shape: the input's in the net's file.
  void EmbedBatch(const string* paths, int count, const vector<int>& shape,
                  vector<float>* rows);
  // Runs the net, and appends the output's rows, one an image.
  void AppendRows(int count, vector<float>* rows);

  string model_;
  Net<float> net_;
  LayerParameter input_;
  ImageOptions options_;
  TransformationParameter transform_;
  Blob<float>* data_ = nullptr;
  Blob<float>* output_ = nullptr;
  string output_name_;
  bool pixels_;
  int width_ = 0;
  vector<int> row_shape_;
};

}  // namespace caffe

#endif  // TERCET_EMBED_EMBEDDER_HPP_
