// BatchNorm on the GPU: the functions of batch_norm_layer.cpp, in its order.
// Where cuDNN is built in, it has the batch's statistics and the gradient.
#include "caffe/layers/batch_norm_layer.hpp"
#include "math/channels.cuh"
#ifdef TERCET_CUDNN
#include "math/cudnn.hpp"
#endif

namespace caffe {
namespace {

template <typename Dtype>
void Moments(const ChannelShape& shape, const Dtype* x, double* mean,
             double* variance) {
  const int64_t values = shape.per_channel();
  ChannelSumsOnDevice(
      shape, mean, [=] __device__(int64_t i, int64_t) -> double {
        return x[i];
      });
  ForEach(shape.channels, [=] __device__(int64_t c) { mean[c] /= values; });
  ChannelSumsOnDevice(
      shape, variance, [=] __device__(int64_t i, int64_t c) -> double {
        const double distance = x[i] - mean[c];
        return distance * distance;
      });
  ForEach(shape.channels,
          [=] __device__(int64_t c) { variance[c] /= values; });
}

// Without a weight the moving sums stay as they are.
template <typename Dtype>
void StatisticsOfBatch(const ChannelShape& shape,
                       const BatchNormChannel<Dtype>& channel,
                       const double* mean, const double* variance,
                       double fraction, double eps, Dtype* weight) {
  ForEach(shape.channels, [=] __device__(int64_t c) {
    channel.Set(c, mean[c], variance[c], eps);
    if (weight == nullptr) return;
    channel.UpdateMoving(c, fraction, mean[c], variance[c],
                         shape.per_channel());
    if (c == 0) weight[0] = static_cast<Dtype>(fraction * weight[0] + 1);
  });
}

template <typename Dtype>
void StatisticsOfMoving(const ChannelShape& shape,
                        const BatchNormChannel<Dtype>& channel,
                        const Dtype* weight, double eps) {
  ForEach(shape.channels, [=] __device__(int64_t c) {
    channel.SetFromMoving(c, weight[0], eps);
  });
}

template <typename Dtype>
void Standardize(const ChannelShape& shape, const Dtype* x, const Dtype* mean,
                 const Dtype* inverse_std, Dtype* y) {
  ForEachByChannelOnDevice(shape, [=] __device__(int64_t i, int64_t c) {
    y[i] = Standardized(x[i], mean[c], inverse_std[c]);
  });
}

template <typename Dtype>
void GradientMeans(const ChannelShape& shape, const Dtype* dy, const Dtype* x,
                   const Dtype* mean, const Dtype* inverse_std,
                   double* sums) {
  ChannelSumsOnDevice(
      shape, sums,
      [=] __device__(int64_t i, int64_t) -> double { return dy[i]; },
      [=] __device__(int64_t i, int64_t c) -> double {
        return dy[i] * Standardized(x[i], mean[c], inverse_std[c]);
      });
  const int64_t values = shape.per_channel();
  ForEach(2 * shape.channels,
          [=] __device__(int64_t k) { sums[k] /= values; });
}

template <typename Dtype>
void ScaledGradient(const ChannelShape& shape, const Dtype* dy,
                    const Dtype* inverse_std, Dtype* dx) {
  ForEachByChannelOnDevice(shape, [=] __device__(int64_t i, int64_t c) {
    dx[i] = dy[i] * inverse_std[c];
  });
}

template <typename Dtype>
void Gradient(const ChannelShape& shape, const Dtype* dy, const Dtype* x,
              const Dtype* mean, const Dtype* inverse_std, const double* sums,
              Dtype* dx) {
  ForEachByChannelOnDevice(shape, [=] __device__(int64_t i, int64_t c) {
    const Dtype z = Standardized(x[i], mean[c], inverse_std[c]);
    dx[i] = StandardizedGradient(
        dy[i], z, static_cast<Dtype>(sums[c]),
        static_cast<Dtype>(sums[shape.channels + c]), inverse_std[c]);
  });
}

#ifdef TERCET_CUDNN
// The rows of cudnn_work_.
enum { kOnes, kZeros, kMean, kUnbiased, kScaleDiff, kShiftDiff };

// The standard deviation of a single value has no unbiased form.
bool IsCudnns(const LayerParameter& param, const ChannelShape& shape) {
  return shape.per_channel() > 1 && shape.outer <= kMostCudnnImages &&
         param.batch_norm_param().engine() != BatchNormParameter::CAFFE;
}

template <typename Dtype>
void CudnnForward(const ChannelShape& shape, double eps, const Dtype* x,
                  Dtype* work, const BatchNormChannel<Dtype>& channel,
                  Dtype* y) {
  const int64_t channels = shape.channels;
  ForEach(kScaleDiff * channels, [=] __device__(int64_t i) {
    work[i] = i / channels == kOnes ? Dtype(1) : Dtype(0);
  });
  const CudnnTensor<Dtype> tensor(shape.outer, channels, shape.inner, 1);
  const CudnnTensor<Dtype> row(1, channels, 1, 1);
  const Dtype one = 1, zero = 0;
  CUDNN_CHECK(cudnnBatchNormalizationForwardTraining(
      CudnnHandle(), CUDNN_BATCHNORM_SPATIAL, &one, &zero, tensor, x, tensor,
      y, row, work + kOnes * channels, work + kZeros * channels, 1,
      work + kMean * channels, work + kUnbiased * channels, eps, channel.mean,
      channel.inverse_std));
}

// Adds the statistics that CudnnForward left in `work` to the moving ones.
template <typename Dtype>
void UpdateMoving(const ChannelShape& shape,
                  const BatchNormChannel<Dtype>& channel, double fraction,
                  const Dtype* work, Dtype* weight) {
  const int64_t channels = shape.channels;
  const int64_t values = shape.per_channel();
  ForEach(channels, [=] __device__(int64_t c) {
    const double unbiased = work[kUnbiased * channels + c];
    channel.UpdateMoving(c, fraction, work[kMean * channels + c],
                         unbiased * (values - 1) / values, values);
    if (c == 0) weight[0] = static_cast<Dtype>(fraction * weight[0] + 1);
  });
}

template <typename Dtype>
void CudnnGradient(const ChannelShape& shape, double eps, const Dtype* x,
                   const Dtype* dy, const Dtype* mean,
                   const Dtype* inverse_std, Dtype* work, Dtype* dx) {
  const int64_t channels = shape.channels;
  const CudnnTensor<Dtype> tensor(shape.outer, channels, shape.inner, 1);
  const CudnnTensor<Dtype> row(1, channels, 1, 1);
  const Dtype one = 1, zero = 0;
  CUDNN_CHECK(cudnnBatchNormalizationBackward(
      CudnnHandle(), CUDNN_BATCHNORM_SPATIAL, &one, &zero, &one, &zero, tensor,
      x, tensor, dy, tensor, dx, row, work + kOnes * channels,
      work + kScaleDiff * channels, work + kShiftDiff * channels, eps, mean,
      inverse_std));
}
#endif

}  // namespace

template <typename Dtype>
void BatchNormLayer<Dtype>::Forward_gpu(const vector<Blob<Dtype>*>& bottom,
                                        const vector<Blob<Dtype>*>& top) {
  const Dtype* x = bottom[0]->gpu_data();
  if (use_global_stats_) {
    const BatchNormChannel<Dtype> channel = {
        mean_.mutable_gpu_data(), inverse_std_.mutable_gpu_data(),
        const_cast<Dtype*>(this->blobs_[0]->gpu_data()),
        const_cast<Dtype*>(this->blobs_[1]->gpu_data())};
    StatisticsOfMoving(shape_, channel, this->blobs_[2]->gpu_data(), eps_);
  } else {
    const bool moves = ForwardWritesParams();
    const BatchNormChannel<Dtype> channel = {
        mean_.mutable_gpu_data(), inverse_std_.mutable_gpu_data(),
        moves ? this->blobs_[0]->mutable_gpu_data() : nullptr,
        moves ? this->blobs_[1]->mutable_gpu_data() : nullptr};
    Dtype* const weight =
        moves ? this->blobs_[2]->mutable_gpu_data() : nullptr;
    if (bottom[0] == top[0]) {
      caffe_copy(bottom[0]->count(), x, kept_.mutable_gpu_data());
    }
#ifdef TERCET_CUDNN
    if (IsCudnns(this->layer_param_, shape_)) {
      Dtype* work = cudnn_work_.mutable_gpu_data();
      CudnnForward(shape_, eps_,
                   bottom[0] == top[0] ? kept_.gpu_data() : x, work, channel,
                   top[0]->mutable_gpu_data());
      if (moves) UpdateMoving(shape_, channel, fraction_, work, weight);
      return;
    }
#endif
    double* mean = sums_.mutable_gpu_data();
    double* variance = mean + shape_.channels;
    Moments(shape_, x, mean, variance);
    StatisticsOfBatch(shape_, channel, mean, variance, fraction_, eps_,
                      weight);
  }
  Standardize(shape_, x, mean_.gpu_data(), inverse_std_.gpu_data(),
              top[0]->mutable_gpu_data());
}

template <typename Dtype>
void BatchNormLayer<Dtype>::Backward_gpu(const vector<Blob<Dtype>*>& top,
                                         const vector<bool>& propagate_down,
                                         const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) return;
  const Dtype* dy = top[0]->gpu_diff();
  const Dtype* mean = mean_.gpu_data();
  const Dtype* inverse_std = inverse_std_.gpu_data();
  Dtype* dx = bottom[0]->mutable_gpu_diff();
  if (use_global_stats_) {
    ScaledGradient(shape_, dy, inverse_std, dx);
    return;
  }
  const Dtype* x =
      bottom[0] == top[0] ? kept_.gpu_data() : bottom[0]->gpu_data();
#ifdef TERCET_CUDNN
  if (IsCudnns(this->layer_param_, shape_)) {
    if (bottom[0] == top[0]) {  // cuDNN does not say that dx may be dy
      caffe_copy(bottom[0]->count(), dy, kept_.mutable_gpu_diff());
      dy = kept_.gpu_diff();
    }
    CudnnGradient(shape_, eps_, x, dy, mean, inverse_std,
                  cudnn_work_.mutable_gpu_data(), dx);
    return;
  }
#endif
  double* sums = sums_.mutable_gpu_data();
  GradientMeans(shape_, dy, x, mean, inverse_std, sums);
  Gradient(shape_, dy, x, mean, inverse_std, sums, dx);
}

INSTANTIATE_LAYER_GPU_FUNCS(BatchNormLayer);

}  // namespace caffe
