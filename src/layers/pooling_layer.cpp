// Pooling on the CPU: options, the rule for the number of windows, and loops
// over planes. Windows of 2 x 2 side by side have loops of their own.
#include "caffe/layers/pooling_layer.hpp"

#include <algorithm>

#include "core/parallel.hpp"

#define SIMD_VECTOR_BYTES 16
#include "core/simd.hpp"

namespace caffe {

namespace {

// Larger values than this make no sense, and might overflow sizes.
constexpr uint32_t kMostSpatial = 1 << 13;

int Checked(const char* name, uint32_t value, uint32_t least) {
  INPUT_CHECK(value >= least && value <= kMostSpatial)
      << "pooling_param: " << name << " is " << value << "; wanted " << least
      << " to " << kMostSpatial;
  return static_cast<int>(value);
}

// The number of windows along one axis.
int Windows(int size, int kernel, int stride, int pad, bool round_down) {
  const int span = size + 2 * pad - kernel;
  if (span <= -stride || (round_down && span < 0)) { return 0; }
  const int steps =
      span < 0 ? 0 : round_down ? span / stride : (span + stride - 1) / stride;
  // A last window must not begin where there is nothing left to see.
  return steps * stride >= size + pad ? steps : steps + 1;
}

// Whether b, which comes later, takes the place of the maximum a; for values
// and for the compiler's vectors of them.
template <typename Value>
inline auto Replaces(Value b, Value a) {
  return (b > a) | (b != b);
}

template <typename Dtype>
void MaxPlane(const PoolGeometry& s, const Dtype* x, Dtype* y, int* argmax) {
  for (int r = 0; r < s.out_h; ++r) {
    for (int q = 0; q < s.out_w; ++q) {
      const PoolGeometry::Window w = s.At(r, q);
      int best = w.top * s.width + w.left;
      for (int i = w.top; i < w.bottom; ++i) {
        for (int j = w.left; j < w.right; ++j) {
          const int at = i * s.width + j;
          if (Replaces(x[at], x[best])) { best = at; }
        }
      }
      *y++ = x[best];
      *argmax++ = best;
    }
  }
}

// The first columns of a row of MaxPairsPlane, a vector at a time: the
// branches of a plain loop are unforeseeable and cost several times as much.
// Returns how many columns are done.
template <typename Dtype>
int MaxPairsVectors(const Dtype* upper, const Dtype* lower, int width,
                    int first, int columns, Dtype* y, int* argmax) {
  typedef Simd<Dtype> S;
  typedef typename S::Vector Vector;
  typedef typename S::Mask Shift;
  constexpr int kLanes = S::kLanes;
  Shift position;
  for (int i = 0; i < kLanes; ++i) position[i] = first + 2 * i;
  const Shift zero = {};
  const Shift one = zero + 1;
  const Shift down = zero + width;
  int q = 0;
  for (; q + kLanes <= columns; q += kLanes) {
    const Vector u0 = S::Load(upper + 2 * q);
    const Vector u1 = S::Load(upper + 2 * q + kLanes);
    const Vector l0 = S::Load(lower + 2 * q);
    const Vector l1 = S::Load(lower + 2 * q + kLanes);
    const Vector a = S::template EverySecond<0>(u0, u1);
    const Vector b = S::template EverySecond<1>(u0, u1);
    const Vector c = S::template EverySecond<0>(l0, l1);
    const Vector d = S::template EverySecond<1>(l0, l1);
    const Shift right = Replaces(b, a);
    const Shift low_right = Replaces(d, c);
    const Vector up = right ? b : a;
    const Vector low = low_right ? d : c;
    const Shift lower_row = Replaces(low, up);
    const Vector best = lower_row ? low : up;
    const Shift at =
        position + 2 * q +
        (lower_row ? down + (low_right & one) : (right & one));
    S::Store(y + q, best);
    for (int i = 0; i < kLanes; ++i) {
      argmax[q + i] = static_cast<int>(at[i]);
    }
  }
  return q;
}

template <typename Dtype>
void MaxPairsPlane(const PoolGeometry& s, const Dtype* x, Dtype* y,
                   int* argmax) {
  const int width = s.width;
  const int columns = s.out_w;
  for (int r = 0; r < s.out_h; ++r, y += columns, argmax += columns) {
    const int first = 2 * r * width;
    const Dtype* const upper = x + first;
    const Dtype* const lower = upper + width;
    for (int q = MaxPairsVectors(upper, lower, width, first, columns, y,
                                 argmax);
         q < columns; ++q) {
      int best = first + 2 * q;
      for (int shift : {1, width, width + 1}) {
        const int at = first + 2 * q + shift;
        if (Replaces(x[at], x[best])) { best = at; }
      }
      y[q] = x[best];
      argmax[q] = best;
    }
  }
}

template <typename Dtype>
void MaxPairsBackwardPlane(const PoolGeometry& s, const Dtype* dy,
                           const int* argmax, Dtype* dx) {
  const int width = s.width;
  for (int r = 0; r < s.out_h; ++r) {
    Dtype* const upper = dx + static_cast<int64_t>(2) * r * width;
    Dtype* const lower = upper + width;
    const Dtype* const row = dy + static_cast<int64_t>(r) * s.out_w;
    const int* const index = argmax + static_cast<int64_t>(r) * s.out_w;
    const int first = 2 * r * width;
    for (int q = 0; q < s.out_w; ++q) {
      const int shift = index[q] - first - 2 * q;
      const Dtype value = row[q];
      upper[2 * q] = shift == 0 ? value : Dtype(0);
      upper[2 * q + 1] = shift == 1 ? value : Dtype(0);
      lower[2 * q] = shift == width ? value : Dtype(0);
      lower[2 * q + 1] = shift == width + 1 ? value : Dtype(0);
    }
  }
}

template <typename Dtype>
void MeanPlane(const PoolGeometry& s, const Dtype* x, Dtype* y) {
  for (int r = 0; r < s.out_h; ++r) {
    for (int q = 0; q < s.out_w; ++q) {
      const PoolGeometry::Window w = s.At(r, q);
      Dtype sum = 0;
      for (int i = w.top; i < w.bottom; ++i) {
        for (int j = w.left; j < w.right; ++j) { sum += x[i * s.width + j]; }
      }
      *y++ = sum / w.size;
    }
  }
}

template <typename Dtype>
void MeanBackwardPlane(const PoolGeometry& s, const Dtype* dy, Dtype* dx) {
  for (int r = 0; r < s.out_h; ++r) {
    for (int q = 0; q < s.out_w; ++q) {
      const PoolGeometry::Window w = s.At(r, q);
      const Dtype share = *dy++ / w.size;
      for (int i = w.top; i < w.bottom; ++i) {
        for (int j = w.left; j < w.right; ++j) {
          dx[i * s.width + j] += share;
        }
      }
    }
  }
}

}  // namespace

template <typename Dtype>
void PoolingLayer<Dtype>::ReadOptions() {
  const PoolingParameter& p = this->layer_param_.pooling_param();
  INPUT_CHECK(p.pool() != PoolingParameter::STOCHASTIC)
      << "pooling_param: pool STOCHASTIC is not supported; wanted MAX or AVE";
  is_max_ = p.pool() == PoolingParameter::MAX;
  floor_ = p.round_mode() == PoolingParameter::FLOOR;
  global_ = p.global_pooling();
  const bool one_side = p.has_kernel_h() || p.has_kernel_w();
  if (global_) {
    INPUT_CHECK(!p.has_kernel_size() && !one_side)
        << "pooling_param: a kernel is given beside global_pooling; wanted "
        << "one of the two";
    INPUT_CHECK(p.pad() == 0 && p.pad_h() == 0 && p.pad_w() == 0)
        << "pooling_param: global_pooling goes with pad 0 only";
    INPUT_CHECK(p.stride() == 1 && (!p.has_stride_h() || p.stride_h() == 1) &&
                (!p.has_stride_w() || p.stride_w() == 1))
        << "pooling_param: global_pooling goes with stride 1 only";
    return;
  }
  INPUT_CHECK(!(p.has_kernel_size() && one_side))
      << "pooling_param: both kernel_size and its form for one side (_h, _w) "
      << "are given; wanted one of the two";
  INPUT_CHECK(p.has_kernel_size() || (p.has_kernel_h() && p.has_kernel_w()))
      << "pooling_param: "
      << (p.has_kernel_h()   ? "kernel_w is left out beside kernel_h"
          : p.has_kernel_w() ? "kernel_h is left out beside kernel_w"
                             : "kernel_size is left out");
  PoolGeometry& s = shape_;
  s.kernel_h = Checked("kernel_size", one_side ? p.kernel_h()
                                               : p.kernel_size(), 1);
  s.kernel_w = Checked("kernel_size", one_side ? p.kernel_w()
                                               : p.kernel_size(), 1);
  s.stride_h =
      Checked("stride", p.has_stride_h() ? p.stride_h() : p.stride(), 1);
  s.stride_w =
      Checked("stride", p.has_stride_w() ? p.stride_w() : p.stride(), 1);
  s.pad_h = Checked("pad", p.has_pad_h() ? p.pad_h() : p.pad(), 0);
  s.pad_w = Checked("pad", p.has_pad_w() ? p.pad_w() : p.pad(), 0);
  INPUT_CHECK(s.pad_h < s.kernel_h && s.pad_w < s.kernel_w)
      << "pooling_param: pad " << s.pad_h << "x" << s.pad_w
      << " is not smaller than the kernel " << s.kernel_h << "x"
      << s.kernel_w;
}

template <typename Dtype>
void PoolingLayer<Dtype>::LayerSetUp(const vector<Blob<Dtype>*>& bottom,
                                     const vector<Blob<Dtype>*>& top) {
  ReadOptions();
  INPUT_CHECK(is_max_ || top.size() == 1)
      << "has 2 tops; a mask of the maxima goes with pool MAX only";
}

template <typename Dtype>
void PoolingLayer<Dtype>::Reshape(const vector<Blob<Dtype>*>& bottom,
                                  const vector<Blob<Dtype>*>& top) {
  INPUT_CHECK(bottom[0]->num_axes() == 4 && bottom[0]->count() > 0)
      << "the bottom has shape " << bottom[0]->shape_string()
      << "; wanted 4 axes, N x C x H x W, with at least one value on each";
  PoolGeometry& s = shape_;
  s.height = bottom[0]->shape(2);
  s.width = bottom[0]->shape(3);
  if (global_) {
    s.kernel_h = s.height;
    s.kernel_w = s.width;
  }
  s.out_h = Windows(s.height, s.kernel_h, s.stride_h, s.pad_h, floor_);
  s.out_w = Windows(s.width, s.kernel_w, s.stride_w, s.pad_w, floor_);
  INPUT_CHECK(s.out_h > 0 && s.out_w > 0)
      << "kernel " << s.kernel_h << "x" << s.kernel_w
      << " is larger than its padded input " << s.height + 2 * s.pad_h << "x"
      << s.width + 2 * s.pad_w;
  for (Blob<Dtype>* blob : top) {
    blob->Reshape(bottom[0]->shape(0), bottom[0]->shape(1), s.out_h, s.out_w);
  }
  if (is_max_) { argmax_.Reshape(top[0]->shape()); }
}

template <typename Dtype>
bool PoolingLayer<Dtype>::IsPairs() const {
  const PoolGeometry& s = shape_;
  return s.kernel_h == 2 && s.kernel_w == 2 && s.stride_h == 2 &&
         s.stride_w == 2 && s.pad_h == 0 && s.pad_w == 0 &&
         s.height % 2 == 0 && s.width % 2 == 0;
}

template <typename Dtype>
void PoolingLayer<Dtype>::KinkSides(const vector<Blob<Dtype>*>& bottom,
                                    const vector<Blob<Dtype>*>& top,
                                    vector<int>* sides) const {
  if (!is_max_) { return; }
  const int* argmax = argmax_.cpu_data();
  sides->insert(sides->end(), argmax, argmax + argmax_.count());
}

template <typename Dtype>
void PoolingLayer<Dtype>::Forward_cpu(const vector<Blob<Dtype>*>& bottom,
                                      const vector<Blob<Dtype>*>& top) {
  const PoolGeometry& s = shape_;
  const int64_t in = static_cast<int64_t>(s.height) * s.width;
  const int64_t out = static_cast<int64_t>(s.out_h) * s.out_w;
  const Dtype* x = bottom[0]->cpu_data();
  Dtype* y = top[0]->mutable_cpu_data();
  int* argmax = is_max_ ? argmax_.mutable_cpu_data() : nullptr;
  const bool pairs = IsPairs();
  ParallelFor(bottom[0]->count(0, 2), out * s.kernel_h * s.kernel_w,
              [&](int64_t begin, int64_t end) {
                for (int64_t p = begin; p < end; ++p) {
                  if (!is_max_) {
                    MeanPlane(s, x + p * in, y + p * out);
                  } else if (pairs) {
                    MaxPairsPlane(s, x + p * in, y + p * out,
                                  argmax + p * out);
                  } else {
                    MaxPlane(s, x + p * in, y + p * out, argmax + p * out);
                  }
                }
              });
  if (top.size() > 1) {
    std::copy(argmax, argmax + argmax_.count(), top[1]->mutable_cpu_data());
  }
}

template <typename Dtype>
void PoolingLayer<Dtype>::Backward_cpu(const vector<Blob<Dtype>*>& top,
                                       const vector<bool>& propagate_down,
                                       const vector<Blob<Dtype>*>& bottom) {
  if (!propagate_down[0]) { return; }
  const PoolGeometry& s = shape_;
  const int64_t in = static_cast<int64_t>(s.height) * s.width;
  const int64_t out = static_cast<int64_t>(s.out_h) * s.out_w;
  const Dtype* dy = top[0]->cpu_diff();
  Dtype* dx = bottom[0]->mutable_cpu_diff();
  const int* argmax = is_max_ ? argmax_.cpu_data() : nullptr;
  const bool pairs = is_max_ && IsPairs();
  ParallelFor(
      bottom[0]->count(0, 2), in + out * s.kernel_h * s.kernel_w,
      [&](int64_t begin, int64_t end) {
        for (int64_t p = begin; p < end; ++p) {
          Dtype* const plane = dx + p * in;
          if (pairs) {
            MaxPairsBackwardPlane(s, dy + p * out, argmax + p * out, plane);
            continue;
          }
          std::fill(plane, plane + in, Dtype(0));
          if (is_max_) {
            for (int64_t i = p * out; i < (p + 1) * out; ++i) {
              plane[argmax[i]] += dy[i];
            }
          } else {
            MeanBackwardPlane(s, dy + p * out, plane);
          }
        }
      });
}

INSTANTIATE_CLASS(PoolingLayer);
REGISTER_LAYER_CLASS(Pooling);

}  // namespace caffe
