// Softmax on the CPU; the manual is in the header. Positions side by side in
// memory are worked on together, in tiles that stay in the cache; a row of
// scores that lie side by side is summed by itself.
#include "caffe/layers/softmax_layer.hpp"

#include <algorithm>
#include <cmath>

#include "core/parallel.hpp"

namespace caffe {

template <typename Dtype>
void SoftmaxLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                  const vector<Blob<Dtype>*>& top) {
  const int axis = bottom[0]->CanonicalAxisIndex(
      this->layer_param_.softmax_param().axis());
  shape_.outer = bottom[0]->count(0, axis);
  shape_.channels = bottom[0]->shape(axis);
  shape_.inner = bottom[0]->count(axis + 1);
  if (bottom[0] != top[0]) top[0]->ReshapeLike(*bottom[0]);
}

namespace {

constexpr int kTile = 64;

// Calls body(start, width) for runs of up to kTile positions: `start` is the
// index of the first one's first score.
template <typename Body>
void ForEachTile(const ChannelShape& shape, int64_t work, const Body& body) {
  const int64_t tiles = (shape.inner + kTile - 1) / kTile;
  const int64_t width = std::min<int64_t>(shape.inner, kTile);
  ParallelFor(shape.outer * tiles, work * shape.channels * width,
              [&](int64_t begin, int64_t end) {
                for (int64_t tile = begin; tile < end; ++tile) {
                  const int64_t first = tile % tiles * kTile;
                  body(shape.Start(tile / tiles, 0) + first,
                       std::min<int64_t>(kTile, shape.inner - first));
                }
              });
}

template <typename Dtype>
void RowForward(int64_t channels, const Dtype* x, Dtype* y) {
  Dtype max = x[0];
  for (int64_t c = 1; c < channels; ++c) max = std::max(max, x[c]);
  for (int64_t c = 0; c < channels; ++c) y[c] = std::exp(x[c] - max);
  const double sum = LaneSum(0, channels, [=](int64_t c) { return y[c]; });
  const Dtype factor = static_cast<Dtype>(1 / sum);
  for (int64_t c = 0; c < channels; ++c) y[c] *= factor;
}

template <typename Dtype>
void TileForward(const ChannelShape& shape, int64_t width, const Dtype* x,
                 Dtype* y) {
  Dtype max[kTile], factor[kTile];
  double sum[kTile] = {};
  const int64_t step = shape.inner;
  std::copy(x, x + width, max);
  for (int64_t c = 1; c < shape.channels; ++c) {
    for (int64_t j = 0; j < width; ++j) {
      max[j] = std::max(max[j], x[c * step + j]);
    }
  }
  for (int64_t c = 0; c < shape.channels; ++c) {
    for (int64_t j = 0; j < width; ++j) {
      const Dtype value = std::exp(x[c * step + j] - max[j]);
      y[c * step + j] = value;
      sum[j] += value;
    }
  }
  for (int64_t j = 0; j < width; ++j) {
    factor[j] = static_cast<Dtype>(1 / sum[j]);
  }
  for (int64_t c = 0; c < shape.channels; ++c) {
    for (int64_t j = 0; j < width; ++j) y[c * step + j] *= factor[j];
  }
}

}  // namespace

template <typename Dtype>
void SoftmaxLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                      const vector<Blob<Dtype>*>& top) {
  const Dtype* x = bottom[0]->cpu_data();
  Dtype* y = top[0]->mutable_cpu_data();
  ForEachTile(shape_, 16, [=](int64_t start, int64_t width) {
    if (shape_.inner == 1) {
      RowForward(shape_.channels, x + start, y + start);
    } else {
      TileForward(shape_, width, x + start, y + start);
    }
  });
}

namespace {

template <typename Dtype>
void RowBackward(int64_t channels, const Dtype* y, const Dtype* dy,
                 Dtype* dx) {
  const Dtype dot = static_cast<Dtype>(LaneSum(0, channels, [=](int64_t c) {
    return static_cast<double>(dy[c]) * y[c];
  }));
  for (int64_t c = 0; c < channels; ++c) dx[c] = y[c] * (dy[c] - dot);
}

template <typename Dtype>
void TileBackward(const ChannelShape& shape, int64_t width, const Dtype* y,
                  const Dtype* dy, Dtype* dx) {
  double dot[kTile] = {};
  const int64_t step = shape.inner;
  for (int64_t c = 0; c < shape.channels; ++c) {
    for (int64_t j = 0; j < width; ++j) {
      dot[j] += static_cast<double>(dy[c * step + j]) * y[c * step + j];
    }
  }
  for (int64_t c = 0; c < shape.channels; ++c) {
    for (int64_t j = 0; j < width; ++j) {
      const int64_t i = c * step + j;
      dx[i] = y[i] * (dy[i] - static_cast<Dtype>(dot[j]));
    }
  }
}

}  // namespace

template <typename Dtype>
void SoftmaxLayer<Dtype>::Backward_cpu(const vector<Blob<Dtype>*>& top,
                                       const vector<bool>& propagate_down,
                                       const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) return;
  const Dtype* y = top[0]->cpu_data();
  const Dtype* dy = top[0]->cpu_diff();
  Dtype* dx = bottom[0]->mutable_cpu_diff();
  ForEachTile(shape_, 4, [=](int64_t start, int64_t width) {
    if (shape_.inner == 1) {
      RowBackward(shape_.channels, y + start, dy + start, dx + start);
    } else {
      TileBackward(shape_, width, y + start, dy + start, dx + start);
    }
  });
}

INSTANTIATE_CLASS(SoftmaxLayer);
REGISTER_LAYER_CLASS(Softmax);

}  // namespace caffe
