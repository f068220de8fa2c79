// BatchNorm on the CPU; the manual is in the header.
#include "caffe/layers/batch_norm_layer.hpp"

#include "math/channels.hpp"

namespace caffe {

template <typename Dtype>
void BatchNormLayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                       const vector<Blob<Dtype>*>& top) {
  const BatchNormParameter& param = this->layer_param_.batch_norm_param();
  use_global_stats_ = param.has_use_global_stats() ? param.use_global_stats()
                                                   : this->phase_ == TEST;
  fraction_ = param.moving_average_fraction();
  eps_ = param.eps();
  INPUT_CHECK(fraction_ >= 0 && fraction_ <= 1)
      << "moving_average_fraction is " << fraction_
      << "; it must be from 0 to 1";
  INPUT_CHECK(eps_ >= 0) << "eps is " << eps_ << "; it must not be negative";
  const int channels = bottom[0]->num_axes() > 1 ? bottom[0]->shape(1) : 1;
  if (this->blobs_.empty()) {
    for (const int count : {channels, channels, 1}) {
      this->blobs_.push_back(
          std::make_shared<Blob<Dtype>>(vector<int>{count}));
      caffe_set(count, Dtype(0), this->blobs_.back()->mutable_cpu_data());
    }
  }
  INPUT_CHECK(this->blobs_.size() == 3)
      << "has 3 parameters (mean, variance, their weight), and was given "
      << this->blobs_.size();
  for (int i = 0; i < 3; ++i) {
    ParamSpec* spec = i < this->layer_param_.param_size()
                          ? this->layer_param_.mutable_param(i)
                          : this->layer_param_.add_param();
    spec->set_lr_mult(0);
    spec->set_decay_mult(0);
  }
}

template <typename Dtype>
void BatchNormLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                    const vector<Blob<Dtype>*>& top) {
  const Blob<Dtype>& x = *bottom[0];
  INPUT_CHECK(x.num_axes() > 0) << "its bottom is a single number";
  const int channels = x.num_axes() > 1 ? x.shape(1) : 1;
  INPUT_CHECK(channels == this->blobs_[0]->count() &&
              channels == this->blobs_[1]->count())
      << "its bottom has " << channels << " channels (shape "
      << x.shape_string() << "), its parameters "
      << this->blobs_[0]->count();
  shape_.outer = x.shape(0);
  shape_.channels = channels;
  shape_.inner = x.num_axes() > 1 ? x.count(2) : 1;
  if (bottom[0] != top[0]) top[0]->ReshapeLike(x);
  if (bottom[0] == top[0] && !use_global_stats_) kept_.ReshapeLike(x);
  mean_.Reshape({channels});
  inverse_std_.Reshape({channels});
  sums_.Reshape({2, channels});
  cudnn_work_.Reshape({kCudnnRows, channels});
}

namespace {

// Mean and (biased) variance of each channel.
template <typename Dtype>
void Moments(const ChannelShape& shape, const Dtype* x, double* mean,
             double* variance) {
  const int64_t values = shape.per_channel();
  ChannelSums(shape, mean, [=](int64_t i, int64_t) { return x[i]; });
  for (int64_t c = 0; c < shape.channels; ++c) mean[c] /= values;
  ChannelSums(shape, variance, [=](int64_t i, int64_t c) {
    const double distance = x[i] - mean[c];
    return distance * distance;
  });
  for (int64_t c = 0; c < shape.channels; ++c) variance[c] /= values;
}

template <typename Dtype>
void Standardize(const ChannelShape& shape, const Dtype* x, const Dtype* mean,
                 const Dtype* inverse_std, Dtype* y) {
  ForEachByChannel(shape, [=](int64_t c) {
    const Dtype m = mean[c], r = inverse_std[c];
    return [=](int64_t i) { y[i] = Standardized(x[i], m, r); };
  });
}

// sums: mean(dy) and mean(dy z) of each channel.
template <typename Dtype>
void GradientMeans(const ChannelShape& shape, const Dtype* dy, const Dtype* x,
                   const Dtype* mean, const Dtype* inverse_std,
                   double* sums) {
  ChannelSums(
      shape, sums, [=](int64_t i, int64_t) { return dy[i]; },
      [=](int64_t i, int64_t c) {
        return dy[i] * Standardized(x[i], mean[c], inverse_std[c]);
      });
  for (int64_t k = 0; k < 2 * shape.channels; ++k) {
    sums[k] /= shape.per_channel();
  }
}

}  // namespace

template <typename Dtype>
void BatchNormLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                        const vector<Blob<Dtype>*>& top) {
  const Dtype* x = bottom[0]->cpu_data();
  const int64_t channels = shape_.channels;
  if (use_global_stats_) {
    const BatchNormChannel<Dtype> channel = {
        mean_.mutable_cpu_data(), inverse_std_.mutable_cpu_data(),
        const_cast<Dtype*>(this->blobs_[0]->cpu_data()),
        const_cast<Dtype*>(this->blobs_[1]->cpu_data())};
    const Dtype weight = this->blobs_[2]->cpu_data()[0];
    for (int64_t c = 0; c < channels; ++c) {
      channel.SetFromMoving(c, weight, eps_);
    }
  } else {
    const bool moves = ForwardWritesParams();
    const BatchNormChannel<Dtype> channel = {
        mean_.mutable_cpu_data(), inverse_std_.mutable_cpu_data(),
        moves ? this->blobs_[0]->mutable_cpu_data() : nullptr,
        moves ? this->blobs_[1]->mutable_cpu_data() : nullptr};
    double* mean = sums_.mutable_cpu_data();
    double* variance = mean + channels;
    Moments(shape_, x, mean, variance);
    for (int64_t c = 0; c < channels; ++c) {
      channel.Set(c, mean[c], variance[c], eps_);
      if (!moves) continue;
      channel.UpdateMoving(c, fraction_, mean[c], variance[c],
                           shape_.per_channel());
    }
    if (moves) {
      Dtype* weight = this->blobs_[2]->mutable_cpu_data();
      weight[0] = static_cast<Dtype>(fraction_ * weight[0] + 1);
    }
    if (bottom[0] == top[0]) {
      caffe_copy(bottom[0]->count(), x, kept_.mutable_cpu_data());
    }
  }
  Standardize(shape_, x, mean_.cpu_data(), inverse_std_.cpu_data(),
              top[0]->mutable_cpu_data());
}

template <typename Dtype>
void BatchNormLayer<Dtype>::Backward_cpu(const vector<Blob<Dtype>*>& top,
                                         const vector<bool>& propagate_down,
                                         const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) return;
  const Dtype* dy = top[0]->cpu_diff();
  const Dtype* mean = mean_.cpu_data();
  const Dtype* inverse_std = inverse_std_.cpu_data();
  Dtype* dx = bottom[0]->mutable_cpu_diff();
  if (use_global_stats_) {
    ForEachByChannel(shape_, [=](int64_t c) {
      const Dtype r = inverse_std[c];
      return [=](int64_t i) { dx[i] = dy[i] * r; };
    });
    return;
  }
  const Dtype* x =
      bottom[0] == top[0] ? kept_.cpu_data() : bottom[0]->cpu_data();
  double* sums = sums_.mutable_cpu_data();
  GradientMeans(shape_, dy, x, mean, inverse_std, sums);
  const int64_t channels = shape_.channels;
  ForEachByChannel(shape_, [=](int64_t c) {
    const Dtype m = mean[c], r = inverse_std[c];
    const Dtype mean_dy = static_cast<Dtype>(sums[c]);
    const Dtype mean_dy_z = static_cast<Dtype>(sums[channels + c]);
    return [=](int64_t i) {
      dx[i] = StandardizedGradient(dy[i], Standardized(x[i], m, r), mean_dy,
                                   mean_dy_z, r);
    };
  });
}

INSTANTIATE_CLASS(BatchNormLayer);
REGISTER_LAYER_CLASS(BatchNorm);

}  // namespace caffe
