// Convolution: reads and checks the options, gives the parameters and tops
// their shapes, and hands the arithmetic to the engine.
#include "caffe/layers/conv_layer.hpp"

#include <memory>

#include "caffe/filler.hpp"
#include "convolution/convolution.hpp"
#include "convolution/gpu_convolution.hpp"
#include "layers/parameters.hpp"

namespace caffe {

namespace {

// Larger values than this make no sense, and might overflow sizes.
constexpr uint32_t kMostSpatial = 4096;

void CheckSpatial(const char* name, uint32_t value, uint32_t least) {
  INPUT_CHECK(value >= least && value <= kMostSpatial)
      << name << " is " << value << "; wanted " << least << " to "
      << kMostSpatial;
}

// An option that has one value or two (height, width), or else the fields
// name_h and name_w.
struct Spatial {
  const char* name;
  const google::protobuf::RepeatedField<uint32_t>& values;
  bool has_h;
  uint32_t h;
  bool has_w;
  uint32_t w;

  // Leaves the defaults where nothing is given.
  void Read(uint32_t least, int* height, int* width) const {
    INPUT_CHECK(!(values.size() > 0 && (has_h || has_w)))
        << "both " << name << " and its form for one side (_h, _w) are "
        << "given; wanted one of the two";
    INPUT_CHECK(values.size() <= 2)
        << name << " has " << values.size()
        << " values; wanted 1, or 2 (height and width): images have two "
        << "spatial axes";
    if (values.size() > 0) {
      CheckSpatial(name, values.Get(0), least);
      CheckSpatial(name, values.Get(values.size() - 1), least);
      *height = static_cast<int>(values.Get(0));
      *width = static_cast<int>(values.Get(values.size() - 1));
    }
    if (has_h) {
      CheckSpatial(name, h, least);
      *height = static_cast<int>(h);
    }
    if (has_w) {
      CheckSpatial(name, w, least);
      *width = static_cast<int>(w);
    }
  }
};

void CheckExtent(const ConvGeometry& s) {
  const int height = s.height + 2 * s.pad_h;
  const int width = s.width + 2 * s.pad_w;
  if (s.extent_h() <= height && s.extent_w() <= width) { return; }
  std::ostringstream dilation;
  dilation << s.dilation_h;
  if (s.dilation_w != s.dilation_h) { dilation << "x" << s.dilation_w; }
  INPUT_FAIL() << "kernel " << s.kernel_h << "x" << s.kernel_w
               << " (dilation " << dilation.str()
               << ") is larger than its padded input " << height << "x"
               << width;
}

}  // namespace

template <typename Dtype>
ConvolutionLayer<Dtype>::ConvolutionLayer(const LayerParameter& param)
    : Layer<Dtype>(param),
      shape_(new ConvGeometry),
      engine_(new CpuConvolution<Dtype>) {
#ifdef TERCET_CUDA
  gpu_engine_.reset(new GpuConvolution<Dtype>);
#endif
}

template <typename Dtype>
ConvolutionLayer<Dtype>::~ConvolutionLayer() = default;

template <typename Dtype>
void ConvolutionLayer<Dtype>::ReadOptions() {
  const ConvolutionParameter& p = this->layer_param_.convolution_param();
  shape_->num_output = NumOutput("convolution_param", p);
  INPUT_CHECK(p.group() >= 1 && p.group() <= INT_MAX)
      << "convolution_param: group is " << p.group()
      << "; wanted at least 1";
  shape_->group = static_cast<int>(p.group());
  const bool has_kernel =
      p.kernel_size_size() > 0 || (p.has_kernel_h() && p.has_kernel_w());
  INPUT_CHECK(has_kernel)
      << "convolution_param: "
      << (p.has_kernel_h()   ? "kernel_w is left out beside kernel_h"
          : p.has_kernel_w() ? "kernel_h is left out beside kernel_w"
                             : "kernel_size is left out");
  Spatial{"kernel_size", p.kernel_size(), p.has_kernel_h(), p.kernel_h(),
          p.has_kernel_w(), p.kernel_w()}
      .Read(1, &shape_->kernel_h, &shape_->kernel_w);
  Spatial{"stride", p.stride(), p.has_stride_h(), p.stride_h(),
          p.has_stride_w(), p.stride_w()}
      .Read(1, &shape_->stride_h, &shape_->stride_w);
  Spatial{"pad", p.pad(), p.has_pad_h(), p.pad_h(), p.has_pad_w(), p.pad_w()}
      .Read(0, &shape_->pad_h, &shape_->pad_w);
  Spatial{"dilation", p.dilation(), false, 0, false, 0}.Read(
      1, &shape_->dilation_h, &shape_->dilation_w);
  bias_term_ = p.bias_term();
  engine_->set_direct(p.engine() == ConvolutionParameter::CAFFE);
#ifdef TERCET_CUDA
  gpu_engine_->set_own(p.engine() == ConvolutionParameter::CAFFE);
#endif
}

template <typename Dtype>
void ConvolutionLayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                         const vector<Blob<Dtype>*>& top) {
  ReadOptions();
  CheckInput(bottom);
  shape_->channels = bottom[0]->shape(1);
  INPUT_CHECK(shape_->channels % shape_->group == 0)
      << "group " << shape_->group << " does not divide the "
      << shape_->channels << " channels of the bottom";
  INPUT_CHECK(shape_->num_output % shape_->group == 0)
      << "group " << shape_->group << " does not divide num_output "
      << shape_->num_output;
  const ConvolutionParameter& p = this->layer_param_.convolution_param();
  MakeWeights({shape_->num_output, shape_->channels / shape_->group,
               shape_->kernel_h, shape_->kernel_w},
              p.weight_filler(), bias_term_ ? shape_->num_output : 0,
              p.bias_filler(), &this->blobs_);
  this->param_propagate_down_.resize(this->blobs_.size(), true);
}

template <typename Dtype>
void ConvolutionLayer<Dtype>::CheckInput(
    const vector<Blob<Dtype>*>& bottom) const {
  INPUT_CHECK(bottom[0]->num_axes() == 4)
      << "the bottom has shape " << bottom[0]->shape_string()
      << "; wanted 4 axes, N x C x H x W";
  const int axis = this->layer_param_.convolution_param().axis();
  INPUT_CHECK(axis == 1 || axis == -3)
      << "convolution_param: axis is " << axis
      << "; only 1 is supported: two-dimensional images";
  INPUT_CHECK(bottom[0]->count() > 0)
      << "the bottom has shape " << bottom[0]->shape_string()
      << "; wanted at least one value on every axis";
  for (size_t i = 1; i < bottom.size(); ++i) {
    INPUT_CHECK(bottom[i]->shape() == bottom[0]->shape())
        << "bottom " << i << " has shape " << bottom[i]->shape_string()
        << " and bottom 0 " << bottom[0]->shape_string()
        << "; wanted the same for all";
  }
}

template <typename Dtype>
void ConvolutionLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                      const vector<Blob<Dtype>*>& top) {
  CheckInput(bottom);
  INPUT_CHECK(bottom[0]->shape(1) == shape_->channels)
      << "the bottom has " << bottom[0]->shape(1)
      << " channels; the weights are for " << shape_->channels;
  shape_->height = bottom[0]->shape(2);
  shape_->width = bottom[0]->shape(3);
  CheckExtent(*shape_);
  for (Blob<Dtype>* blob : top) {
    blob->Reshape(bottom[0]->shape(0), shape_->num_output, shape_->out_height(),
                  shape_->out_width());
  }
#ifdef TERCET_CUDA
  if (Caffe::mode() == Caffe::GPU) {
    gpu_engine_->Reshape(*shape_, bottom[0]->shape(0));
    return;
  }
#endif
  if (bottom[0]->shape() != planned_) {
    engine_->Reshape(*shape_, bottom[0]->shape(0));
    planned_ = bottom[0]->shape();
  }
}

template <typename Dtype>
int64_t ConvolutionLayer<Dtype>::MultiplyAdds(
    const vector<Blob<Dtype>*>& bottom,
    const vector<Blob<Dtype>*>& top) const {
  const int rows = shape_->channels / shape_->group * shape_->kernel_area();
  return static_cast<int64_t>(top.size()) * top[0]->count() * rows;
}

template <typename Dtype>
void ConvolutionLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                          const vector<Blob<Dtype>*>& top) {
  const Dtype* weights = this->blobs_[0]->cpu_data();
  const Dtype* bias = bias_term_ ? this->blobs_[1]->cpu_data() : nullptr;
  for (size_t i = 0; i < bottom.size(); ++i) {
    engine_->Forward(bottom[i]->cpu_data(), weights, bias,
                     top[i]->mutable_cpu_data());
  }
}

template <typename Dtype>
void ConvolutionLayer<Dtype>::Backward_cpu(const vector<Blob<Dtype>*>& top,
                                           const vector<bool>& propagate_down,
                                           const vector<Blob<Dtype>*>& bottom) {
  const Dtype* weights = this->blobs_[0]->cpu_data();
  Dtype* weights_diff = this->param_propagate_down_[0]
                            ? this->blobs_[0]->mutable_cpu_diff()
                            : nullptr;
  Dtype* bias_diff = bias_term_ && this->param_propagate_down_[1]
                         ? this->blobs_[1]->mutable_cpu_diff()
                         : nullptr;
  for (size_t i = 0; i < top.size(); ++i) {
    const Dtype* top_diff = top[i]->cpu_diff();
    if (weights_diff != nullptr || bias_diff != nullptr) {
      engine_->BackwardWeights(bottom[i]->cpu_data(), top_diff, weights_diff,
                               bias_diff);
    }
    if (propagate_down[i]) {
      engine_->BackwardData(top_diff, weights, bottom[i]->mutable_cpu_diff());
    }
  }
}

INSTANTIATE_CLASS(ConvolutionLayer);
REGISTER_LAYER_CLASS(Convolution);

}  // namespace caffe
