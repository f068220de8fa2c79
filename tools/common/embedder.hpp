// Images through a net: what tools/extract and tools/evaluate share. A deploy
// net with one Input layer says how: its shape gives the batch size, the
// channels and the size that images are resized to, and its transform_param
// the mean, the scale and the crop.
#ifndef TERCET_TOOLS_COMMON_EMBEDDER_HPP_
#define TERCET_TOOLS_COMMON_EMBEDDER_HPP_

#include <string>
#include <vector>

#include "caffe/net.hpp"

namespace caffe {

class Embedder {
 public:
  // Loads the net in phase TEST, and the weights (a list with commas) where
  // any are named. Error kInput: no Input layer, or more than one; no 4-axis
  // image input; a blob that does not exist (empty: the net's only output).
  // pixels: the rows are the images as the net gets them, nothing is run.
  Embedder(const string& model, const string& weights, const string& blob,
           bool pixels = false);

  // Embeds the images in their order: rows x width() values.
  vector<float> Embed(const vector<string>& paths);

  // The number of values a row; known after the first batch.
  int width() const { return width_; }
  // The shape of a row: the blob's without its first axis.
  const vector<int>& row_shape() const { return row_shape_; }

 private:
  void FindInput();
  void FindOutput(const string& name);
  // Reads images into the rows of the input, from its first on.
  void Load(const string* paths, int count, const vector<int>& shape);

  string model_;
  Net<float> net_;
  LayerParameter input_;
  Blob<float>* data_ = nullptr;
  Blob<float>* output_ = nullptr;
  string output_name_;
  bool pixels_;
  int width_ = 0;
  vector<int> row_shape_;
};

// Loads weights named with commas between them, one after the other.
template <typename Dtype>
void LoadWeights(const string& list, Net<Dtype>* net);

}  // namespace caffe

#endif  // TERCET_TOOLS_COMMON_EMBEDDER_HPP_
