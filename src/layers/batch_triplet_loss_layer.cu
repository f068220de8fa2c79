// BatchTripletLoss on the device.
#include <vector>

#include "caffe/layers/batch_triplet_loss_layer.hpp"

namespace caffe {

template <typename Dtype>
metric::MiningDevice<Dtype> BatchTripletLossLayer<Dtype>::Device(int B,
                                                                 int D) {
  ints_.Reshape({static_cast<int>(metric::MiningInts(B))});
  values_.Reshape({static_cast<int>(metric::MiningValues(B, D))});
  sums_.Reshape({static_cast<int>(metric::MiningSums(B))});
  distances_.Reshape({B, B});
  const bool dense = options_.mining != metric::Mining::kBatchHard;
  if (dense) slopes_.Reshape({B, B});
  return {ints_.mutable_gpu_data(), values_.mutable_gpu_data(),
          sums_.mutable_gpu_data(), distances_.mutable_gpu_data(),
          dense ? slopes_.mutable_gpu_data() : nullptr};
}

template <typename Dtype>
void BatchTripletLossLayer<Dtype>::Forward_gpu(
    const vector<Blob<Dtype>*>& bottom, const vector<Blob<Dtype>*>& top) {
  const int B = bottom[0]->shape(0), D = bottom[0]->count(1);
  draw_ = NextDraw();
  metric::MiningResult result;
  const bool finite = metric::MiningForwardGpu(
      options_, bottom[0]->gpu_data(), bottom[1]->gpu_data(), B, D, draw_,
      Device(B, D), top[0]->mutable_gpu_data(),
      top.size() > 1 ? top[1]->mutable_gpu_data() : nullptr,
      top.size() > 2 ? top[2]->mutable_gpu_data() : nullptr, &result);
  if (!finite) {
    // Says which row.
    metric::MiningForward(options_, bottom[0]->cpu_data(),
                          bottom[1]->cpu_data(), B, D, draw_, &batch_);
    INPUT_FAIL() << "an embedding is too long for its square";
  }
  factor_ = result.factor;
  CountTriplets(result.triplets);
}

template <typename Dtype>
void BatchTripletLossLayer<Dtype>::Backward_gpu(
    const vector<Blob<Dtype>*>& top, const vector<bool>& propagate_down,
    const vector<Blob<Dtype>*>& bottom) {
  CheckLabelsNeedNoGradient(propagate_down);
  if (!propagate_down[0]) return;
  const int B = bottom[0]->shape(0), D = bottom[0]->count(1);
  metric::MiningBackwardGpu(options_, bottom[0]->gpu_data(), factor_,
                            top[0]->gpu_diff(), B, D, Device(B, D),
                            bottom[0]->mutable_gpu_diff());
}

INSTANTIATE_LAYER_GPU_FUNCS(BatchTripletLossLayer);

}  // namespace caffe
