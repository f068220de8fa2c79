// Bias on the CPU; the manual is in the header.
#include "caffe/layers/bias_layer.hpp"

#include "math/channels.hpp"

namespace caffe {

template <typename Dtype>
void BiasLayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                  const vector<Blob<Dtype>*>& top) {
  if (bottom.size() > 1) return;
  const BiasParameter& param = this->layer_param_.bias_param();
  this->MakeParameter(
      0, this->OperandShape(*bottom[0], param.axis(), param.num_axes()),
      param.filler());
}

template <typename Dtype>
void BiasLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                               const vector<Blob<Dtype>*>& top) {
  this->ReshapeBroadcast(bottom, this->layer_param_.bias_param().axis(),
                         *Operand(bottom), top);
}

template <typename Dtype>
void BiasLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                   const vector<Blob<Dtype>*>& top) {
  const Dtype* x = bottom[0]->cpu_data();
  const Dtype* bias = Operand(bottom)->cpu_data();
  Dtype* y = top[0]->mutable_cpu_data();
  ForEachByChannel(this->shape_, [=](int64_t c) {
    const Dtype b = bias[c];
    return [=](int64_t i) { y[i] = x[i] + b; };
  });
}

template <typename Dtype>
void BiasLayer<Dtype>::Backward_cpu(const vector<Blob<Dtype>*>& top,
                                    const vector<bool>& propagate_down,
                                    const vector<Blob<Dtype>*>& bottom) {
  const Dtype* dy = top[0]->cpu_diff();
  const bool learned = bottom.size() == 1;
  if (this->WantsOperandDiff(learned ? 0 : -1, propagate_down)) {
    double* sums = this->sums_.mutable_cpu_data();
    ChannelSums(this->shape_, sums, [=](int64_t i, int64_t) { return dy[i]; });
    StoreSums(this->shape_.channels, sums, learned,
              Operand(bottom)->mutable_cpu_diff());
  }
  if (propagate_down[0] && bottom[0] != top[0]) {
    caffe_copy(bottom[0]->count(), dy, bottom[0]->mutable_cpu_diff());
  }
}

INSTANTIATE_CLASS(BiasLayer);
REGISTER_LAYER_CLASS(Bias);

}  // namespace caffe
