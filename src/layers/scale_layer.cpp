// Scale on the CPU; the manual is in the header.
#include "caffe/layers/scale_layer.hpp"

#include "math/channels.hpp"

namespace caffe {

template <typename Dtype>
void ScaleLayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                   const vector<Blob<Dtype>*>& top) {
  const ScaleParameter& param = this->layer_param_.scale_param();
  scale_param_ = bottom.size() > 1 ? -1 : 0;
  bias_param_ = param.bias_term() ? scale_param_ + 1 : -1;
  const vector<int> shape =
      bottom.size() > 1
          ? bottom[1]->shape()
          : this->OperandShape(*bottom[0], param.axis(), param.num_axes());
  if (scale_param_ >= 0) {
    FillerParameter filler = param.filler();
    if (!param.has_filler()) filler.set_value(1);
    this->MakeParameter(scale_param_, shape, filler);
  }
  if (bias_param_ >= 0) {
    this->MakeParameter(bias_param_, shape, param.bias_filler());
  }
}

template <typename Dtype>
void ScaleLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                const vector<Blob<Dtype>*>& top) {
  this->ReshapeBroadcast(bottom, this->layer_param_.scale_param().axis(),
                         *Operand(bottom), top);
  if (bias_param_ >= 0) {
    const Blob<Dtype>& bias = *this->blobs_[bias_param_];
    INPUT_CHECK(bias.count() == this->shape_.channels)
        << "the bias has " << bias.count() << " values, the scale "
        << this->shape_.channels;
  }
  if (bottom[0] == top[0]) kept_.ReshapeLike(*bottom[0]);
}

template <typename Dtype>
void ScaleLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                    const vector<Blob<Dtype>*>& top) {
  const Dtype* x = bottom[0]->cpu_data();
  if (bottom[0] == top[0]) {
    caffe_copy(bottom[0]->count(), x, kept_.mutable_cpu_data());
  }
  const Dtype* scale = Operand(bottom)->cpu_data();
  Dtype* y = top[0]->mutable_cpu_data();
  if (bias_param_ < 0) {
    ForEachByChannel(this->shape_, [=](int64_t c) {
      const Dtype s = scale[c];
      return [=](int64_t i) { y[i] = x[i] * s; };
    });
    return;
  }
  const Dtype* bias = this->blobs_[bias_param_]->cpu_data();
  ForEachByChannel(this->shape_, [=](int64_t c) {
    const Dtype s = scale[c], b = bias[c];
    return [=](int64_t i) { y[i] = x[i] * s + b; };
  });
}

template <typename Dtype>
void ScaleLayer<Dtype>::Backward_cpu(const vector<Blob<Dtype>*>& top,
                                     const vector<bool>& propagate_down,
                                     const vector<Blob<Dtype>*>& bottom) {
  const Dtype* dy = top[0]->cpu_diff();
  const int64_t channels = this->shape_.channels;
  double* sums = this->sums_.mutable_cpu_data();
  if (bias_param_ >= 0 && this->param_propagate_down_[bias_param_]) {
    ChannelSums(this->shape_, sums, [=](int64_t i, int64_t) { return dy[i]; });
    StoreSums(channels, sums, true,
              this->blobs_[bias_param_]->mutable_cpu_diff());
  }
  if (this->WantsOperandDiff(scale_param_, propagate_down)) {
    const Dtype* x =
        bottom[0] == top[0] ? kept_.cpu_data() : bottom[0]->cpu_data();
    ChannelSums(this->shape_, sums,
                [=](int64_t i, int64_t) { return dy[i] * x[i]; });
    StoreSums(channels, sums, scale_param_ >= 0,
              Operand(bottom)->mutable_cpu_diff());
  }
  // Last: in place it overwrites dy.
  if (propagate_down[0]) {
    const Dtype* scale = Operand(bottom)->cpu_data();
    Dtype* dx = bottom[0]->mutable_cpu_diff();
    ForEachByChannel(this->shape_, [=](int64_t c) {
      const Dtype s = scale[c];
      return [=](int64_t i) { dx[i] = dy[i] * s; };
    });
  }
}

INSTANTIATE_CLASS(ScaleLayer);
REGISTER_LAYER_CLASS(Scale);

}  // namespace caffe
