// The GPU's side of labels.hpp. Included by .cu files alone.
#ifndef CAFFE_UTIL_LABELS_CUH_
#define CAFFE_UTIL_LABELS_CUH_

#include <climits>

#include "caffe/util/device.cuh"
#include "caffe/util/labels.hpp"

namespace caffe {

// As CheckLabels; labels is device memory, `scratch` a blob of one number.
template <typename Dtype>
void CheckLabelsOnDevice(const LabelRule& rule, const Dtype* labels,
                         int64_t positions, int64_t inner,
                         Blob<int>* scratch) {
  int* first = scratch->mutable_gpu_data();
  ForEach(1, [=] __device__(int64_t) { *first = INT_MAX; });
  ForEach(positions, [=] __device__(int64_t i) {
    if (!rule.Accepts(labels[i])) atomicMin(first, static_cast<int>(i));
  });
  const int bad = scratch->cpu_data()[0];
  if (bad == INT_MAX) return;
  Dtype label;
  CUDA_CHECK(cudaMemcpy(&label, labels + bad, sizeof(label),
                        cudaMemcpyDeviceToHost));
  FailLabel(rule, label, bad, inner);
}

}  // namespace caffe

#endif  // CAFFE_UTIL_LABELS_CUH_
