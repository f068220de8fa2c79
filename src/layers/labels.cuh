// The GPU's side of labels.hpp. Included by .cu files alone.
#ifndef TERCET_LAYERS_LABELS_CUH_
#define TERCET_LAYERS_LABELS_CUH_

#include <climits>

#include "core/device.cuh"
#include "core/device.hpp"
#include "layers/labels.hpp"

namespace caffe {

template <typename Dtype>
void FindBadLabel(const LabelRule& rule, const Dtype* labels,
                  int64_t positions, int* first) {
  ForEach(1, [=] __device__(int64_t) { *first = INT_MAX; });
  ForEach(positions, [=] __device__(int64_t i) {
    if (!rule.Accepts(labels[i])) atomicMin(first, static_cast<int>(i));
  });
}

template <typename Dtype>
void ClassesOnDevice(const LabelRule& rule, const Dtype* labels, int64_t count,
                     int* class_of) {
  ForEach(count, [=] __device__(int64_t i) {
    class_of[i] = rule.ClassOf(labels[i]);
  });
}

// As CheckLabels. Labels that the host has as well are checked there, for
// nothing has to be copied; others cost a copy of one number. `scratch` is a
// blob of one number.
template <typename Dtype>
void CheckLabelsOnDevice(const LabelRule& rule, const Blob<Dtype>& labels,
                         int64_t positions, int64_t inner,
                         Blob<int>* scratch) {
  if (labels.data()->head() != SyncedMemory::HEAD_AT_GPU) {
    CheckLabels(rule, labels.cpu_data(), positions, inner);
    return;
  }
  const Dtype* values = labels.gpu_data();
  int* first = scratch->mutable_gpu_data();
  FindBadLabel(rule, values, positions, first);
  const int bad = scratch->cpu_data()[0];
  if (bad == INT_MAX) return;
  Dtype label;
  CopyToHost(&label, values + bad, sizeof(label));
  FailLabel(rule, label, bad, inner);
}

}  // namespace caffe

#endif  // TERCET_LAYERS_LABELS_CUH_
