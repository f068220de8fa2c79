// LRN on the CPU; the manual is in the header.
#include "caffe/layers/lrn_layer.hpp"

#include <algorithm>

#include "core/parallel.hpp"

namespace caffe {

template <typename Dtype>
void LRNLayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                 const vector<Blob<Dtype>*>& top) {
  const LRNParameter& param = this->layer_param_.lrn_param();
  const int size = static_cast<int>(param.local_size());
  INPUT_CHECK(size > 0 && size % 2 == 1 && size <= 4095)
      << "local_size is " << param.local_size()
      << "; it must be odd, and from 1 to 4095";
  within_ = param.norm_region() == LRNParameter::WITHIN_CHANNEL;
  half_ = (size - 1) / 2;
  k_ = within_ ? Dtype(1) : static_cast<Dtype>(param.k());
  alpha_ = static_cast<Dtype>(param.alpha()) / (within_ ? size * size : size);
  beta_ = static_cast<Dtype>(param.beta());
}

template <typename Dtype>
void LRNLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                              const vector<Blob<Dtype>*>& top) {
  const Blob<Dtype>& x = *bottom[0];
  INPUT_CHECK(x.num_axes() == 4)
      << "its bottom must have 4 axes (N x C x H x W); it is of shape "
      << x.shape_string();
  if (within_) {
    first_ = {x.count(0, 3), x.shape(3), 1};
    second_ = {x.count(0, 2), x.shape(2), x.shape(3)};
  } else {
    first_ = {x.shape(0), x.shape(1), x.count(2)};
  }
  top[0]->ReshapeLike(x);
  scale_.ReshapeLike(x);
  work_.ReshapeLike(x);
}

namespace {

// out = start + factor * the sum of term(i) over the window around each value.
template <typename Dtype, typename Term>
void WindowSum(const WindowShape& shape, int half, const Term& term,
               Dtype start, Dtype factor, Dtype* out) {
  const int64_t inner = shape.inner;
  ParallelFor(
      shape.outer * shape.length, inner * (2 * half + 1),
      [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
          const int64_t at = row % shape.length;
          const int64_t before = std::min<int64_t>(half, at);
          const int64_t after =
              std::min<int64_t>(half, shape.length - 1 - at);
          Dtype* sum = out + row * inner;
          std::fill(sum, sum + inner, Dtype(0));
          for (int64_t other = row - before; other <= row + after; ++other) {
            const int64_t from = other * inner;
            for (int64_t s = 0; s < inner; ++s) sum[s] += term(from + s);
          }
          for (int64_t s = 0; s < inner; ++s) {
            sum[s] = start + factor * sum[s];
          }
        }
      });
}

}  // namespace

template <typename Dtype>
void LRNLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                  const vector<Blob<Dtype>*>& top) {
  const Dtype* x = bottom[0]->cpu_data();
  Dtype* scale = scale_.mutable_cpu_data();
  const auto square = [=](int64_t i) { return x[i] * x[i]; };
  if (within_) {
    Dtype* line = work_.mutable_cpu_data();
    WindowSum(first_, half_, square, Dtype(0), Dtype(1), line);
    WindowSum(second_, half_, [=](int64_t i) { return line[i]; }, k_, alpha_,
              scale);
  } else {
    WindowSum(first_, half_, square, k_, alpha_, scale);
  }
  Dtype* y = top[0]->mutable_cpu_data();
  const Dtype beta = beta_;
  ParallelFor(bottom[0]->count(), 16, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      y[i] = x[i] * LrnFactor(scale[i], beta);
    }
  });
}

template <typename Dtype>
void LRNLayer<Dtype>::Backward_cpu(const vector<Blob<Dtype>*>& top,
                                   const vector<bool>& propagate_down,
                                   const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) return;
  const Dtype* dy = top[0]->cpu_diff();
  const Dtype* x = bottom[0]->cpu_data();
  const Dtype* scale = scale_.cpu_data();
  Dtype* terms = work_.mutable_cpu_data();
  Dtype* dx = bottom[0]->mutable_cpu_diff();
  const Dtype beta = beta_;
  const int64_t count = bottom[0]->count();
  ParallelFor(count, 16, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      terms[i] = dy[i] * x[i] * LrnFactor(scale[i], beta) / scale[i];
    }
  });
  // dx holds the windows' sums until the last loop.
  const auto term = [=](int64_t i) { return terms[i]; };
  if (within_) {
    Dtype* line = work_.mutable_cpu_diff();
    WindowSum(first_, half_, term, Dtype(0), Dtype(1), line);
    WindowSum(second_, half_, [=](int64_t i) { return line[i]; }, Dtype(0),
              Dtype(1), dx);
  } else {
    WindowSum(first_, half_, term, Dtype(0), Dtype(1), dx);
  }
  const Dtype factor = 2 * alpha_ * beta;
  ParallelFor(count, 16, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      dx[i] = dy[i] * LrnFactor(scale[i], beta) - factor * x[i] * dx[i];
    }
  });
}

INSTANTIATE_CLASS(LRNLayer);
REGISTER_LAYER_CLASS(LRN);

}  // namespace caffe
