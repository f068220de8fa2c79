// From images to the rows of a blob, batch by batch, and from two rows to a
// verdict. How an image is prepared is image_preparer.hpp's, where a threshold
// comes from threshold_options.hpp's.
#include "caffe/embedder.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <utility>

#include "caffe/net.hpp"
#include "core/parallel.hpp"
#include "core/status_line.hpp"
#include "core/suggest.hpp"
#include "data/image.hpp"
#include "data/image_survey.hpp"
#include "embed/image_preparer.hpp"
#include "embed/row_by_row.hpp"
#include "embed/threshold_options.hpp"
#include "net/blob_names.hpp"
#include "net/check_phases.hpp"
#include "net/prototxt.hpp"
#include "net/weight_filler.hpp"
#include "net/weights.hpp"

namespace caffe {
namespace {

// How far the length of a row of length 1 may be from it.
constexpr double kUnitTolerance = 1e-3;

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

// The last rows of `width` values become twice as wide, each with its mirror
// image's behind it.
void ConcatRows(const vector<float>& mirrored, int width,
                vector<float>* rows) {
  const vector<float> plain(rows->end() - mirrored.size(), rows->end());
  rows->resize(rows->size() - mirrored.size());
  for (size_t at = 0; at < plain.size(); at += width) {
    for (const vector<float>* part : {&plain, &mirrored}) {
      rows->insert(rows->end(), part->begin() + at, part->begin() + at + width);
    }
  }
}

Image CopyView(const ImageView& view, const string& name) {
  const int64_t height = view.height, width = view.width;
  INPUT_CHECK(view.pixels != nullptr && height > 0 && width > 0 &&
              height * width <= kMaxImagePixels &&
              (view.channels == 1 || view.channels == 3))
      << name << ": is of " << height << "x" << width << "x" << view.channels
      << " (height x width x channels); wanted pixels of 1 or 3 channels";
  Image image(view.height, view.width, view.channels);
  const size_t row = static_cast<size_t>(view.width) * view.channels;
  const size_t step = view.row_bytes == 0 ? row : view.row_bytes;
  INPUT_CHECK(step >= row) << name << ": row_bytes is " << step
                           << ", and a row has " << row << " bytes";
  for (int h = 0; h < view.height; ++h) {
    std::copy_n(view.pixels + h * step, row, image.pixels.begin() + h * row);
  }
  return image;
}

// The input layer of a net for images.
const LayerParameter& FindInput(const string& model, const Net<float>& net) {
  const LayerParameter* input = nullptr;
  int inputs = 0;
  for (const auto& layer : net.layers()) {
    if (string(layer->type()) != "Input") continue;
    input = &layer->layer_param();
    ++inputs;
  }
  INPUT_CHECK(inputs == 1 && net.num_inputs() == 1)
      << model << ": images want a net with one Input layer of one top, and "
      << "it has " << net.num_inputs() << " (give the deploy net)";
  const Blob<float>& data = *net.input_blobs()[0];
  INPUT_CHECK(data.num_axes() == 4 &&
              (data.shape(1) == 1 || data.shape(1) == 3))
      << LayerPlace(*input) << ": images want an input of shape N x C x H x W "
      << "with 1 or 3 channels, and it is of shape " << data.shape_string();
  return *input;
}

// The net of a file in phase TEST.
NetParameter ReadDeployNet(const string& model) {
  NetParameter param;
  ReadNetFromPrototxt(model, &param);
  param.mutable_state()->set_phase(TEST);
  return param;
}

ImagePreparer MakePreparer(const string& model, const Net<float>& net,
                           const ImageOptions& options) {
  const LayerParameter& input = FindInput(model, net);
  return ImagePreparer(model, input, net.input_blobs()[0]->shape(), options);
}

// The name of the embedding; `name` where one is given.
string FindOutput(const string& model, const Net<float>& net,
                  const string& name) {
  if (name.empty()) {
    vector<string> outputs;
    for (int id : net.output_blob_indices()) {
      outputs.push_back(net.blob_names()[id]);
    }
    INPUT_CHECK(outputs.size() == 1)
        << model << ": has " << outputs.size() << " outputs ("
        << ListNames(outputs) << "): name one with --blob";
    return outputs[0];
  }
  CheckBlobName(model, net, name);
  return name;
}

void CheckRow(const string& name, const float* row, int width,
              metric::Distance kind) {
  bool zero = true;
  for (int k = 0; k < width; ++k) {
    INPUT_CHECK(std::isfinite(row[k]))
        << name << ": its embedding holds NaN or infinite values";
    zero = zero && row[k] == 0;
  }
  INPUT_CHECK(!zero || kind != metric::Distance::kCosine)
      << name << ": its embedding is all zeros, which has no cosine distance";
}

}  // namespace

class Embedder::Impl {
 public:
  Impl(const string& model, const string& weights,
       const EmbedderOptions& options);

  // Writes the inputs of `count` images, the first of which is `first`.
  typedef std::function<void(size_t first, int count, float* data)> Fill;
  // The rows of `total` images.
  vector<float> Embed(size_t total, const Fill& fill);
  vector<float> EmbedFiles(const vector<string>& paths, const string& source);
  // One that prepares image(i), whose name(i) goes in front of errors.
  template <typename Read, typename Name>
  Fill Prepare(const Read& image, const Name& name) const;

  double Distance(const string& name_a, const float* a, const string& name_b,
                  const float* b) const;
  // Error kInput where there is no threshold.
  void CheckThreshold() const;
  // There is a threshold.
  Verdict Judge(double distance) const;

  const EmbedderOptions& options() const { return options_; }
  const vector<int>& shape() const { return shape_; }
  int64_t item() const { return item_; }
  int width() const { return width_; }
  const vector<int>& row_shape() const { return row_shape_; }
  metric::Distance distance() const {
    return options_.distance.value_or(metric::Distance::kSquaredL2);
  }
  uint64_t WeightsHash() const;
  int64_t max_pixels() const { return preparer_.max_pixels(); }
  bool has_parameters() const { return !net_.params().empty(); }

 private:
  // Repeats the last of `count` images up to the batch that is in the input.
  void FillUp(int count);
  // Appends the rows of the first `count` images in the input.
  void AppendBatch(int count, vector<float>* rows);
  // Runs the net, and appends the output's first rows.
  void AppendRows(int count, vector<float>* rows);
  void TakeRowShape();
  // Logs what the files are, each kind of thing once.
  void TellOfFiles(const string& place, const vector<string>& paths,
                   const vector<ImageInfo>& infos);

  const string model_, weights_;
  VerificationThreshold file_;  // empty where none was read
  const EmbedderOptions options_;
  const NetParameter net_file_;  // all layers, of both phases
  Net<float> net_;
  const ImagePreparer preparer_;
  const string output_name_;  // empty for pixels
  Blob<float>* const data_;
  const vector<int> shape_;  // of the input in the net's file
  const int64_t item_;       // values an image
  const bool any_batch_;     // the net takes batches of fewer images too
  Blob<float>* const output_;
  int width_ = 0;
  vector<int> row_shape_;
  set<std::pair<string, string>> told_;  // the place, and of what
};

Embedder::Impl::Impl(const string& model, const string& weights,
                     const EmbedderOptions& options)
    : model_(model),
      weights_(weights),
      options_(WithThreshold(weights, options, &file_)),
      net_file_(ReadDeployNet(model)),
      net_(net_file_),
      preparer_(MakePreparer(model, net_, options_.image)),
      output_name_(options_.pixels ? ""
                                   : FindOutput(model, net_, options_.blob)),
      data_(net_.input_blobs()[0]),
      shape_(data_->shape()),
      item_(data_->count(1)),
      any_batch_(WorksRowByRow(net_)),
      output_(options_.pixels ? data_
                              : net_.blob_by_name(output_name_).get()) {
  FillFromFiles(WeightFiles(weights), &net_);
  if (output_->num_axes() > 0) TakeRowShape();
  WarnOfTreatment(net_file_, FindInput(model, net_), preparer_.treatment(),
                  " (say it in its transform_param, or by --mean_value, "
                  "--scale, --resize, --crop)");
  if (file_.has_weights_hash() && file_.weights_hash() != WeightsHash()) {
    LOG(WARNING) << options_.threshold_file << " was found for other weights "
                 << "than " << weights_ << ": the verdict may be wrong";
  }
}

void Embedder::Impl::TakeRowShape() {
  width_ = output_->count(1);
  row_shape_.assign(output_->shape().begin() + 1, output_->shape().end());
  if (!options_.image.flip || !options_.image.flip_concat) return;
  width_ *= 2;
  row_shape_ = {width_};
}

void Embedder::Impl::AppendRows(int count, vector<float>* rows) {
  if (!options_.pixels) net_.Forward();
  const int batch = data_->shape(0);
  INPUT_CHECK(output_->num_axes() > 0 && output_->shape(0) == batch)
      << model_ << ": blob '" << output_name_ << "' is of shape "
      << output_->shape_string() << ": it has no row for each of " << batch
      << " images";
  TakeRowShape();
  // Of one pass: flip_concat's rows are twice as wide.
  const int64_t values = static_cast<int64_t>(count) * output_->count(1);
  const float* out = output_->cpu_data();
  rows->insert(rows->end(), out, out + values);
}

void Embedder::Impl::FillUp(int count) {
  float* const data = data_->mutable_cpu_data();
  for (int i = count; i < data_->shape(0); ++i) {
    std::copy_n(data + (count - 1) * item_, item_, data + i * item_);
  }
}

void Embedder::Impl::AppendBatch(int count, vector<float>* rows) {
  if (!options_.image.flip) {
    AppendRows(count, rows);
    return;
  }
  // Kept, for a layer may work in place on the input.
  const vector<float> images(data_->cpu_data(),
                             data_->cpu_data() + data_->count());
  AppendRows(count, rows);
  MirrorRows(images, shape_[3], data_->mutable_cpu_data());
  vector<float> mirrored;
  AppendRows(count, &mirrored);
  if (options_.image.flip_concat) {
    ConcatRows(mirrored, width_ / 2, rows);
    return;
  }
  float* first = rows->data() + (rows->size() - mirrored.size());
  for (int i = 0; i < count; ++i) {
    const int64_t row = static_cast<int64_t>(i) * width_;
    AverageRow(&mirrored[row], width_, first + row);
  }
}

vector<float> Embedder::Impl::Embed(size_t total, const Fill& fill) {
  vector<float> rows;
  StatusLine line(options_.status_line && StatusLine::OnTerminal());
  const auto begin = StatusLine::Clock::now();
  for (size_t start = 0; start < total; start += shape_[0]) {
    if (start > 0 && line.Due()) {
      line.Show(ImagesText(start, total,
                           std::chrono::duration<double>(
                               StatusLine::Clock::now() - begin).count()));
    }
    const int count =
        static_cast<int>(std::min<size_t>(shape_[0], total - start));
    const int batch = any_batch_ ? count : shape_[0];
    data_->Reshape({batch, shape_[1], shape_[2], shape_[3]});
    fill(start, count, data_->mutable_cpu_data());
    FillUp(count);
    AppendBatch(count, &rows);
  }
  data_->Reshape(shape_);
  return rows;
}

template <typename Read, typename Name>
Embedder::Impl::Fill Embedder::Impl::Prepare(const Read& image,
                                             const Name& name) const {
  return [this, image, name](size_t first, int count, float* data) {
    ParallelFor(count, item_ * 16, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        preparer_.Prepare(image(first + i), name(first + i), data + i * item_);
      }
    });
  };
}

vector<float> Embedder::Impl::EmbedFiles(const vector<string>& paths,
                                         const string& source) {
  vector<ImageInfo> infos(paths.size());
  const auto read = [&](size_t i) {
    try {
      return ReadImage(paths[i], preparer_.max_pixels(), &infos[i]);
    } catch (const Error& error) {
      throw paths.size() > 2 ? WithWayOn(error, options_.broken_hint) : error;
    }
  };
  vector<float> rows = Embed(
      paths.size(), Prepare(read, [&](size_t i) { return paths[i]; }));
  TellOfFiles(source.empty() ? model_ : source, paths, infos);
  return rows;
}

void Embedder::Impl::TellOfFiles(const string& place,
                                 const vector<string>& paths,
                                 const vector<ImageInfo>& infos) {
  const ImageSize& size = preparer_.size();
  ImageSurvey survey;
  survey.total = paths.size();
  for (size_t i = 0; i < paths.size(); ++i) {
    survey.Add(paths[i], infos[i], size.height, size.width);
  }
  // Each thing once of each place.
  const auto first = [&](const char* what, bool any) {
    return any && told_.insert({place, what}).second;
  };
  if (first("colors", survey.gray > 0 && survey.color > 0)) {
    TellColors(place, survey,
               shape_[1] == 1 ? "the net wants gray, and colour becomes gray"
                              : "the net wants colour, and gray has the same "
                                "value in its 3 channels");
  }
  if (first("turned", survey.turned > 0)) TellTurned(place, survey);
  if (first("squeezed", survey.squeezed > 0)) {
    TellSqueezed(place, survey, size.height, size.width);
  }
}

double Embedder::Impl::Distance(const string& name_a, const float* a,
                                const string& name_b, const float* b) const {
  CheckRow(name_a, a, width_, distance());
  CheckRow(name_b, b, width_, distance());
  const float value = metric::RowDistance(distance(), a, b, width_);
  INPUT_CHECK(std::isfinite(value))
      << "the distance of " << name_a << " and " << name_b
      << " is not a finite number; the embeddings are too large";
  return value;
}

Verdict Embedder::Impl::Judge(double distance) const {
  return Verdict{distance, *options_.threshold,
                 distance <= *options_.threshold};
}

void Embedder::Impl::CheckThreshold() const {
  const string& file = options_.threshold_file;
  INPUT_CHECK(options_.threshold.has_value())
      << "there is no threshold: EmbedderOptions give none"
      << (file.empty() ? "" : ", and " + file + " does not exist")
      << " (evaluate --write_threshold finds one)";
}

uint64_t Embedder::Impl::WeightsHash() const {
  NetParameter weights;
  net_.ToProto(&weights);
  return HashWeights(weights);
}

Embedder::Embedder(const string& model, const string& weights,
                   const EmbedderOptions& options)
    : impl_(new Impl(model, weights, options)) {}

Embedder::~Embedder() = default;
Embedder::Embedder(Embedder&& other) noexcept = default;
Embedder& Embedder::operator=(Embedder&& other) noexcept = default;

Embedder::Impl& Embedder::impl() const {
  CHECK(impl_ != nullptr) << "an Embedder that was moved from";
  return *impl_;
}

vector<float> Embedder::Embed(const vector<string>& paths,
                              const string& source) {
  return impl().EmbedFiles(paths, source);
}

vector<float> Embedder::EmbedImages(const vector<ImageView>& images) {
  const auto name = [](size_t i) { return "image " + std::to_string(i); };
  return impl().Embed(
      images.size(),
      impl().Prepare([&](size_t i) { return CopyView(images[i], name(i)); },
                     name));
}

vector<float> Embedder::EmbedArrays(const float* data, size_t values) {
  const size_t item = impl().item();
  INPUT_CHECK(values % item == 0)
      << "the arrays have " << values << " values, and one has " << item
      << ": its shape is " << ShapeString(input_shape());
  return impl().Embed(values / item, [=](size_t first, int count, float* to) {
    std::copy_n(data + first * item, count * item, to);
  });
}

vector<int> Embedder::input_shape() const {
  const vector<int>& shape = impl().shape();
  return {shape.begin() + 1, shape.end()};
}

int Embedder::width() const { return impl().width(); }
vector<int> Embedder::row_shape() const { return impl().row_shape(); }
uint64_t Embedder::WeightsHash() const { return impl().WeightsHash(); }
int64_t Embedder::max_pixels() const { return impl().max_pixels(); }

bool Embedder::has_parameters() const { return impl().has_parameters(); }
metric::Distance Embedder::distance() const { return impl().distance(); }

double Embedder::Distance(const float* a, const float* b) const {
  return impl().Distance("a", a, "b", b);
}

bool Embedder::has_threshold() const {
  return impl().options().threshold.has_value();
}

Verdict Embedder::Verify(const float* a, const float* b) const {
  impl().CheckThreshold();
  return impl().Judge(Distance(a, b));
}

Verdict Embedder::Verify(const string& a, const string& b) {
  impl().CheckThreshold();
  const vector<float> rows = Embed({a, b});
  return impl().Judge(
      impl().Distance(a, &rows[0], b, &rows[0] + impl().width()));
}

}  // namespace caffe
