// BroadcastLayer on the GPU: storing the gradients of operands.
#include "caffe/layers/broadcast_layer.hpp"
#include "core/device.cuh"

namespace caffe {

template <typename Dtype>
void StoreSumsOnDevice(int64_t count, const double* sums, bool add,
                       Dtype* diff) {
  ForEach(count, [=] __device__(int64_t c) {
    diff[c] = static_cast<Dtype>(add ? diff[c] + sums[c] : sums[c]);
  });
}

template void StoreSumsOnDevice<float>(int64_t, const double*, bool, float*);
template void StoreSumsOnDevice<double>(int64_t, const double*, bool,
                                        double*);

}  // namespace caffe
