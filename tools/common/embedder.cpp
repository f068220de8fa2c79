// The way from image files to the rows of a blob.
#include "tools/common/embedder.hpp"

#include "caffe/data/transformer.hpp"
#include "caffe/util/image.hpp"
#include "caffe/util/parallel.hpp"
#include "caffe/util/suggest.hpp"
#include "tools/common/tool_main.hpp"

namespace caffe {

template <typename Dtype>
void LoadWeights(const string& list, Net<Dtype>* net) {
  const vector<string> files = SplitList(list);
  USAGE_CHECK(list.empty() || !files.empty())
      << "--weights=" << list << ": names no file";
  for (const string& file : files) net->CopyTrainedLayersFrom(file);
}

template void LoadWeights<float>(const string&, Net<float>*);
template void LoadWeights<double>(const string&, Net<double>*);

Embedder::Embedder(const string& model, const string& weights,
                   const string& blob, bool pixels)
    : model_(model), net_(model, TEST), pixels_(pixels) {
  FindInput();
  if (pixels) {
    output_ = data_;
  } else {
    FindOutput(blob);
  }
  LoadWeights(weights, &net_);
}

void Embedder::FindInput() {
  int inputs = 0;
  for (const auto& layer : net_.layers()) {
    if (string(layer->type()) != "Input") continue;
    input_ = layer->layer_param();
    ++inputs;
  }
  INPUT_CHECK(inputs == 1 && net_.num_inputs() == 1)
      << model_ << ": images want a net with one Input layer of one top, and "
      << "it has " << net_.num_inputs() << " (give the deploy net)";
  data_ = net_.input_blobs()[0];
  INPUT_CHECK(data_->num_axes() == 4 &&
              (data_->shape(1) == 1 || data_->shape(1) == 3))
      << LayerPlace(input_) << ": images want an input of shape N x C x H x W "
      << "with 1 or 3 channels, and it is of shape " << data_->shape_string();
}

void Embedder::FindOutput(const string& name) {
  if (name.empty()) {
    vector<string> outputs;
    for (int id : net_.output_blob_indices()) {
      outputs.push_back(net_.blob_names()[id]);
    }
    INPUT_CHECK(outputs.size() == 1)
        << model_ << ": has " << outputs.size() << " outputs ("
        << ListNames(outputs) << "): name one with --blob";
    output_name_ = outputs[0];
  } else {
    INPUT_CHECK(net_.has_blob(name))
        << model_ << ": has no blob '" << name << "'"
        << DidYouMean(name, net_.blob_names()) << " (have: "
        << ListNames(net_.blob_names()) << ")";
    output_name_ = name;
  }
  output_ = net_.blob_by_name(output_name_).get();
}

void Embedder::Load(const string* paths, int count,
                    const vector<int>& shape) {
  const DataTransformer<float> transformer(input_.transform_param(), TEST);
  // The size before the crop; without either, that of the net's input.
  const InputParameter& size = input_.input_param();
  const bool sized = size.new_height() > 0 && size.new_width() > 0;
  const bool resizes = sized || input_.transform_param().crop_size() == 0;
  const int height = sized ? size.new_height() : shape[2];
  const int width = sized ? size.new_width() : shape[3];
  const int64_t item = data_->count(1);
  float* data = data_->mutable_cpu_data();
  ParallelFor(count, item * 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      Image image = ConvertChannels(ReadImage(paths[i]), shape[1]);
      if (resizes) image = ResizeImage(image, height, width);
      const vector<int> made = transformer.OutputShape(
          image.channels, image.height, image.width);
      INPUT_CHECK(made == vector<int>(shape.begin() + 1, shape.end()))
          << paths[i] << ": becomes " << ShapeString(made)
          << " where the net wants " << shape[1] << " " << shape[2] << " "
          << shape[3];
      Rng unused;
      transformer.Transform(image, &unused, data + i * item);
    }
  });
}

vector<float> Embedder::Embed(const vector<string>& paths) {
  const vector<int> shape = data_->shape();
  vector<float> rows;
  for (size_t start = 0; start < paths.size(); start += shape[0]) {
    const int count = static_cast<int>(
        std::min<size_t>(shape[0], paths.size() - start));
    data_->Reshape({count, shape[1], shape[2], shape[3]});
    Load(&paths[start], count, shape);
    if (!pixels_) net_.Forward();
    INPUT_CHECK(output_->num_axes() > 0 && output_->shape(0) == count)
        << model_ << ": blob '" << output_name_ << "' is of shape "
        << output_->shape_string() << ": it has no row for each of " << count
        << " images";
    width_ = output_->count(1);
    row_shape_.assign(output_->shape().begin() + 1, output_->shape().end());
    const float* out = output_->cpu_data();
    rows.insert(rows.end(), out, out + output_->count());
  }
  data_->Reshape(shape);
  return rows;
}

}  // namespace caffe
