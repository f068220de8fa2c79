// The way from image files to the rows of a blob.
#include "embed/embedder.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "data/transformer.hpp"
#include "net/weights.hpp"
#include "core/parallel.hpp"
#include "core/status_line.hpp"
#include "core/suggest.hpp"

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

// Rows of `width` values from right to left.
void MirrorRows(const vector<float>& in, int width, float* out) {
  for (size_t begin = 0; begin < in.size(); begin += width) {
    std::reverse_copy(in.begin() + begin, in.begin() + begin + width,
                      out + begin);
  }
}

double Length(const float* row, int width) {
  double sum = 0;
  for (int k = 0; k < width; ++k) sum += double{row[k]} * row[k];
  return std::sqrt(sum);
}

// row = (row + mirrored) / 2, of length 1 where both were.
void AverageRow(const float* mirrored, int width, float* row) {
  const bool unit = std::abs(Length(row, width) - 1) <= kUnitTolerance &&
                    std::abs(Length(mirrored, width) - 1) <= kUnitTolerance;
  for (int k = 0; k < width; ++k) row[k] = (row[k] + mirrored[k]) / 2;
  const double length = Length(row, width);
  if (!unit || length == 0) return;
  for (int k = 0; k < width; ++k) {
    row[k] = static_cast<float>(row[k] / length);
  }
}

}  // namespace

Embedder::Embedder(const string& model, const string& weights,
                   const string& blob, bool pixels,
                   const ImageOptions& options)
    : model_(model), net_(model, TEST), options_(options), pixels_(pixels) {
  FindInput();
  ApplyOptions();
  if (pixels) {
    output_ = data_;
  } else {
    FindOutput(blob);
  }
  for (const string& file : WeightFiles(weights)) {
    net_.CopyTrainedLayersFrom(file);
  }
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

void Embedder::ApplyOptions() {
  transform_ = input_.transform_param();
  const int channels = data_->shape(1);
  const int means = static_cast<int>(options_.mean_values.size());
  INPUT_CHECK(means <= 1 || means == channels)
      << "--mean_value: found " << means << " numbers, and the input of "
      << model_ << " has " << channels
      << (channels == 1 ? " channel" : " channels");
  INPUT_CHECK(!options_.rgb || channels == 3)
      << "--channels=rgb: the input of " << model_ << " is gray";
  if (means > 0) {
    transform_.clear_mean_file();
    transform_.clear_mean_value();
    for (const float mean : options_.mean_values) {
      transform_.add_mean_value(mean);
    }
  }
  if (options_.scale) transform_.set_scale(*options_.scale);
  if (options_.crop.height == 0) return;
  INPUT_CHECK(!transform_.has_mean_file())
      << "--crop: the mean_file of " << model_
      << " is for uncropped images; give --mean_value in its place";
  INPUT_CHECK(options_.crop.height == data_->shape(2) &&
              options_.crop.width == data_->shape(3))
      << "--crop=" << options_.crop.height << "x" << options_.crop.width
      << ": the input of " << model_ << " is " << data_->shape(2) << "x"
      << data_->shape(3) << " (height x width)";
  transform_.clear_crop_size();
}

Image Embedder::Prepare(const string& path, const vector<int>& shape) const {
  Image image = ConvertChannels(ReadImage(path), shape[1]);
  if (options_.rgb) SwapRedAndBlue(&image);
  const InputParameter& input = input_.input_param();
  const ImageSize& crop = options_.crop;
  ImageSize size = options_.resize;
  if (size.height == 0 && input.new_height() > 0 && input.new_width() > 0) {
    size = {static_cast<int>(input.new_height()),
            static_cast<int>(input.new_width())};
  }
  if (size.height == 0 && crop.height == 0 && transform_.crop_size() == 0) {
    size = {shape[2], shape[3]};
  }
  if (size.height > 0) image = ResizeImage(image, size.height, size.width);
  if (crop.height == 0) return image;
  INPUT_CHECK(crop.height <= image.height && crop.width <= image.width)
      << path << ": --crop=" << crop.height << "x" << crop.width
      << " is larger than the image of " << image.height << "x" << image.width
      << " (height x width)";
  return CropCentre(image, crop);
}

void Embedder::Load(const string* paths, int count,
                    const vector<int>& shape) {
  const DataTransformer<float> transformer(transform_, TEST);
  const int64_t item = data_->count(1);
  float* data = data_->mutable_cpu_data();
  ParallelFor(count, item * 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Image image = Prepare(paths[i], shape);
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

void Embedder::AppendRows(int count, vector<float>* rows) {
  if (!pixels_) net_.Forward();
  INPUT_CHECK(output_->num_axes() > 0 && output_->shape(0) == count)
      << model_ << ": blob '" << output_name_ << "' is of shape "
      << output_->shape_string() << ": it has no row for each of " << count
      << " images";
  width_ = output_->count(1);
  row_shape_.assign(output_->shape().begin() + 1, output_->shape().end());
  const float* out = output_->cpu_data();
  rows->insert(rows->end(), out, out + output_->count());
}

void Embedder::EmbedBatch(const string* paths, int count,
                          const vector<int>& shape, vector<float>* rows) {
  data_->Reshape({count, shape[1], shape[2], shape[3]});
  Load(paths, count, shape);
  if (!options_.flip) {
    AppendRows(count, rows);
    return;
  }
  // Kept, for a layer may work in place on the input.
  const vector<float> images(data_->cpu_data(),
                             data_->cpu_data() + data_->count());
  AppendRows(count, rows);
  MirrorRows(images, shape[3], data_->mutable_cpu_data());
  vector<float> mirrored;
  AppendRows(count, &mirrored);
  float* first = rows->data() + (rows->size() - mirrored.size());
  for (int i = 0; i < count; ++i) {
    const int64_t row = static_cast<int64_t>(i) * width_;
    AverageRow(&mirrored[row], width_, first + row);
  }
}

vector<float> Embedder::Embed(const vector<string>& paths) {
  const vector<int> shape = data_->shape();
  vector<float> rows;
  StatusLine line(StatusLine::OnTerminal());
  const auto begin = StatusLine::Clock::now();
  for (size_t start = 0; start < paths.size(); start += shape[0]) {
    if (start > 0 && line.Due()) {
      line.Show(ImagesText(start, paths.size(),
                           std::chrono::duration<double>(
                               StatusLine::Clock::now() - begin).count()));
    }
    const int count = static_cast<int>(
        std::min<size_t>(shape[0], paths.size() - start));
    EmbedBatch(&paths[start], count, shape, &rows);
  }
  data_->Reshape(shape);
  return rows;
}

uint64_t Embedder::WeightsHash() const {
  NetParameter weights;
  net_.ToProto(&weights);
  return HashWeights(weights);
}

}  // namespace caffe
