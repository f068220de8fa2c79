// transform_param, as said in the header: bytes in rows of pixels in, planes
// of numbers out.

#include "data/transformer.hpp"

#include <string>
#include <vector>

#include "caffe/check.hpp"
#include "caffe/util/io.hpp"
#include "core/stored_shape.hpp"
#include "data/npy.hpp"

namespace caffe {

namespace {

bool StandardizesImage(const TransformationParameter& param) {
  return param.standardize() &&
         param.standardize_over() == TransformationParameter::IMAGE;
}

}  // namespace

template <typename Dtype>
DataTransformer<Dtype>::DataTransformer(const TransformationParameter& param,
                                        Phase phase)
    : param_(param), train_(phase == TRAIN),
      augments_(train_ && Augments(param)), moves_(train_ && Moves(param)),
      crop_(static_cast<int>(param.crop_size())) {
  INPUT_CHECK(param.crop_size() <= kMaxImagePixels)
      << "crop_size is " << param.crop_size() << "; no image is that large";
  INPUT_CHECK(!param.force_gray() || !param.force_color())
      << "force_gray and force_color exclude each other";
  INPUT_CHECK(!param.has_mean_file() || param.mean_value_size() == 0)
      << "mean_file and mean_value exclude each other";
  INPUT_CHECK(!StandardizesImage(param) ||
              !(param.has_mean_file() || param.mean_value_size() > 0))
      << "standardize_over: IMAGE takes away the image's own mean; mean_file "
         "and mean_value do not go with it";
  CheckAugmentation(param);
  if (param.has_mean_file()) ReadMeanFile(param.mean_file());
}

template <typename Dtype>
void DataTransformer<Dtype>::ReadMeanFile(const string& path) {
  if (path.size() > 4 && path.compare(path.size() - 4, 4, ".npy") == 0) {
    ReadMeanArray(path);
    return;
  }
  BlobProto proto;
  try {
    ReadBinaryProto(path, "a BlobProto in binary", &proto);
  } catch (const Error& error) {
    throw error.At("mean_file");
  }
  vector<int64_t> shape = StoredShape(proto);
  if (shape.size() == 4 && shape[0] == 1) shape.erase(shape.begin());
  INPUT_CHECK(shape.size() == 3)
      << path << ": mean_file has " << shape.size()
      << " axes; wanted channels, height, width";
  const bool is_double = proto.double_data_size() > 0;
  const int64_t have =
      is_double ? proto.double_data_size() : proto.data_size();
  int64_t count = 1;
  for (const int64_t dim : shape) {
    INPUT_CHECK(dim > 0 && dim <= have)
        << path << ": mean_file has an axis of " << dim << " and " << have
        << " values";
    mean_shape_.push_back(static_cast<int>(dim));
    count = count > have ? count : count * dim;
  }
  INPUT_CHECK(count == have) << path << ": mean_file has " << have
                             << " values, not those of its shape";
  mean_.resize(have);
  for (int64_t i = 0; i < have; ++i) {
    mean_[i] = static_cast<Dtype>(is_double ? proto.double_data(i)
                                            : proto.data(i));
  }
}

template <typename Dtype>
void DataTransformer<Dtype>::ReadMeanArray(const string& path) {
  NpyArray<Dtype> array;
  try {
    array = ReadNpy<Dtype>(path);
  } catch (const Error& error) {
    throw error.At("mean_file");
  }
  if (array.shape.size() == 4 && array.shape[0] == 1) {
    array.shape.erase(array.shape.begin());
  }
  INPUT_CHECK(array.shape.size() == 3 && !array.data.empty())
      << path << ": mean_file is an array of " << array.shape.size()
      << " axes and " << array.data.size() << " values; wanted channels, "
      << "height, width (one value a channel is mean_value: A mean_value: B "
      << "...)";
  mean_shape_ = array.shape;
  mean_ = array.data;
}

template <typename Dtype>
int DataTransformer<Dtype>::OutputChannels(int channels) const {
  return param_.force_gray() ? 1 : param_.force_color() ? 3 : channels;
}

template <typename Dtype>
vector<int> DataTransformer<Dtype>::OutputShape(int channels, int height,
                                                int width) const {
  channels = OutputChannels(channels);
  const int means = param_.mean_value_size();
  INPUT_CHECK(means <= 1 || means == channels)
      << "found " << means << " mean_value for images of " << channels
      << " channels; wanted one, or one a channel";
  if (!mean_shape_.empty()) {
    const vector<int> wanted = {channels, height, width};
    INPUT_CHECK(mean_shape_ == wanted)
        << "mean_file is of " << mean_shape_[0] << " x " << mean_shape_[1]
        << " x " << mean_shape_[2] << " (channels, height, width), the image "
        << channels << " x " << height << " x " << width;
  }
  if (crop_ == 0) return {channels, height, width};
  INPUT_CHECK(crop_ <= height && crop_ <= width)
      << "crop_size " << crop_ << " is larger than the image of " << height
      << " x " << width << " (height, width)";
  return {channels, crop_, crop_};
}

template <typename Dtype>
typename DataTransformer<Dtype>::Draws DataTransformer<Dtype>::Draw(
    const Image& image, int height, int width, Rng* rng) const {
  Draws draws = {(image.height - height) / 2, (image.width - width) / 2,
                 false, Augmentation()};
  if (!train_) return draws;
  const uint64_t down = rng->Uint64(), across = rng->Uint64();
  if (crop_ > 0) {
    draws.top = static_cast<int>(down % (image.height - height + 1));
    draws.left = static_cast<int>(across % (image.width - width + 1));
  }
  draws.mirror = (rng->Uint32() >> 31) != 0 && param_.mirror();
  if (augments_) draws.augmentation = DrawAugmentation(param_, rng);
  return draws;
}

namespace {

// out[w] = (in[w * step] - mean) * scale, from right to left where mirrored.
// `means` has one a place, or is null.
template <typename Source, typename Dtype>
void CutRow(const Source* in, int step, const Dtype* means, Dtype mean,
            Dtype scale, bool mirror, int width, Dtype* out) {
  for (int w = 0; w < width; ++w) {
    const int to = mirror ? width - 1 - w : w;
    out[to] = (in[w * step] - (means ? means[w] : mean)) * scale;
  }
}

}  // namespace

template <typename Dtype>
void DataTransformer<Dtype>::Cut(const Image& image, const Draws& draws,
                                 const vector<int>& shape, Dtype scale,
                                 Dtype* out) const {
  const int channels = shape[0], height = shape[1], width = shape[2];
  const MovedImage moved(image, draws.augmentation);
  vector<Dtype> row(moves_ ? width * channels : 0);
  const int means = param_.mean_value_size();
  for (int h = 0; h < height; ++h) {
    const size_t place =
        static_cast<size_t>(draws.top + h) * image.width + draws.left;
    if (moves_) moved.Row(draws.top + h, draws.left, width, row.data());
    for (int c = 0; c < channels; ++c) {
      const Dtype value =
          means == 0 ? 0 : param_.mean_value(means == 1 ? 0 : c);
      const Dtype* mean =
          mean_.empty() ? nullptr
                        : &mean_[static_cast<size_t>(c) * image.height *
                                     image.width + place];
      Dtype* to = out + (static_cast<size_t>(c) * height + h) * width;
      if (moves_) {
        CutRow(&row[c], channels, mean, value, scale, draws.mirror, width, to);
      } else {
        CutRow(&image.pixels[place * channels + c], channels, mean, value,
               scale, draws.mirror, width, to);
      }
    }
  }
}

template <typename Dtype>
void DataTransformer<Dtype>::Transform(const Image& original, Rng* rng,
                                       Dtype* out) const {
  const vector<int> shape =
      OutputShape(original.channels, original.height, original.width);
  Image converted;
  if (shape[0] != original.channels) {
    converted = ConvertChannels(original, shape[0]);
  }
  const Image& image = shape[0] == original.channels ? original : converted;
  const Draws draws = Draw(image, shape[1], shape[2], rng);
  const Dtype scale = static_cast<Dtype>(param_.scale());
  const int64_t count = static_cast<int64_t>(shape[0]) * shape[1] * shape[2];
  Cut(image, draws, shape, param_.standardize() ? Dtype(1) : scale, out);
  if (param_.standardize()) {
    Standardize(StandardizesImage(param_)
                    ? MeasureSpread(static_cast<int64_t>(image.pixels.size()),
                                    image.pixels.data())
                    : MeasureSpread(count, out),
                scale, count, out);
  }
  if (!augments_) return;
  const Dtype contrast = static_cast<Dtype>(draws.augmentation.contrast);
  const Dtype brightness = static_cast<Dtype>(draws.augmentation.brightness);
  for (int64_t i = 0; i < count; ++i) out[i] = out[i] * contrast + brightness;
}

template class DataTransformer<float>;
template class DataTransformer<double>;

}  // namespace caffe
