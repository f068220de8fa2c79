// Sums over gradients on the GPU: the blocks share out the values of many
// parameters, each writes its part, and one block adds the parts in order.
#include <algorithm>

#include "solver/gradient_sums.hpp"
#include "math/channels.cuh"
#include "core/device.hpp"

namespace caffe {

namespace {

constexpr int kMostTensors = 64;   // of one launch; they travel as arguments
constexpr int kMostBlocks = 64;    // of one tensor
constexpr int kPerThread = 16;     // values, before a tensor gets more blocks

// The tensors of one launch; tensor t has blocks first[t] ... first[t + 1].
template <typename Dtype>
struct Tensors {
  const Dtype* values[kMostTensors];
  int64_t count[kMostTensors];
  int first[kMostTensors + 1];
};

template <typename Dtype>
__global__ void PartsKernel(Tensors<Dtype> tensors, double* parts) {
  int t = 0;
  while (static_cast<int>(blockIdx.x) >= tensors.first[t + 1]) ++t;
  const Dtype* values = tensors.values[t];
  const int64_t block = blockIdx.x - tensors.first[t];
  const int64_t step =
      int64_t{kSumThreads} * (tensors.first[t + 1] - tensors.first[t]);
  double squares = 0, not_finite = 0;
  for (int64_t i = block * kSumThreads + threadIdx.x; i < tensors.count[t];
       i += step) {
    const double value = values[i];
    squares += value * value;
    not_finite += isfinite(value) ? 0 : 1;
  }
  squares = BlockSum(squares);
  not_finite = BlockSum(not_finite);
  if (threadIdx.x != 0) return;
  parts[2 * blockIdx.x] = squares;
  parts[2 * blockIdx.x + 1] = not_finite;
}

// Leaves the sums of the pairs in the first pair behind them.
__global__ void TotalKernel(int count, double* parts) {
  double squares = 0, not_finite = 0;
  for (int i = threadIdx.x; i < count; i += kSumThreads) {
    squares += parts[2 * i];
    not_finite += parts[2 * i + 1];
  }
  squares = BlockSum(squares);
  not_finite = BlockSum(not_finite);
  if (threadIdx.x != 0) return;
  parts[2 * count] = squares;
  parts[2 * count + 1] = not_finite;
}

int BlocksOf(int64_t count) {
  const int64_t blocks = count / (kSumThreads * kPerThread) + 1;
  return static_cast<int>(std::min<int64_t>(blocks, kMostBlocks));
}

}  // namespace

template <typename Dtype>
GradientSums::Sums GradientSums::SumsGpu(const vector<Blob<Dtype>*>& params) {
  if (params.empty()) return {};
  int blocks = 0;
  for (const Blob<Dtype>* param : params) blocks += BlocksOf(param->count());
  const size_t wanted = (2 * blocks + 2) * sizeof(double);
  if (parts_.size() < wanted) parts_ = DeviceBytes(wanted);
  double* const parts = static_cast<double*>(parts_.get());
  int done = 0;
  for (size_t begin = 0; begin < params.size(); begin += kMostTensors) {
    const size_t end = std::min(params.size(), begin + kMostTensors);
    Tensors<Dtype> tensors = {};
    for (size_t i = begin; i < end; ++i) {
      const size_t t = i - begin;
      tensors.values[t] = params[i]->gpu_diff();
      tensors.count[t] = params[i]->count();
      tensors.first[t + 1] = tensors.first[t] + BlocksOf(params[i]->count());
    }
    const int launched = tensors.first[end - begin];
    Launch(PartsKernel<Dtype>, launched, kSumThreads, 0, tensors,
           parts + 2 * done);
    done += launched;
  }
  Launch(TotalKernel, 1, kSumThreads, 0, blocks, parts);
  Sums sums;
  CopyToHost(&sums, parts + 2 * blocks, sizeof(sums));
  return sums;
}

template GradientSums::Sums GradientSums::SumsGpu(
    const vector<Blob<float>*>&);
template GradientSums::Sums GradientSums::SumsGpu(
    const vector<Blob<double>*>&);

}  // namespace caffe
